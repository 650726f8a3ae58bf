/**
 * Reads a journal from its first frame or from where a snapshot stands, hands every frame to a replay, and says
 * where the journal ends and what follows there. It changes nothing: what to do about a torn tail is torn-tail.ts's.
 *
 * Whatever a crash cannot have caused throws `DamagedJournalError` (FORMAT.md, the table of recovery).
 */
import { join } from "node:path";
import type { Seq } from "../domain/units.ts";
import { type Clock, nodeClock } from "./clock.ts";
import { contentEnd, type Disk, fileContentEnd, nodeDisk } from "./disk.ts";
import { DamagedJournalError } from "./errors.ts";
import type { Frame, FrameHeader } from "./frame.ts";
import { FrameWalk, type JournalEnd, type JournalPosition } from "./frame-walk.ts";
import { listSegments, SEGMENT_HEADER_BYTES, segmentName } from "./segment.ts";
import { loadSegment, readStart, type SegmentImage } from "./segment-image.ts";
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
  const from = start?.segment ?? 1;
  const read = segments.filter((segment) => segment >= from);
  checkBeginning(directory, read, start);
  const reading = new Reading(source, watermarks);
  await reading.measure(read);
  let end: JournalEnd | undefined;
  for (const [place, segment] of read.entries()) {
    if (segment !== from + place) throw missing(directory, { segment: from + place, seq: reading.nextSeq });
    const last = through === undefined && segment === read.at(-1);
    end = await reading.readSegment(segment, last);
    const seq = (end.nextSeq - 1) as Seq;
    source.onSegment?.({ segment, segments: segments.at(-1)!, seq });
    if (reading.isDone) return end;
    if (!last) source.onClosed?.(closedAt(end));
  }
  if (through === undefined) await checkNoneBetween(directory, segments, disk);
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

/** What is read begins with the first segment, or with the one in which the snapshot stands. */
function checkBeginning(
  directory: string,
  read: readonly number[],
  start: JournalPosition | undefined,
): void {
  const lacking = { segment: start?.segment ?? 1, seq: start?.nextSeq ?? (1 as Seq) };
  if (read[0] === lacking.segment) return;
  if (start !== undefined)
    throw missing(directory, lacking, "the segment is missing in which the snapshot goes on");
  const what = "the segment is missing, and no snapshot that the ledger has come to covers it";
  throw missing(directory, lacking, what, COVERED);
}

/**
 * Those that are not kept go from the first on, so what is gone from between others is damage, though the reading
 * began behind it: the ledger could not be made anew, and nobody could ask about the past.
 */
async function checkNoneBetween(directory: string, segments: readonly number[], disk: Disk): Promise<void> {
  const place = segments.findIndex((segment, at) => at > 0 && segment !== segments[at - 1]! + 1);
  if (place === -1) return;
  const following = join(directory, segmentName(segments[place]!));
  const { header } = await readStart(following, disk, { seq: 1 as Seq, length: SEGMENT_HEADER_BYTES });
  const lacking = { segment: segments[place]! - 1, seq: header.firstSeq };
  throw missing(directory, lacking, "the segment is missing that ends before this sequence");
}

function missing(
  directory: string,
  { segment, seq }: { readonly segment: number; readonly seq: Seq },
  what = "the segment is missing",
  remedy?: string,
): DamagedJournalError {
  const file = join(directory, segmentName(segment));
  return new DamagedJournalError({ file, offset: 0, seq, what, ...(remedy && { remedy }) });
}

/** Reads segment after segment, and hands on what the walk over their frames finds. */
class Reading {
  readonly #source: JournalSource;
  readonly #watermarks: Watermarks;
  readonly #walk: FrameWalk;
  readonly #disk: Disk;
  readonly #clock: Clock;
  /** Holds one segment after another, for they are long; nothing that is read keeps a part of it. */
  #bytes: Buffer = Buffer.alloc(0);
  #turnStartedAt: number;
  /** Of the segments before the present one that are read, and of all that are. */
  #bytesBehind = 0;
  #bytesTotal = 0;

  constructor(source: JournalSource, watermarks: Watermarks) {
    this.#source = source;
    this.#watermarks = watermarks;
    this.#walk = new FrameWalk(source.start);
    this.#disk = source.disk ?? nodeDisk;
    this.#clock = source.clock ?? nodeClock;
    this.#turnStartedAt = this.#clock.elapsed();
  }

  get nextSeq(): Seq {
    return this.#walk.nextSeq;
  }

  get isDone(): boolean {
    const { to } = this.#source;
    return to !== undefined && this.#walk.isUnderWay && this.#walk.nextSeq > to;
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
      nextSeq: this.#walk.nextSeq,
      reuse: this.#bytes,
    });
    this.#bytes = image.bytes;
    if (last) await this.#source.beforeLast?.(image.file, image.bytes.subarray(0, image.fileBytes));
    const position = this.#walk.enter(image, segment, last);
    for (;;) {
      if (this.isDone) return position;
      const header = this.#walk.header(image);
      const fault = header && this.#walk.fault(image, header);
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

  #tellProgress({ nextSeq, offset }: JournalPosition): void {
    // An exchange that runs meanwhile may have added to what was measured.
    const bytesDone = Math.min(this.#bytesBehind + offset, this.#bytesTotal);
    this.#source.onProgress?.({ seq: (nextSeq - 1) as Seq, bytesDone, bytesTotal: this.#bytesTotal });
  }

  #readFrame(image: SegmentImage, header: FrameHeader): void {
    const { offset } = this.#walk.position;
    const frame = this.#walk.take(image, header);
    if (frame === null) {
      this.#source.onCleanStop?.({ offset, at: header.at });
      return;
    }
    this.#watermarks.checkFrame(frame, image.file);
    this.#walk.witness(this.#source.replay(frame));
  }

  /** Behind the last frame there are zeros; only in the last segment may there be a torn tail. */
  #endOfSegment(image: SegmentImage, last: boolean, fault: string | undefined): TornTail | null {
    const { file, bytes, fileBytes } = image;
    const { offset, nextSeq } = this.#walk.position;
    const end = contentEnd(bytes, offset);
    const complete = fileBytes === bytes.length;
    if (end === offset && complete) return null;
    const what = fault ?? "the bytes here are no frame's header that checks";
    if (!last) throw new DamagedJournalError({ file, offset, seq: nextSeq, what });
    return checkTail({ file, bytes, offset, end, complete, nextSeq, what, crcSeed: this.#walk.crcSeed });
  }
}
