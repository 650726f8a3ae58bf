/** The command line as an operator uses it: the built program, run to its end. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { ADMIN_KEY } from "../edge/harness.ts";

export const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

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
export function run(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [MAIN, ...args], {
    env: { ...process.env, PREGAO_ADMIN_KEY: ADMIN_KEY, ...env },
    encoding: "utf8",
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}
