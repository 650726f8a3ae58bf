/** An archive in a directory: files are written aside, synced, and only then get their names. */
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing, nodeDisk } from "../../journal/disk.ts";
import { type LocalFile, type Target, TargetRefusedError, TargetUnavailableError } from "./target.ts";

const PIECE_BYTES = 1024 * 1024;

/** What an operator has to mend; anything else may pass. */
const REFUSALS = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "EISDIR", "ENAMETOOLONG"]);

export class DirectoryTarget implements Target {
  readonly name: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.name = directory;
  }

  async size(key: string): Promise<number | null> {
    try {
      return (await stat(this.#path(key))).size;
    } catch (error) {
      if (isMissing(error)) return null;
      throw this.#failed(`reading ${key}`, error);
    }
  }

  read(key: string, { from, to }: { readonly from: number; readonly to: number }): Promise<Uint8Array> {
    return this.#doing(`reading ${key}`, async () => {
      const file = await open(this.#path(key), "r");
      try {
        const bytes = Buffer.allocUnsafe(to - from);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    });
  }

  write(key: string, bytes: Uint8Array): Promise<void> {
    return this.#doing(`writing ${key}`, () => this.#place(key, (file) => file.writeFile(bytes)));
  }

  upload(key: string, from: LocalFile, told: (bytesDone: number) => void): Promise<void> {
    const copy = async (to: FileHandle) => {
      const source = await open(from.path, "r");
      try {
        const piece = Buffer.allocUnsafe(PIECE_BYTES);
        for (let done = 0; done < from.bytes; ) {
          const { bytesRead } = await source.read(piece, 0, piece.length, done);
          if (bytesRead === 0) throw new Error(`${from.path} is shorter than it was`);
          await to.write(piece, 0, bytesRead, done);
          done += bytesRead;
          told(done);
        }
      } finally {
        await source.close();
      }
    };
    return this.#doing(`writing ${key}`, () => this.#place(key, copy));
  }

  async #place(key: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
    const path = this.#path(key);
    const aside = `${path}.partial`;
    await mkdir(dirname(path), { recursive: true });
    const file = await open(aside, "w");
    try {
      await fill(file);
      await file.sync();
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await rename(aside, path);
    await nodeDisk.syncDirectory(dirname(path));
    await nodeDisk.syncDirectory(dirname(dirname(path)));
  }

  async #doing<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.#failed(what, error);
    }
  }

  #failed(what: string, error: unknown): Error {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const told = `the archive ${this.#directory}: ${what} failed: ${message}`;
    return REFUSALS.has(code) ? new TargetRefusedError(told) : new TargetUnavailableError(told);
  }

  #path(key: string): string {
    return join(this.#directory, key);
  }
}
