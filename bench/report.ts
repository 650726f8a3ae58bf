/** What all benchmarks say alike: on which machine and commit, what was due, and how many figures become one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

const RESULTS = "bench/results";

/** What a benchmark says, as it comes; at its end it is kept with what else there is to show. */
export class Report {
  readonly #lines: string[] = [];

  /** Begins with what the measurement is made on. */
  constructor(about: string) {
    this.say(`machine ${machine()}`);
    this.say(`commit ${about}`);
  }

  say(line: string): void {
    this.#lines.push(line);
    process.stdout.write(`${line}\n`);
  }

  /** Says what was due, keeps all that was said as `<name>.txt`, and lets the process end with 1 if anything was missed. */
  conclude(name: string, checks: Readonly<Record<string, boolean>>): void {
    for (const [what, met] of Object.entries(checks)) this.say(`${met ? "met   " : "MISSED"} ${what}`);
    keep(`${name}.txt`, `${this.#lines.join("\n")}\n`);
    if (Object.values(checks).includes(false)) process.exitCode = 1;
  }
}

/** Keeps a result beside those of the other benchmarks. */
export function keep(file: string, content: string): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, file), content);
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim()} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}

/** With `-dirty` behind it if something was not committed. */
export function currentCommit(): string {
  return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
}

/** The least of the values, which are in order, that so large a share of them is not above. */
export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
