/**
 * One batch at a time into the ledger. What may pass, above all a full disk, is waited out with the batch in
 * hand, so writes go on in order; after any other failure nothing more is written.
 */
import Database from "better-sqlite3";
import type { Seq } from "../../domain/units.ts";
import { stackOf } from "../threads.ts";
import type { FromWriter, LedgerFrame, PackedFrames, WaitReason } from "./messages.ts";

/** What the loop needs of its neighbours. */
type WriteLoopNeighbours = {
  readonly writer: {
    apply(frames: readonly LedgerFrame[]): void;
    readonly cursor: { readonly seq: Seq };
  };
  readonly post: (message: FromWriter) => void;
  readonly retryMs: number;
};

export class WriteLoop {
  readonly #neighbours: WriteLoopNeighbours;
  #isWaiting = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(neighbours: WriteLoopNeighbours) {
    this.#neighbours = neighbours;
  }

  apply(frames: readonly LedgerFrame[]): void {
    const { writer, post, retryMs } = this.#neighbours;
    try {
      writer.apply(frames);
    } catch (error) {
      const because = reasonToWait(error);
      if (because === null) {
        post({ kind: "fault", message: stackOf(error) });
        return;
      }
      if (!this.#isWaiting) post({ kind: "report", report: { kind: "waiting", because } });
      this.#isWaiting = true;
      this.#retry = setTimeout(() => this.apply(frames), retryMs);
      return;
    }
    if (this.#isWaiting) post({ kind: "report", report: { kind: "resumed" } });
    this.#isWaiting = false;
    post({ kind: "applied", seq: writer.cursor.seq });
  }

  /** A batch that waits for space is given up: the journal still has it. */
  stop(): void {
    clearTimeout(this.#retry);
  }
}

/** The frames of a batch that came in one piece. */
export function unpack({ frames, outcomes }: PackedFrames): LedgerFrame[] {
  let start = 0;
  return frames.map(({ outcomeBytes, ...frame }) => {
    const own = outcomes.subarray(start, start + outcomeBytes);
    start += outcomeBytes;
    return { ...frame, outcomes: own };
  });
}

/** Why a write that failed may succeed later, or null if it will not. */
export function reasonToWait(error: unknown): WaitReason | null {
  const code = error instanceof Database.SqliteError ? error.code : "";
  // No space for the file or its log, or none for the log's index.
  if (code === "SQLITE_FULL" || code === "SQLITE_IOERR_SHMSIZE") return "disk-full";
  return code.startsWith("SQLITE_BUSY") ? "locked" : null;
}
