/** What the main thread and the one that makes files say to each other: at most one question about each file at a time. */
import type { Market } from "../../domain/market.ts";
import type { EpochMs, Seq } from "../../domain/units.ts";
import type { HistoryAsked } from "../../projections/ledger/oldest-first.ts";
import type { Archived } from "../../projections/ledger/retention.ts";
import type { Asset } from "../../projections/live/directory.ts";
import type { FileFormat } from "./download-files.ts";

/** Nothing after `throughSeq`, which the ledger has reached. */
export type DownloadAsked = {
  readonly list: HistoryAsked;
  readonly format: FileFormat;
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
  readonly throughSeq: Seq;
  /** All that are listed by then, for their names and steps. */
  readonly assets: readonly Asset[];
  readonly markets: readonly Market[];
};

export type DownloadThreadData = { readonly path: string };

export type ToThread =
  | { readonly kind: "open"; readonly id: number; readonly asked: DownloadAsked }
  | { readonly kind: "next"; readonly id: number }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "close" };

/** Of a piece, null is the end. */
export type FromThread =
  | { readonly kind: "opened"; readonly id: number; readonly archived: Archived | null }
  | { readonly kind: "piece"; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> | null }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
