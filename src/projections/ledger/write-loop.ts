/**
 * One batch at a time into the ledger. A full disk is waited out with the batch in hand, so writes go on in
 * order when there is space; after any other failure nothing more is written.
 */
import Database from "better-sqlite3";
import type { Seq } from "../../domain/units.ts";
import type { FromWriter, LedgerFrame } from "./messages.ts";

/** What the loop needs of its neighbours. */
export type WriteLoopNeighbours = {
  readonly writer: {
    apply(frames: readonly LedgerFrame[]): void;
    readonly cursor: { readonly seq: Seq };
  };
  readonly post: (message: FromWriter) => void;
  readonly retryMs: number;
};

export class WriteLoop {
  readonly #neighbours: WriteLoopNeighbours;
  #isFull = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(neighbours: WriteLoopNeighbours) {
    this.#neighbours = neighbours;
  }

  apply(frames: readonly LedgerFrame[]): void {
    const { writer, post, retryMs } = this.#neighbours;
    try {
      writer.apply(frames);
    } catch (error) {
      if (!isDiskFull(error)) {
        post({ kind: "fault", message: messageOf(error) });
        return;
      }
      if (!this.#isFull) post({ kind: "report", report: { kind: "disk-full" } });
      this.#isFull = true;
      this.#retry = setTimeout(() => this.apply(frames), retryMs);
      return;
    }
    if (this.#isFull) post({ kind: "report", report: { kind: "resumed" } });
    this.#isFull = false;
    post({ kind: "applied", seq: writer.cursor.seq });
  }

  /** A batch that waits for space is given up: the journal still has it. */
  stop(): void {
    clearTimeout(this.#retry);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** No space for the file or its log, or none for the log's index. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Database.SqliteError)) return false;
  return error.code === "SQLITE_FULL" || error.code === "SQLITE_IOERR_SHMSIZE";
}
