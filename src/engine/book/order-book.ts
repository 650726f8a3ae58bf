/**
 * The resting orders of one market, by price and then by time. An order that trades in part keeps its
 * place; the book knows nothing of money.
 */
import { assert } from "../../domain/assert.ts";
import type { EventLog } from "../../domain/event-log.ts";
import type { Lots, MarketIndex, Ticks } from "../../domain/units.ts";
import type { ChangedBooks } from "./changed-books.ts";
import { NONE, type OrderPool, type Slot } from "./order-pool.ts";
import { type Level, PriceLadder } from "./price-ladder.ts";
import { ICEBERG } from "./traits.ts";

export class OrderBook {
  readonly #pool: OrderPool;
  /** Shared by all books. */
  readonly #changedBooks: ChangedBooks;
  /** Whether the current command has changed it. */
  #isChanged = false;
  readonly market: MarketIndex;
  readonly bids = new PriceLadder("bids");
  readonly asks = new PriceLadder("asks");
  #arrivals = 0;

  constructor(market: MarketIndex, pool: OrderPool, changedBooks: ChangedBooks) {
    this.market = market;
    this.#pool = pool;
    this.#changedBooks = changedBooks;
  }

  /** The side on which an order rests. */
  sideOf(slot: Slot): PriceLadder {
    return this.#pool.isBuy[slot] === 1 ? this.bids : this.asks;
  }

  /** The side that an incoming order trades against. */
  oppositeOf(isBuy: boolean): PriceLadder {
    return isBuy ? this.asks : this.bids;
  }

  /** The best price that an incoming order would meet, or null if there is none. */
  bestOpposite(isBuy: boolean): Ticks | null {
    const side = this.oppositeOf(isBuy);
    return side.best === NONE ? null : (side.bestPrice as Ticks);
  }

  /** Whether an order with this limit would meet another at once. */
  wouldTake(isBuy: boolean, limit: number): boolean {
    return isBuy ? limit >= this.asks.bestPrice : limit <= this.bids.bestPrice;
  }

  /** Puts an order at the back of its price level, showing no more of it than it wants shown. */
  rest(slot: Slot): void {
    if (this.#pool.has(slot, ICEBERG)) this.#hide(slot);
    this.append(slot);
  }

  /** Puts an order at the back of its price level with what it shows already. */
  append(slot: Slot): void {
    const pool = this.#pool;
    const side = this.sideOf(slot);
    this.#resize(side, this.#queue(side, slot), pool.shownOf(slot));
  }

  /** The next place in time. */
  nextArrival(): number {
    return ++this.#arrivals;
  }

  /** Puts an order back where it was, behind those that have been put back, with what it showed; nothing is told of it. */
  putBack(slot: Slot): void {
    const side = this.sideOf(slot);
    const level = this.#queue(side, slot);
    side.quantity[level]! += this.#pool.shownOf(slot);
  }

  /** Takes an order out of its level, whatever it still has. */
  remove(slot: Slot): void {
    const pool = this.#pool;
    const side = this.sideOf(slot);
    const level = pool.levelOf(slot);
    const next = pool.nextOf(slot);
    const previous = pool.previousOf(slot);
    this.#resize(side, level, -pool.shownOf(slot));
    if (previous === NONE) side.head[level] = next;
    else pool.setNext(previous, next);
    if (next === NONE) side.tail[level] = previous;
    else pool.setPrevious(next, previous);
    pool.setLevel(slot, NONE);
    if (side.head[level] === NONE) side.drop(level);
  }

  /** Takes out the order that is first at the best price of a side, all of which has traded now. */
  removeFirst(side: PriceLadder, slot: Slot, quantity: Lots): void {
    const pool = this.#pool;
    const level = side.best;
    const next = pool.nextOf(slot);
    this.#resize(side, level, -quantity);
    side.head[level] = next;
    pool.setLevel(slot, NONE);
    if (next !== NONE) pool.setPrevious(next, NONE);
    else {
      side.tail[level] = NONE;
      side.drop(level);
    }
  }

  /** Counts traded lots off what is shown of a resting order, which keeps its place; nothing shown may be left. */
  reduce(slot: Slot, quantity: Lots): void {
    const left = this.#pool.remaining[slot]! - quantity;
    this.#pool.remaining[slot] = left;
    assert(this.#pool.shownOf(slot) >= 0, "no order trades more than it shows");
    this.#resize(this.sideOf(slot), this.#pool.levelOf(slot), -quantity);
  }

  /** Takes lots off a resting order without a trade, the hidden ones first; it keeps its place. */
  shorten(slot: Slot, quantity: number): void {
    const pool = this.#pool;
    const fromHidden = Math.min(pool.hidden[slot]!, quantity);
    pool.hidden[slot]! -= fromHidden;
    pool.remaining[slot]! -= fromHidden;
    if (fromHidden < quantity) this.reduce(slot, (quantity - fromHidden) as Lots);
  }

  /** Puts an iceberg whose shown part is used up at the back of its level, with a new part to show. */
  refresh(slot: Slot): void {
    this.remove(slot);
    this.rest(slot);
  }

  /** Whether a bid stands at or above an ask, which must not be while the market is open. */
  get crossed(): boolean {
    return this.bids.bestPrice >= this.asks.bestPrice;
  }

  /** Ends a command: records each level that it changed, once, the bids first. */
  tellChanges(log: EventLog): void {
    if (this.bids.changed) this.bids.tellChanges(log, this.market);
    if (this.asks.changed) this.asks.tellChanges(log, this.market);
    this.#isChanged = false;
  }

  /** An iceberg shows no more than it wants shown. */
  #hide(slot: Slot): void {
    const { display, hidden, remaining } = this.#pool;
    hidden[slot] = Math.max(0, remaining[slot]! - display[slot]!);
  }

  /** Gives the level at whose back the order stands now. */
  #queue(side: PriceLadder, slot: Slot): Level {
    const pool = this.#pool;
    this.#arrivals += 1;
    pool.arrival[slot] = this.#arrivals;
    const level = side.reach(pool.priceOf(slot));
    const last = side.tail[level]!;
    pool.setLevel(slot, level);
    pool.setPrevious(slot, last);
    pool.setNext(slot, NONE);
    if (last === NONE) side.head[level] = slot;
    else pool.setNext(last, slot);
    side.tail[level] = slot;
    return level;
  }

  #resize(side: PriceLadder, level: Level, change: number): void {
    if (!this.#isChanged) {
      this.#isChanged = true;
      this.#changedBooks.add(this.market);
    }
    side.resize(level, change);
  }
}
