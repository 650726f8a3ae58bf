/**
 * The exchange, put together: the architecture on a page. Recovery and live running show every command to
 * the same projections, so a restart brings back all that was there, and the edge reads nothing else.
 */
import { ulid } from "ulid";
import type { Command, PlaceOrder, PlannedDeposit, Request } from "./domain/commands.ts";
import { FIRST_COMMANDS } from "./domain/defaults.ts";
import type { Committed, CommittedFrame } from "./domain/events.ts";
import type { Rejection } from "./domain/rejections.ts";
import { type EpochMs, epochMs, type Seq, seq } from "./domain/units.ts";
import type { Engine } from "./engine/engine.ts";
import type { Previewed } from "./engine/preview.ts";
import { type Clock, nodeClock } from "./journal/clock.ts";
import { pathsIn } from "./journal/data-directory.ts";
import { type Disk, nodeDisk } from "./journal/disk.ts";
import { JournalFailedError } from "./journal/errors.ts";
import type { Journal } from "./journal/journal.ts";
import { newJournalId } from "./journal/segment.ts";
import { DISK_LIMITS } from "./journal/space.ts";
import type { BookDepth } from "./projections/feeds/book-depth.ts";
import type { FeedLog } from "./projections/feeds/feed-log.ts";
import { Ledger, type LedgerReport } from "./projections/ledger/ledger.ts";
import { type LedgerThreads, workerThreads } from "./projections/ledger/workers.ts";
import type { Balances } from "./projections/live/balances.ts";
import type { Directory } from "./projections/live/directory.ts";
import type { LiveOrders, OrderUpdate } from "./projections/live/live-orders.ts";
import type { CommittedListener, LiveProjections } from "./projections/live-projections.ts";
import type { AskedOf } from "./replay/past-questions.ts";
import { PastThread } from "./replay/past-thread.ts";
import { presentDigest } from "./replay/present.ts";
import { type Recovered, type RecoveryReport, recover } from "./replay/recover.ts";
import { Replays } from "./replay/replays.ts";
import { makeInThread, type SnapshotMaker, type SnapshotReport, Snapshotter } from "./replay/snapshotter.ts";
import { type Done, type Refusal, Sequencer } from "./sequencer/sequencer.ts";
import { nodeTimers, type Timers } from "./sequencer/timers.ts";

/** What the exchange takes from the machine that it runs on: a simulation brings one of its own. */
export type Machine = {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ledgerThreads: LedgerThreads;
  readonly makeSnapshot: SnapshotMaker;
  readonly newRequestId: (at: number) => string;
  readonly newJournalId: () => Buffer;
};

const NODE: Machine = {
  disk: nodeDisk,
  clock: nodeClock,
  timers: nodeTimers,
  ledgerThreads: workerThreads,
  makeSnapshot: makeInThread,
  newRequestId: (at) => ulid(at),
  newJournalId,
};

/** What an operator may want to hear. */
export type ExchangeReport = RecoveryReport | LedgerReport | SnapshotReport;

/** How far an archive is; it moves on by itself. */
export type ArchiveStanding = {
  readonly archivedSeq: Seq | null;
  readonly archivedSegment: number;
  /** Runs since the start that did not come to their end. */
  readonly failures: number;
};

export type ExchangeOptions = {
  /** Holds everything that the exchange keeps. */
  readonly directory: string;
  /** Events that the resumable feeds keep. */
  readonly feedEventsMax: number;
  /** With less space than this on disk, commands are turned away. */
  readonly diskReserveBytes: number;
  /** Whether the journal keeps segments that no restart needs, so that the ledger can be made anew; true unless said otherwise. */
  readonly keepsSegments?: boolean;
  /** How far an archive is, if one is kept: no segment goes that it does not have. */
  readonly archive?: ArchiveStanding | undefined;
  /** The commands that are worth a snapshot. */
  readonly snapshotCommandsMin?: number;
  readonly onReport: (report: ExchangeReport) => void;
  /** The exchange cannot go on: its disk failed, or a fault of its own was found. */
  readonly onFailure: (error: Error) => void;
  /** The first command whose trades go into the ledger's outbox, if one is known elsewhere than in the ledger. */
  readonly settlementsFrom?: Seq | null;
  /** The length of the journal's segments that are made from now on. */
  readonly segmentBytes?: number;
  readonly machine?: Machine;
};

/** How a question about the past can be given up. */
type Asking = { readonly signal: AbortSignal };

/** What a command caused, with every order that it touched as it was then. */
type Taken = { readonly committed: Committed; readonly updates: readonly OrderUpdate[] };

/** What became of a command. */
type Answer = Taken | { readonly turnedAway: Refusal };

/** What became of commands that were given together. */
type AnswerTogether = { readonly taken: readonly Taken[] } | { readonly turnedAway: Refusal };

export class Exchange {
  readonly #engine: Engine;
  readonly #journal: Journal;
  readonly #sequencer: Sequencer<readonly OrderUpdate[]>;
  readonly #live: LiveProjections;
  readonly #snapshotter: Snapshotter;
  readonly #machine: Machine;
  readonly #archive: ArchiveStanding | undefined;
  readonly #past: PastThread;
  /** Operators who trace a command do not wait behind what clients ask. */
  readonly #traced: PastThread;
  readonly #replays: Replays;
  readonly ledger: Ledger;

  /** Recovers what is in the data directory, which this process has locked, and is ready for commands. */
  static async open(options: ExchangeOptions): Promise<Exchange> {
    const { directory, onReport, onFailure, keepsSegments = true, machine = NODE } = options;
    const path = pathsIn(directory).ledger;
    const { ledgerThreads: threads, timers, disk, clock } = machine;
    const ledger = await Ledger.open({
      path,
      onFault: onFailure,
      onReport,
      // What segments that are gone had caused must never be missing in it.
      isDurable: !keepsSegments,
      settlementsFrom: options.settlementsFrom ?? null,
      threads,
      after: timers.after,
    });
    const snapshotter = new Snapshotter({
      directory,
      keepsSegments,
      feedEventsMax: options.feedEventsMax,
      reserveBytes: options.diskReserveBytes,
      commandsMin: options.snapshotCommandsMin,
      ledgerSeq: () => (keepsSegments ? ledger.appliedSeq : ledger.durableSeq),
      archivedSegment: () => options.archive?.archivedSegment ?? null,
      make: machine.makeSnapshot,
      clock,
      onReport,
    });
    const recovering = recover({
      directory,
      ledger: ledger.cursor,
      feedEventsMax: options.feedEventsMax,
      limits: { ...DISK_LIMITS, reserveBytes: options.diskReserveBytes },
      publish: (frame) => feedLedger(ledger, frame),
      room: () => ledger.room(),
      onClosed: (closed) => snapshotter.closed(closed),
      onReport,
      disk,
      clock,
      newJournalId: machine.newJournalId,
      segmentBytes: options.segmentBytes,
    });
    const recovered = await recovering.catch(async (error: unknown) => {
      await ledger.close();
      throw error;
    });
    const { archive } = options;
    const exchange = new Exchange({ directory, ledger, recovered, snapshotter, archive, onFailure, machine });
    if (recovered.engine.appliedSeq === 0) await exchange.#submitFirstCommands();
    snapshotter.open(recovered.snapshotSeq);
    return exchange;
  }

  private constructor(parts: {
    readonly directory: string;
    readonly ledger: Ledger;
    readonly recovered: Recovered;
    readonly snapshotter: Snapshotter;
    readonly archive: ArchiveStanding | undefined;
    readonly onFailure: (error: Error) => void;
    readonly machine: Machine;
  }) {
    const { directory, ledger, recovered, snapshotter, onFailure, machine } = parts;
    const { engine, live, journal } = recovered;
    this.#engine = engine;
    this.#journal = journal;
    this.#live = live;
    this.#snapshotter = snapshotter;
    this.#archive = parts.archive;
    this.#machine = machine;
    const past = {
      directory,
      now: () => ({ seq: this.appliedSeq, at: this.#notBeforeLast() }),
      clock: machine.clock,
    };
    this.#past = new PastThread(past);
    this.#traced = new PastThread(past);
    this.#replays = new Replays(past);
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
        newRequestId: () => this.#newRequestId(),
        timers: machine.timers,
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

  /** What the order would do if it were the next command, at most so many orders looked at. Nothing is changed and nothing is written. */
  preview(command: PlaceOrder, ordersMax: number): Previewed {
    const entry = {
      seq: seq(this.appliedSeq + 1),
      at: this.#notBeforeLast(),
      requestId: this.#newRequestId(),
      traceId: null,
      command,
    };
    return this.#engine.preview(entry, ordersMax);
  }

  /** Why a deposit would be refused if it were the next command; null if it would not be. */
  refusalOfDeposit(deposit: PlannedDeposit): Rejection | null {
    return this.#engine.refusalOfDeposit(deposit);
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
      snapshotSeq: this.#snapshotter.snapshotSeq,
      snapshotFailures: this.#snapshotter.failures,
      archivedSeq: this.#archive?.archivedSeq ?? null,
      archiveFailures: this.#archive?.failures ?? 0,
      oldestSeq: seq((this.ledger.archived?.seq ?? 0) + 1),
      journalBytes: this.#journal.bytes,
    };
  }

  /** Questions about what was, answered beside what goes on. */
  readonly past = {
    book: (asked: AskedOf<"book">, asking: Asking) => this.#past.ask("book", asked, asking),
    wallets: (asked: AskedOf<"wallets">, asking: Asking) => this.#past.ask("wallets", asked, asking),
    records: (asked: AskedOf<"records">, asking: Asking) => this.#traced.ask("records", asked, asking),
    effects: (asked: AskedOf<"effects">, asking: Asking) => this.#traced.ask("effects", asked, asking),
    replay: () => this.#replays.open(),
  };

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
    return epochMs(this.#machine.clock.now());
  }

  /** The time of a command that came now: the clock may have been set back since the last one. */
  #notBeforeLast(): EpochMs {
    return epochMs(Math.max(this.now(), this.#sequencer.lastAt));
  }

  /** Checks every invariant by full scans: for tests, it takes as long as the exchange is large. */
  check(): void {
    this.#engine.check();
  }

  /** Of all that a snapshot would hold now: equal states have equal digests. For tests, like `check`. */
  stateDigest(): string {
    return presentDigest({ engine: this.#engine, live: this.#live }).toString("hex");
  }

  /** Finishes and syncs what is in flight, and lets the ledger catch up. */
  async close(): Promise<void> {
    this.#journal.hurry();
    await Promise.all([this.#past.close(), this.#traced.close(), this.#replays.close()]);
    await this.#snapshotter.close();
    await this.#sequencer.close();
    await this.#journal.close();
    await this.ledger.close();
  }

  /** All at once, so that they share a frame: a crash leaves all of them or none. */
  async #submitFirstCommands(): Promise<void> {
    await Promise.all(FIRST_COMMANDS.map((command) => this.#submitOwn(command)));
  }

  #newRequestId(): string {
    return this.#machine.newRequestId(this.now());
  }

  #submitOwn(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = { requestId: this.#newRequestId(), traceId: null, command };
      const refusal = this.#sequencer.submit(request, (outcome) => {
        if ("failed" in outcome) reject(outcome.failed);
        else resolve();
      });
      if (refusal !== null) reject(turnedAwayAtFirst(refusal));
    });
  }
}

function turnedAwayAtFirst(refusal: Refusal): Error {
  if (refusal !== "disk-full")
    return new Error(`a new exchange's first commands were turned away: ${refusal}`);
  const remedy = "Free some, or make the reserve smaller, and start again";
  return new JournalFailedError("beginning an exchange", "there is less free space than the reserve", remedy);
}

function takenOf({ committed, projected }: Done<readonly OrderUpdate[]>): Taken {
  return { committed, updates: projected };
}

function feedLedger(ledger: Ledger, { committed, hash, outcomes }: CommittedFrame): void {
  const firstSeq = committed[0]!.entry.seq;
  const lastSeq = committed[committed.length - 1]!.entry.seq;
  ledger.feed({ firstSeq, lastSeq, hash, outcomes });
}
