/**
 * What the main thread and the two workers say to each other. One batch is on its way at a time, so the
 * channel to the writer is bounded by a batch.
 */
import type { Seq } from "../../domain/units.ts";
import type { LedgerQueries } from "./ledger-queries.ts";
import type { Archived, Boundary } from "./retention.ts";

/** A durable batch of the journal, with what its commands caused. */
export type LedgerFrame = {
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  /** The chained hash of the journal's frame. */
  readonly hash: string;
  /** The canonical encoding of all its outcomes, one behind the other. */
  readonly outcomes: Uint8Array<ArrayBuffer>;
};

/** How far the ledger has come: the last command, and the hash of the frame that ended with it. */
export type LedgerCursor = { readonly seq: Seq; readonly frameHash: string | null };

/** What may pass: no space, or somebody who holds the file by hand. */
export type WaitReason = "disk-full" | "locked";

/** What an operator should hear of. */
export type LedgerReport =
  | { readonly kind: "moved-aside"; readonly to: string; readonly why: string }
  | { readonly kind: "waiting"; readonly because: WaitReason }
  | { readonly kind: "resumed" }
  | ({ readonly kind: "dropped" } & Archived)
  | { readonly kind: "drop-failed"; readonly message: string };

/** Frames on their way to the writer: their outcomes in one piece, which is moved and not copied. */
export type PackedFrames = {
  readonly outcomes: Uint8Array<ArrayBuffer>;
  readonly frames: readonly (Omit<LedgerFrame, "outcomes"> & { readonly outcomeBytes: number })[];
};

export type ToWriter =
  | { readonly kind: "apply"; readonly batch: PackedFrames }
  | { readonly kind: "drop"; readonly boundary: Boundary }
  /** The command, still to come, with whose trades the outbox begins. */
  | { readonly kind: "begin-outbox"; readonly from: Seq }
  | { readonly kind: "close" };

export type FromWriter =
  | {
      readonly kind: "opened";
      readonly cursor: LedgerCursor;
      readonly archived: Archived | null;
      readonly settlementsFrom: Seq | null;
    }
  | { readonly kind: "applied"; readonly seq: Seq }
  | { readonly kind: "report"; readonly report: LedgerReport }
  | { readonly kind: "fault"; readonly message: string };

/** What was read, the last command of the state that it was read from, and what was in the archive by then. */
export type Reading<Result> = {
  readonly result: Result;
  readonly seq: Seq;
  readonly archived: Archived | null;
};

export type ReadName = keyof LedgerQueries;
export type QueryOf<Name extends ReadName> = Parameters<LedgerQueries[Name]>[0];
export type RowsOf<Name extends ReadName> = ReturnType<LedgerQueries[Name]>;

export type ToReader =
  | { readonly kind: "read"; readonly id: number; readonly name: ReadName; readonly query: QueryOf<ReadName> }
  | { readonly kind: "close" };

export type FromReader =
  | { readonly kind: "ready" }
  | { readonly kind: "rows"; readonly id: number; readonly read: Reading<RowsOf<ReadName>> }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
