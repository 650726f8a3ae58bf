/**
 * One side of a book: its price levels, best first. Prices are found through pages of 32 ticks with a bit
 * for each level that exists, kept sorted with the best page last; a page lives only while it has a level,
 * so the whole range of prices costs nothing until somebody uses it.
 */
import { assert } from "../../domain/assert.ts";
import type { EventLog } from "../../domain/event-log.ts";
import type { Lots, MarketIndex, Ticks } from "../../domain/units.ts";
import { grownBytes, grownDoubles, grownIntegers } from "../grown.ts";
import { NONE as NO_ORDER } from "./order-pool.ts";

/** Here too, since V8 looks an imported constant up at each use. */
const NONE = NO_ORDER;
const PAGE_TICKS = 32;
const LEVELS_FIRST = 64;

/** A level of the ladder; it names a price for as long as an order rests there. */
export type Level = number;

type Page = {
  /** Its lowest price. */
  readonly first: number;
  /** A bit for each level at which orders rest. */
  bits: number;
  /** Its levels, and those that are empty but whose change has not been told yet. */
  count: number;
  readonly levels: Int32Array;
};

/** Of a level that is not in use; no price is zero. */
const NO_PRICE = 0;
/** Most orders come near the touch, where these bits tell the prices apart. */
const NEAR_MASK = 1023;

export class PriceLadder {
  /** A one for bids, of which the higher price is the better one. */
  readonly #isBid: 0 | 1;
  price = new Float64Array(LEVELS_FIRST);
  quantity = new Float64Array(LEVELS_FIRST);
  /** The first and the last order in time. */
  head = new Int32Array(LEVELS_FIRST);
  tail = new Int32Array(LEVELS_FIRST);
  #freed = NONE;
  #used = 0;
  #best: Level = NONE;
  #bestPrice: number;
  readonly #pages = new Map<number, Page>();
  /** By the low bits of a price the level that was asked for last, if it still has that price. */
  readonly #near = new Int32Array(NEAR_MASK + 1);
  /** The best page is the last one, so that change near the touch moves little. */
  readonly #sorted: Page[] = [];
  /** The levels that the current command has changed, and a one for each of them. */
  #changedLevels = new Int32Array(LEVELS_FIRST);
  #isChanged = new Uint8Array(LEVELS_FIRST);
  #changes = 0;

  constructor(side: "bids" | "asks") {
    this.#isBid = side === "bids" ? 1 : 0;
    this.#bestPrice = this.#emptyPrice;
  }

  /** The level at the best price, or NONE. */
  get best(): Level {
    return this.#best;
  }

  /** The price that an incoming order meets first; of an empty side one that no order reaches. */
  get bestPrice(): number {
    return this.#bestPrice;
  }

  /** The level at a price, made if there is none. */
  reach(price: Ticks): Level {
    const near = this.#near[price & NEAR_MASK]!;
    return this.price[near] === price && this.head[near] !== NONE ? near : this.#open(price);
  }

  /** The slow way to a level: through its page. */
  #open(price: Ticks): Level {
    const page = this.#page(price);
    const offset = price - page.first;
    let level = page.levels[offset]!;
    if (level === NONE) {
      level = this.#takeLevel(price);
      page.levels[offset] = level;
      page.count += 1;
    }
    if (page.bits === 0) this.#sorted.splice(this.#placeOf(page.first), 0, page);
    page.bits |= 1 << offset;
    if (this.#better(price, this.#bestPrice)) {
      this.#best = level;
      this.#bestPrice = price;
    }
    this.#near[price & NEAR_MASK] = level;
    return level;
  }

  /** Takes an empty level out of the ladder. It keeps its price until its change has been told. */
  drop(level: Level): void {
    assert(this.head[level] === NONE && this.quantity[level] === 0, "a level that goes is empty");
    const price = this.price[level]!;
    const page = this.#page(price);
    page.bits &= ~(1 << (price - page.first));
    if (page.bits === 0) this.#sorted.splice(this.#placeOf(page.first), 1);
    if (level !== this.#best) return;
    this.#best = this.#firstLevel();
    this.#bestPrice = this.#best === NONE ? this.#emptyPrice : this.price[this.#best]!;
  }

  /** Counts a change of the level's quantity, which is to be reported. */
  resize(level: Level, change: number): void {
    this.quantity[level]! += change;
    if (this.#isChanged[level] === 1) return;
    this.#isChanged[level] = 1;
    this.#changedLevels[this.#changes] = level;
    this.#changes += 1;
  }

  /** The level after this one, away from the touch, or NONE. */
  after(level: Level): Level {
    const price = this.price[level]!;
    const page = this.#page(price);
    const offset = price - page.first;
    const rest = this.#isBid === 1 ? page.bits & ((1 << offset) - 1) : page.bits & ~((2 << offset) - 1);
    if (rest !== 0) return this.#bestOf(page, rest);
    const place = this.#placeOf(page.first) - 1;
    return place < 0 ? NONE : this.#bestOf(this.#sorted[place]!, this.#sorted[place]!.bits);
  }

  /** Whether a level has changed since the last call of `tellChanges`. */
  get changed(): boolean {
    return this.#changes > 0;
  }

  /** Tells of each level that has changed since the last call, once, in the order of the first changes. */
  tellChanges(log: EventLog, market: MarketIndex): void {
    for (let i = 0; i < this.#changes; i += 1) {
      const level = this.#changedLevels[i]!;
      this.#isChanged[level] = 0;
      const quantity = this.quantity[level] as Lots;
      log.levelChanged(market, this.#isBid, this.price[level] as Ticks, quantity);
      if (quantity === 0) this.#giveBack(level);
    }
    this.#changes = 0;
  }

  get #emptyPrice(): number {
    return this.#isBid === 1 ? -Infinity : Infinity;
  }

  #better(a: number, b: number): boolean {
    return this.#isBid === 1 ? a > b : a < b;
  }

  #page(price: number): Page {
    const first = Math.floor(price / PAGE_TICKS) * PAGE_TICKS;
    let page = this.#pages.get(first);
    if (page === undefined) {
      page = emptyPage(first);
      this.#pages.set(first, page);
    }
    return page;
  }

  #giveBack(level: Level): void {
    const price = this.price[level]!;
    const page = this.#page(price);
    page.levels[price - page.first] = NONE;
    page.count -= 1;
    if (page.count === 0) this.#pages.delete(page.first);
    this.price[level] = NO_PRICE;
    this.head[level] = this.#freed;
    this.#freed = level;
  }

  /** Where a page that begins at this price stands in the sorted list, or would stand. */
  #placeOf(first: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#better(first, this.#sorted[middle]!.first)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #firstLevel(): Level {
    const page = this.#sorted[this.#sorted.length - 1];
    return page === undefined ? NONE : this.#bestOf(page, page.bits);
  }

  #bestOf(page: Page, bits: number): Level {
    const offset = this.#isBid === 1 ? 31 - Math.clz32(bits) : 31 - Math.clz32(bits & -bits);
    return page.levels[offset]!;
  }

  #takeLevel(price: Ticks): Level {
    let level = this.#freed;
    if (level === NONE) {
      if (this.#used === this.price.length) this.#grow(this.#used * 2);
      level = this.#used++;
    } else this.#freed = this.head[level]!;
    this.price[level] = price;
    this.quantity[level] = 0;
    this.head[level] = NONE;
    this.tail[level] = NONE;
    return level;
  }

  #grow(length: number): void {
    this.price = grownDoubles(this.price, length);
    this.quantity = grownDoubles(this.quantity, length);
    this.head = grownIntegers(this.head, length);
    this.tail = grownIntegers(this.tail, length);
    this.#changedLevels = grownIntegers(this.#changedLevels, length);
    this.#isChanged = grownBytes(this.#isChanged, length);
  }
}

function emptyPage(first: number): Page {
  return { first, bits: 0, count: 0, levels: new Int32Array(PAGE_TICKS).fill(NONE) };
}
