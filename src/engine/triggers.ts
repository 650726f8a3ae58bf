/**
 * Triggered orders: they wait for their price, and enter in the step of the command whose trades reach it,
 * in rounds, until nothing more is triggered.
 */
import type { PlaceOrder } from "../domain/commands.ts";
import type { Event } from "../domain/events.ts";
import type { Ticks } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import type { Pending, Trigger } from "./book/pending.ts";
import { PENDING } from "./book/traits.ts";
import { type Before, enterOpen } from "./entering.ts";
import type { MarketState, State } from "./state.ts";

/** What an order waits for, or null if it does not wait. */
export function triggerOf({ type, side, triggerPrice, trailingOffset }: PlaceOrder): Trigger | null {
  if (type === "limit" || type === "market") return null;
  const isBuy = side === "buy";
  const takesProfit = type === "take-profit" || type === "take-profit-limit";
  return { isBuy, rises: isBuy !== takesProfit, triggerPrice, trailingOffset };
}

/** Whether the last trade price is there already; a trailing stop looks at later trades only. */
export function isReached({ rises, triggerPrice }: Trigger, lastPrice: Ticks | null): boolean {
  if (triggerPrice === null || lastPrice === null) return false;
  return rises ? lastPrice >= triggerPrice : lastPrice <= triggerPrice;
}

/** Has an order wait, its funds already held. */
export function waitForPrice(state: State, place: MarketState, slot: Slot, trigger: Trigger): void {
  const { pool } = state.open;
  pool.traits[slot]! |= PENDING;
  place.triggers.add(slot, pool.orderId(slot), trigger);
  state.open.add(slot);
}

/** Lets in all that the trades among a command's events have triggered, and what that triggers in turn. */
export function enterTriggered(state: State, place: MarketState, before: Before, events: Event[]): void {
  let { lastPrice } = before;
  let from = 0;
  while (place.triggers.count > 0) {
    const round = reachedBy(place, events, from);
    if (round.length === 0) return;
    sortRound(round, lastPrice);
    lastPrice = place.lastPrice;
    from = events.length;
    for (const { slot } of round) enterOne(state, place, slot, before, events);
  }
}

/** What the trades among the events from a place on have reached, each trade in its turn. */
function reachedBy({ triggers }: MarketState, events: readonly Event[], from: number): Pending[] {
  const reached: Pending[] = [];
  for (let i = from; i < events.length; i += 1) {
    const event = events[i]!;
    if (event.kind === "TradeExecuted") triggers.pass(event.price, reached);
  }
  return reached;
}

/** The triggers nearest to the last price before the trades come first, then the older orders. */
function sortRound(round: Pending[], lastPrice: Ticks | null): void {
  const distance = ({ triggerPrice }: Pending) =>
    lastPrice === null ? 0 : Math.abs(triggerPrice - lastPrice);
  round.sort((a, b) => distance(a) - distance(b) || a.age - b.age);
}

function enterOne(state: State, place: MarketState, slot: Slot, before: Before, events: Event[]): void {
  const { pool } = state.open;
  pool.traits[slot]! &= ~PENDING;
  const [order, account, market] = [pool.orderId(slot), pool.accountOf(slot), pool.marketOf(slot)];
  events.push({ kind: "OrderTriggered", order, account, market });
  enterOpen(state, place, slot, before, events);
}
