/**
 * What the journal asks of a disk while it runs, as a type, so that tests can let it fail. Opening and
 * renaming are not in it: they happen at the start and between segments.
 */
import { fdatasync, write as writeAsync, writeSync } from "node:fs";
import { open, statfs } from "node:fs/promises";

/** Files are named by their descriptors. */
export type Disk = {
  /** Has written all bytes when it returns. */
  write(file: number, bytes: Uint8Array, position: number): void;
  /** Has written all bytes when it resolves; off the event loop, for what is long and not urgent. */
  writeAside(file: number, bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when everything that was written to the file is durable. */
  sync(file: number): Promise<void>;
  /** What an unprivileged process may still write in the directory's file system. */
  freeBytes(directory: string): Promise<number>;
};

export const nodeDisk: Disk = {
  write(file, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
    }
  },

  async writeAside(file, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      done += await new Promise<number>((resolve, reject) => {
        writeAsync(file, bytes, done, bytes.length - done, position + done, (error, written) =>
          error === null ? resolve(written) : reject(error),
        );
      });
    }
  },

  sync(file) {
    return new Promise((resolve, reject) => {
      fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
    });
  },

  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

/** Makes the names in a directory durable: a new file is only safe when its directory is. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** True when an error says that the disk, or what we may use of it, is full. */
export function isFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

const ZEROS = Buffer.alloc(1024 * 1024);

/** Fills a range with zeros that take up space, a piece at a time, until it is done or `stopped`. */
export async function writeZeros(
  disk: Disk,
  file: number,
  range: { readonly from: number; readonly to: number },
  stopped: () => boolean = () => false,
): Promise<void> {
  for (let position = range.from; position < range.to && !stopped(); position += ZEROS.length) {
    await disk.writeAside(file, ZEROS.subarray(0, range.to - position), position);
  }
}

/** The offset behind the last byte that is not zero, or `from` if there is none from there on. */
export function contentEnd(bytes: Buffer, from: number): number {
  let end = bytes.length;
  while (end > from) {
    const start = Math.max(from, end - 64 * 1024);
    if (bytes.compare(ZEROS, 0, end - start, start, end) !== 0) break;
    end = start;
  }
  while (end > from && bytes[end - 1] === 0) end -= 1;
  return end;
}
