/**
 * Finds the frame that holds a sequence, in a journal to which an exchange may be appending: the headers of the segments
 * say which one has it, and the headers of its frames where it stands. One segment is read, and one frame checked.
 */
import { join } from "node:path";
import { DecodeError } from "../domain/codec.ts";
import type { Seq } from "../domain/units.ts";
import { isMissing, nodeDisk } from "./disk.ts";
import { DamagedJournalError } from "./errors.ts";
import { lastSegmentOf } from "./find-segment.ts";
import { type Frame, frameBytes, frameFault, readEntries, readFrameHeader, readTrailer } from "./frame.ts";
import { frameCrcSeed, listSegments, SEGMENT_HEADER_BYTES, segmentName } from "./segment.ts";
import { loadSegment, readStart, type SegmentImage } from "./segment-image.ts";

export type FrameSought = {
  /** The journal's. */
  readonly directory: string;
  /** Durable: what is behind the last durable frame may be half written, and is not looked at. */
  readonly seq: Seq;
  /** The segment that the frame before was found in. */
  readonly loaded?: SegmentImage | undefined;
};

export type FoundFrame = {
  readonly frame: Frame;
  /** The length of the frame. */
  readonly bytes: number;
  readonly image: SegmentImage;
};

/** Null if the journal does not go back so far any more. @throws DamagedJournalError */
export async function findFrame(sought: FrameSought): Promise<FoundFrame | null> {
  const image = await imageWith(sought);
  if (image === null) return null;
  const { seq } = sought;
  const { bytes, file, header: segment } = image;
  const crcSeed = frameCrcSeed(segment.journalId);
  for (let offset = SEGMENT_HEADER_BYTES; ; ) {
    const damaged = (what: string) => new DamagedJournalError({ file, offset, seq, what });
    const header = readFrameHeader(bytes, offset, crcSeed);
    if (header === undefined)
      throw damaged("the frame that should follow is missing, or its header is damaged");
    const length = frameBytes(header);
    if (seq >= header.firstSeq + header.count) {
      offset += length;
      continue;
    }
    if (seq < header.firstSeq)
      throw damaged(`the frame begins with sequence ${header.firstSeq}, which leaves a gap`);
    if (offset + length > bytes.length) throw damaged("the frame runs past its segment");
    const fault = frameFault(bytes, offset, header, crcSeed);
    if (fault !== undefined) throw damaged(fault);
    const { firstSeq, at, epoch } = header;
    const hash = readTrailer(bytes, offset, header).hash.toString("hex");
    try {
      const entries = readEntries(bytes, offset, header);
      const frame = { firstSeq, at, epoch, entries, hash, segment: segment.segment, offset };
      return { frame, bytes: length, image };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw damaged(`the frame is whole, but its records are not readable: ${error.message}`);
    }
  }
}

/** The first sequence that the journal still has; null if it has none yet. */
export async function oldestSeqIn(directory: string): Promise<Seq | null> {
  const [first] = await listSegments(directory, nodeDisk);
  return first === undefined ? null : firstSeqOf(join(directory, segmentName(first)), 1 as Seq);
}

/** The last segment that begins at or before the sequence. */
async function imageWith(sought: FrameSought): Promise<SegmentImage | null> {
  const { directory, seq, loaded } = sought;
  const file = await lastSegmentOf(directory, async (path) => {
    const firstSeq = await firstSeqOf(path, seq).catch(nullIfGone);
    // A segment that has just been removed had earlier commands than any that is still there.
    return firstSeq === null || firstSeq <= seq;
  });
  if (file === null) return null;
  if (loaded?.file === file) return loaded;
  return loadSegment(file, nodeDisk, { nextSeq: seq, reuse: Buffer.alloc(0) }).catch(nullIfGone);
}

function nullIfGone(error: Error): null {
  if (isMissing(error)) return null;
  throw error;
}

async function firstSeqOf(path: string, seq: Seq): Promise<Seq> {
  return (await readStart(path, nodeDisk, { seq, length: SEGMENT_HEADER_BYTES })).header.firstSeq;
}
