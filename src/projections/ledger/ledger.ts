/**
 * The ledger as the main thread sees it: durable frames go in, rows come out, and both are worked on in
 * threads of their own. It is a projection: it may lag, by a bound that it shows, and a read that must see
 * a command waits with `reached`. It keeps no truth that the journal does not have.
 */
import type { Worker } from "node:worker_threads";
import type { OrderId, Seq } from "../../domain/units.ts";
import type { OrderRecord } from "../order-record.ts";
import type { Effects, EffectsQuery, Touches, TracedTrade, TradeName } from "./command-effects.ts";
import type { TraceIdQuery } from "./command-search.ts";
import type {
  ClientIdQuery,
  FillsQuery,
  OrdersQuery,
  OrderWithFills,
  StatementQuery,
  TradesQuery,
} from "./ledger-queries.ts";
import { LedgerReads } from "./ledger-reads.ts";
import type { FromWriter, LedgerCursor, LedgerFrame, LedgerReport, Reading, ToWriter } from "./messages.ts";
import { BATCH_BYTES_MAX, pack } from "./pack-frames.ts";
import type { Page } from "./pages.ts";
import type { Archived, Boundary } from "./retention.ts";
import type { LedgerCommand, LedgerEntry, LedgerFill, LedgerTrade } from "./rows.ts";
import { SeqWaiters } from "./seq-waiters.ts";
import { type LedgerThreads, workerThreads } from "./workers.ts";

/** A frame waits this long for others to share its transaction, unless a read waits for it. */
const BATCH_MS = 100;
/** Past this backlog the ledger is saturated, and commands should be refused: some ten seconds of full load. */
const BACKLOG_BYTES_MAX = 32 * 1024 * 1024;
/** How long a read waits for the ledger to catch up. */
const REACHED_TIMEOUT_MS = 2_000;
/** How long a full disk, or a locked file, is left alone before the next try. */
const RETRY_MS = 500;

export type { LedgerReport } from "./messages.ts";

/** The ledger has not come far enough in time, or has too much to do; the same read may succeed later. */
export class LedgerBehindError extends Error {
  override readonly name = "LedgerBehindError";
}

/** How long a close waits for what has been fed to be applied. */
const CLOSE_MS_MAX = 3_000;

export type LedgerOptions = {
  readonly path: string;
  /** The ledger can write no more and the process should stop; it goes on from its cursor at the next start. */
  readonly onFault: (error: Error) => void;
  readonly onReport?: (report: LedgerReport) => void;
  readonly batchMs?: number;
  readonly backlogBytesMax?: number;
  readonly retryMs?: number;
  /** Whether what it has must survive a power failure: when the journal no longer has all that it was made from. */
  readonly isDurable?: boolean;
  /** The first command whose trades go into the outbox, if it is known elsewhere than in the ledger. */
  readonly settlementsFrom?: Seq | null;
  readonly threads?: LedgerThreads;
  /** Runs a task after so long, and gives what calls it off. */
  readonly after?: (milliseconds: number, task: () => void) => () => void;
};

export class Ledger {
  /** As it was found at the opening. The journal must reach at least to here. */
  readonly cursor: LedgerCursor;
  readonly #options: LedgerOptions;
  readonly #writer: Worker;
  readonly #reads: LedgerReads;
  readonly #reachedWaiters = new SeqWaiters(refusal);
  readonly #roomWaiters: (() => void)[] = [];
  #waiting: LedgerFrame[] = [];
  #inFlightBytes = 0;
  #backlogBytes = 0;
  #fedSeq: number;
  #appliedSeq: number;
  #archived: Archived | null;
  readonly #after: (milliseconds: number, task: () => void) => () => void;
  #callOffSending: (() => void) | undefined;
  #settlementsFrom: Seq | null;
  #state: "running" | "waiting" | "closing" | "faulted" = "running";
  #idle: (() => void) | undefined;

  static async open(options: LedgerOptions): Promise<Ledger> {
    const { path, onReport, retryMs = RETRY_MS, isDurable = false, threads = workerThreads } = options;
    const { settlementsFrom: known = null } = options;
    const writer = threads.startWriter({ path, retryMs, isDurable, settlementsFrom: known });
    try {
      const found = await opened(writer, path, onReport);
      // The reader needs the tables that the writer makes.
      const reads = await LedgerReads.open(threads.startReader({ path }), {
        onFault: options.onFault,
        refusal,
      });
      return new Ledger(options, { writer, reads, ...found });
    } catch (error) {
      await writer.terminate();
      throw error;
    }
  }

  private constructor(
    options: LedgerOptions,
    parts: { readonly writer: Worker; readonly reads: LedgerReads } & Found,
  ) {
    this.#options = options;
    this.#after = options.after ?? nodeTimer;
    this.#writer = parts.writer;
    this.#reads = parts.reads;
    this.cursor = parts.cursor;
    this.#settlementsFrom = parts.settlementsFrom;
    this.#fedSeq = parts.cursor.seq;
    this.#appliedSeq = parts.cursor.seq;
    this.#archived = parts.archived;
    this.#writer.on("message", (message: FromWriter) => this.#hear(message));
    this.#writer.on("error", (error) => this.#fail(error));
    this.#writer.on("exit", () => {
      if (this.#state !== "closing") this.#fail(new Error("the ledger's writer has ended"));
    });
  }

  /** Its file: others may read it by connections of their own. */
  get path(): string {
    return this.#options.path;
  }

  /** The last command that the ledger shows. */
  get appliedSeq(): Seq {
    return this.#appliedSeq as Seq;
  }

  /** The last command that a power failure leaves in the ledger, as far as is known: none unless it is durable. */
  get durableSeq(): Seq {
    return (this.#options.isDurable === true ? this.#appliedSeq : 0) as Seq;
  }

  /** What the ledger has let go of, because the archive has it; null if it has everything. */
  get archived(): Archived | null {
    return this.#archived;
  }

  /** Lets go of all up to a place, which the archive has; places rise, and one is worked off after the other. */
  drop(boundary: Boundary): void {
    if (this.#state === "faulted" || this.#state === "closing") return;
    this.#writer.postMessage({ kind: "drop", boundary } satisfies ToWriter);
  }

  /** The first command whose trades go into the outbox; null if none does. */
  get settlementsFrom(): Seq | null {
    return this.#settlementsFrom;
  }

  /** From here on every trade goes into the outbox, unless that has begun before. Gives where it began. */
  beginOutbox(): Seq {
    if (this.#settlementsFrom !== null) return this.#settlementsFrom;
    const from = (this.#fedSeq + 1) as Seq;
    this.#settlementsFrom = from;
    this.#writer.postMessage({ kind: "begin-outbox", from } satisfies ToWriter);
    return from;
  }

  /** The bytes of what has been fed and is not applied. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** The commands that have been fed and are not applied. */
  get lag(): number {
    return this.#fedSeq - this.#appliedSeq;
  }

  /** Too far behind to take on more. What is durable is still taken: refuse before the sequencer does. */
  get saturated(): boolean {
    return this.#backlogBytes > (this.#options.backlogBytesMax ?? BACKLOG_BYTES_MAX);
  }

  /** Resolves when the ledger is not saturated: a replay waits for it from time to time. */
  room(): Promise<void> {
    if (!this.saturated || this.#state === "faulted") return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /**
   * Takes the next durable frame. The bytes are copied, so a view into a writer will do. What the ledger
   * already has, and a frame without commands, is passed over; a gap is a fault.
   */
  feed(frame: LedgerFrame): void {
    if (this.#state === "faulted" || this.#state === "closing") return;
    const { firstSeq, lastSeq, hash, outcomes } = frame;
    if (lastSeq < firstSeq || lastSeq <= this.#fedSeq) {
      this.#checkKnown(frame);
      return;
    }
    if (firstSeq !== this.#fedSeq + 1) {
      this.#fail(new Error(`the ledger has come to ${this.#fedSeq} and was fed ${firstSeq} to ${lastSeq}`));
      return;
    }
    this.#fedSeq = lastSeq;
    this.#backlogBytes += outcomes.length;
    this.#waiting.push({ firstSeq, lastSeq, hash, outcomes: outcomes.slice() });
    this.#schedule();
  }

  /** Resolves when the ledger shows a command; rejects with a `LedgerBehindError` if that takes too long. */
  reached(seq: Seq, timeoutMs = REACHED_TIMEOUT_MS): Promise<void> {
    if (seq <= this.#appliedSeq) return Promise.resolve();
    const reached = this.#reachedWaiters.wait(seq, timeoutMs);
    this.#schedule();
    return reached;
  }

  order(order: OrderId): Promise<OrderWithFills | undefined> {
    return this.#reads.read("order", order).then(({ result }) => result);
  }

  /** The latest order that was given this id. */
  orderByClientId(query: ClientIdQuery): Promise<OrderId | undefined> {
    return this.#reads.read("orderByClientId", query).then(({ result }) => result);
  }

  /** The commands of these sequences, in the order of the question; `COMMANDS_MAX` of them at most. */
  commands(seqs: readonly number[]): Promise<readonly LedgerCommand[]> {
    return this.#reads.read("commands", seqs).then(({ result }) => result);
  }

  /** The commands of a request, oldest first: of a batch, there are several. */
  commandsOfRequest(requestId: string): Promise<readonly LedgerCommand[]> {
    return this.#reads.read("commandsOfRequest", requestId).then(({ result }) => result);
  }

  commandsOfTrace(query: TraceIdQuery): Promise<Reading<Page<LedgerCommand>>> {
    return this.#reads.read("commandsOfTrace", query);
  }

  /** What a command did that the ledger has. */
  effects(query: EffectsQuery): Promise<Effects> {
    return this.#reads.read("effects", query).then(({ result }) => result);
  }

  trade(name: TradeName): Promise<TracedTrade | undefined> {
    return this.#reads.read("trade", name).then(({ result }) => result);
  }

  /** The command behind an entry; `dropped` if the ledger has let go of it. */
  seqOfEntry(entry: number): Promise<Seq | "dropped" | undefined> {
    return this.#reads.read("seqOfEntry", entry).then(({ result }) => result);
  }

  /** The commands that touched an order. */
  touches(order: OrderId): Promise<Touches | undefined> {
    return this.#reads.read("touches", order).then(({ result }) => result);
  }

  orders(query: OrdersQuery): Promise<Reading<Page<OrderRecord>>> {
    return this.#reads.read("orders", query);
  }

  fills(query: FillsQuery): Promise<Reading<Page<LedgerFill>>> {
    return this.#reads.read("fills", query);
  }

  trades(query: TradesQuery): Promise<Reading<Page<LedgerTrade>>> {
    return this.#reads.read("trades", query);
  }

  statement(query: StatementQuery): Promise<Reading<Page<LedgerEntry>>> {
    return this.#reads.read("statement", query);
  }

  /** Applies what has been fed, unless it has to wait or a fault prevents it, and ends both threads. */
  async close(): Promise<void> {
    if (this.#state === "running" && this.#backlogBytes > 0) {
      await new Promise<void>((resolve) => {
        // The journal has it all, and the next start goes on from the cursor.
        const callOff = this.#after(CLOSE_MS_MAX, resolve);
        this.#idle = () => {
          callOff();
          resolve();
        };
        this.#schedule();
      });
    }
    this.#state = "closing";
    this.#callOffSending?.();
    this.#reachedWaiters.end();
    await this.#reads.close();
    const ended = new Promise((resolve) => this.#writer.once("exit", resolve));
    if (this.#writer.threadId === -1) return;
    this.#writer.postMessage({ kind: "close" } satisfies ToWriter);
    await ended;
  }

  #checkKnown({ firstSeq, lastSeq, hash }: LedgerFrame): void {
    const { seq, frameHash } = this.cursor;
    if (lastSeq < firstSeq || lastSeq !== seq || hash === frameHash) return;
    this.#fail(new Error(`the ledger is of another journal: its frame that ends at ${seq} is ${frameHash}`));
  }

  /** Sends a batch if it is full or wanted, and otherwise when its time has come. */
  #schedule(): void {
    if (this.#inFlightBytes > 0 || this.#waiting.length === 0) return;
    const wanted = this.#reachedWaiters.count > 0 || this.#idle !== undefined;
    if (wanted || this.#backlogBytes >= BATCH_BYTES_MAX) this.#send();
    else this.#callOffSending ??= this.#after(this.#options.batchMs ?? BATCH_MS, () => this.#send());
  }

  #send(): void {
    this.#callOffSending?.();
    this.#callOffSending = undefined;
    if (this.#state === "faulted" || this.#state === "closing") return;
    const { batch, frames } = pack(this.#waiting);
    this.#waiting = this.#waiting.slice(frames);
    this.#inFlightBytes = batch.outcomes.length;
    this.#writer.postMessage({ kind: "apply", batch } satisfies ToWriter, [batch.outcomes.buffer]);
  }

  #hear(message: FromWriter): void {
    if (message.kind === "applied") this.#applied(message.seq);
    else if (message.kind === "fault") this.#fail(new Error(`the ledger: ${message.message}`));
    else if (message.kind === "report") this.#report(message.report);
  }

  #applied(seq: number): void {
    this.#appliedSeq = seq;
    this.#backlogBytes -= this.#inFlightBytes;
    this.#inFlightBytes = 0;
    this.#reachedWaiters.reached(seq);
    if (!this.saturated) for (const resolve of this.#roomWaiters.splice(0)) resolve();
    if (this.#backlogBytes === 0) this.#idle?.();
    this.#schedule();
  }

  #report(report: LedgerReport): void {
    if (report.kind === "waiting") {
      this.#state = "waiting";
      this.#idle?.();
    } else if (report.kind === "resumed") {
      if (this.#state === "waiting") this.#state = "running";
    } else if (report.kind === "dropped") this.#archived = { seq: report.seq, at: report.at };
    this.#options.onReport?.(report);
  }

  #fail(error: Error): void {
    if (this.#state === "faulted" || this.#state === "closing") return;
    this.#state = "faulted";
    this.#reachedWaiters.end();
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
    this.#idle?.();
    this.#options.onFault(error);
  }
}

/** How the ledger's file was found. */
type Found = Omit<Extract<FromWriter, { readonly kind: "opened" }>, "kind">;

function opened(writer: Worker, path: string, onReport: LedgerOptions["onReport"]): Promise<Found> {
  const failed = (why: string) => new Error(`the ledger ${path} cannot be opened: ${why}`);
  return new Promise((resolve, reject) => {
    const hear = (message: FromWriter): void => {
      if (message.kind === "report") {
        onReport?.(message.report);
        return;
      }
      writer.off("message", hear);
      writer.off("error", reject);
      if (message.kind === "opened") resolve(message);
      else reject(failed("message" in message ? message.message : ""));
    };
    writer.on("message", hear);
    writer.on("error", reject);
    writer.on("exit", () => reject(failed("its writer has ended")));
  });
}

function nodeTimer(milliseconds: number, task: () => void): () => void {
  const timer = setTimeout(task, milliseconds);
  return () => clearTimeout(timer);
}

function refusal(message: string): LedgerBehindError {
  return new LedgerBehindError(message);
}
