/** What all benchmarks say alike: on which machine and commit, and how many figures become one. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

/** What a measurement was made on. */
export function machine(): string {
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
