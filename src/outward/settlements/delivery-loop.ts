/**
 * Delivers: at least once, in order per account, many accounts at a time. An attempt that fails is made again after a
 * while, until there have been too many; a delivery that is dead holds nobody up. What became of an attempt is on disk
 * shortly after; a crash in between sends it again, under the same id.
 */
import Database from "better-sqlite3";
import type { Attempt, SettlementFigures } from "../../domain/settlements.ts";
import type { EpochMs } from "../../domain/units.ts";
import type { Outbox } from "../../projections/ledger/outbox.ts";
import { accountsOf, type Item } from "./account-queues.ts";
import { type AttemptCounts, attemptCounts } from "./attempt-counts.ts";
import { backoffMs } from "./backoff.ts";
import { bodyOf, settlementIdOf } from "./body.ts";
import { deliveryOf, Hand } from "./hand.ts";
import { Intake } from "./intake.ts";
import { ReceiverHealth } from "./receiver-health.ts";
import { type Message, SENDING_MAX, type Verdict } from "./sender.ts";
import { type Change, RECORDED, type Store } from "./store.ts";

/** How often the outbox is looked at, and what has changed is written. */
const TICK_MS = 20;
/** So many changes are written without waiting for the tick. */
const CHANGES_MAX = 500;
/** What has been in hand for so long is recorded, so that a restart need not look at all that went by since. */
const UNRECORDED_MS_MAX = 2_000;
const RECORDED_AT_ONCE = 1_000;
/** When the receiver is back, all that waits is tried within this time. */
const HURRY_MS = 1_000;
/** Deliveries in hand or parked, before no more are taken while the receiver is down. */
const HELD_WHEN_DOWN_MAX = 50_000;
const REDRIVEN_AT_ONCE = 500;
/** How often old rows are dropped, and it is told what was given up. */
const HOUSEKEEPING_MS = 1_000;
const PRUNED_AT_ONCE = 10_000;
/** On the way out, what is under way is waited for so long. */
const CLOSE_MS_MAX = 3_000;
const CLOSE_CHECK_MS = 10;

/** What an operator should hear of. */
export type LoopReport =
  | { readonly kind: "receiver-down"; readonly because: string }
  | { readonly kind: "receiver-up" }
  /** So many since the last time, and the latest of them. */
  | {
      readonly kind: "settlements-dead";
      readonly count: number;
      readonly settlementId: string;
      readonly because: string;
    }
  | { readonly kind: "settlements-waiting"; readonly because: string }
  | { readonly kind: "settlements-resumed" };

/** What the loop needs of its neighbours. */
export type LoopParts = {
  readonly store: Store;
  readonly outbox: Outbox;
  readonly sender: { send(message: Message): Promise<Verdict>; close(): void };
  /** Failures after which a delivery is given up. */
  readonly failuresMax: number;
  readonly onReport: (report: LoopReport) => void;
  readonly now: () => number;
  readonly chance: () => number;
  readonly tickMs?: number;
};

export class DeliveryLoop {
  readonly hand = new Hand();
  readonly intake: Intake;
  readonly #parts: LoopParts;
  readonly #health: ReceiverHealth;
  readonly #changes: Change[] = [];
  readonly #attempts: AttemptCounts = attemptCounts(() => 0);
  #retries = 0;
  #sending = 0;
  #dead: number;
  #keptHouseAt = 0;
  #lastTickAt = 0;
  #givenUp: { count: number; settlementId: string; because: string } | null = null;
  #isStuck = false;
  #isClosing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    const { store, outbox, now, chance } = parts;
    this.#health = new ReceiverHealth(chance);
    this.intake = new Intake({ store, outbox, hand: this.hand }, now());
    this.#dead = store.count(RECORDED.dead);
  }

  start(): void {
    this.#tick();
  }

  get figures(): Omit<SettlementFigures, "restarts"> {
    const { intake, hand } = this;
    const { outbox } = this.#parts;
    const inHand = hand.items.size + intake.parked;
    const taken = intake.position - inHand - this.#dead;
    return {
      pending: Math.max(0, outbox.last - intake.position) + inHand,
      dead: this.#dead,
      delivered: Math.max(0, taken),
      retries: this.#retries,
      attempts: this.#attempts,
      oldestPendingAt: this.#oldestPendingAt(),
      arrivedUpTo: this.#parts.store.arrivedUpTo,
      receiverIsDown: this.#health.isDown,
    };
  }

  /** Sends a dead delivery again, and one that waits at once. */
  redrive(settlement: number): void {
    this.flush();
    const item = this.hand.items.get(settlement);
    if (item === undefined) this.#dead -= this.intake.redrive([settlement]);
    else this.hand.hurryOne(item);
  }

  /** Sends all dead ones again, some at a time, so that deliveries go on meanwhile. */
  async redriveAll(): Promise<number> {
    this.flush();
    let count = 0;
    let last = 0;
    for (;;) {
      const dead = this.#parts.store.after(RECORDED.dead, last, REDRIVEN_AT_ONCE);
      if (dead.length === 0 || this.#isClosing) return count;
      last = dead.at(-1)!;
      const redriven = this.intake.redrive(dead);
      count += redriven;
      this.#dead -= redriven;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Writes what has changed. @throws what SQLite throws; the changes are then kept and written later. */
  flush(): void {
    const { store } = this.#parts;
    const taken = this.intake.recordedUpTo;
    if (this.#changes.length === 0 && taken === store.taken) return;
    store.together(() => {
      for (const change of this.#changes) store.save(change);
      store.saveTaken(taken);
    });
    this.#changes.length = 0;
  }

  /** Starts no more attempts, waits a while for those under way, and writes what became of them. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    const patience = this.#parts.now() + CLOSE_MS_MAX;
    while (this.#sending > 0 && this.#parts.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, CLOSE_CHECK_MS));
    }
    this.#tryWriting(() => this.flush());
    this.#isClosed = true;
    this.#parts.sender.close();
  }

  /** Ends as a crash does: starts nothing more and writes nothing more. For tests. */
  abandon(): void {
    this.#isClosing = true;
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #tick(): void {
    const now = this.#parts.now();
    if (now < this.#lastTickAt) this.#clockPutBack(this.#lastTickAt - now);
    this.#lastTickAt = now;
    this.#tryWriting(() => {
      this.hand.wake(now);
      this.#recordOld(now);
      this.flush();
      this.#takeMore(now);
      this.#keepHouse(now);
    });
    this.#dispatch();
    this.#timer = setTimeout(() => this.#tick(), this.#parts.tickMs ?? TICK_MS);
  }

  /** Nobody waits any longer for that. */
  #clockPutBack(milliseconds: number): void {
    this.hand.clockPutBack(milliseconds);
    this.#health.clockPutBack(milliseconds);
    this.#keptHouseAt -= milliseconds;
  }

  /** A full disk, or whoever holds the file, is waited out: what cannot be marked as delivered is not sent. */
  #tryWriting(write: () => void): void {
    try {
      write();
      if (this.#isStuck) this.#parts.onReport({ kind: "settlements-resumed" });
      this.#isStuck = false;
    } catch (error) {
      if (!(error instanceof Database.SqliteError) || !/^SQLITE_(FULL|BUSY|IOERR)/.test(error.code))
        throw error;
      if (!this.#isStuck) this.#parts.onReport({ kind: "settlements-waiting", because: error.message });
      this.#isStuck = true;
    }
  }

  #takeMore(now: number): void {
    // Against a closed door no more is taken up than finds out whether it is closed to everybody: the rest waits in the
    // outbox, where it costs nothing.
    const held = this.hand.items.size + this.intake.parked;
    if (this.#health.isDown && (this.hand.ready.size > 0 || held > HELD_WHEN_DOWN_MAX)) return;
    this.intake.fetch(now);
    this.intake.take(now);
  }

  #recordOld(now: number): void {
    let recorded = 0;
    for (const [settlement, item] of this.hand.unrecorded) {
      if (item.takenAt > now - UNRECORDED_MS_MAX || recorded === RECORDED_AT_ONCE) return;
      this.hand.unrecorded.delete(settlement);
      this.#changes.push({ delivery: deliveryOf(item, RECORDED.pending), attempt: null });
      recorded += 1;
    }
  }

  #keepHouse(now: number): void {
    if (now - this.#keptHouseAt < HOUSEKEEPING_MS) return;
    this.#keptHouseAt = now;
    if (this.#givenUp !== null) this.#parts.onReport({ kind: "settlements-dead", ...this.#givenUp });
    this.#givenUp = null;
    this.#parts.store.prune(now, PRUNED_AT_ONCE);
  }

  #dispatch(): void {
    if (this.#isStuck || this.#isClosing) return;
    const most = this.#health.sendingMax(this.#parts.now(), SENDING_MAX);
    while (this.#sending < most) {
      const item = this.hand.nextReady();
      if (item === undefined) return;
      void this.#send(item);
    }
  }

  async #send(item: Item): Promise<void> {
    const { outbox, sender, now } = this.#parts;
    const startedAt = now();
    const settlementId = settlementIdOf(item.row, outbox);
    this.#sending += 1;
    if (item.attempts > 0) this.#retries += 1;
    const { traceId } = item.row;
    const verdict = await sender.send({ settlementId, body: bodyOf(item.row, outbox), traceId });
    this.#sending -= 1;
    // What is cut at the end is no attempt that failed, and nothing is written any more.
    if (this.#isClosed) return;
    this.#answered(item, verdict, startedAt);
    if (this.#changes.length >= CHANGES_MAX) this.#tryWriting(() => this.flush());
    if (this.hand.ready.size < SENDING_MAX && this.intake.mayHaveMore && !this.#isStuck && !this.#isClosing) {
      this.#tryWriting(() => this.#takeMore(now()));
    }
    this.#dispatch();
  }

  #answered(item: Item, verdict: Verdict, startedAt: number): void {
    const now = this.#parts.now();
    const { outcome, httpStatus, detail } = verdict;
    item.attempts += 1;
    this.#attempts[outcome] += 1;
    this.#judgeReceiver(verdict, now);
    const at = startedAt as EpochMs;
    const attempt = {
      attempt: item.attempts,
      at,
      milliseconds: now - startedAt,
      outcome,
      httpStatus,
      detail,
    };
    if (outcome === "delivered") this.#end(item, RECORDED.delivered, attempt);
    else {
      item.failures += 1;
      const isLast = outcome === "refused" || item.failures >= this.#parts.failuresMax;
      if (isLast) this.#giveUp(item, attempt);
      else this.#retryLater(item, verdict, attempt);
    }
  }

  #judgeReceiver(verdict: Verdict, now: number): void {
    const { onReport, chance } = this.#parts;
    const { outcome, retryAfterMs } = verdict;
    if (outcome !== "delivered" && outcome !== "refused") {
      if (this.#health.failed(now, retryAfterMs)) {
        onReport({ kind: "receiver-down", because: toldInLog(verdict) });
      }
    } else if (this.#health.answered()) {
      this.hand.hurry(now, HURRY_MS, chance);
      onReport({ kind: "receiver-up" });
    }
  }

  #retryLater(item: Item, verdict: Verdict, attempt: Attempt): void {
    const { now, chance } = this.#parts;
    this.hand.wait(item, now() + backoffMs(item.failures, verdict.retryAfterMs, chance()));
    this.hand.unrecorded.delete(item.row.settlement);
    this.#changes.push({ delivery: deliveryOf(item, RECORDED.pending), attempt });
  }

  #giveUp(item: Item, attempt: Attempt): void {
    this.#dead += 1;
    const because = toldInLog(attempt);
    const settlementId = settlementIdOf(item.row, this.#parts.outbox);
    this.#givenUp = { count: (this.#givenUp?.count ?? 0) + 1, settlementId, because };
    this.#end(item, RECORDED.dead, attempt);
  }

  #end(item: Item, status: typeof RECORDED.delivered | typeof RECORDED.dead, attempt: Attempt): void {
    const now = this.#parts.now();
    this.#changes.push({ delivery: deliveryOf(item, status, now), attempt });
    this.hand.unrecorded.delete(item.row.settlement);
    this.hand.end(item, now);
    for (const account of accountsOf(item)) this.intake.ended(account);
  }

  #oldestPendingAt(): EpochMs | null {
    const { outbox, store } = this.#parts;
    let oldest = this.intake.position + 1;
    for (const settlement of this.hand.items.keys()) oldest = Math.min(oldest, settlement);
    oldest = Math.min(oldest, store.first(RECORDED.parked) ?? oldest);
    return outbox.find(oldest)?.at ?? null;
  }
}

/** Without what the receiver said: that is for those who may ask for the attempts, and may repeat what it was sent. */
function toldInLog({
  outcome,
  httpStatus,
  detail,
}: Pick<Verdict, "outcome" | "httpStatus" | "detail">): string {
  return httpStatus === null ? `${outcome}: ${detail}` : `${outcome}, ${httpStatus}`;
}
