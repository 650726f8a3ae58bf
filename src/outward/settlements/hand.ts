/** The deliveries in hand: taken from the outbox and not at their end yet. They are bounded, whatever waits on disk. */
import type { OutboxRow } from "../../projections/ledger/outbox.ts";
import { AccountQueues, type Item } from "./account-queues.ts";
import { LONGEST_MS } from "./backoff.ts";
import { type Delivery, RECORDED, type Recorded } from "./store.ts";

export class Hand {
  readonly items = new Map<number, Item>();
  readonly queues = new AccountQueues();
  /** Their turn has come. */
  readonly ready = new Set<Item>();
  /** They failed, and wait for their time. */
  readonly waiting = new Set<Item>();
  /** Not in the store yet, in the order of their numbers: after a crash they are taken from the outbox again. */
  readonly unrecorded = new Map<number, Item>();

  add(
    row: OutboxRow,
    delivery: Pick<Delivery, "attempts" | "failures" | "nextAt"> | null,
    now: number,
  ): void {
    const { attempts = 0, failures = 0, nextAt = null } = delivery ?? {};
    // The clock may have been put back since that was written.
    const notBefore = Math.min(nextAt ?? 0, now + LONGEST_MS);
    const item: Item = { row, attempts, failures, state: "queued", notBefore, takenAt: now };
    this.items.set(row.settlement, item);
    if (delivery === null) this.unrecorded.set(row.settlement, item);
    this.queues.push(item);
    if (this.queues.isFirst(item)) this.#turnOf(item, now);
  }

  /** The next one to be sent. */
  nextReady(): Item | undefined {
    const next = this.ready.values().next().value;
    if (next === undefined) return undefined;
    this.ready.delete(next);
    next.state = "sending";
    return next;
  }

  wait(item: Item, until: number): void {
    item.state = "waiting";
    item.notBefore = until;
    this.waiting.add(item);
  }

  /** Lets those go on whose time has come. */
  wake(now: number): void {
    for (const item of this.waiting) if (item.notBefore <= now) this.#makeReady(item);
  }

  /** The clock was put back by so much: what was to come after a while still comes after that. */
  clockPutBack(milliseconds: number): void {
    for (const item of this.items.values()) {
      item.takenAt -= milliseconds;
      item.notBefore = Math.max(0, item.notBefore - milliseconds);
    }
  }

  /** The receiver is back: nothing waits for longer than so many milliseconds from now, spread by chance. */
  hurry(now: number, milliseconds: number, chance: () => number): void {
    for (const item of this.waiting) {
      item.notBefore = Math.min(item.notBefore, now + milliseconds * chance());
    }
  }

  hurryOne(item: Item): void {
    if (item.state === "waiting") this.#makeReady(item);
    else item.notBefore = 0;
  }

  /** It is at its end; the turn of others comes. */
  end(item: Item, now: number): void {
    this.items.delete(item.row.settlement);
    for (const next of this.queues.remove(item)) this.#turnOf(next, now);
  }

  #turnOf(item: Item, now: number): void {
    if (item.notBefore > now) this.wait(item, item.notBefore);
    else this.#makeReady(item);
  }

  #makeReady(item: Item): void {
    this.waiting.delete(item);
    item.state = "ready";
    this.ready.add(item);
  }
}

/** What the store keeps of an item. */
export function deliveryOf(item: Item, status: Recorded, endedAt: number | null = null): Delivery {
  const { row, attempts, failures, notBefore } = item;
  const nextAt = status === RECORDED.pending && notBefore > 0 ? notBefore : null;
  return { settlement: row.settlement, status, attempts, failures, nextAt, endedAt };
}
