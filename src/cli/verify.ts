/** `pregao verify`: whether a stopped exchange, or a backup, is whole. It changes nothing. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { pathsIn } from "../journal/data-directory.ts";
import { lockDataDirectory } from "../journal/lock.ts";
import type { Check } from "../replay/snapshot-checks.ts";
import { verify } from "../replay/verify.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { journalIn } from "./journal.ts";
import { Progress } from "./progress.ts";

/** What the system and SQLite say when a disk is full. Nothing is written but what is temporary. */
const FULL = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);

export function verifyCommand(): Command {
  return new Command("verify")
    .description("check a stopped exchange or a backup: journal, replay, snapshots, ledger")
    .argument("<dir>", "a data directory, or a backup of one")
    .action(verifyDirectory);
}

async function verifyDirectory(directory: string): Promise<void> {
  journalIn(directory);
  // A backup has no lock, and gets none: nothing in it is changed.
  const lock = existsSync(pathsIn(directory).lock) ? lockDataDirectory(directory) : null;
  const scratch = await makeScratch().catch((error) => {
    lock?.release();
    throw error;
  });
  const progress = new Progress();
  try {
    const onProgress = (part: number, doing: string) => progress.show(part, doing);
    const { checks, damage } = await verify({ directory, scratch, onProgress });
    progress.end();
    process.stdout.write(table(checks));
    const faults = checks.filter(({ fault }) => fault !== null);
    for (const { what, fault } of faults) process.stderr.write(`pregao: ${what}: ${fault}\n`);
    if (faults.length > 0) process.exitCode = damage === null ? EXIT.fault : EXIT.damaged;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!FULL.has(code ?? "")) throw error;
    const place = `the temporary directory ${tmpdir()} has no room for the ledger twice`;
    throw new Error(`nothing was found out: ${place}: ${message}; name another with TMPDIR`, {
      cause: error,
    });
  } finally {
    progress.end();
    await rm(scratch, { recursive: true, force: true });
    lock?.release();
  }
}

async function makeScratch(): Promise<string> {
  const place = tmpdir();
  try {
    return await mkdtemp(join(place, "pregao-verify-"));
  } catch (error) {
    throw new UsageError(
      `the temporary directory ${place} cannot be used: ${(error as Error).message}; name another with TMPDIR`,
    );
  }
}

function table(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ what }) => what.length));
  const lines = checks.map(
    ({ what, found, fault }) => `${fault === null ? "ok   " : "FAULT"}  ${what.padEnd(width)}  ${found}\n`,
  );
  return lines.join("");
}
