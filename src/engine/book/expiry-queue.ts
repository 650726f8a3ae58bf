/** The open orders that have an end of their own, the earliest first and by age among equals; places are kept in the pool. */
import type { EpochMs } from "../../domain/units.ts";
import { PlacedHeap } from "../placed-heap.ts";
import { NONE, type OrderPool, type Slot } from "./order-pool.ts";

export class ExpiryQueue {
  readonly #pool: OrderPool;
  readonly #slots: PlacedHeap<Slot>;

  constructor(pool: OrderPool) {
    this.#pool = pool;
    this.#slots = new PlacedHeap<Slot>({
      comesBefore: (one, other) => {
        const difference = pool.expiresAt[one]! - pool.expiresAt[other]!;
        return difference < 0 || (difference === 0 && pool.id[one]! < pool.id[other]!);
      },
      placeOf: (slot) => pool.expiryPlace[slot]!,
      setPlace: (slot, place) => {
        pool.expiryPlace[slot] = place;
      },
    });
  }

  /** The order that expires first, or NONE. */
  get first(): Slot {
    return this.#slots.first ?? NONE;
  }

  /** When the first order expires, or null if none will. */
  get firstAt(): EpochMs | null {
    const slot = this.first;
    return slot === NONE ? null : (this.#pool.expiresAt[slot] as EpochMs);
  }

  add(slot: Slot): void {
    this.#slots.add(slot);
  }

  remove(slot: Slot): void {
    this.#slots.remove(slot);
    this.#pool.expiryPlace[slot] = NONE;
  }
}
