/**
 * What the edge needs of the exchange: one door in, and read models to look at. `exchange.ts` supplies it;
 * whatever is read here is durable, since projections only ever see what is on disk.
 */
import type { PlaceOrder, Request } from "../domain/commands.ts";
import type { Committed, Event } from "../domain/events.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import type { BookDepth } from "../projections/feeds/book-depth.ts";
import type { FeedEntry } from "../projections/feeds/feed-entry.ts";
import type { FeedLog } from "../projections/feeds/feed-log.ts";
import type { Ledger } from "../projections/ledger/ledger.ts";
import type { Balances } from "../projections/live/balances.ts";
import type { Directory } from "../projections/live/directory.ts";
import type { LiveOrders, OrderUpdate } from "../projections/live/live-orders.ts";

/** Why a command was not taken, or what became of it is unknown. */
export type Turnaway = "overloaded" | "disk-full" | "journal-failed";

/** What a command caused, with every order that it touched as it was then. */
export type Taken = { readonly committed: Committed; readonly updates: readonly OrderUpdate[] };

/** What became of a command. `journal-failed` is the one that leaves it unknown. */
export type Answer = Taken | { readonly turnedAway: Turnaway };

/** What became of commands that were given together: all of them, in their order, or none. */
export type AnswerTogether = { readonly taken: readonly Taken[] } | { readonly turnedAway: Turnaway };

/** The figures of `GET /v1/status`. */
export type Positions = {
  readonly appendedSeq: Seq;
  readonly durableSeq: Seq;
  readonly appliedSeq: Seq;
  readonly ledgerSeq: Seq;
  readonly snapshotSeq: Seq | null;
  /** Snapshots since the start that could not be made, or were not what the exchange is; the metrics have it. */
  readonly snapshotFailures: number;
  readonly journalBytes: number;
  /** The last command that is in the archive; null if there is none, or it has not been looked at yet. */
  readonly archivedSeq: Seq | null;
  /** Runs of the archive since the start that did not come to their end; the metrics have it. */
  readonly archiveFailures: number;
  /** Where history begins in the ledger: what lies before is in the archive. */
  readonly oldestSeq: Seq;
};

/** Hears of each command after every live projection has seen it, with what the feed log made of it. */
export type CommittedListener = (committed: Committed, told: FeedEntry | undefined) => void;

export type ExchangePort = {
  /**
   * Gives a command to the sequencer. `answer` is called exactly once, after the command is on disk and
   * every live projection has seen it; for a command that is turned away, before `submit` returns.
   */
  submit(request: Request, answer: (answer: Answer) => void): void;
  /**
   * The same for 1 to `TOGETHER_MAX` commands at once, which get consecutive sequences in one frame with nothing between
   * them. They are turned away as a whole; after `journal-failed` what became of each of them is unknown.
   */
  submitTogether(requests: readonly Request[], answer: (answer: AnswerTogether) => void): void;
  /**
   * The events that an order would cause if it were the next command: its own placing, its trades and ends and
   * its account's wallets, or its refusal. Nothing is changed and nothing is written.
   */
  preview(command: PlaceOrder): readonly Event[];
  /** Every command from now on, in order and in the same turn in which it is applied. Gives the way to stop. */
  subscribe(listener: CommittedListener): () => void;
  /** The last command that the projections below have seen. */
  readonly appliedSeq: Seq;
  readonly positions: Positions;
  readonly directory: Directory;
  readonly orders: LiveOrders;
  readonly balances: Balances;
  readonly books: BookDepth;
  readonly feed: FeedLog;
  readonly ledger: Ledger;
  /** The clock that the sequencer stamps with. */
  now(): EpochMs;
};
