/**
 * The exchange, put together: the architecture on a page. Recovery and live running show every command to
 * the same projections, so a restart brings back all that was there, and the edge reads nothing else.
 */
import { join } from "node:path";
import { ulid } from "ulid";
import type { Command, PlaceOrder, Request } from "./domain/commands.ts";
import { FIRST_COMMANDS } from "./domain/defaults.ts";
import type { Committed, CommittedFrame, Event } from "./domain/events.ts";
import { type EpochMs, epochMs, type Seq, seq } from "./domain/units.ts";
import { Engine } from "./engine/engine.ts";
import type { Journal, JournalReport } from "./journal/journal.ts";
import { DISK_LIMITS } from "./journal/space.ts";
import { BookDepth } from "./projections/feeds/book-depth.ts";
import { type FeedEntry, FeedLog } from "./projections/feeds/feed-log.ts";
import { Ledger, type LedgerReport } from "./projections/ledger/ledger.ts";
import { Balances } from "./projections/live/balances.ts";
import { Directory } from "./projections/live/directory.ts";
import { LiveOrders, type OrderUpdate } from "./projections/live/live-orders.ts";
import { recover } from "./replay/recover.ts";
import { type Done, type Refusal, Sequencer } from "./sequencer/sequencer.ts";

export type ExchangeOptions = {
  /** Holds everything that the exchange keeps. */
  readonly directory: string;
  /** Events that the resumable feeds keep. */
  readonly feedEventsMax: number;
  /** With less space than this on disk, commands are turned away. */
  readonly diskReserveBytes: number;
  readonly onReport: (report: JournalReport | LedgerReport) => void;
  /** The exchange can not go on: its disk failed, or a fault of its own was found. */
  readonly onFailure: (error: Error) => void;
};

/** What a command caused, with every order that it touched as it was then. */
type Taken = { readonly committed: Committed; readonly updates: readonly OrderUpdate[] };

/** What became of a command. */
type Answer = Taken | { readonly turnedAway: Refusal };

/** What became of commands that were given together. */
type AnswerTogether = { readonly taken: readonly Taken[] } | { readonly turnedAway: Refusal };

/** Hears of each command after every live projection has seen it, with what the feed log made of it. */
type CommittedListener = (committed: Committed, told: FeedEntry | undefined) => void;

/** The read models that live in memory, each a fold over the same commands. */
class LiveProjections {
  readonly directory = new Directory();
  readonly orders = new LiveOrders();
  readonly balances = new Balances();
  readonly books = new BookDepth();
  readonly feed: FeedLog;
  readonly listeners = new Set<CommittedListener>();

  constructor(feedEventsMax: number) {
    this.feed = new FeedLog({ eventsMax: feedEventsMax });
  }

  project(committed: Committed): readonly OrderUpdate[] {
    this.directory.project(committed);
    const updates = this.orders.project(committed);
    this.balances.project(committed);
    this.books.project(committed);
    const told = this.feed.project(committed, updates);
    for (const listener of this.listeners) listener(committed, told);
    return updates;
  }
}

export class Exchange {
  readonly #engine: Engine;
  readonly #journal: Journal;
  readonly #sequencer: Sequencer<readonly OrderUpdate[]>;
  readonly #live: LiveProjections;
  readonly ledger: Ledger;

  /** Recovers what is in the data directory, which this process has locked, and is ready for commands. */
  static async open(options: ExchangeOptions): Promise<Exchange> {
    const { directory, onReport, onFailure } = options;
    const path = join(directory, "ledger.sqlite");
    const ledger = await Ledger.open({ path, onFault: onFailure, onReport });
    const engine = new Engine();
    const live = new LiveProjections(options.feedEventsMax);
    const { seq, frameHash } = ledger.cursor;
    const recovering = recover({
      directory: join(directory, "journal"),
      watermarks: [{ holder: "ledger", seq, frameHash }],
      limits: { ...DISK_LIMITS, reserveBytes: options.diskReserveBytes },
      engine,
      project: (committed) => live.project(committed),
      publish: (frame) => feedLedger(ledger, frame),
      room: () => ledger.room(),
      onReport,
    });
    const journal = await recovering.catch(async (error: unknown) => {
      await ledger.close();
      throw error;
    });
    const exchange = new Exchange({ ledger, engine, live, journal, onFailure });
    if (engine.appliedSeq === 0) await exchange.#submitFirstCommands();
    return exchange;
  }

  private constructor(parts: {
    readonly ledger: Ledger;
    readonly engine: Engine;
    readonly live: LiveProjections;
    readonly journal: Journal;
    readonly onFailure: (error: Error) => void;
  }) {
    const { ledger, engine, live, journal, onFailure } = parts;
    this.#engine = engine;
    this.#journal = journal;
    this.#live = live;
    this.ledger = ledger;
    this.#sequencer = new Sequencer(
      { seq: engine.appliedSeq, at: journal.lastAt },
      {
        journal,
        engine,
        project: (committed) => live.project(committed),
        publish: (frame) => feedLedger(ledger, frame),
        saturated: () => ledger.saturated,
        now: () => this.now(),
        newRequestId: () => ulid(),
        onFailure,
      },
    );
  }

  /** Answers once: when the command is on disk and projected, or at once if it is turned away. */
  submit(request: Request, answer: (answer: Answer) => void): void {
    const refusal = this.#sequencer.submit(request, (outcome) => {
      answer("failed" in outcome ? { turnedAway: "journal-failed" } : takenOf(outcome));
    });
    if (refusal !== null) answer({ turnedAway: refusal });
  }

  /** The same for a group whose sequences are consecutive, all in one frame. */
  submitTogether(requests: readonly Request[], answer: (answer: AnswerTogether) => void): void {
    const refusal = this.#sequencer.submitTogether(requests, (outcome) => {
      answer("failed" in outcome ? { turnedAway: "journal-failed" } : { taken: outcome.done.map(takenOf) });
    });
    if (refusal !== null) answer({ turnedAway: refusal });
  }

  /** What the order would do if it were the next command. Nothing is changed and nothing is written. */
  preview(command: PlaceOrder): readonly Event[] {
    const at = epochMs(Math.max(this.now(), this.#sequencer.lastAt));
    const entry = { seq: seq(this.appliedSeq + 1), at, requestId: ulid(at), traceId: null, command };
    return this.#engine.preview(entry);
  }

  subscribe(listener: CommittedListener): () => void {
    this.#live.listeners.add(listener);
    return () => this.#live.listeners.delete(listener);
  }

  get appliedSeq(): Seq {
    return this.#sequencer.appliedSeq;
  }

  /** How far each part has come. */
  get positions() {
    return {
      appendedSeq: this.#sequencer.appendedSeq,
      durableSeq: this.#journal.durableSeq,
      appliedSeq: this.#sequencer.appliedSeq,
      ledgerSeq: this.ledger.appliedSeq,
      snapshotSeq: null,
      journalBytes: this.#journal.bytes,
    };
  }

  get directory(): Directory {
    return this.#live.directory;
  }

  get orders(): LiveOrders {
    return this.#live.orders;
  }

  get balances(): Balances {
    return this.#live.balances;
  }

  get books(): BookDepth {
    return this.#live.books;
  }

  get feed(): FeedLog {
    return this.#live.feed;
  }

  now(): EpochMs {
    return epochMs(Date.now());
  }

  /** Finishes and syncs what is in flight, and lets the ledger catch up. */
  async close(): Promise<void> {
    this.#journal.hurry();
    await this.#sequencer.close();
    await this.#journal.close();
    await this.ledger.close();
  }

  /** All at once, so that they share a frame: a crash leaves all of them or none. */
  async #submitFirstCommands(): Promise<void> {
    await Promise.all(FIRST_COMMANDS.map((command) => this.#submitOwn(command)));
  }

  #submitOwn(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = { requestId: ulid(), traceId: null, command };
      const refusal = this.#sequencer.submit(request, (outcome) => {
        if ("failed" in outcome) reject(outcome.failed);
        else resolve();
      });
      if (refusal !== null) reject(new Error(`a new data directory cannot be written: ${refusal}`));
    });
  }
}

function takenOf({ committed, projected }: Done<readonly OrderUpdate[]>): Taken {
  return { committed, updates: projected };
}

function feedLedger(ledger: Ledger, { committed, hash, outcomes }: CommittedFrame): void {
  const firstSeq = committed[0]!.entry.seq;
  const lastSeq = committed[committed.length - 1]!.entry.seq;
  ledger.feed({ firstSeq, lastSeq, hash, outcomes });
}
