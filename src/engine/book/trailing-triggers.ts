/**
 * The trailing stops of one side of a market. Orders that have seen the same best price since their entry
 * move together, so they form a group, and a new best price merges the groups that it passes: a trade costs
 * next to nothing unless it reaches or moves somebody's trigger, however many orders wait.
 *
 * All is written for sells, whose triggers follow rising prices; for buys every price is negated.
 */
import { heapByKey } from "../placed-heap.ts";
import type { Pending, TrailingGroup } from "./pending.ts";

/** The peak of orders that have seen no trade: every price passes it. */
export const NOTHING_SEEN = -Infinity;

export class TrailingTriggers {
  readonly #sign: 1 | -1;
  /** The highest peak first: an order that came later cannot have seen a higher one. */
  readonly #groups: TrailingGroup[] = [];
  readonly #byTrigger = heapByKey<TrailingGroup>();
  #groupCount = 0;

  constructor(side: "sells" | "buys") {
    this.#sign = side === "sells" ? 1 : -1;
  }

  get groups(): readonly TrailingGroup[] {
    return this.#groups;
  }

  /** An order that comes has seen nothing, and has no trigger until the first trade. Who has seen more is added before. */
  add(pending: Pending, peak: number): void {
    let group = this.#groups.at(-1);
    if (group === undefined || group.peak !== peak) {
      this.#groupCount += 1;
      group = { key: 0, age: this.#groupCount, place: 0, peak, orders: heapByKey() };
      this.#groups.push(group);
    } else this.#byTrigger.remove(group);
    group.orders.add(pending);
    pending.group = group;
    this.#queue(group);
  }

  remove(pending: Pending): void {
    const group = pending.group!;
    this.#byTrigger.remove(group);
    group.orders.remove(pending);
    this.#queueOrDrop(group);
  }

  /** Takes out the orders whose trigger a trade reaches, and then moves the triggers of the others. */
  pass(price: number, reached: Pending[]): void {
    const signed = this.#sign * price;
    for (;;) {
      const group = this.#byTrigger.first;
      if (group === undefined || group.key > -signed) break;
      this.#byTrigger.remove(group);
      this.#takeReached(group, signed, reached);
      this.#queueOrDrop(group);
    }
    this.#move(signed);
  }

  #takeReached(group: TrailingGroup, signed: number, reached: Pending[]): void {
    for (;;) {
      const { first } = group.orders;
      if (first === undefined || first.key > group.peak - signed) return;
      group.orders.remove(first);
      first.triggerPrice = this.#sign * (group.peak - first.key);
      reached.push(first);
    }
  }

  /** All groups whose peak a trade passes have it as their peak from now on. */
  #move(signed: number): void {
    let merged: TrailingGroup | undefined;
    for (;;) {
      const last = this.#groups.at(-1);
      if (last === undefined || last.peak > signed || (last.peak === signed && merged === undefined)) break;
      this.#groups.pop();
      this.#byTrigger.remove(last);
      merged = merged === undefined ? last : mergedGroup(last, merged);
    }
    if (merged === undefined) return;
    merged.peak = signed;
    this.#groups.push(merged);
    this.#queue(merged);
  }

  #queue(group: TrailingGroup): void {
    group.key = group.orders.first!.key - group.peak;
    this.#byTrigger.add(group);
  }

  #queueOrDrop(group: TrailingGroup): void {
    if (group.orders.first === undefined) this.#groups.splice(this.#groups.indexOf(group), 1);
    else this.#queue(group);
  }
}

/** The larger group takes in the smaller one. */
function mergedGroup(a: TrailingGroup, b: TrailingGroup): TrailingGroup {
  const [larger, smaller] = a.orders.size >= b.orders.size ? [a, b] : [b, a];
  for (const pending of smaller.orders.all) {
    pending.group = larger;
    larger.orders.add(pending);
  }
  return larger;
}
