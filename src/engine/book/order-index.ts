/**
 * Finds an open order by its id: a hash table whose entries are linked through the pool, compared against
 * the pool's own ids. Its size is bounded by the live orders, however far the ids have grown.
 */
import { assert } from "../../domain/assert.ts";
import type { OrderId } from "../../domain/units.ts";
import { NONE as NO_SLOT, type OrderPool, type Slot } from "./order-pool.ts";

/** Here too, since V8 looks an imported constant up at each use. */
const NONE = NO_SLOT;
const PLACES_FIRST = 1024;
/** 2^32 divided by the golden ratio: spreads blocks of ids over the table, however regular their distances. */
const GOLDEN = 0x9e3779b1;
/** Ids of one block stand side by side: orders that come one after another find their places in the cache. */
const BLOCK_BITS = 3;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;

/** Its places are open to the short way, which takes an order out where it has found it (ADR 8). */
export class OrderIndex {
  readonly #pool: OrderPool;
  /** The first order of each place; the others follow by the pool's links. */
  places = new Int32Array(PLACES_FIRST).fill(NONE);
  #shift = Math.clz32(PLACES_FIRST >>> BLOCK_BITS) + 1;
  count = 0;

  constructor(pool: OrderPool) {
    this.#pool = pool;
  }

  /** The slot of an open order, or NONE. */
  find(order: OrderId): Slot {
    const pool = this.#pool;
    let slot = this.places[this.homeOf(order)]!;
    while (slot !== NONE && pool.id[slot] !== order) slot = pool.indexNextOf(slot);
    return slot;
  }

  add(slot: Slot, order: OrderId): void {
    if (this.count === this.places.length) this.#grow();
    const { places } = this;
    const home = this.homeOf(order);
    this.#pool.setIndexNext(slot, places[home]!);
    places[home] = slot;
    this.count += 1;
  }

  remove(slot: Slot, order: OrderId): void {
    const pool = this.#pool;
    const places = this.places;
    const home = this.homeOf(order);
    const first = places[home]!;
    if (first === slot) places[home] = pool.indexNextOf(slot);
    else {
      let before = first;
      while (before !== NONE && pool.indexNextOf(before) !== slot) before = pool.indexNextOf(before);
      assert(before !== NONE, "an order that leaves the index is in it");
      pool.setIndexNext(before, pool.indexNextOf(slot));
    }
    this.count -= 1;
  }

  /** The place of an id: that of its block by all but so many bits of what the block is multiplied to. */
  homeOf(order: number): number {
    return ((Math.imul(order >>> BLOCK_BITS, GOLDEN) >>> this.#shift) << BLOCK_BITS) | (order & BLOCK_MASK);
  }

  #grow(): void {
    const pool = this.#pool;
    const before = this.places;
    const places = new Int32Array(before.length * 2).fill(NONE);
    this.places = places;
    this.#shift -= 1;
    for (const first of before) {
      for (let slot = first, next: Slot; slot !== NONE; slot = next) {
        next = pool.indexNextOf(slot);
        const home = this.homeOf(pool.id[slot]!);
        pool.setIndexNext(slot, places[home]!);
        places[home] = slot;
      }
    }
  }
}
