/**
 * What the edge needs of the exchange: one door in, and read models to look at. `exchange.ts` supplies it;
 * whatever is read here is durable, since projections only ever see what is on disk.
 */
import type { PlaceOrder, PlannedDeposit, Request } from "../domain/commands.ts";
import type { Committed, Event } from "../domain/events.ts";
import type { AsOf, Journaled, PastFault } from "../domain/past.ts";
import type { Rejection } from "../domain/rejections.ts";
import type { AccountIndex, AssetIndex, EpochMs, MarketIndex, Seq } from "../domain/units.ts";
import type { Words } from "../projections/changes/command-words.ts";
import type { FillExplanation } from "../projections/changes/fill-explanation.ts";
import type { BookDepth, BookSnapshot } from "../projections/feeds/book-depth.ts";
import type { FeedEntry } from "../projections/feeds/feed-entry.ts";
import type { FeedLog } from "../projections/feeds/feed-log.ts";
import type { TracedTrade } from "../projections/ledger/command-effects.ts";
import type { Ledger } from "../projections/ledger/ledger.ts";
import type { Balance, Balances } from "../projections/live/balances.ts";
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

export type Previewed = {
  /**
   * The events that the order would cause: its own placing, its trades and ends and its account's wallets, or its
   * refusal. Null if it would meet more orders than are looked at.
   */
  readonly events: readonly Event[] | null;
  /** The orders that were looked at, an iceberg's every part as one more. */
  readonly met: number;
};

/** Hears of each command after every live projection has seen it, with what the feed log made of it. */
export type CommittedListener = (committed: Committed, told: FeedEntry | undefined) => void;

/** What comes of a question about the past; for something that was not there then it is null. */
export type PastTold<What> =
  | { readonly answer: { readonly seq: Seq; readonly at: EpochMs } & What }
  | { readonly fault: PastFault };

/** What commands are asked for, by rising sequences, and which trade of one of them is to be explained. */
export type EffectsAsked = {
  readonly seqs: readonly Seq[];
  /** Events of all commands together, at most; the others are counted. */
  readonly eventsMax: number;
  readonly fill: TracedTrade | null;
};

/** What commands caused, in the words of the API. */
export type EffectsTold = {
  readonly commands: readonly {
    readonly seq: Seq;
    readonly events: readonly Words[];
    readonly eventCount: number;
  }[];
  readonly explanation: FillExplanation | null;
};

/** What comes of a question that names no moment. */
export type Told<Answer> = { readonly answer: Answer } | { readonly fault: PastFault };

type WalletThen = Balance & { readonly asset: AssetIndex };

/** Questions about what was: answered by a thread that orders do not notice, one at a time, and a few may wait. */
export type PastPort = {
  book(
    asked: { readonly market: MarketIndex; readonly depth: number; readonly asOf: AsOf },
    asking: { readonly signal: AbortSignal },
  ): Promise<PastTold<{ readonly book: BookSnapshot | null }>>;
  wallets(
    asked: { readonly account: AccountIndex; readonly asOf: AsOf },
    asking: { readonly signal: AbortSignal },
  ): Promise<PastTold<{ readonly wallets: readonly WalletThen[] | null }>>;
  /** Commands as they were journaled, in the order of the question; this takes no state, so it is soon told. */
  records(
    asked: { readonly seqs: readonly Seq[] },
    asking: { readonly signal: AbortSignal },
  ): Promise<Told<readonly Journaled[]>>;
  /** What commands caused, as the engine brings it about again. */
  effects(asked: EffectsAsked, asking: { readonly signal: AbortSignal }): Promise<Told<EffectsTold>>;
  /** Opens a reading that goes on for long, with a thread and a state of its own: whoever opens some counts them. */
  replay(): Replay;
};

export type Replay = {
  /**
   * Lines of the change stream behind a sequence, up to that of `through` and as many as make a piece; `through` is after
   * `after`, and not after what is applied. Each piece is asked for behind the last one.
   */
  changes(
    asked: { readonly after: Seq; readonly through: Seq; readonly bytesMax: number },
    asking: { readonly signal: AbortSignal },
  ): Promise<
    { readonly answer: { readonly lines: Uint8Array; readonly lastSeq: Seq } } | { readonly fault: PastFault }
  >;
  close(): Promise<void>;
};

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
  /** What an order would do if it were the next command, at most so many orders looked at. Nothing is changed and nothing is written. */
  preview(command: PlaceOrder, ordersMax: number): Previewed;
  /** Why a deposit would be refused if it were the next command; null if it would not be. Nothing is changed. */
  refusalOfDeposit(deposit: PlannedDeposit): Rejection | null;
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
  readonly past: PastPort;
  /** The clock that the sequencer stamps with. */
  now(): EpochMs;
};
