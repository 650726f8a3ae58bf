/**
 * Reads the frames of a journal one at a time while an exchange appends to it, never beyond what is durable: whoever
 * asks says up to which sequence that is, and what is behind that may be half written and is not looked at.
 */
import { join } from "node:path";
import type { EpochMs, Seq } from "../domain/units.ts";
import { contentEnd, isMissing, nodeDisk } from "./disk.ts";
import { DamagedJournalError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import { FrameWalk, type JournalPosition } from "./frame-walk.ts";
import { segmentName } from "./segment.ts";
import { loadSegment, type SegmentImage } from "./segment-image.ts";

/** A segment that a reading needs is not there any more, since a snapshot has taken its place. */
export class SegmentRemovedError extends Error {
  override readonly name = "SegmentRemovedError";
}

export type DurableSource = {
  /** The journal's. */
  readonly directory: string;
  /** Where a snapshot stands, to go on from there; without it the first frame is the first of all. */
  readonly start?: JournalPosition | undefined;
};

export class DurableReader {
  readonly #directory: string;
  readonly #walk: FrameWalk;
  #segment: number;
  #image: SegmentImage | undefined;
  /** Up to which sequence all was durable when the segment was read; what it holds behind that is worth nothing. */
  #imageSeq = 0;
  #lastAt: EpochMs;

  constructor({ directory, start }: DurableSource) {
    this.#directory = directory;
    this.#walk = new FrameWalk(start);
    this.#segment = start?.segment ?? 1;
    this.#lastAt = start?.lastAt ?? (0 as EpochMs);
  }

  /** The time of the last frame that was read; zero before the first. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /** The sequence with which the next frame begins. */
  get nextSeq(): Seq {
    return this.#walk.nextSeq;
  }

  /**
   * The next frame with commands, or null if it is not durable yet. What a frame caused is to be witnessed before
   * the next one is read.
   */
  async next(durableSeq: Seq): Promise<Frame | null> {
    while (this.nextSeq <= durableSeq) {
      const image = await this.#imageUpTo(durableSeq);
      const header = this.#walk.header(image);
      if (header === undefined) {
        await this.#enterNext(durableSeq);
        continue;
      }
      const fault = this.#walk.fault(image, header);
      if (fault !== undefined) throw this.#damaged(fault);
      const frame = this.#walk.take(image, header);
      this.#lastAt = header.at;
      if (frame !== null) return frame;
    }
    return null;
  }

  /** Takes note of what the frame just read caused, in its canonical encoding; the next one says whether it was so. */
  witness(outcomes: Uint8Array): void {
    this.#walk.witness(outcomes);
  }

  /** The present segment, as it is at least up to there. */
  async #imageUpTo(durableSeq: Seq): Promise<SegmentImage> {
    const image = this.#image;
    if (image !== undefined && this.nextSeq <= this.#imageSeq) return image;
    if (image === undefined) return this.#load(durableSeq);
    // What was read of it before stays; the rest was zeros then, or a frame on its way.
    const { offset } = this.#walk.position;
    const file = await this.#open();
    try {
      await nodeDisk.read(file, image.bytes.subarray(offset), offset);
    } finally {
      await nodeDisk.close(file);
    }
    this.#imageSeq = durableSeq;
    return image;
  }

  async #load(durableSeq: Seq): Promise<SegmentImage> {
    const path = join(this.#directory, segmentName(this.#segment));
    const reuse = this.#image?.bytes ?? Buffer.alloc(0);
    const image = await loadSegment(path, nodeDisk, { nextSeq: this.nextSeq, reuse }).catch(removed);
    this.#walk.enter(image, this.#segment, false);
    this.#image = image;
    this.#imageSeq = durableSeq;
    return image;
  }

  async #enterNext(durableSeq: Seq): Promise<void> {
    const { offset } = this.#walk.position;
    // A segment that is full ends in zeros.
    if (contentEnd(this.#image!.bytes, offset) > offset) {
      throw this.#damaged("the bytes here are no frame's header that checks");
    }
    this.#segment += 1;
    await this.#load(durableSeq);
  }

  #open() {
    return nodeDisk.open(join(this.#directory, segmentName(this.#segment)), "read").catch(removed);
  }

  #damaged(what: string): DamagedJournalError {
    const file = join(this.#directory, segmentName(this.#segment));
    return new DamagedJournalError({ file, offset: this.#walk.position.offset, seq: this.nextSeq, what });
  }
}

function removed(error: Error): never {
  if (!isMissing(error)) throw error;
  throw new SegmentRemovedError(error.message);
}
