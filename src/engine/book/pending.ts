/** An order that waits for its price, as the queues of triggers know it. */
import type { Keyed, PlacedHeap } from "../placed-heap.ts";
import type { Slot } from "./order-pool.ts";

/** What an order waits for, prices in ticks. */
export type Trigger = {
  readonly isBuy: boolean;
  /** Whether the price must rise to the trigger, or else fall to it. */
  readonly rises: boolean;
  /** Null for a trailing stop. */
  readonly triggerPrice: number | null;
  /** Set for a trailing stop only. */
  readonly trailingOffset: number | null;
};

/** Its age is its id, and its key what sorts it in its queue: its trigger, or a trailing stop's offset. */
export type Pending = Keyed & {
  readonly slot: Slot;
  readonly trigger: Trigger;
  /** Zero for a trailing stop until it is reached. */
  triggerPrice: number;
  /** Where a trailing stop moves along; null for the others. */
  group: TrailingGroup | null;
};

/**
 * Trailing stops that have seen the same best price, the nearest trigger first. The group's key is the
 * negated trigger price of that first one.
 */
export type TrailingGroup = Keyed & {
  /** The best price since the orders came; before any trade, one that every trade passes. */
  peak: number;
  readonly orders: PlacedHeap<Pending>;
};
