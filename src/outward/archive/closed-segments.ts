/**
 * The segments of a journal to which nothing is added any more, as an archive takes them: each is read whole, every
 * checksum and hash, and must lead to the one behind it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EpochMs, Seq } from "../../domain/units.ts";
import { isMissing, nodeDisk } from "../../journal/disk.ts";
import { type Frame, readFrameHeader, readTrailer } from "../../journal/frame.ts";
import type { JournalPosition } from "../../journal/frame-walk.ts";
import { readJournal } from "../../journal/recovery.ts";
import {
  frameCrcSeed,
  listSegments,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
} from "../../journal/segment.ts";
import { loadSegment, readStart } from "../../journal/segment-image.ts";

/** Where a segment goes on from. */
export type SegmentStart = {
  readonly segment: number;
  readonly firstSeq: Seq;
  /** The hash of the frame before the segment. */
  readonly startHash: string;
};

export type ClosedSegment = SegmentStart & {
  readonly path: string;
  /** One less than `firstSeq` if the segment has no commands. */
  readonly lastSeq: Seq;
  /** The hash of its last frame. */
  readonly endHash: string;
};

export type ClosedSegments = {
  /** All but the last, in order. */
  readonly closed: readonly ClosedSegment[];
  /** Of the first one, which may be the one that is open; undefined if there is none. */
  readonly start: SegmentStart | undefined;
};

/** The id of the journal in a directory; null if there is none yet. */
export async function journalIdIn(directory: string): Promise<string | null> {
  if (!existsSync(directory)) return null;
  const last = (await listSegments(directory, nodeDisk)).at(-1);
  const header = last === undefined ? undefined : await headerOf(join(directory, segmentName(last)));
  return header?.journalId.toString("hex") ?? null;
}

/** The closed segments from one on. */
export async function closedSegments(directory: string, from: number): Promise<ClosedSegments> {
  const segments = await listSegments(directory, nodeDisk);
  const headers: SegmentHeader[] = [];
  for (const segment of segments.filter((number) => number >= from)) {
    const header = await headerOf(join(directory, segmentName(segment)));
    // One that is taken away meanwhile has been archived before.
    if (header !== undefined) headers.push(header);
  }
  const starts = headers.map(({ segment, firstSeq, previousHash }): SegmentStart => {
    return { segment, firstSeq, startHash: previousHash.toString("hex") };
  });
  const closed = starts.slice(0, -1).map((start, place): ClosedSegment => {
    const next = starts[place + 1]!;
    const path = join(directory, segmentName(start.segment));
    return { ...start, path, lastSeq: (next.firstSeq - 1) as Seq, endHash: next.startHash };
  });
  return { closed, start: starts[0] };
}

/** The times of a segment's first and last commands, null if it has none. */
export type SegmentTimes = { readonly firstAt: EpochMs; readonly lastAt: EpochMs } | null;

/** @throws DamagedJournalError for a segment that is not whole, or does not lead to the one behind it. */
export async function checkSegment(directory: string, closed: ClosedSegment): Promise<SegmentTimes> {
  const { segment, path, firstSeq, lastSeq, endHash } = closed;
  let times: { firstAt: EpochMs; lastAt: EpochMs } | null = null;
  const replay = ({ at }: Frame) => {
    times = times === null ? { firstAt: at, lastAt: at } : { ...times, lastAt: at };
    return null;
  };
  const start = await startOf(path, firstSeq);
  const end = await readJournal({ directory, watermarks: [], start, through: segment, replay });
  if (end === null || end.nextSeq !== lastSeq + 1 || end.hash.toString("hex") !== endHash) {
    throw new Error(`${path} does not lead to the segment behind it`);
  }
  return times;
}

/** The position at the beginning of a segment. What has happened before is known to the first frame alone. */
async function startOf(path: string, nextSeq: Seq): Promise<JournalPosition> {
  const { header, bytes } = await loadSegment(path, nodeDisk, { nextSeq, reuse: Buffer.alloc(0) });
  const { journalId, segment, previousHash: hash } = header;
  const first = readFrameHeader(bytes, SEGMENT_HEADER_BYTES, frameCrcSeed(journalId));
  const eventDigest =
    first === undefined ? Buffer.alloc(0) : readTrailer(bytes, SEGMENT_HEADER_BYTES, first).eventDigest;
  const unknown = { lastAt: 0 as EpochMs, closed: true, bytes: 0 };
  return { journalId, segment, offset: SEGMENT_HEADER_BYTES, nextSeq, hash, eventDigest, ...unknown };
}

/** Undefined for a segment that has just been taken away. @throws DamagedJournalError */
async function headerOf(path: string): Promise<SegmentHeader | undefined> {
  try {
    return (await readStart(path, nodeDisk, { seq: 1 as Seq, length: SEGMENT_HEADER_BYTES })).header;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
