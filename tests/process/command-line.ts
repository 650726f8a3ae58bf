/** The command line as an operator uses it: the built program, run to its end. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { ADMIN_KEY } from "../edge/harness.ts";

export const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there; \`npm run build\` makes it`);

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** An empty directory that is gone after the tests. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "pregao-command-"));
  directories.push(directory);
  return directory;
}

/** Runs the program to its end, which is never long in coming. */
export function run(
  args: readonly string[],
  env: Record<string, string> = {},
  user: { readonly uid?: number; readonly gid?: number } = {},
) {
  return spawnSync(process.execPath, [MAIN, ...args], {
    ...user,
    env: { ...process.env, PREGAO_ADMIN_KEY: ADMIN_KEY, ...env },
    encoding: "utf8",
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** The same while the test goes on with other things, such as trading. */
export function runBeside(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, PREGAO_ADMIN_KEY: ADMIN_KEY, ...env },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, ...output })));
}
