/**
 * The orders of one market that wait for their price, so ordered that a trade finds those whose trigger it
 * reaches without looking at any other: fixed triggers by price, one queue a direction, trailing ones apart.
 */
import { heapByKey, type PlacedHeap } from "../placed-heap.ts";
import type { Slot } from "./order-pool.ts";
import type { Pending, Trigger } from "./pending.ts";
import { NOTHING_SEEN, TrailingTriggers } from "./trailing-triggers.ts";

export class TriggerIndex {
  readonly #bySlot = new Map<Slot, Pending>();
  readonly #rising = heapByKey<Pending>();
  readonly #falling = heapByKey<Pending>();
  readonly #trailingSells = new TrailingTriggers("sells");
  readonly #trailingBuys = new TrailingTriggers("buys");

  /** How many orders wait. */
  get count(): number {
    return this.#bySlot.size;
  }

  /** What an order waits for, if it waits. */
  triggerOf(slot: Slot): Trigger | undefined {
    return this.#bySlot.get(slot)?.trigger;
  }

  /** The best price that a trailing stop has seen, as its group keeps it; null for any other order. */
  peakOf(slot: Slot): number | null {
    return this.#bySlot.get(slot)?.group?.peak ?? null;
  }

  /** `peak` is for a trailing stop that has waited before; those with a higher one are added before it. */
  add(slot: Slot, age: number, trigger: Trigger, peak = NOTHING_SEEN): void {
    const { rises, triggerPrice, trailingOffset } = trigger;
    const key = trailingOffset ?? (rises ? triggerPrice! : -triggerPrice!);
    const pending: Pending = {
      key,
      age,
      place: 0,
      slot,
      trigger,
      triggerPrice: triggerPrice ?? 0,
      group: null,
    };
    this.#bySlot.set(slot, pending);
    const queue = this.#queueOf(trigger);
    if (queue instanceof TrailingTriggers) queue.add(pending, peak);
    else queue.add(pending);
  }

  remove(slot: Slot): void {
    const pending = this.#bySlot.get(slot)!;
    this.#bySlot.delete(slot);
    this.#queueOf(pending.trigger).remove(pending);
  }

  /** Shows a trade's price to every trigger, and takes out the orders that it reaches. */
  pass(price: number, reached: Pending[]): void {
    const from = reached.length;
    takeUpTo(this.#rising, price, reached);
    takeUpTo(this.#falling, -price, reached);
    this.#trailingSells.pass(price, reached);
    this.#trailingBuys.pass(price, reached);
    for (let i = from; i < reached.length; i += 1) this.#bySlot.delete(reached[i]!.slot);
  }

  /** Every queue that there is, for the checks. */
  queues(): readonly PlacedHeap<Pending>[] {
    const trailing = [...this.#trailingSells.groups, ...this.#trailingBuys.groups];
    return [this.#rising, this.#falling, ...trailing.map(({ orders }) => orders)];
  }

  #queueOf({ rises, trailingOffset, isBuy }: Trigger): PlacedHeap<Pending> | TrailingTriggers {
    if (trailingOffset !== null) return isBuy ? this.#trailingBuys : this.#trailingSells;
    return rises ? this.#rising : this.#falling;
  }
}

function takeUpTo(queue: PlacedHeap<Pending>, key: number, reached: Pending[]): void {
  for (;;) {
    const { first } = queue;
    if (first === undefined || first.key > key) return;
    queue.remove(first);
    reached.push(first);
  }
}
