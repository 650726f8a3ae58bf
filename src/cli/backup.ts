/**
 * `pregao backup`: a copy of a data directory from which an exchange can be started, made while the exchange runs.
 *
 * What is computed from the journal is copied before it, so that nothing in the copy has seen more than its journal
 * has. All is written aside under another name, read again, synced and only then renamed: a directory that has the
 * name that was asked for is a whole backup.
 */
import { existsSync, lstatSync, readdirSync, realpathSync, type Stats } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { copyJournal, type JournalCopy } from "../journal/copy-journal.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { isMissing, nodeDisk } from "../journal/disk.ts";
import type { JournalPosition } from "../journal/frame-walk.ts";
import { listSegments } from "../journal/segment.ts";
import { copyStore } from "../outward/settlements/store.ts";
import { copyLedger, type LedgerCopy } from "../projections/ledger/copy-ledger.ts";
import { type StoredSnapshots, snapshotWatermark, storedSnapshots } from "../replay/stored-snapshots.ts";
import { UsageError } from "./exit-codes.ts";
import { journalIn } from "./journal.ts";
import { Progress } from "./progress.ts";

const MIB = 1024 * 1024;

type Copied = {
  readonly ledger: LedgerCopy;
  readonly snapshots: number;
  readonly hasKey: boolean;
  /** What has become of the deliveries to a wallet service. */
  readonly hasSettlements: boolean;
  /** The last sequence before the journal's first segment. */
  readonly startSeq: number;
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
  checkTarget(target, given);
  if (isWithin(directory, target)) {
    throw new UsageError(
      `${given} is in the data directory, with which it would be lost; name another place`,
    );
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
    throw ofTheSystem(error)
      ? new Error(`${target} was not made: ${error.message}`, { cause: error })
      : error;
  }
  for (const line of await told(copied, target)) process.stdout.write(`${line}\n`);
}

/** What the system or SQLite says, such as that a disk is full, names no file, or one that is gone by then. */
function ofTheSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/** A link to a directory will not do either: in the end the backup gets its name, and a link would be in its place. */
function checkTarget(target: string, given: string): void {
  let found: Stats | undefined;
  try {
    found = lstatSync(target, { throwIfNoEntry: false });
  } catch (error) {
    throw new UsageError(`${given} cannot be made: ${(error as Error).message}`);
  }
  if (found === undefined) return;
  if (!found.isDirectory()) {
    throw new UsageError(`${given} is not a directory; name one that is not there yet, or is empty`);
  }
  if (readdirSync(target).length > 0) {
    throw new UsageError(`${given} exists and is not empty; give every backup a directory of its own`);
  }
}

/** Wherever links lead: what is there of the target's path lies in the directory. */
function isWithin(directory: string, target: string): boolean {
  let there = target;
  while (!existsSync(there)) there = dirname(there);
  return `${realpathSync(there)}/`.startsWith(`${realpathSync(directory)}/`);
}

async function makeAside(aside: string): Promise<void> {
  try {
    await mkdir(dirname(aside), { recursive: true });
    await mkdir(aside, { mode: 0o700 });
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && path === aside) {
      throw new UsageError(
        `${aside} exists: another backup is being made there, or one was cut; if none is, remove it and try again`,
      );
    }
    throw new UsageError(`${aside} cannot be made: ${(error as Error).message}`);
  }
}

async function copyAll(directory: string, to: string): Promise<Copied> {
  const progress = new Progress();
  const from = pathsIn(directory);
  const copy = pathsIn(to);
  await mkdir(copy.journal);
  try {
    progress.show(0, "copying the ledger");
    // Before the journal as well: a mark of a trade that the copy has not would be taken for another trade's.
    const hasSettlements = await copyStore(directory, to);
    if (hasSettlements) await syncFile(copy.settlements);
    await copyIfThere(from.walletSecret, copy.walletSecret);
    const ledger = await copyLedger(from.ledger, copy.ledger);
    if ("cursor" in ledger) await syncFile(copy.ledger);
    await copySnapshots(directory, to);
    const hasKey = await copyIfThere(from.adminKey, copy.adminKey);
    const snapshots = await storedSnapshots(to);
    const start = await copiedStart(snapshots, { journal: from.journal, ledger });
    const journal = await copyJournal({
      from: from.journal,
      to: copy.journal,
      start,
      watermarks: [
        ...("cursor" in ledger ? [{ holder: "the ledger", ...ledger.cursor }] : []),
        ...snapshots.files.map(snapshotWatermark),
      ],
      onCopied: ({ segment, segments }) =>
        progress.show(segment / segments / 2, `copied segment ${segment} of ${segments}`),
      onProgress: ({ seq, bytesDone, bytesTotal }) =>
        progress.show(0.5 + bytesDone / bytesTotal / 2, `checked up to sequence ${seq}`),
    });
    if (journal === null)
      throw new UsageError(`the journal in ${directory} is empty: there is nothing to copy`);
    const startSeq = start === undefined ? 0 : start.nextSeq - 1;
    return { ledger, snapshots: snapshots.files.length, hasKey, hasSettlements, startSeq, journal };
  } finally {
    progress.end();
  }
}

/** Copies the snapshots that are whole; one that is removed meanwhile is not needed. */
async function copySnapshots(directory: string, to: string): Promise<void> {
  const { store, files } = await storedSnapshots(directory);
  if (files.length === 0) return;
  const place = pathsIn(to).snapshots;
  await mkdir(place);
  for (const { path } of files) {
    const copy = join(place, basename(path));
    if (!(await copyIfThere(path, copy))) continue;
    const read = await store.read({ path: copy });
    if (typeof read === "string") await rm(copy);
  }
  await nodeDisk.syncDirectory(place);
}

/**
 * Where the copy of the journal begins: at its beginning, or else at the oldest snapshot that the kept segments go on
 * from. Then the ledger cannot be made anew, so there must be a copy of it that has come to a snapshot.
 */
async function copiedStart(
  { files }: StoredSnapshots,
  { journal, ledger }: { readonly journal: string; readonly ledger: LedgerCopy },
): Promise<JournalPosition | undefined> {
  const [firstSegment = 1] = await listSegments(journal, nodeDisk);
  if (firstSegment === 1) return undefined;
  const ledgerSeq = "cursor" in ledger ? ledger.cursor.seq : 0;
  const followed = files.filter(({ position }) => position.segment >= firstSegment);
  if (followed.some(({ seq }) => seq <= ledgerSeq)) return followed.at(-1)!.position;
  throw new Error(
    `the journal begins with segment ${firstSegment}, and no snapshot that the ledger has come to covers what is before it; ` +
      "if the exchange runs, it may just have made one: try again",
  );
}

async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  await syncFile(to);
  return true;
}

/** Opened for reading, which is enough: a copy has the permissions of what it was copied from. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function told(
  { ledger, snapshots, hasKey, hasSettlements, startSeq, journal }: Copied,
  target: string,
): Promise<string[]> {
  const { end, leftOutBytes } = journal;
  const lines = [
    `backed up to ${target}`,
    `  journal: sequences ${startSeq + 1} to ${end.nextSeq - 1}, up to segment ${end.segment}, read again and whole`,
  ];
  if (leftOutBytes > 0) lines.push(`  left out: ${leftOutBytes} bytes of a frame that was not acknowledged`);
  if ("cursor" in ledger) {
    const { size } = await stat(pathsIn(target).ledger);
    lines.push(`  ledger: up to sequence ${ledger.cursor.seq}, ${Math.ceil(size / MIB)} MiB`);
  } else
    lines.push(`  ledger: left out, ${ledger.leftOut}; it is computed from the journal at the first start`);
  lines.push(`  snapshots: ${snapshots}`);
  if (hasSettlements) lines.push("  settlements: copied, with what has been delivered");
  lines.push(
    `  operator's key: ${hasKey ? "copied, keep the backup from others" : "there is none in the directory"}`,
  );
  lines.push(`to restore, copy the directory and start the copy: pregao serve --data <copy>`);
  return lines;
}
