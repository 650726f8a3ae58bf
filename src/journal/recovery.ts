/**
 * Reads a journal from its first frame or from where a snapshot stands, hands every frame to a replay, and says
 * where the journal ends and what follows there. It changes nothing: what to do about a torn tail is torn-tail.ts's.
 *
 * Whatever a crash cannot have caused throws `DamagedJournalError` (FORMAT.md, the table of recovery).
 */
import { join } from "node:path";
import { DecodeError } from "../domain/codec.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import { type Clock, nodeClock } from "./clock.ts";
import { contentEnd, type Disk, fileContentEnd, nodeDisk } from "./disk.ts";
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
import { frameCrcSeed, genesisHash, listSegments, SEGMENT_HEADER_BYTES, segmentName } from "./segment.ts";
import { loadSegment, type SegmentImage } from "./segment-image.ts";
import { checkTail, type TornTail } from "./torn-tail.ts";
import { type Watermark, Watermarks } from "./watermarks.ts";

/** How long the event loop may wait while frames are replayed. */
const TURN_MS = 50;

export type JournalSource = {
  readonly directory: string;
  readonly watermarks: readonly Watermark[];
  /** Where a snapshot stands, for a replay that goes on from there; without it the first frame is the first of all. */
  readonly start?: JournalPosition | undefined;
  /** The last segment to be read, one that is closed; without it all are. */
  readonly through?: number;
  /**
   * Applies a frame and returns the canonical encoding of what it caused; null from who only looks at the
   * commands, and then the digests of events are not checked.
   */
  readonly replay: (frame: Frame) => Uint8Array | null;
  /** Hears of the frames without commands, which clean stops appended. */
  readonly onCleanStop?: (frame: Pick<Frame, "offset" | "at">) => void;
  /** Nothing is read behind the frame that holds this sequence, and the end is taken to be there. */
  readonly to?: Seq | undefined;
  /** Waited for from time to time: whoever is fed by the replay may be slower than it. */
  readonly room?: (() => Promise<void>) | undefined;
  /** Waited for before any frame of the last segment is replayed, with what its file holds. */
  readonly beforeLast?: (file: string, bytes: Buffer) => Promise<void>;
  readonly onSegment?: (read: {
    readonly segment: number;
    readonly segments: number;
    readonly seq: Seq;
  }) => void;
  /** Hears of each segment that was read and to which nothing will be added. */
  readonly onClosed?: ((closed: ClosedSegment) => void) | undefined;
  /** Hears from time to time how far the replay is. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined;
  readonly disk?: Disk | undefined;
  readonly clock?: Clock | undefined;
};

/** How much of the journal has been replayed; `seq` is the last sequence that was. */
export type ReplayProgress = { readonly seq: Seq; readonly bytesDone: number; readonly bytesTotal: number };

/** A segment to which nothing is added any more, and what the journal had come to at its end. */
export type ClosedSegment = {
  readonly segment: number;
  /** The last sequence in it. */
  readonly seq: Seq;
  /** Of its last frame, 64 hexadecimal characters. */
  readonly frameHash: string;
  /** Of all that its frames and those before have caused, 64 hexadecimal characters. */
  readonly eventDigest: string;
};

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

/** Reads the journal, all of it or from a snapshot on; null if there is none yet. */
export async function readJournal(source: JournalSource): Promise<JournalEnd | null> {
  const { directory, start, through, disk = nodeDisk } = source;
  const segments = (await listSegments(directory, disk)).filter((segment) => segment <= (through ?? segment));
  const watermarks = new Watermarks(
    source.watermarks,
    start && { ...start, file: join(directory, segmentName(start.segment)) },
  );
  if (segments.length === 0) {
    watermarks.checkEnd({ file: join(directory, segmentName(1)), offset: 0, nextSeq: 1 as Seq, torn: false });
    return null;
  }
  const read = segments.filter((segment) => segment >= (start?.segment ?? 1));
  checkNoneMissing(directory, read, start);
  const reading = new Reading(source, watermarks);
  await reading.measure(read);
  let end: JournalEnd | undefined;
  for (const segment of read) {
    const last = through === undefined && segment === read.at(-1);
    end = await reading.readSegment(segment, last);
    const seq = (end.nextSeq - 1) as Seq;
    source.onSegment?.({ segment, segments: segments.at(-1)!, seq });
    if (reading.isDone) return end;
    if (!last) source.onClosed?.(closedAt(end));
  }
  const { segment, offset, nextSeq, tornTail } = end!;
  const file = join(directory, segmentName(segment));
  watermarks.checkEnd({ file, offset, nextSeq, torn: (tornTail?.bytes.length ?? 0) > 0 });
  return end!;
}

/** What is to be said of a segment at whose end the journal stands. */
export function closedAt(
  end: Pick<JournalPosition, "segment" | "nextSeq" | "hash" | "eventDigest">,
): ClosedSegment {
  const { segment, nextSeq, hash, eventDigest } = end;
  const seq = (nextSeq - 1) as Seq;
  return { segment, seq, frameHash: hash.toString("hex"), eventDigest: eventDigest.toString("hex") };
}

const COVERED =
  "Nothing was changed. Bring back the missing segments, or the snapshots and the ledger that this journal had.";

/** The segments that are read follow one another without a gap from where the reading begins. */
function checkNoneMissing(
  directory: string,
  read: readonly number[],
  start: JournalPosition | undefined,
): void {
  const damaged = (segment: number, what: string, remedy?: string) => {
    const file = join(directory, segmentName(segment));
    const seq = start?.nextSeq ?? (1 as Seq);
    return new DamagedJournalError({ file, offset: 0, seq, what, ...(remedy && { remedy }) });
  };
  const from = start?.segment ?? 1;
  if (read[0] !== from && start === undefined) {
    const what = "the segment is missing, and no snapshot that the ledger has come to covers it";
    throw damaged(from, what, COVERED);
  }
  if (read.length === 0) throw damaged(from, "the segment is missing in which the snapshot goes on");
  for (const [place, segment] of read.entries()) {
    if (segment !== from + place) throw damaged(from + place, "the segment is missing");
  }
}

/** Owns the position between frames: every frame must follow from all before it. */
class Reading {
  readonly #source: JournalSource;
  readonly #watermarks: Watermarks;
  readonly #disk: Disk;
  readonly #clock: Clock;
  #position: Position | undefined;
  #crcSeed = 0;
  #checksDigests = true;
  /** Holds one segment after another, for they are long; nothing that is read keeps a part of it. */
  #bytes: Buffer = Buffer.alloc(0);
  #turnStartedAt: number;
  /** Of the segments before the present one that are read, and of all that are. */
  #bytesBehind = 0;
  #bytesTotal = 0;

  constructor(source: JournalSource, watermarks: Watermarks) {
    this.#source = source;
    this.#watermarks = watermarks;
    this.#disk = source.disk ?? nodeDisk;
    this.#clock = source.clock ?? nodeClock;
    this.#turnStartedAt = this.#clock.elapsed();
  }

  get isDone(): boolean {
    const { to } = this.#source;
    return to !== undefined && this.#position !== undefined && this.#position.nextSeq > to;
  }

  /** Finds out how much there is to read: nothing before a snapshot, and of the last segment no more than is not zeros. */
  async measure(segments: readonly number[]): Promise<void> {
    const { directory, start, through } = this.#source;
    for (const segment of segments) {
      const isOpen = through === undefined && segment === segments.at(-1);
      const file = await this.#disk.open(join(directory, segmentName(segment)), "read");
      try {
        const fileBytes = await this.#disk.size(file);
        const range = { from: SEGMENT_HEADER_BYTES, fileBytes };
        this.#bytesTotal += isOpen ? await fileContentEnd(this.#disk, file, range) : fileBytes;
      } finally {
        await this.#disk.close(file);
      }
    }
    this.#bytesBehind -= start?.offset ?? 0;
    this.#bytesTotal -= start?.offset ?? 0;
  }

  async readSegment(segment: number, last: boolean): Promise<JournalEnd> {
    const image = await loadSegment(join(this.#source.directory, segmentName(segment)), this.#disk, {
      nextSeq: this.#position?.nextSeq ?? this.#source.start?.nextSeq ?? (1 as Seq),
      reuse: this.#bytes,
    });
    this.#bytes = image.bytes;
    if (last) await this.#source.beforeLast?.(image.file, image.bytes.subarray(0, image.fileBytes));
    const position = this.#enter(image, segment, last);
    for (;;) {
      if (this.isDone) return position;
      const header = readFrameHeader(image.bytes, position.offset, this.#crcSeed);
      const fault = header === undefined ? undefined : this.#frameFault(image, header);
      if (header === undefined || fault !== undefined) {
        position.tornTail = this.#endOfSegment(image, last, fault);
        this.#bytesBehind += image.fileBytes;
        return position;
      }
      this.#readFrame(image, header);
      if (this.#clock.elapsed() - this.#turnStartedAt > TURN_MS) {
        this.#tellProgress(position);
        await this.#clock.turn();
        await this.#source.room?.();
        this.#turnStartedAt = this.#clock.elapsed();
      }
    }
  }

  #tellProgress({ nextSeq, offset }: Position): void {
    // An exchange that runs meanwhile may have added to what was measured.
    const bytesDone = Math.min(this.#bytesBehind + offset, this.#bytesTotal);
    this.#source.onProgress?.({ seq: (nextSeq - 1) as Seq, bytesDone, bytesTotal: this.#bytesTotal });
  }

  /** Checks that a segment continues the journal, and moves to its first frame, or to where a snapshot stands. */
  #enter(image: SegmentImage, segment: number, last: boolean): Position {
    const { file, header } = image;
    const { journalId, firstSeq, previousHash, segmentBytes } = header;
    const { start } = this.#source;
    const before = this.#position ?? start;
    const nextSeq = before?.nextSeq ?? (1 as Seq);
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
    if (start !== undefined && this.#position === undefined) return this.#resume(image, start);
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

  /**
   * Says what is wrong with a frame that a crash may have cut. A header that checks was written whole, so
   * what it says is never the work of a crash: if that is wrong, it throws.
   */
  #frameFault(image: SegmentImage, header: FrameHeader): string | undefined {
    const { offset, nextSeq, lastAt } = this.#position!;
    const damaged = (what: string) =>
      new DamagedJournalError({ file: image.file, offset, seq: nextSeq, what });
    if (header.firstSeq !== nextSeq) {
      throw damaged(`the frame begins with sequence ${header.firstSeq}, which leaves a gap`);
    }
    if (header.at < lastAt) throw damaged(`time goes back from ${lastAt} to ${header.at}`);
    if (offset + frameBytes(header) > image.bytes.length) throw damaged("the frame runs past its segment");
    return frameFault(image.bytes, offset, header, this.#crcSeed);
  }

  #readFrame(image: SegmentImage, header: FrameHeader): void {
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
    if (header.count > 0) {
      const { firstSeq, at, epoch } = header;
      let entries: Frame["entries"];
      try {
        entries = readEntries(image.bytes, offset, header);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        throw damaged(`the frame is whole, but its records are not readable: ${error.message}`);
      }
      const frame = { firstSeq, at, epoch, entries, hash: trailer.hash.toString("hex"), segment, offset };
      this.#watermarks.checkFrame(frame, image.file);
      const outcomes = this.#source.replay(frame);
      if (outcomes === null) this.#checksDigests = false;
      else position.eventDigest = chainOutcomes(position.eventDigest, outcomes);
    } else if (header.payloadBytes > 0) {
      throw damaged("the frame has a payload but no records");
    } else {
      this.#source.onCleanStop?.({ offset, at: header.at });
    }
    position.offset += frameBytes(header);
    position.bytes += frameBytes(header);
    position.nextSeq = (nextSeq + header.count) as Seq;
    position.lastAt = header.at;
    position.hash = trailer.hash;
    position.closed = header.count === 0;
  }

  /** Behind the last frame there are zeros; only in the last segment may there be a torn tail. */
  #endOfSegment(image: SegmentImage, last: boolean, fault: string | undefined): TornTail | null {
    const { offset, nextSeq } = this.#position!;
    const end = contentEnd(image.bytes, offset);
    const complete = image.fileBytes === image.bytes.length;
    if (end === offset && complete) return null;
    const what = fault ?? "the bytes here are no frame's header that checks";
    if (!last) throw new DamagedJournalError({ file: image.file, offset, seq: nextSeq, what });
    const { file, bytes } = image;
    return checkTail({ file, bytes, offset, end, complete, nextSeq, what, crcSeed: this.#crcSeed });
  }
}
