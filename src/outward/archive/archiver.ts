/**
 * Brings an archive up to date: range by range, each a closed segment of the journal with what the ledger has of its
 * commands. Everything is made again in the same way from the same rows, under the same names, and the manifest comes
 * last; so a run that was cut at any point is simply done again, passing over what is there whole already.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Seq } from "../../domain/units.ts";
import { pathsIn } from "../../journal/data-directory.ts";
import { nodeDisk } from "../../journal/disk.ts";
import { segmentName } from "../../journal/segment.ts";
import { ArchiveRows, type ArchiveTable } from "../../projections/ledger/archive-rows.ts";
import { parquetPieces } from "../../projections/ledger/parquet.ts";
import {
  type ClosedSegment,
  checkSegment,
  closedSegments,
  journalIdIn,
  type SegmentStart,
} from "./closed-segments.ts";
import { type ArchivedObject, type ArchivedRange, Manifest } from "./manifest.ts";
import { copyFault } from "./read-back.ts";
import { type LocalFile, type Target, TargetRefusedError, TargetUnavailableError } from "./target.ts";

/** What a range takes on disk while it is written, at most: its tables, one at a time. */
const WORK_SEGMENTS = 4;

/** How far a run is: ranges done of those that it found, and the object that is being kept. */
export type ArchiveProgress = {
  readonly rangesDone: number;
  readonly rangesTotal: number;
  readonly object: string;
  /** Of the object, from 0 to 1. */
  readonly part: number;
};

export type ArchiverOptions = {
  /** A data directory; the exchange may be running on it, but no other archiver. */
  readonly directory: string;
  readonly target: Target;
  /** With less free space than this, nothing is written. */
  readonly reserveBytes: number;
  readonly onProgress?: (progress: ArchiveProgress) => void;
  /** Hears of each range that has been added. */
  readonly onArchived?: (range: ArchivedRange) => void;
};

export type ArchiveRun = {
  readonly manifest: Manifest;
  readonly ledger: ArchiveRows;
  readonly ranges: number;
  readonly objects: number;
  readonly bytes: number;
  /** Closed segments that the ledger has not passed yet. */
  readonly waiting: number;
};

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #paths: ReturnType<typeof pathsIn>;
  /** It remembers which orders are open, so it stays open from run to run. */
  #ledger: ArchiveRows | undefined;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#paths = pathsIn(options.directory);
  }

  /** Archives all that is closed and that the ledger has passed; null if there is no exchange in the directory yet. */
  async run(): Promise<ArchiveRun | null> {
    const { target } = this.#options;
    const { journal } = this.#paths;
    const journalId = await journalIdIn(journal);
    if (journalId === null) return null;
    await mkdir(this.#paths.archiveWork, { recursive: true });
    const ledger = this.#openLedger();
    const manifest = await Manifest.read(target, journalId);
    const { closed, start } = await closedSegments(journal, (manifest.last?.segment ?? 0) + 1);
    checkGoesOn(start, manifest.last, target.name);
    const passed = closed.filter(({ lastSeq }) => lastSeq < ledger.appliedSeq);
    const waiting = closed.length - passed.length;
    const run = { manifest, ledger, ranges: 0, objects: 0, bytes: 0, waiting };
    for (const next of passed) {
      const tell = (object: string, part: number) =>
        this.#options.onProgress?.({ rangesDone: run.ranges, rangesTotal: passed.length, object, part });
      const range = await this.#archive(next, manifest, tell);
      await manifest.add(range);
      run.ranges += 1;
      run.objects += range.objects.length;
      run.bytes += range.objects.reduce((sum, { bytes }) => sum + bytes, 0);
      this.#options.onArchived?.(range);
    }
    return run;
  }

  close(): void {
    this.#ledger?.close();
    this.#ledger = undefined;
  }

  #openLedger(): ArchiveRows {
    this.#ledger ??= ArchiveRows.open(this.#paths.ledger);
    return this.#ledger;
  }

  async #archive(closed: ClosedSegment, manifest: Manifest, tell: Tell): Promise<ArchivedRange> {
    const { segment, path, firstSeq, lastSeq, endHash } = closed;
    const ledger = this.#openLedger();
    const times = await checkSegment(this.#paths.journal, closed);
    const file = await measured(path);
    await this.#checkSpace(file.bytes);
    const objects: ArchivedObject[] = [];
    const key = `segments/${segmentName(segment)}`;
    await this.#keep(manifest.keyOf(key), file, tell);
    objects.push({ kind: "segment", key, bytes: file.bytes, sha256: file.sha256 });
    for (const table of times === null ? [] : ledger.tables({ firstSeq, lastSeq })) {
      objects.push(await this.#archiveTable(table, { firstSeq, lastSeq }, manifest, tell));
    }
    const at = (time: number) => new Date(time).toISOString();
    return {
      segment,
      firstSeq,
      lastSeq,
      firstAt: times && at(times.firstAt),
      lastAt: times && at(times.lastAt),
      frameHash: times && frameHashOf(ledger, lastSeq),
      endHash,
      objects,
    };
  }

  async #archiveTable(
    table: ArchiveTable,
    { firstSeq, lastSeq }: { readonly firstSeq: Seq; readonly lastSeq: Seq },
    manifest: Manifest,
    tell: Tell,
  ): Promise<ArchivedObject> {
    const name = `${position(firstSeq)}-${position(lastSeq)}.parquet`;
    const key = `${table.name}/${name}`;
    const path = join(this.#paths.archiveWork, `${table.name}-${name}`);
    tell(key, 0);
    try {
      const written = await writeTable(table, path);
      await this.#keep(manifest.keyOf(key), written, tell);
      return { kind: table.name, key, bytes: written.bytes, sha256: written.sha256, rows: written.rows };
    } finally {
      await rm(path, { force: true });
    }
  }

  /** What is there whole already stays; what was just put there is read back before it counts. */
  async #keep(key: string, file: LocalFile, tell: Tell): Promise<void> {
    const { target } = this.#options;
    const expected = { key, bytes: file.bytes, sha256: file.sha256 };
    const isThere = (await target.size(key)) === file.bytes;
    if (isThere && (await copyFault(target, expected)) === null) return;
    await target.upload(key, file, (done) => tell(key, file.bytes === 0 ? 1 : done / file.bytes));
    const fault = await copyFault(target, expected);
    if (fault === null) return;
    throw new TargetUnavailableError(
      `the archive ${target.name}: ${key} was written and read back: ${fault}`,
    );
  }

  async #checkSpace(segmentBytes: number): Promise<void> {
    const { archiveWork } = this.#paths;
    const free = await nodeDisk.freeBytes(archiveWork);
    if (free >= this.#options.reserveBytes + WORK_SEGMENTS * segmentBytes) return;
    throw new TargetUnavailableError(
      `there is no space in ${archiveWork} to prepare what is to be archived: ${free} bytes are free`,
    );
  }
}

type Tell = (object: string, part: number) => void;

/**
 * The journal must go on from the last range of the archive. The segment behind that range is there, be it the one that is
 * open: where it is not, the journal is not the one whose end was archived, and nothing may be taken for kept that is not.
 */
function checkGoesOn(start: SegmentStart | undefined, last: ArchivedRange | undefined, name: string): void {
  if (last === undefined) return;
  if (start === undefined) {
    throw new TargetRefusedError(
      `the archive ${name} has all up to segment ${last.segment}, sequence ${last.lastSeq}, and this journal ends before ` +
        `that. ${IF_RESTORED}`,
    );
  }
  if (start.segment !== last.segment + 1) {
    throw new TargetRefusedError(
      `the segments from ${last.segment + 1} to ${start.segment - 1} are gone, and the archive ${name} does not have them; ` +
        "bring them back from a backup",
    );
  }
  if (start.firstSeq !== last.lastSeq + 1 || start.startHash !== last.endHash) {
    throw new TargetRefusedError(
      `the archive ${name} has another history than this journal: segment ${start.segment} does not go on from sequence ` +
        `${last.lastSeq} as it was archived. ${IF_RESTORED}`,
    );
  }
}

const IF_RESTORED = "If an older backup was restored, give PREGAO_ARCHIVE another place";

function frameHashOf(ledger: ArchiveRows, lastSeq: Seq): string {
  const hash = ledger.frameHash(lastSeq);
  if (hash !== undefined) return hash;
  throw new TargetRefusedError(`the ledger has no frame that ends with sequence ${lastSeq}`);
}

/** As the names of snapshots are, so that names sort as sequences do. */
function position(seq: number): string {
  return String(seq).padStart(16, "0");
}

async function measured(path: string): Promise<LocalFile> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return { path, bytes: (await stat(path)).size, sha256: hash.digest("hex") };
}

async function writeTable(
  { columns, rows }: ArchiveTable,
  path: string,
): Promise<LocalFile & { readonly rows: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  let count = 0;
  function* counted() {
    for (const row of rows) {
      count += 1;
      yield row;
    }
  }
  const file = await open(path, "w");
  try {
    for await (const piece of parquetPieces(columns, counted())) {
      hash.update(piece);
      await file.writeFile(piece);
      bytes += piece.length;
    }
  } finally {
    await file.close();
  }
  return { path, bytes, sha256: hash.digest("hex"), rows: count };
}
