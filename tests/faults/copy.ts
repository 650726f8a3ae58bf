/** A copy of the project in which faults are planted, one at a time, so that nothing of the original changes. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planted, type Replacement } from "./fault.ts";

const ROOT = join(import.meta.dirname, "../..");
const COPIED = ["src", "tests", "bench", "package.json", "tsconfig.json", "vitest.config.ts"];

export class ProjectCopy {
  readonly #directory = mkdtempSync(join(tmpdir(), "planted-faults-"));

  constructor() {
    for (const path of COPIED) cpSync(join(ROOT, path), this.path(path), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), this.path("node_modules"));
  }

  path(inProject: string): string {
    return join(this.#directory, inProject);
  }

  /** What is answered while a fault is planted. */
  async planted<Answer>(fault: Replacement, ask: () => Promise<Answer>): Promise<Answer> {
    const path = this.path(fault.file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, planted(source, fault));
    try {
      return await ask();
    } finally {
      writeFileSync(path, source);
    }
  }

  /** Runs a tool in the copy and gives what it wrote, or null if it did not end in time. */
  async run(
    tool: string,
    args: readonly string[],
    { environment, msMax }: { readonly environment: Record<string, string>; readonly msMax: number },
  ): Promise<string | null> {
    const run = spawn(join(ROOT, "node_modules/.bin", tool), args, {
      cwd: this.#directory,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let written = "";
    for (const output of [run.stdout, run.stderr]) {
      output.on("data", (piece: Buffer) => {
        written += piece.toString();
      });
    }
    const ended = await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), msMax);
      run.on("close", () => {
        clearTimeout(late);
        resolve(true);
      });
    });
    if (ended) return written;
    process.kill(-run.pid!, "SIGKILL");
    return null;
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}
