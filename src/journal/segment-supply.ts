/**
 * Keeps the next segment ready: a file of zeros that takes up its space, made aside and ahead of need so that
 * an append only ever writes into space that it has. `take` gives it its header and its name.
 */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Disk, isFull, syncDirectory, writeZeros } from "./disk.ts";
import { JournalFailedError } from "./errors.ts";
import { encodeSegmentHeader, type SegmentHeader, segmentName } from "./segment.ts";

/** The file that is being prepared; it is of no value to anyone but the process that makes it. */
const ASIDE = "next-segment.aside";

/**
 * Preparing syncs small pieces and pauses between them, so that it hardly holds up the sync of a frame. Pieces of
 * 2 MiB without a pause were measured to take a frame's 99th percentile to ten times as much.
 */
const PIECE_BYTES = 256 * 1024;
const PAUSE_MS = 1;

type Waiting = { readonly resolve: (prepared: FileHandle) => void; readonly reject: (error: Error) => void };

export class SegmentSupply {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  #prepared: FileHandle | undefined;
  #preparing: Promise<void> | undefined;
  #waiting: Waiting | undefined;
  #full = false;
  #hurried = false;
  #stopped = false;
  #failure: Error | undefined;

  constructor(options: { readonly directory: string; readonly disk: Disk; readonly segmentBytes: number }) {
    this.#directory = options.directory;
    this.#disk = options.disk;
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
  async take(header: SegmentHeader): Promise<FileHandle> {
    const handle = await this.#takePrepared();
    try {
      await makeSegment({ handle, header, directory: this.#directory, disk: this.#disk });
    } catch (error) {
      await handle.close().catch(() => {});
      throw new JournalFailedError(`beginning segment ${header.segment}`, error);
    }
    return handle;
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
    await this.#prepared?.close();
    this.#prepared = undefined;
    await removeAside(this.#directory);
  }

  #takePrepared(): Promise<FileHandle> {
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
    let handle: FileHandle | undefined;
    try {
      handle = await open(join(this.#directory, ASIDE), "w");
      await this.#fill(handle);
      if (this.#stopped) throw new Error("the journal is closing");
      this.#full = false;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) this.#prepared = handle;
      else waiting.resolve(handle);
    } catch (error) {
      await handle?.close().catch(() => {});
      await removeAside(this.#directory).catch(() => {});
      if (!this.#stopped) this.#failed(error);
    } finally {
      this.#preparing = undefined;
    }
  }

  async #fill({ fd }: FileHandle): Promise<void> {
    for (let from = 0; from < this.#segmentBytes && !this.#stopped; from += PIECE_BYTES) {
      const to = Math.min(from + PIECE_BYTES, this.#segmentBytes);
      await writeZeros(this.#disk, fd, { from, to });
      await this.#disk.sync(fd);
      if (this.#waiting === undefined) await setTimeout(PAUSE_MS);
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
): Promise<FileHandle> {
  const handle = await open(join(directory, ASIDE), "w");
  try {
    await writeZeros(disk, handle.fd, { from: 0, to: header.segmentBytes });
    await makeSegment({ handle, header, directory, disk });
  } catch (error) {
    await handle.close();
    throw error;
  }
  return handle;
}

/** Removes what a crash left of a segment that was being prepared. */
export async function removeAside(directory: string): Promise<void> {
  await rm(join(directory, ASIDE), { force: true });
}

/** The header is durable before the name is: a segment that has its name has its header. */
async function makeSegment(asked: {
  readonly handle: FileHandle;
  readonly header: SegmentHeader;
  readonly directory: string;
  readonly disk: Disk;
}): Promise<void> {
  const { handle, header, directory, disk } = asked;
  disk.write(handle.fd, encodeSegmentHeader(header), 0);
  await disk.sync(handle.fd);
  await rename(join(directory, ASIDE), join(directory, segmentName(header.segment)));
  await syncDirectory(directory);
}
