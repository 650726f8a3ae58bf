/**
 * Finds the last sequence at or before a time, in a journal to which an exchange may be appending. Time only rises
 * from frame to frame, so the first frames of the segments say which one holds it, and the headers of its frames the rest.
 */
import { join } from "node:path";
import type { EpochMs, Seq } from "../domain/units.ts";
import { type Disk, nodeDisk } from "./disk.ts";
import { DamagedJournalError } from "./errors.ts";
import { EMPTY_FRAME_BYTES, type FrameHeader, frameBytes, readFrameHeader } from "./frame.ts";
import {
  decodeSegmentHeader,
  frameCrcSeed,
  listSegments,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from "./segment.ts";
import { loadSegment } from "./segment-image.ts";

export type TimeSought = {
  /** The journal's. */
  readonly directory: string;
  readonly at: EpochMs;
  /** What is behind is not looked at: it may be half written. */
  readonly durableSeq: Seq;
  readonly disk?: Disk | undefined;
};

/** Null if the first frame that the journal still has is of a later time. */
export async function seqAtTime(sought: TimeSought): Promise<Seq | null> {
  const { directory, at, durableSeq, disk = nodeDisk } = sought;
  const isSought = (frame: FrameHeader | undefined): frame is FrameHeader =>
    frame !== undefined && frame.at <= at && frame.firstSeq <= durableSeq;
  const segments = await listSegments(directory, disk);
  let low = 0;
  for (let high = segments.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (isSought(await firstFrame(join(directory, segmentName(segments[middle]!)), disk))) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return null;
  const path = join(directory, segmentName(segments[low - 1]!));
  const { bytes, header } = await loadSegment(path, disk, { nextSeq: durableSeq, reuse: Buffer.alloc(0) });
  const crcSeed = frameCrcSeed(header.journalId);
  let found = 0;
  for (let offset = SEGMENT_HEADER_BYTES; ; ) {
    const frame = readFrameHeader(bytes, offset, crcSeed);
    if (!isSought(frame)) return found === 0 ? null : (found as Seq);
    found = Math.min(frame.firstSeq + frame.count - 1, durableSeq);
    offset += frameBytes(frame);
  }
}

/** The header of a segment's first frame, or undefined if it has none yet. */
async function firstFrame(path: string, disk: Disk): Promise<FrameHeader | undefined> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES + EMPTY_FRAME_BYTES);
  const file = await disk.open(path, "read");
  try {
    await disk.read(file, bytes, 0);
  } finally {
    await disk.close(file);
  }
  const header = decodeSegmentHeader(bytes);
  if (typeof header === "string")
    throw new DamagedJournalError({ file: path, offset: 0, seq: 0 as Seq, what: header });
  return readFrameHeader(bytes, SEGMENT_HEADER_BYTES, frameCrcSeed(header.journalId));
}
