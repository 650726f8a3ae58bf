/**
 * The open orders that have an end of their own, the earliest first and by age among equals: a binary heap
 * of slots that knows each order's place, so that an order which ends otherwise leaves at once. It keeps its
 * keys in the pool, where `KeyedHeap` needs an object for each: there may be an expiry for every open order.
 */
import type { EpochMs } from "../../domain/units.ts";
import { NONE, type OrderPool, type Slot } from "./order-pool.ts";

export class ExpiryQueue {
  readonly #pool: OrderPool;
  readonly #heap: Slot[] = [];

  constructor(pool: OrderPool) {
    this.#pool = pool;
  }

  /** The order that expires first, or NONE. */
  get first(): Slot {
    return this.#heap[0] ?? NONE;
  }

  /** When the first order expires, or null if none will. */
  get firstAt(): EpochMs | null {
    const slot = this.first;
    return slot === NONE ? null : (this.#pool.expiresAt[slot] as EpochMs);
  }

  add(slot: Slot): void {
    this.#set(this.#heap.length, slot);
    this.#up(this.#heap.length - 1);
  }

  remove(slot: Slot): void {
    const place = this.#pool.expiryPlace[slot]!;
    const last = this.#heap.pop()!;
    this.#pool.expiryPlace[slot] = NONE;
    if (last === slot) return;
    this.#set(place, last);
    this.#up(place);
    this.#down(this.#pool.expiryPlace[last]!);
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.#earlier(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      let least = place;
      for (const child of [place * 2 + 1, place * 2 + 2]) {
        if (child < this.#heap.length && this.#earlier(child, least)) least = child;
      }
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  #earlier(a: number, b: number): boolean {
    const { expiresAt, id } = this.#pool;
    const slotA = this.#heap[a]!;
    const slotB = this.#heap[b]!;
    const difference = expiresAt[slotA]! - expiresAt[slotB]!;
    return difference < 0 || (difference === 0 && id[slotA]! < id[slotB]!);
  }

  #swap(a: number, b: number): void {
    const slot = this.#heap[a]!;
    this.#set(a, this.#heap[b]!);
    this.#set(b, slot);
  }

  #set(place: number, slot: Slot): void {
    this.#heap[place] = slot;
    this.#pool.expiryPlace[slot] = place;
  }
}
