/**
 * What survives a crash, and the only truth. A batch of commands becomes one frame, one write into a
 * preallocated segment and one sync; when `append` resolves, the batch is on disk. The layout is FORMAT.md's.
 *
 * A write or sync that fails ends the journal: it is never tried again, because what reached the disk is
 * unknown. A disk that is nearly full is another matter: see `accepting`.
 */
import { dirname, join } from "node:path";
import { assert } from "../domain/assert.ts";
import { ByteWriter } from "../domain/codec.ts";
import type { Sequenced } from "../domain/commands.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import { nodeClock } from "./clock.ts";
import { type Disk, nodeDisk, type OpenFile } from "./disk.ts";
import { makeEndDurable } from "./durable-end.ts";
import { JournalFailedError } from "./errors.ts";
import { chainOutcomes, NO_EVENTS } from "./event-digest.ts";
import { EMPTY_FRAME_BYTES, encodeFrame, FRAME_BYTES_MAX, type Frame } from "./frame.ts";
import type { JournalEnd } from "./frame-walk.ts";
import { type ClosedSegment, closedAt, type JournalSource, readJournal } from "./recovery.ts";
import {
  FIRST_SEGMENT_BYTES,
  frameCrcSeed,
  genesisHash,
  newJournalId,
  SEGMENT_BYTES,
  SEGMENT_BYTES_MAX,
  SEGMENT_BYTES_MIN,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
} from "./segment.ts";
import { makeFirstSegment, removeAside, SegmentSupply } from "./segment-supply.ts";
import { DISK_LIMITS, type DiskLimits, SpaceWatch } from "./space.ts";
import { repairTail, type TornTail } from "./torn-tail.ts";

/** What opening a journal tells an operator. */
export type JournalReport =
  | { readonly kind: "segment-read"; readonly segment: number; readonly segments: number; readonly seq: Seq }
  | {
      readonly kind: "tail-repaired";
      readonly file: string;
      readonly offset: number;
      /** The last sequence that the journal still has. */
      readonly seq: Seq;
      readonly tailBytes: number;
      /** The file that keeps the tail; null if only zeros were missing. */
      readonly quarantine: string | null;
      readonly what: string;
    };

export type JournalOptions = Pick<
  JournalSource,
  "directory" | "watermarks" | "room" | "start" | "onProgress" | "disk" | "clock"
> & {
  /** Applies a frame and returns the canonical encoding of what it caused. */
  readonly replay: (frame: Frame) => Uint8Array;
  /** Hears of each segment that is full, during the replay and then as it happens. */
  readonly onClosed?: ((closed: ClosedSegment) => void) | undefined;
  /** The length of the segments that are made from now on. */
  readonly segmentBytes?: number | undefined;
  /** Makes the 16 bytes that tell a new journal from all others. */
  readonly newJournalId?: () => Buffer;
  readonly limits?: DiskLimits;
  readonly onReport?: (report: JournalReport) => void;
};

/** Zero on a single node; it tells the leaders of a replicated journal apart. */
const EPOCH = 0;

export class Journal {
  readonly #disk: Disk;
  readonly #journalId: Buffer;
  readonly #crcSeed: number;
  readonly #supply: SegmentSupply;
  readonly #space: SpaceWatch;
  readonly #segmentBytesNext: number;
  readonly #onClosed: JournalOptions["onClosed"];
  readonly #writer = new ByteWriter(FRAME_BYTES_MAX);
  #file: OpenFile;
  #segment: number;
  #segmentBytes: number;
  #offset: number;
  #nextSeq: Seq;
  #durableSeq: Seq;
  #lastAt: EpochMs;
  #hash: Buffer;
  #eventDigest: Buffer;
  #closedCleanly: boolean;
  #bytes: number;
  #appending: Promise<string> | undefined;
  #unwitnessed = false;
  #failure: JournalFailedError | undefined;
  #closing: Promise<void> | undefined;

  /** Reads the journal from its first frame or from where a snapshot stands, repairs a torn tail, and is ready to go on from its end. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { directory, disk = nodeDisk, clock = nodeClock, segmentBytes = SEGMENT_BYTES, onReport } = options;
    assert(segmentBytes >= SEGMENT_BYTES_MIN, "a segment holds its header and an empty frame");
    assert(segmentBytes <= SEGMENT_BYTES_MAX, "a segment can be read whole");
    await disk.makeDirectory(directory);
    await disk.syncDirectory(dirname(directory));
    await removeAside(directory, disk);
    const end = await readJournal({
      ...options,
      beforeLast: (file, bytes) => makeEndDurable(file, bytes, disk),
      onSegment: (read) => onReport?.({ kind: "segment-read", ...read }),
    });
    if (end === null) {
      const journalId = (options.newJournalId ?? newJournalId)();
      const start = newJournal(journalId, Math.min(segmentBytes, FIRST_SEGMENT_BYTES));
      const file = await makeFirstSegment(directory, headerAt(start), disk);
      return Journal.#ready(new Journal(options, start, file));
    }
    if (end.tornTail !== null) {
      const quarantine = await repairTail(end.tornTail, { segmentBytes: end.segmentBytes, disk, clock });
      onReport?.(repaired(end, end.tornTail, quarantine));
    }
    const file = await disk.open(join(directory, segmentName(end.segment)), "update");
    return Journal.#ready(new Journal(options, end, file));
  }

  static async #ready(journal: Journal): Promise<Journal> {
    await journal.#space.start();
    journal.#prepareAhead();
    return journal;
  }

  private constructor(options: JournalOptions, end: JournalEnd, file: OpenFile) {
    const { directory, disk = nodeDisk, clock = nodeClock } = options;
    const { segmentBytes = SEGMENT_BYTES, limits = DISK_LIMITS } = options;
    this.#disk = disk;
    this.#journalId = end.journalId;
    this.#crcSeed = frameCrcSeed(end.journalId);
    this.#supply = new SegmentSupply({ directory, disk, clock, segmentBytes });
    const onProbe = (freeBytes: number) => this.#supply.retry(freeBytes);
    this.#space = new SpaceWatch({ directory, disk, clock, limits, onProbe });
    this.#segmentBytesNext = segmentBytes;
    this.#onClosed = options.onClosed;
    this.#file = file;
    this.#segment = end.segment;
    this.#segmentBytes = end.segmentBytes;
    this.#offset = end.offset;
    this.#nextSeq = end.nextSeq;
    this.#durableSeq = (end.nextSeq - 1) as Seq;
    this.#lastAt = end.lastAt;
    this.#hash = end.hash;
    this.#eventDigest = end.eventDigest;
    this.#closedCleanly = end.closed;
    this.#bytes = end.bytes;
  }

  /** The sequence that the next command gets. */
  get nextSeq(): Seq {
    return this.#nextSeq;
  }

  /** Everything up to here is on disk. */
  get durableSeq(): Seq {
    return this.#durableSeq;
  }

  /** The time of the last frame; the next may not be earlier. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /** The bytes of all frames and segment headers since the journal began. */
  get bytes(): number {
    return this.#bytes;
  }

  /** 32 hexadecimal characters, the same for as long as the journal lives. */
  get journalId(): string {
    return this.#journalId.toString("hex");
  }

  /** 64 hexadecimal characters: of everything that all frames so far have caused. */
  get eventDigest(): string {
    return this.#eventDigest.toString("hex");
  }

  /** False while the disk is nearly full, and by itself true again when there is space. */
  get accepting(): boolean {
    return !this.#space.low && !this.#supply.full;
  }

  /**
   * Writes a batch as one frame and resolves with the frame's hash when it is durable. The next batch may
   * come when this one is, and when what it caused has been witnessed.
   */
  async append(entries: readonly Sequenced[]): Promise<string> {
    if (this.#failure !== undefined) throw this.#failure;
    assert(this.#closing === undefined, "nothing is appended to a closed journal");
    assert(this.#appending === undefined, "one append is in flight at a time");
    assert(!this.#unwitnessed, "a frame is witnessed before the next is appended");
    assert(entries.length > 0, "a batch has commands");
    const { at } = entries[0]!;
    assert(at >= this.#lastAt, "time never goes back");
    for (let i = 0; i < entries.length; i += 1) {
      assert(entries[i]!.seq === this.#nextSeq + i, "sequences leave no gap");
      assert(entries[i]!.at === at, "the commands of a frame share its time");
    }
    this.#appending = this.#appendFrame(entries, at);
    try {
      return await this.#appending;
    } finally {
      this.#appending = undefined;
    }
  }

  /** Takes note of what the frame just appended caused, in its canonical encoding; the next frame will carry its digest. */
  witness(outcomes: Uint8Array): void {
    assert(this.#unwitnessed, "a frame is witnessed once, after it was appended");
    this.#eventDigest = chainOutcomes(this.#eventDigest, outcomes);
    this.#unwitnessed = false;
  }

  /** A stop is near: an append that waits for space gives up instead. */
  hurry(): void {
    this.#supply.hurry();
  }

  /** Appends the empty frame of a clean stop and lets go of all files; rejects if the journal has failed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#space.stop();
    this.hurry();
    await this.#appending?.catch(() => {});
    await this.#supply.stop();
    try {
      // Without the last frame's outcomes its digest is unknown; the journal is whole without this frame.
      if (this.#failure === undefined && !this.#closedCleanly && !this.#unwitnessed) {
        await this.#appendFrame([], this.#lastAt);
      }
    } finally {
      await this.#disk.close(this.#file);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #appendFrame(entries: readonly Sequenced[], at: EpochMs): Promise<string> {
    const { bytes, hash } = this.#encode(entries, at);
    const fits = this.#fits(bytes.length, entries.length);
    const roomNext = this.#segmentBytesNext - SEGMENT_HEADER_BYTES - EMPTY_FRAME_BYTES;
    assert(fits || bytes.length <= roomNext, "a frame fits an empty segment");
    try {
      if (!fits) await this.#nextSegment();
      this.#nextSeq = (this.#nextSeq + entries.length) as Seq;
      this.#disk.write(this.#file, bytes, this.#offset);
      await this.#disk.sync(this.#file);
    } catch (error) {
      this.#failure =
        error instanceof JournalFailedError ? error : new JournalFailedError("appending", error);
      throw this.#failure;
    }
    this.#offset += bytes.length;
    this.#bytes += bytes.length;
    this.#hash = hash;
    this.#lastAt = at;
    this.#durableSeq = (this.#nextSeq - 1) as Seq;
    this.#closedCleanly = entries.length === 0;
    this.#unwitnessed = entries.length > 0;
    this.#prepareAhead();
    return hash.toString("hex");
  }

  #encode(entries: readonly Sequenced[], at: EpochMs): ReturnType<typeof encodeFrame> {
    return encodeFrame(this.#writer, entries, {
      firstSeq: this.#nextSeq,
      at,
      epoch: EPOCH,
      previousHash: this.#hash,
      eventDigest: this.#eventDigest,
      crcSeed: this.#crcSeed,
    });
  }

  /** Room for the frame of a clean stop is always left, so that closing never needs another segment. */
  #fits(bytes: number, count: number): boolean {
    const left = this.#segmentBytes - this.#offset - bytes;
    return left >= (count > 0 ? EMPTY_FRAME_BYTES : 0);
  }

  async #nextSegment(): Promise<void> {
    const header: SegmentHeader = {
      journalId: this.#journalId,
      segment: this.#segment + 1,
      segmentBytes: this.#segmentBytesNext,
      firstSeq: this.#nextSeq,
      previousHash: this.#hash,
    };
    const next = await this.#supply.take(header);
    const full = this.#file;
    const closed = closedAt({
      segment: this.#segment,
      nextSeq: this.#nextSeq,
      hash: this.#hash,
      eventDigest: this.#eventDigest,
    });
    this.#file = next;
    this.#segment = header.segment;
    this.#segmentBytes = header.segmentBytes;
    this.#offset = SEGMENT_HEADER_BYTES;
    this.#bytes += SEGMENT_HEADER_BYTES;
    await this.#disk.close(full);
    this.#onClosed?.(closed);
  }

  /** The second half of a segment is time enough to prepare the next. */
  #prepareAhead(): void {
    if (this.#offset >= this.#segmentBytes / 2) this.#supply.prepare();
  }
}

function newJournal(journalId: Buffer, segmentBytes: number): JournalEnd {
  return {
    journalId,
    segment: 1,
    segmentBytes,
    offset: SEGMENT_HEADER_BYTES,
    nextSeq: 1 as Seq,
    lastAt: 0 as EpochMs,
    hash: genesisHash(journalId),
    eventDigest: NO_EVENTS,
    closed: false,
    bytes: SEGMENT_HEADER_BYTES,
    tornTail: null,
  };
}

/** The header of the segment that begins where a journal stands. */
function headerAt({ journalId, segment, segmentBytes, nextSeq, hash }: JournalEnd): SegmentHeader {
  return { journalId, segment, segmentBytes, firstSeq: nextSeq, previousHash: hash };
}

function repaired(end: JournalEnd, tail: TornTail, quarantine: string | null): JournalReport {
  const { file, offset, what, bytes } = tail;
  const seq = (end.nextSeq - 1) as Seq;
  return { kind: "tail-repaired", file, offset, seq, tailBytes: bytes.length, quarantine, what };
}
