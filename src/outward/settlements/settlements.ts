/**
 * Deliveries to the operator's own wallet service, as the main thread sees them: a thread of its own does all of it, and
 * nothing here waits for it. If that thread ends, another goes on from what is on disk.
 */
import type { Worker } from "node:worker_threads";
import {
  type Redriven,
  type Settlement,
  type SettlementFigures,
  SettlementsBusyError,
  type SettlementsQuery,
  type SettlementWithAttempts,
} from "../../domain/settlements.ts";
import type { MarketIndex, TradeId } from "../../domain/units.ts";
import type { Page } from "../../projections/ledger/pages.ts";
import { EXTENSION, startThread } from "../../projections/threads.ts";
import { attemptCounts } from "./attempt-counts.ts";
import type {
  AnswerOf,
  AskName,
  FromWorker,
  QueryOf,
  SettlementsReport,
  ToWorker,
  WorkerOptions,
} from "./messages.ts";

/** Questions on their way at once, at most; the next is refused right away. */
const ASKED_MAX = 100;
/** After the thread has ended by itself, another is started after this. */
const RESTART_MS = 1_000;
/** A thread that does not end when it is told to is ended after this. */
const CLOSE_MS_MAX = 5_000;

export type SettlementsOptions = WorkerOptions & { readonly onReport: (report: SettlementsReport) => void };

type Asked = { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void };
type Counted = Pick<SettlementFigures, "retries" | "attempts">;

const NOTHING: Omit<SettlementFigures, "restarts"> = {
  pending: 0,
  dead: 0,
  delivered: 0,
  retries: 0,
  attempts: attemptCounts(() => 0),
  oldestPendingAt: null,
  arrivedUpTo: 0,
  receiverIsDown: false,
};

export class Settlements {
  readonly #options: SettlementsOptions;
  readonly #asked = new Map<number, Asked>();
  #worker: Worker;
  #lastId = 0;
  #restarts = 0;
  #figures = NOTHING;
  /** What threads that have ended had counted. */
  #before: Counted = NOTHING;
  #isClosing = false;
  #restarting: NodeJS.Timeout | undefined;

  /** The ledger is open, and its outbox begins where the options say. */
  static async open(options: SettlementsOptions): Promise<Settlements> {
    const worker = start(options);
    await new Promise<void>((resolve, reject) => {
      const hear = (message: FromWorker) => {
        if (message.kind === "report") options.onReport(message.report);
        if (message.kind !== "opened") return;
        worker.off("message", hear);
        worker.off("error", reject);
        resolve();
      };
      worker.on("message", hear);
      worker.on("error", reject);
    });
    return new Settlements(options, worker);
  }

  private constructor(options: SettlementsOptions, worker: Worker) {
    this.#options = options;
    this.#worker = worker;
    this.#listen(worker);
  }

  get figures(): SettlementFigures {
    const { retries, attempts } = added(this.#before, this.#figures);
    return { ...this.#figures, retries, attempts, restarts: this.#restarts };
  }

  list(query: SettlementsQuery): Promise<Page<Settlement>> {
    return this.#ask("list", query);
  }

  find(market: MarketIndex, tradeId: TradeId): Promise<SettlementWithAttempts | undefined> {
    return this.#ask("find", { market, tradeId });
  }

  redrive(market: MarketIndex, tradeId: TradeId): Promise<Redriven> {
    return this.#ask("redrive", { market, tradeId });
  }

  redriveAll(): Promise<number> {
    return this.#ask("redriveAll", undefined);
  }

  /** Starts no more attempts, waits a while for those under way, and ends the thread. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restarting);
    const worker = this.#worker;
    if (worker.threadId === -1) return;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage({ kind: "close" } satisfies ToWorker);
    const patience = setTimeout(() => void worker.terminate(), CLOSE_MS_MAX);
    await ended;
    clearTimeout(patience);
  }

  #ask<Name extends AskName>(name: Name, query: QueryOf<Name>): Promise<AnswerOf<Name>> {
    if (this.#isClosing || this.#worker.threadId === -1 || this.#asked.size >= ASKED_MAX) {
      return Promise.reject(new SettlementsBusyError("deliveries cannot be asked now"));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#worker.postMessage({ kind: "ask", id, name, query } satisfies ToWorker);
    });
  }

  #listen(worker: Worker): void {
    let because = "it ended";
    worker.on("message", (message: FromWorker) => this.#hear(message));
    worker.on("error", (error) => {
      because = error.message;
    });
    worker.on("exit", () => this.#ended(because));
  }

  #hear(message: FromWorker): void {
    if (message.kind === "figures") this.#figures = message.figures;
    else if (message.kind === "report") this.#options.onReport(message.report);
    else if (message.kind !== "opened") {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      if (message.kind === "answer") asked?.resolve(message.answer);
      else asked?.reject(new Error(`deliveries could not be asked: ${message.message}`));
    }
  }

  #ended(because: string): void {
    for (const { reject } of this.#asked.values()) reject(new SettlementsBusyError("the thread has ended"));
    this.#asked.clear();
    if (this.#isClosing) return;
    this.#before = added(this.#before, this.#figures);
    this.#figures = { ...this.#figures, retries: 0, attempts: NOTHING.attempts };
    this.#options.onReport({ kind: "settlements-restarted", because });
    this.#restarting = setTimeout(() => {
      this.#restarts += 1;
      // What its file knows of was looked at when the exchange was opened.
      this.#worker = start({ ...this.#options, appliedSeq: Number.MAX_SAFE_INTEGER });
      this.#listen(this.#worker);
    }, RESTART_MS);
  }
}

function start({ onReport: _, ...options }: SettlementsOptions): Worker {
  return startThread(new URL(`./delivery-worker${EXTENSION}`, import.meta.url), options);
}

function added(a: Counted, b: Counted): Counted {
  return {
    retries: a.retries + b.retries,
    attempts: attemptCounts((outcome) => a.attempts[outcome] + b.attempts[outcome]),
  };
}
