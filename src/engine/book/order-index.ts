/**
 * Finds an open order by its id: an open-addressing table of slots, compared against the pool's own ids.
 * Its size is bounded by the live orders, however far the ids have grown.
 */
import { assert } from "../../domain/assert.ts";
import type { OrderId } from "../../domain/units.ts";
import { NONE, type OrderPool, type Slot } from "./order-pool.ts";

const PLACES_FIRST = 1024;
/** 2^32 divided by the golden ratio: spreads neighbouring ids over the table. */
const GOLDEN = 0x9e3779b1;

export class OrderIndex {
  readonly #pool: OrderPool;
  #places = new Int32Array(PLACES_FIRST).fill(NONE);
  #shift = Math.clz32(PLACES_FIRST) + 1;
  #count = 0;

  constructor(pool: OrderPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  /** The slot of an open order, or NONE. */
  find(order: OrderId): Slot {
    const mask = this.#places.length - 1;
    for (let place = this.#home(order); ; place = (place + 1) & mask) {
      const slot = this.#places[place]!;
      if (slot === NONE || this.#pool.id[slot] === order) return slot;
    }
  }

  add(slot: Slot): void {
    if (this.#count * 2 >= this.#places.length) this.#grow();
    this.#place(slot);
    this.#count += 1;
  }

  remove(slot: Slot): void {
    const places = this.#places;
    const mask = places.length - 1;
    let hole = this.#home(this.#pool.id[slot]!);
    while (places[hole] !== slot) {
      assert(places[hole] !== NONE, "an order that leaves the index is in it");
      hole = (hole + 1) & mask;
    }
    // What follows moves up, so that no search stops at the hole.
    for (let place = (hole + 1) & mask; places[place] !== NONE; place = (place + 1) & mask) {
      const home = this.#home(this.#pool.id[places[place]!]!);
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      places[hole] = places[place]!;
      hole = place;
    }
    places[hole] = NONE;
    this.#count -= 1;
  }

  #home(order: number): number {
    return Math.imul(order | 0, GOLDEN) >>> this.#shift;
  }

  #place(slot: Slot): void {
    const mask = this.#places.length - 1;
    let place = this.#home(this.#pool.id[slot]!);
    while (this.#places[place] !== NONE) place = (place + 1) & mask;
    this.#places[place] = slot;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Int32Array(before.length * 2).fill(NONE);
    this.#shift -= 1;
    for (const slot of before) if (slot !== NONE) this.#place(slot);
  }
}
