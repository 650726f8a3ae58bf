/** How an order leaves the exchange: out of the book or the queue of triggers and every list, its hold released, its end told. */
import type { EndReason, Event } from "../domain/events.ts";
import type { Slot } from "./book/order-pool.ts";
import { PENDING } from "./book/traits.ts";
import { setHold } from "./settlement.ts";
import { marketState, type State } from "./state.ts";

/** An order's end in one word, and why if it was not filled. */
export type End =
  | { readonly kind: "OrderFilled" }
  | { readonly kind: "OrderCanceled" | "OrderExpired"; readonly reason: EndReason };

export const FILLED: End = { kind: "OrderFilled" };
export const REQUESTED: End = { kind: "OrderCanceled", reason: "requested" };
export const SELF_TRADE: End = { kind: "OrderCanceled", reason: "self-trade" };
export const CANCEL_AFTER: End = { kind: "OrderCanceled", reason: "cancel-after" };
export const UNFILLED: End = { kind: "OrderExpired", reason: "unfilled" };
export const TIME: End = { kind: "OrderExpired", reason: "time" };

/** Ends an open order, whether it rests in its book or waits for its price. */
export function endOpen(state: State, slot: Slot, end: End, events: Event[]): void {
  const { pool } = state.open;
  const place = marketState(state, pool.marketOf(slot));
  if (pool.has(slot, PENDING)) place.triggers.remove(slot);
  else place.book.remove(slot);
  state.open.remove(slot);
  endEntering(state, slot, end, events);
}

/** Ends an order that is in no book and counted no more, or not yet, among the open ones. */
export function endEntering(state: State, slot: Slot, end: End, events: Event[]): void {
  const { pool } = state.open;
  const order = pool.orderId(slot);
  const account = pool.accountOf(slot);
  const market = pool.marketOf(slot);
  setHold(state, marketState(state, market), slot, 0);
  const clientOrderId = pool.clientOrderId(slot);
  if (clientOrderId != null) state.once.orderEnded(account, clientOrderId);
  pool.giveBack(slot);
  if (end.kind === "OrderFilled") events.push({ kind: end.kind, order, account, market });
  else events.push({ kind: end.kind, order, account, market, reason: end.reason });
}
