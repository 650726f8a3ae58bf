/**
 * Finds an open order by its id: a hash table whose entries are linked through the pool, compared against
 * the pool's own ids. Its size is bounded by the live orders, however far the ids have grown.
 */
import { assert } from "../../domain/assert.ts";
import type { OrderId } from "../../domain/units.ts";
import { NONE, type OrderPool, type Slot } from "./order-pool.ts";

const PLACES_FIRST = 1024;
/** 2^32 divided by the golden ratio: spreads blocks of ids over the table, however regular their distances. */
const GOLDEN = 0x9e3779b1;
/** Ids of one block stand side by side: orders that come one after another find their places in the cache. */
const BLOCK_BITS = 3;
const BLOCK_MASK = (1 << BLOCK_BITS) - 1;

export class OrderIndex {
  readonly #pool: OrderPool;
  /** The first order of each place; the others follow by the pool's links. */
  #places = new Int32Array(PLACES_FIRST).fill(NONE);
  #shift = Math.clz32(PLACES_FIRST >>> BLOCK_BITS) + 1;
  #count = 0;

  constructor(pool: OrderPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  /** The slot of an open order, or NONE. */
  find(order: OrderId): Slot {
    const { id, indexNext } = this.#pool;
    let slot = this.#places[homeOf(order, this.#shift)]!;
    while (slot !== NONE && id[slot] !== order) slot = indexNext[slot]!;
    return slot;
  }

  add(slot: Slot): void {
    if (this.#count === this.#places.length) this.#grow();
    const { id, indexNext } = this.#pool;
    const places = this.#places;
    const home = homeOf(id[slot]!, this.#shift);
    indexNext[slot] = places[home]!;
    places[home] = slot;
    this.#count += 1;
  }

  remove(slot: Slot): void {
    const { id, indexNext } = this.#pool;
    const places = this.#places;
    const home = homeOf(id[slot]!, this.#shift);
    const first = places[home]!;
    if (first === slot) places[home] = indexNext[slot]!;
    else {
      let before = first;
      while (before !== NONE && indexNext[before] !== slot) before = indexNext[before]!;
      assert(before !== NONE, "an order that leaves the index is in it");
      indexNext[before] = indexNext[slot]!;
    }
    this.#count -= 1;
  }

  #grow(): void {
    const { id, indexNext } = this.#pool;
    const before = this.#places;
    const places = new Int32Array(before.length * 2).fill(NONE);
    this.#places = places;
    this.#shift -= 1;
    for (const first of before) {
      for (let slot = first, next: Slot; slot !== NONE; slot = next) {
        next = indexNext[slot]!;
        const home = homeOf(id[slot]!, this.#shift);
        indexNext[slot] = places[home]!;
        places[home] = slot;
      }
    }
  }
}

/** The place of an id in a table of which the blocks are told apart by all but so many bits. */
function homeOf(order: number, shift: number): number {
  const block = Math.imul((order | 0) >>> BLOCK_BITS, GOLDEN) >>> shift;
  return (block << BLOCK_BITS) | (order & BLOCK_MASK);
}
