/**
 * The vocabulary of what is told to the operator's own wallet service: a settlement is what one trade makes two accounts
 * exchange. The settlements that come in, of trades that were made elsewhere, are the command `SettleFunds`.
 */
import type { AccountIndex, EpochMs, Lots, MarketIndex, Seq, Ticks, TradeId } from "./units.ts";

/** `dead` is what was given up, and waits to be redriven. */
export const SETTLEMENT_STATUSES = ["pending", "delivered", "dead"] as const;
export type SettlementStatus = (typeof SETTLEMENT_STATUSES)[number];

/** What one attempt came to; `delivered` alone is a success. */
export const ATTEMPT_OUTCOMES = [
  /** A complete 2xx answer. */
  "delivered",
  /** A 4xx other than 429: sending the same again would come to the same. */
  "refused",
  /** 429. */
  "throttled",
  /** 5xx, or any other status that is none of the others. */
  "failed",
  /** 3xx, which is not followed. */
  "redirected",
  /** No complete answer in time. */
  "timed-out",
  /** No connection, or one that broke before the answer was complete. */
  "unreachable",
  /** The answer was no HTTP, or was too large. */
  "garbled",
  /** The name leads to an address inside, which is not allowed. */
  "forbidden-address",
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** Of one trade, and how far its delivery is. */
export type Settlement = {
  /** Its number among all settlements: its place in a list. */
  readonly settlement: number;
  readonly market: MarketIndex;
  readonly tradeId: TradeId;
  readonly seq: Seq;
  readonly at: EpochMs;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly buyer: AccountIndex;
  readonly seller: AccountIndex;
  /** Of the commands that placed the two orders. */
  readonly buyerRequestId: string;
  readonly sellerRequestId: string;
  readonly status: SettlementStatus;
  /** All attempts so far; null where they are not kept any more. */
  readonly attemptCount: number | null;
  /** Not before then; null if it is sent when its turn comes, or not at all. */
  readonly nextAttemptAt: EpochMs | null;
  /** When it was delivered or given up. */
  readonly endedAt: EpochMs | null;
};

export type Attempt = {
  /** Counts up from 1, across redrives. */
  readonly attempt: number;
  readonly at: EpochMs;
  readonly milliseconds: number;
  readonly outcome: AttemptOutcome;
  /** Of the answer, if there was one. */
  readonly httpStatus: number | null;
  /** What went wrong, in a few words. */
  readonly detail: string | null;
};

/** With its latest attempts, in the order in which they were made. */
export type SettlementWithAttempts = Settlement & { readonly attempts: readonly Attempt[] };

export type SettlementsQuery = {
  /** All unless given. */
  readonly status?: SettlementStatus | undefined;
  readonly limit: number;
  /** Newest first, from below this number on. */
  readonly before?: number | undefined;
};

/** The figures of the metrics; counters count since the start of the process. */
export type SettlementFigures = {
  readonly pending: number;
  readonly dead: number;
  readonly delivered: number;
  readonly retries: number;
  readonly attempts: Readonly<Record<AttemptOutcome, number>>;
  /** The time of the oldest trade that is pending; null if none is. */
  readonly oldestPendingAt: EpochMs | null;
  /** All up to this number arrived so long ago that nothing is kept of their deliveries. */
  readonly arrivedUpTo: number;
  readonly receiverIsDown: boolean;
  /** Starts of the thread that delivers, after it had ended by itself. */
  readonly restarts: number;
};

/** A settlement that a redrive may be asked for; `delivered` is what has arrived already. */
export type Redriven = "redriven" | "delivered" | "unknown";

/** Deliveries cannot be asked now; the same question may be answered later. */
export class SettlementsBusyError extends Error {
  override readonly name = "SettlementsBusyError";
}
