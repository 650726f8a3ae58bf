/**
 * `pregao archive`: brings the archive of a data directory up to date, or reads all of it back. The exchange may run
 * meanwhile; what was cut goes on where it was.
 */
import { mkdirSync } from "node:fs";
import { Command } from "commander";
import { pathsIn } from "../journal/data-directory.ts";
import { DirectoryInUseError, type DirectoryLock, lockDataDirectory } from "../journal/lock.ts";
import { type ArchiveRun, Archiver } from "../outward/archive/archiver.ts";
import { journalIdIn } from "../outward/archive/closed-segments.ts";
import { Manifest } from "../outward/archive/manifest.ts";
import { openTarget } from "../outward/archive/place.ts";
import type { Target } from "../outward/archive/target.ts";
import { verifyArchive } from "../outward/archive/verify-archive.ts";
import { archivePlace } from "./archive-settings.ts";
import { type Configuration, readConfiguration } from "./configuration.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { journalIn } from "./journal.ts";
import { Progress } from "./progress.ts";

const MIB = 1024 * 1024;

type ArchiveOptions = { readonly to?: string; readonly verify?: boolean; readonly config?: string };

export function archiveCommand(): Command {
  return new Command("archive")
    .description("bring the archive of a data directory up to date; the exchange may run meanwhile")
    .argument("[dir]", "a data directory (PREGAO_DATA; ./data)")
    .option("--to <place>", "s3://bucket/prefix, file:///path or a path (PREGAO_ARCHIVE)")
    .option("--verify", "add nothing: read the whole archive back, and check every hash")
    .option("--config <file>", "a JSON file with any of the settings of serve (PREGAO_CONFIG)")
    .action(archive);
}

async function archive(given: string | undefined, options: ArchiveOptions): Promise<void> {
  const { to, verify, config } = options;
  const asked = { ...(given !== undefined && { data: given }), ...(config !== undefined && { config }) };
  const configuration = readConfiguration(asked, process.env);
  const { data: directory } = configuration;
  journalIn(directory);
  const place =
    to === undefined
      ? configuration.archive
      : archivePlace(to, { environment: process.env, data: directory, setting: "--to" });
  if (place === undefined) throw new UsageError("where to? Give --to or PREGAO_ARCHIVE");
  const work = pathsIn(directory).archiveWork;
  mkdirSync(work, { recursive: true });
  const lock = lockWork(work);
  const target = openTarget(place, directory);
  const progress = new Progress();
  try {
    await (verify === true
      ? readBack(directory, target, progress)
      : bringUp(configuration, target, progress));
  } finally {
    progress.end();
    lock.release();
  }
}

function lockWork(work: string): DirectoryLock {
  try {
    return lockDataDirectory(work);
  } catch (error) {
    if (!(error instanceof DirectoryInUseError)) throw error;
    throw new DirectoryInUseError(
      `${work} is in use: the exchange, or another command, is archiving just now`,
    );
  }
}

async function bringUp(
  { data: directory, diskReserveBytes }: Configuration,
  target: Target,
  progress: Progress,
): Promise<void> {
  const archiver = new Archiver({
    directory,
    target,
    reserveBytes: diskReserveBytes,
    onProgress: ({ rangesDone, rangesTotal, object, part }) =>
      progress.show(
        (rangesDone + part) / rangesTotal,
        `range ${rangesDone + 1} of ${rangesTotal}: ${object}`,
      ),
  });
  try {
    const run = await archiver.run();
    progress.end();
    if (run === null)
      throw new UsageError(`the journal in ${directory} is empty: there is nothing to archive`);
    for (const line of told(run, target)) process.stdout.write(`${line}\n`);
  } finally {
    archiver.close();
  }
}

function told({ manifest, ledger, ranges, objects, bytes, waiting }: ArchiveRun, { name }: Target): string[] {
  const { last } = manifest;
  const behind = `${waiting} closed segments wait for the ledger, which has come to sequence ${ledger.appliedSeq}`;
  if (last === undefined && waiting > 0) return [`nothing to archive in ${name} yet: ${behind}`];
  if (last === undefined) return [`nothing to archive in ${name} yet: no segment of the journal is closed`];
  const has = `the archive ${name} has all up to sequence ${last.lastSeq}, segment ${last.segment}`;
  const rest = waiting > 0 ? [`  ${behind}`] : [];
  if (ranges === 0) return [`nothing to add: ${has}`, ...rest];
  return [has, `  added: ${ranges} ranges, ${objects} objects, ${mebibytes(bytes)}, all read back`, ...rest];
}

async function readBack(directory: string, target: Target, progress: Progress): Promise<void> {
  const journalId = (await journalIdIn(pathsIn(directory).journal))!;
  const manifest = await Manifest.read(target, journalId);
  const { last } = manifest;
  if (last === undefined) throw new UsageError(`there is no archive of this journal in ${target.name}`);
  const verified = await verifyArchive(manifest, target, (seq, object) =>
    progress.show(seq / last.lastSeq, `reading ${object} back`),
  );
  progress.end();
  const { ranges, objects, bytes, faults } = verified;
  process.stdout.write(
    `${faults.length === 0 ? "ok   " : "FAULT"}  ${target.name}: ranges ${ranges}, objects ${objects}, ${mebibytes(bytes)}, ` +
      `up to sequence ${last.lastSeq}\n`,
  );
  for (const { key, fault } of faults) process.stderr.write(`pregao: ${key}: ${fault}\n`);
  if (faults.length > 0) process.exitCode = EXIT.fault;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
