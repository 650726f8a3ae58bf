/** How an order leaves the exchange: out of the book or the queue of triggers and every list, its hold released, its end told. */
import { type End, endOf, FILLED } from "../domain/event-log.ts";
import type { Lots } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import type { PriceLadder } from "./book/price-ladder.ts";
import { NAMED, PENDING } from "./book/traits.ts";
import { setHold } from "./settlement.ts";
import { type MarketState, marketState, type State } from "./state.ts";

export const REQUESTED = endOf("OrderCanceled", "requested");
export const SELF_TRADE = endOf("OrderCanceled", "self-trade");
export const CANCEL_AFTER = endOf("OrderCanceled", "cancel-after");
export const UNFILLED = endOf("OrderExpired", "unfilled");
export const TIME = endOf("OrderExpired", "time");

/** Ends an open order, whether it rests in its book or waits for its price. */
export function endOpen(state: State, slot: Slot, end: End): void {
  const { pool } = state.open;
  const place = marketState(state, pool.marketOf(slot));
  if (pool.has(slot, PENDING)) place.triggers.remove(slot);
  else place.book.remove(slot);
  state.open.remove(slot);
  endEntering(state, place, slot, end);
}

/** Ends the order that is first at the best price of a side, all of which has traded now. */
export function endFilled(
  state: State,
  place: MarketState,
  side: PriceLadder,
  slot: Slot,
  quantity: Lots,
): void {
  place.book.removeFirst(side, slot, quantity);
  state.open.remove(slot);
  endEntering(state, place, slot, FILLED);
}

/** Ends an order that is in no book and counted no more, or not yet, among the open ones. */
export function endEntering(state: State, place: MarketState, slot: Slot, end: End): void {
  const { pool } = state.open;
  const account = pool.accountOf(slot);
  setHold(state, place, slot, 0);
  if (pool.has(slot, NAMED)) state.once.orderEnded(account, pool.clientOrderId(slot)!);
  state.log.orderEnded(pool.orderId(slot), account, place.market.market, end);
  pool.giveBack(slot);
}
