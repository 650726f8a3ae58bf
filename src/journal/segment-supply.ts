/**
 * Keeps the next segment ready: a file of zeros that takes up its space, made aside and ahead of need so that
 * an append only ever writes into space that it has. `take` gives it its header and its name.
 */
import { join } from "node:path";
import type { Clock } from "./clock.ts";
import { type Disk, isFull, type OpenFile, writeZeros } from "./disk.ts";
import { JournalFailedError } from "./errors.ts";
import { encodeSegmentHeader, type SegmentHeader, segmentName } from "./segment.ts";

/** The file that is being prepared; it is of no value to anyone but the process that makes it. */
export const SEGMENT_ASIDE = "next-segment.aside";

/**
 * Preparing syncs small pieces and pauses between them, so that it hardly holds up the sync of a frame. Pieces of
 * 2 MiB without a pause were measured to take a frame's 99th percentile to ten times as much.
 */
const PIECE_BYTES = 256 * 1024;
const PAUSE_MS = 1;

type Waiting = { readonly resolve: (prepared: OpenFile) => void; readonly reject: (error: Error) => void };

export class SegmentSupply {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #segmentBytes: number;
  #prepared: OpenFile | undefined;
  #preparing: Promise<void> | undefined;
  #waiting: Waiting | undefined;
  #full = false;
  #hurried = false;
  #stopped = false;
  #failure: Error | undefined;

  constructor(options: {
    readonly directory: string;
    readonly disk: Disk;
    readonly clock: Clock;
    readonly segmentBytes: number;
  }) {
    this.#directory = options.directory;
    this.#disk = options.disk;
    this.#clock = options.clock;
    this.#segmentBytes = options.segmentBytes;
  }

  /** True while there is no space for the next segment. */
  get full(): boolean {
    return this.#full;
  }

  /** Begins to prepare the next segment, unless it is ready or on its way. */
  prepare(): void {
    if (this.#stopped || this.#full || this.#failure !== undefined) return;
    if (this.#prepared === undefined) this.#preparing ??= this.#prepare();
  }

  /** Tries again after there was no space. */
  retry(freeBytes: number): void {
    if (!this.#full || freeBytes < this.#segmentBytes || this.#preparing !== undefined) return;
    this.#preparing = this.#prepare();
  }

  /** Makes the prepared file the journal's next segment; waits for it, and for space, if need be. */
  async take(header: SegmentHeader): Promise<OpenFile> {
    const file = await this.#takePrepared();
    try {
      await makeSegment({ file, header, directory: this.#directory, disk: this.#disk });
    } catch (error) {
      await this.#disk.close(file).catch(() => {});
      throw new JournalFailedError(`beginning segment ${header.segment}`, error);
    }
    return file;
  }

  /** From now on whoever waits for a segment no longer waits for space, because the process is to end. */
  hurry(): void {
    this.#hurried = true;
    if (this.#full) this.#refuse(new Error("there is no space for the next segment"));
  }

  /** Ends preparing and removes what was prepared. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#preparing;
    if (this.#prepared !== undefined) await this.#disk.close(this.#prepared);
    this.#prepared = undefined;
    await removeAside(this.#directory, this.#disk);
  }

  #takePrepared(): Promise<OpenFile> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared !== undefined) return Promise.resolve(prepared);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.prepare();
    });
  }

  async #prepare(): Promise<void> {
    let file: OpenFile | undefined;
    try {
      file = await this.#disk.open(join(this.#directory, SEGMENT_ASIDE), "create");
      await this.#fill(file);
      if (this.#stopped) throw new Error("the journal is closing");
      this.#full = false;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) this.#prepared = file;
      else waiting.resolve(file);
    } catch (error) {
      if (file !== undefined) await this.#disk.close(file).catch(() => {});
      await removeAside(this.#directory, this.#disk).catch(() => {});
      if (!this.#stopped) this.#failed(error);
    } finally {
      this.#preparing = undefined;
    }
  }

  async #fill(file: OpenFile): Promise<void> {
    for (let from = 0; from < this.#segmentBytes && !this.#stopped; from += PIECE_BYTES) {
      const to = Math.min(from + PIECE_BYTES, this.#segmentBytes);
      await writeZeros(this.#disk, file, { from, to });
      await this.#disk.sync(file);
      if (this.#waiting === undefined) await this.#clock.pause(PAUSE_MS);
    }
  }

  /** A full disk is waited for; after any other failure there is no next segment. */
  #failed(error: unknown): void {
    const failure = new JournalFailedError("preparing a segment", error);
    this.#full = isFull(error);
    if (!this.#full) this.#failure = failure;
    if (!this.#full || this.#hurried) this.#refuse(failure);
  }

  #refuse(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** Makes a new journal's first segment, which is not prepared ahead. */
export async function makeFirstSegment(
  directory: string,
  header: SegmentHeader,
  disk: Disk,
): Promise<OpenFile> {
  const file = await disk.open(join(directory, SEGMENT_ASIDE), "create");
  try {
    await writeZeros(disk, file, { from: 0, to: header.segmentBytes });
    await makeSegment({ file, header, directory, disk });
  } catch (error) {
    await disk.close(file);
    throw new JournalFailedError("making the first segment", error);
  }
  return file;
}

/** Removes what a crash left of a segment that was being prepared. */
export async function removeAside(directory: string, disk: Disk): Promise<void> {
  await disk.remove(join(directory, SEGMENT_ASIDE));
}

/** The header is durable before the name is: a segment that has its name has its header. */
async function makeSegment(asked: {
  readonly file: OpenFile;
  readonly header: SegmentHeader;
  readonly directory: string;
  readonly disk: Disk;
}): Promise<void> {
  const { file, header, directory, disk } = asked;
  disk.write(file, encodeSegmentHeader(header), 0);
  await disk.sync(file);
  await disk.rename(join(directory, SEGMENT_ASIDE), join(directory, segmentName(header.segment)));
  await disk.syncDirectory(directory);
}
