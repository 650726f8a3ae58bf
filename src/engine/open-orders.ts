/**
 * The open orders of the whole exchange: found by id, listed by account, counted by account and market, and
 * queued by the time at which they expire. The books hold the same orders by price.
 */
import type { AccountIndex, MarketIndex, OrderId } from "../domain/units.ts";
import { ExpiryQueue } from "./book/expiry-queue.ts";
import { OrderIndex } from "./book/order-index.ts";
import { NONE as NO_SLOT, OrderPool, type Slot } from "./book/order-pool.ts";
import { EXPIRES } from "./book/traits.ts";
import { grownIntegerRows, grownIntegers } from "./grown.ts";

const ACCOUNTS_FIRST = 64;
/** Here too, since V8 looks an imported constant up at each use. */
const NONE = NO_SLOT;

/** Its tables are open to the short way, which writes an order into all of them in one piece of code (ADR 8). */
export class OpenOrders {
  readonly pool = new OrderPool();
  readonly index = new OrderIndex(this.pool);
  readonly expiries = new ExpiryQueue(this.pool);
  /** Each account's oldest and newest open order. */
  oldest = new Int32Array(ACCOUNTS_FIRST).fill(NONE);
  newest = new Int32Array(ACCOUNTS_FIRST).fill(NONE);
  /** Open orders by market and account, a row a market. */
  counts = new Int32Array(0);
  #markets = 0;
  accountsMax = ACCOUNTS_FIRST;

  listMarket(): void {
    this.#markets += 1;
    this.counts = grownIntegers(this.counts, this.#markets * this.accountsMax);
  }

  /** Makes room for an account, which is the next one. */
  openAccount(account: AccountIndex): void {
    if (account < this.accountsMax) return;
    const length = this.accountsMax * 2;
    this.oldest = grownIntegers(this.oldest, length, NONE);
    this.newest = grownIntegers(this.newest, length, NONE);
    this.counts = grownIntegerRows(this.counts, this.#markets, this.accountsMax, length);
    this.accountsMax = length;
  }

  get count(): number {
    return this.index.count;
  }

  /** The slot of an open order, or NONE. */
  find(order: OrderId): Slot {
    return this.index.find(order);
  }

  countOf(account: AccountIndex, market: MarketIndex): number {
    return this.counts[market * this.accountsMax + account]!;
  }

  /** An account's open orders, oldest first, in one market or in all. */
  ofAccount(account: AccountIndex, market: MarketIndex | null): Slot[] {
    const slots: Slot[] = [];
    for (let slot = this.oldest[account]!; slot !== NONE; slot = this.pool.accountNextOf(slot)) {
      if (market === null || this.pool.marketOf(slot) === market) slots.push(slot);
    }
    return slots;
  }

  /** Every open order, oldest first. */
  byAge(): Int32Array {
    const ids = new Float64Array(this.count);
    let count = 0;
    for (const oldest of this.oldest) {
      for (let slot = oldest; slot !== NONE; slot = this.pool.accountNextOf(slot)) {
        ids[count] = this.pool.id[slot]!;
        count += 1;
      }
    }
    return Int32Array.from(ids.sort(), (id) => this.find(id as OrderId));
  }

  add(slot: Slot): void {
    const { pool } = this;
    const account = pool.accountOf(slot);
    const newest = this.newest[account]!;
    pool.setAccountPrevious(slot, newest);
    pool.setAccountNext(slot, NONE);
    if (newest === NONE) this.oldest[account] = slot;
    else pool.setAccountNext(newest, slot);
    this.newest[account] = slot;
    this.counts[pool.marketOf(slot) * this.accountsMax + account]! += 1;
    this.index.add(slot, pool.orderId(slot));
    if (pool.has(slot, EXPIRES)) this.expiries.add(slot);
  }

  remove(slot: Slot): void {
    const { pool } = this;
    const account = pool.accountOf(slot);
    this.unlist(slot, account);
    this.counts[pool.marketOf(slot) * this.accountsMax + account]! -= 1;
    this.index.remove(slot, pool.orderId(slot));
    if (pool.has(slot, EXPIRES)) this.expiries.remove(slot);
  }

  /** Takes an order out of its account's list. */
  unlist(slot: Slot, account: AccountIndex): void {
    const { pool } = this;
    const next = pool.accountNextOf(slot);
    const previous = pool.accountPreviousOf(slot);
    if (previous === NONE) this.oldest[account] = next;
    else pool.setAccountNext(previous, next);
    if (next === NONE) this.newest[account] = previous;
    else pool.setAccountPrevious(next, previous);
  }
}
