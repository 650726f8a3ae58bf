/**
 * Finds the last sequence at or before a time, in a journal to which an exchange may be appending. Time only rises
 * from frame to frame, so the first frames of the segments say which one holds it, and the headers of its frames the rest.
 */
import type { EpochMs, Seq } from "../domain/units.ts";
import { nodeDisk } from "./disk.ts";
import { lastSegmentOf } from "./find-segment.ts";
import { EMPTY_FRAME_BYTES, type FrameHeader, frameBytes, readFrameHeader } from "./frame.ts";
import { frameCrcSeed, SEGMENT_HEADER_BYTES } from "./segment.ts";
import { loadSegment, readStart } from "./segment-image.ts";

export type TimeSought = {
  /** The journal's. */
  readonly directory: string;
  readonly at: EpochMs;
  /** What is behind is not looked at: it may be half written. */
  readonly durableSeq: Seq;
};

/** Null if the first frame that the journal still has is of a later time. */
export async function seqAtTime(sought: TimeSought): Promise<Seq | null> {
  const { directory, at, durableSeq } = sought;
  const isSought = (frame: FrameHeader | undefined): frame is FrameHeader =>
    frame !== undefined && frame.at <= at && frame.firstSeq <= durableSeq;
  const path = await lastSegmentOf(directory, async (each) => isSought(await firstFrame(each)));
  if (path === null) return null;
  const { bytes, header } = await loadSegment(path, nodeDisk, {
    nextSeq: durableSeq,
    reuse: Buffer.alloc(0),
  });
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
async function firstFrame(path: string): Promise<FrameHeader | undefined> {
  const asked = { seq: 0 as Seq, length: SEGMENT_HEADER_BYTES + EMPTY_FRAME_BYTES };
  const { header, bytes } = await readStart(path, nodeDisk, asked);
  return readFrameHeader(bytes, SEGMENT_HEADER_BYTES, frameCrcSeed(header.journalId));
}
