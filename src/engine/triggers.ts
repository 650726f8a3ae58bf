/**
 * Triggered orders: they wait for their price, and enter in the step of the command whose trades reach it,
 * in rounds, until nothing more is triggered.
 */
import type { PlaceOrder } from "../domain/commands.ts";
import type { Ticks } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import type { Pending, Trigger } from "./book/pending.ts";
import { PENDING } from "./book/traits.ts";
import { type Before, enterOpen } from "./entering.ts";
import type { MarketState, State } from "./state.ts";

/** What an order of a triggered type waits for. */
export function triggerOf(command: PlaceOrder): Trigger {
  const { type, side, triggerPrice, trailingOffset } = command;
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

/** Lets in all that the command's trades have triggered, and what that triggers in turn. */
export function enterTriggered(state: State, place: MarketState, before: Before): void {
  const { log } = state;
  let { lastPrice, row } = before;
  while (place.triggers.count > 0) {
    const round = reachedBy(place, log.tradePrices(row));
    if (round.length === 0) return;
    sortRound(round, lastPrice);
    lastPrice = place.lastPrice;
    row = log.end;
    for (const { slot } of round) enterOne(state, place, slot, before);
  }
}

/** What the trades at these prices have reached, each trade in its turn. */
function reachedBy({ triggers }: MarketState, prices: readonly Ticks[]): Pending[] {
  const reached: Pending[] = [];
  for (const price of prices) triggers.pass(price, reached);
  return reached;
}

/** The triggers nearest to the last price before the trades come first, then the older orders. */
function sortRound(round: Pending[], lastPrice: Ticks | null): void {
  const distance = ({ triggerPrice }: Pending) =>
    lastPrice === null ? 0 : Math.abs(triggerPrice - lastPrice);
  round.sort((a, b) => distance(a) - distance(b) || a.age - b.age);
}

function enterOne(state: State, place: MarketState, slot: Slot, before: Before): void {
  const { pool } = state.open;
  pool.traits[slot]! &= ~PENDING;
  const [order, account, market] = [pool.orderId(slot), pool.accountOf(slot), pool.marketOf(slot)];
  state.log.tell({ kind: "OrderTriggered", order, account, market });
  enterOpen(state, place, slot, before);
}
