/**
 * What changed in one book since its reader last looked, as net changes: a level that changed and changed
 * back is none. Bounded by the levels of the book then and now, however many changes there were.
 */
import type { Side } from "../../domain/market.ts";
import type { Lots, Ticks } from "../../domain/units.ts";

/** A level's total when the reader last looked, and now; zero means that there is no such level. */
export type LevelChange = {
  readonly side: Side;
  readonly price: Ticks;
  readonly before: Lots;
  readonly now: Lots;
};

export class LevelWatch {
  readonly #onDirty: () => void;
  readonly #bids = new Map<Ticks, LevelChange>();
  readonly #asks = new Map<Ticks, LevelChange>();

  /** `onDirty` is called whenever there is something to take after there was nothing. */
  constructor(onDirty: () => void) {
    this.#onDirty = onDirty;
  }

  get isDirty(): boolean {
    return this.#bids.size + this.#asks.size > 0;
  }

  record({ side, price, before, now }: LevelChange): void {
    const changes = side === "buy" ? this.#bids : this.#asks;
    const first = changes.get(price)?.before ?? before;
    if (first === now) {
      changes.delete(price);
      return;
    }
    const wasDirty = this.isDirty;
    changes.set(price, { side, price, before: first, now });
    if (!wasDirty) this.#onDirty();
  }

  /** The net changes, in no order, and none are left. */
  take(): LevelChange[] {
    const changes = [...this.#bids.values(), ...this.#asks.values()];
    this.#bids.clear();
    this.#asks.clear();
    return changes;
  }
}
