/** Which parts of the file that is going up have arrived, on disk, so that the next process can go on with the rest. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { UploadPart } from "s3mini";
import { z } from "zod";

/** An upload under way, of a file known by its hash: one with other content begins anew. */
export type UploadNote = {
  readonly key: string;
  readonly sha256: string;
  readonly uploadId: string;
  /** In order, without gaps. */
  readonly parts: readonly UploadPart[];
  /** Runs in which the service would not go on with it. */
  readonly failures: number;
};

const noteSchema = z.object({
  key: z.string(),
  sha256: z.string(),
  uploadId: z.string(),
  parts: z.array(z.object({ partNumber: z.int(), etag: z.string() })),
  failures: z.int(),
});

export class UploadNotes {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  find({ key, sha256 }: Pick<UploadNote, "key" | "sha256">): UploadNote | undefined {
    let note: UploadNote;
    try {
      note = noteSchema.parse(JSON.parse(readFileSync(this.#path, "utf8")));
    } catch {
      // None, or one that a crash cut: the upload begins anew, which costs nothing but its time.
      return undefined;
    }
    return note.key === key && note.sha256 === sha256 ? note : undefined;
  }

  keep(note: UploadNote): void {
    writeFileSync(`${this.#path}.aside`, JSON.stringify(note));
    renameSync(`${this.#path}.aside`, this.#path);
  }

  forget(): void {
    rmSync(this.#path, { force: true });
  }
}
