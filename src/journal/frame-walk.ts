/**
 * A walk over the frames of a journal, segment by segment: it owns the place between two frames, and every frame
 * must follow from all before it. What is wrong with one throws `DamagedJournalError`, unless a crash may have cut it.
 */
import { assert } from "../domain/assert.ts";
import { DecodeError } from "../domain/codec.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import { DamagedJournalError } from "./errors.ts";
import { chainOutcomes, NO_EVENTS } from "./event-digest.ts";
import {
  type Frame,
  type FrameHeader,
  frameBytes,
  frameFault,
  HASH_BYTES,
  readEntries,
  readFrameHeader,
  readTrailer,
} from "./frame.ts";
import { frameCrcSeed, genesisHash, SEGMENT_HEADER_BYTES } from "./segment.ts";
import type { SegmentImage } from "./segment-image.ts";
import type { TornTail } from "./torn-tail.ts";

/** A place between two frames, and all that is needed to go on from there. */
export type JournalPosition = {
  readonly journalId: Buffer;
  readonly segment: number;
  /** Where the next frame goes. */
  readonly offset: number;
  readonly nextSeq: Seq;
  readonly lastAt: EpochMs;
  readonly hash: Buffer;
  readonly eventDigest: Buffer;
  /** True if the last frame is one that a clean stop appended. */
  readonly closed: boolean;
  /** Of all frames and segment headers. */
  readonly bytes: number;
};

/** Where a journal ends. */
export type JournalEnd = JournalPosition & {
  readonly segmentBytes: number;
  readonly tornTail: TornTail | null;
};

/** The journal's end as it moves on from frame to frame. */
type Position = { -readonly [Name in keyof JournalEnd]: JournalEnd[Name] };

export class FrameWalk {
  readonly #start: JournalPosition | undefined;
  #position: Position | undefined;
  #crcSeed = 0;
  #checksDigests = true;

  /** Begins with the first frame of all, or where a snapshot stands. */
  constructor(start: JournalPosition | undefined) {
    this.#start = start;
  }

  /** Whether a segment has been entered. */
  get isUnderWay(): boolean {
    return this.#position !== undefined;
  }

  get position(): JournalEnd {
    assert(this.#position !== undefined, "a walk stands somewhere once it has entered a segment");
    return this.#position;
  }

  /** The sequence with which the next frame begins. */
  get nextSeq(): Seq {
    return (this.#position ?? this.#start)?.nextSeq ?? (1 as Seq);
  }

  /** What the checksums of this journal's frames start from. */
  get crcSeed(): number {
    return this.#crcSeed;
  }

  /** Checks that a segment continues the journal, and moves to its first frame, or to where a snapshot stands. */
  enter(image: SegmentImage, segment: number, last: boolean): Position {
    const { file, header } = image;
    const { journalId, firstSeq, previousHash, segmentBytes } = header;
    const before = this.#position ?? this.#start;
    const { nextSeq } = this;
    const damaged = (what: string) => new DamagedJournalError({ file, offset: 0, seq: nextSeq, what });
    if (header.segment !== segment) throw damaged(`the file holds segment ${header.segment}`);
    if (before !== undefined && !before.journalId.equals(journalId)) {
      throw damaged(
        `the ${this.#position === undefined ? "snapshot" : "segment"} belongs to another journal`,
      );
    }
    if (image.fileBytes > segmentBytes || (image.fileBytes < segmentBytes && !last)) {
      throw damaged(`the file is ${image.fileBytes} bytes long and not ${segmentBytes}`);
    }
    if (this.#start !== undefined && this.#position === undefined) return this.#resume(image, this.#start);
    if (firstSeq !== nextSeq)
      throw damaged(`the segment begins with sequence ${firstSeq}, which leaves a gap`);
    if (!previousHash.equals(before?.hash ?? genesisHash(journalId))) {
      throw damaged("the segment does not follow the last frame of the segment before");
    }
    this.#crcSeed = frameCrcSeed(journalId);
    this.#position = {
      journalId: Buffer.from(journalId),
      segment,
      segmentBytes,
      offset: SEGMENT_HEADER_BYTES,
      nextSeq,
      lastAt: before?.lastAt ?? (0 as EpochMs),
      hash: Buffer.from(previousHash),
      eventDigest: before?.eventDigest ?? NO_EVENTS,
      closed: before?.closed ?? false,
      bytes: (before?.bytes ?? 0) + SEGMENT_HEADER_BYTES,
      tornTail: null,
    };
    return this.#position;
  }

  /** The header of the next frame, or undefined if none that checks stands there. */
  header({ bytes }: SegmentImage): FrameHeader | undefined {
    return readFrameHeader(bytes, this.position.offset, this.#crcSeed);
  }

  /**
   * Says what is wrong with a frame that a crash may have cut. A header that checks was written whole, so
   * what it says is never the work of a crash: if that is wrong, it throws.
   */
  fault(image: SegmentImage, header: FrameHeader): string | undefined {
    const { offset, nextSeq, lastAt } = this.position;
    const damaged = (what: string) =>
      new DamagedJournalError({ file: image.file, offset, seq: nextSeq, what });
    if (header.firstSeq !== nextSeq) {
      throw damaged(`the frame begins with sequence ${header.firstSeq}, which leaves a gap`);
    }
    if (header.at < lastAt) throw damaged(`time goes back from ${lastAt} to ${header.at}`);
    if (offset + frameBytes(header) > image.bytes.length) throw damaged("the frame runs past its segment");
    return frameFault(image.bytes, offset, header, this.#crcSeed);
  }

  /** Reads a frame that is whole, and moves behind it; null for one without commands, which a clean stop appended. */
  take(image: SegmentImage, header: FrameHeader): Frame | null {
    const position = this.#position!;
    const { offset, segment, nextSeq } = position;
    const damaged = (what: string, remedy?: string) =>
      new DamagedJournalError({ file: image.file, offset, seq: nextSeq, what, ...(remedy && { remedy }) });
    const trailer = readTrailer(image.bytes, offset, header);
    if (this.#checksDigests && !trailer.eventDigest.equals(position.eventDigest)) {
      throw damaged(
        `replay does not equal what happened live: the events of the frames up to sequence ${nextSeq - 1} differ`,
        "Start the release that wrote this journal; the data is whole, but this release decides differently.",
      );
    }
    const { firstSeq, at, epoch, count } = header;
    if (count === 0 && header.payloadBytes > 0) throw damaged("the frame has a payload but no records");
    let entries: Frame["entries"];
    try {
      entries = readEntries(image.bytes, offset, header);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw damaged(`the frame is whole, but its records are not readable: ${error.message}`);
    }
    position.offset += frameBytes(header);
    position.bytes += frameBytes(header);
    position.nextSeq = (nextSeq + count) as Seq;
    position.lastAt = at;
    position.hash = trailer.hash;
    position.closed = count === 0;
    if (count === 0) return null;
    return { firstSeq, at, epoch, entries, hash: trailer.hash.toString("hex"), segment, offset };
  }

  /** Takes note of what the frame just taken caused; null from who only looks, and then no digest is checked from here on. */
  witness(outcomes: Uint8Array | null): void {
    const position = this.#position!;
    if (outcomes === null) this.#checksDigests = false;
    else position.eventDigest = chainOutcomes(position.eventDigest, outcomes);
  }

  /** Moves to where a snapshot stands: in front of every frame is the hash of the one before, as the snapshot has it. */
  #resume({ file, bytes, header }: SegmentImage, start: JournalPosition): Position {
    const { offset, nextSeq, hash } = start;
    if (offset > bytes.length || !hash.equals(bytes.subarray(offset - HASH_BYTES, offset))) {
      const what = "the snapshot does not stand behind a frame of this journal";
      throw new DamagedJournalError({ file, offset, seq: nextSeq, what });
    }
    this.#crcSeed = frameCrcSeed(header.journalId);
    this.#position = { ...start, segmentBytes: header.segmentBytes, tornTail: null };
    return this.#position;
  }
}
