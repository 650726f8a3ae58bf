/** The two ways in which the journal ends the process: what is on disk must not be guessed at, or the disk failed. */
import { basename, dirname, join } from "node:path";
import type { Seq } from "../domain/units.ts";

/** Where in the journal something is wrong, what it is, and what an operator can do about it. */
export type Damage = {
  /** The path of the file. */
  readonly file: string;
  /** In bytes from the start of the file. */
  readonly offset: number;
  /** The sequence that was expected there. */
  readonly seq: Seq;
  readonly what: string;
  readonly remedy?: string;
};

const RESTORE =
  "Nothing was changed. Restore the journal's directory from a copy; do not edit or delete single segments.";

/** The journal is damaged in a way that recovery must not guess about; the command line exits with 4. */
export class DamagedJournalError extends Error {
  override readonly name = "DamagedJournalError";
  readonly file: string;
  readonly offset: number;
  readonly seq: Seq;

  constructor({ file, offset, seq, what, remedy = RESTORE }: Damage) {
    const place = join(basename(dirname(file)), basename(file));
    super(`the journal is damaged: ${place}, offset ${offset}, sequence ${seq}: ${what}. ${remedy}`);
    this.file = file;
    this.offset = offset;
    this.seq = seq;
  }
}

/** A write or a sync failed. What reached the disk is unknown, so nothing is tried again; the command line exits with 5. */
export class JournalFailedError extends Error {
  override readonly name = "JournalFailedError";

  constructor(doing: string, cause: unknown, remedy?: string) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the journal failed while ${doing}: ${reason}${remedy === undefined ? "" : `. ${remedy}`}`, {
      cause,
    });
  }
}
