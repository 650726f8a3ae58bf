/**
 * `pregao backup`: a copy of a data directory from which an exchange can be started, made while the exchange runs.
 *
 * What is computed from the journal is copied before it, so that nothing in the copy has seen more than its journal
 * has. All is written aside under another name, read again, synced and only then renamed: a directory that has the
 * name that was asked for is a whole backup.
 */
import { existsSync, readdirSync } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { copyJournal, type JournalCopy } from "../journal/copy-journal.ts";
import { nodeDisk } from "../journal/disk.ts";
import { copyLedger, type LedgerCopy } from "../projections/ledger/copy-ledger.ts";
import { UsageError } from "./exit-codes.ts";
import { journalIn } from "./journal.ts";
import { Progress } from "./progress.ts";

const MIB = 1024 * 1024;

type Copied = {
  readonly ledger: LedgerCopy;
  readonly snapshots: number;
  readonly hasKey: boolean;
  readonly journal: JournalCopy;
};

export function backupCommand(): Command {
  return new Command("backup")
    .description("copy a data directory, whole and checked; the exchange may run meanwhile")
    .argument("<dir>", "a data directory")
    .argument("<target>", "the directory to make; an empty one will do")
    .action(backup);
}

async function backup(directory: string, given: string): Promise<void> {
  const target = resolve(given);
  journalIn(directory);
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new UsageError(`${given} exists and is not empty; give every backup a directory of its own`);
  }
  const aside = `${target}.partial`;
  await makeAside(aside);
  let copied: Copied;
  try {
    copied = await copyAll(directory, aside);
    await nodeDisk.syncDirectory(aside);
    await rename(aside, target);
    await nodeDisk.syncDirectory(dirname(target));
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
  for (const line of await told(copied, target)) process.stdout.write(`${line}\n`);
}

async function makeAside(aside: string): Promise<void> {
  try {
    await mkdir(dirname(aside), { recursive: true });
    await mkdir(aside, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new UsageError(
        `${aside} exists: another backup is being made there, or one was cut; if none is, remove it and try again`,
      );
    }
    throw new UsageError(`${aside} cannot be made: ${(error as Error).message}`);
  }
}

async function copyAll(directory: string, to: string): Promise<Copied> {
  const progress = new Progress();
  const journalTo = join(to, "journal");
  await mkdir(journalTo);
  try {
    progress.show(0, "copying the ledger");
    const ledgerTo = join(to, "ledger.sqlite");
    const ledger = await copyLedger(join(directory, "ledger.sqlite"), ledgerTo);
    if ("cursor" in ledger) await syncFile(ledgerTo);
    const snapshots = await copyFiles(join(directory, "snapshots"), join(to, "snapshots"));
    const hasKey = await copyIfThere(join(directory, "admin.key"), join(to, "admin.key"));
    const journal = await copyJournal({
      from: journalIn(directory),
      to: journalTo,
      watermarks: "cursor" in ledger ? [{ holder: "ledger", ...ledger.cursor }] : [],
      onCopied: ({ segment, segments }) =>
        progress.show(segment / segments / 2, `copied segment ${segment} of ${segments}`),
      onSegment: ({ segment, segments }) =>
        progress.show(0.5 + segment / segments / 2, `checked segment ${segment} of ${segments}`),
    });
    if (journal === null)
      throw new UsageError(`the journal in ${directory} is empty: there is nothing to copy`);
    return { ledger, snapshots, hasKey, journal };
  } finally {
    progress.end();
  }
}

/** Copies what is finished in a directory; a file that is replaced meanwhile is not needed. */
async function copyFiles(from: string, to: string): Promise<number> {
  if (!existsSync(from)) return 0;
  await mkdir(to);
  let copied = 0;
  for (const name of await readdir(from)) {
    if (name.endsWith(".aside")) continue;
    if (await copyIfThere(join(from, name), join(to, name))) copied += 1;
  }
  await nodeDisk.syncDirectory(to);
  return copied;
}

async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  await syncFile(to);
  return true;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function told({ ledger, snapshots, hasKey, journal }: Copied, target: string): Promise<string[]> {
  const { end, leftOutBytes } = journal;
  const lines = [
    `backed up to ${target}`,
    `  journal: sequences 1 to ${end.nextSeq - 1}, segments 1 to ${end.segment}, read again and whole`,
  ];
  if (leftOutBytes > 0) lines.push(`  left out: ${leftOutBytes} bytes of a frame that was not acknowledged`);
  if ("cursor" in ledger) {
    const { size } = await stat(join(target, "ledger.sqlite"));
    lines.push(`  ledger: up to sequence ${ledger.cursor.seq}, ${Math.ceil(size / MIB)} MiB`);
  } else
    lines.push(`  ledger: left out, ${ledger.leftOut}; it is computed from the journal at the first start`);
  lines.push(`  snapshots: ${snapshots}`);
  lines.push(
    `  operator's key: ${hasKey ? "copied, keep the backup from others" : "there is none in the directory"}`,
  );
  lines.push(`to restore, copy the directory and start the copy: pregao serve --data <copy>`);
  return lines;
}
