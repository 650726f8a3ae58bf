/**
 * All that the journal asks of a disk, as a type, so that tests can let it fail and a simulation can take its
 * place; and the same of Node's. What a name or a byte is worth after a crash is said for each operation.
 */
import * as fs from "node:fs";
import { mkdir, readdir, rename, rm, statfs } from "node:fs/promises";

/** A file that is open, by its descriptor. */
export type OpenFile = number;

/**
 * `read` and `update` need a file that is there, which `update` leaves as it is; `create` makes it or empties
 * it; `create-new` needs that none is there.
 */
export type OpenMode = "read" | "update" | "create" | "create-new";

export type Disk = {
  /** Makes a directory, and those above it that are missing. */
  makeDirectory(directory: string): Promise<void>;
  /** The names in a directory, in no order. */
  list(directory: string): Promise<readonly string[]>;
  /** The name of a file that this makes is durable when its directory is synced. */
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  close(file: OpenFile): Promise<void>;
  /** In bytes. */
  size(file: OpenFile): Promise<number>;
  /** Fills what it is given, unless the file ends before; resolves with how many bytes it has read. */
  read(file: OpenFile, into: Uint8Array, position: number): Promise<number>;
  /** Has written all bytes when it returns. */
  write(file: OpenFile, bytes: Uint8Array, position: number): void;
  /** Has written all bytes when it resolves; off the event loop, for what is long and not urgent. */
  writeAside(file: OpenFile, bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when everything that was written to the file is durable. */
  sync(file: OpenFile): Promise<void>;
  /** Takes the place of what had the new name; durable when the directory is synced. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file if it is there; durable when the directory is synced. */
  remove(path: string): Promise<void>;
  /** Makes the names in a directory durable: a new file is only safe when its directory is. */
  syncDirectory(directory: string): Promise<void>;
  /** What an unprivileged process may still write in the directory's file system. */
  freeBytes(directory: string): Promise<number>;
};

const FLAGS = { read: "r", update: "r+", create: "w", "create-new": "wx" } as const satisfies Record<
  OpenMode,
  string
>;

export const nodeDisk: Disk = {
  async makeDirectory(directory) {
    await mkdir(directory, { recursive: true });
  },

  list: (directory) => readdir(directory),

  open(path, mode) {
    return new Promise((resolve, reject) => fs.open(path, FLAGS[mode], settle(resolve, reject)));
  },

  close(file) {
    return new Promise((resolve, reject) => {
      fs.close(file, (error) => (error ? reject(error) : resolve()));
    });
  },

  size(file) {
    return new Promise((resolve, reject) => {
      fs.fstat(file, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
    });
  },

  async read(file, into, position) {
    let done = 0;
    while (done < into.length) {
      const count = await new Promise<number>((resolve, reject) => {
        fs.read(file, into, done, into.length - done, position + done, settle(resolve, reject));
      });
      if (count === 0) break;
      done += count;
    }
    return done;
  },

  write(file, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(file, bytes, done, bytes.length - done, position + done);
    }
  },

  async writeAside(file, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      done += await new Promise<number>((resolve, reject) => {
        fs.write(file, bytes, done, bytes.length - done, position + done, settle(resolve, reject));
      });
    }
  },

  sync(file) {
    return new Promise((resolve, reject) => {
      fs.fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
    });
  },

  rename: (from, to) => rename(from, to),

  remove: (path) => rm(path, { force: true }),

  async syncDirectory(directory) {
    const file = await nodeDisk.open(directory, "read");
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fsync(file, (error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      await nodeDisk.close(file);
    }
  },

  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

/** Settles a promise as Node's callbacks tell. */
function settle(resolve: (value: number) => void, reject: (error: Error) => void) {
  return (error: Error | null, value: number) => (error === null ? resolve(value) : reject(error));
}

/** True when an error says that the disk, or what we may use of it, is full. */
export function isFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** True when an error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

const ZEROS = Buffer.alloc(1024 * 1024);

/** Fills a range with zeros that take up space, a piece at a time, until it is done or `stopped`. */
export async function writeZeros(
  disk: Disk,
  file: OpenFile,
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

/** The same of a file of so many bytes, of which only the zeros are read, and a piece in front of them. */
export async function fileContentEnd(
  disk: Disk,
  file: OpenFile,
  { from, fileBytes }: { readonly from: number; readonly fileBytes: number },
): Promise<number> {
  const piece = Buffer.allocUnsafe(Math.max(0, Math.min(fileBytes - from, ZEROS.length)));
  for (let end = fileBytes; end > from; ) {
    const start = Math.max(from, end - piece.length);
    const part = piece.subarray(0, end - start);
    await disk.read(file, part, start);
    const contained = contentEnd(part, 0);
    if (contained > 0) return start + contained;
    end = start;
  }
  return from;
}
