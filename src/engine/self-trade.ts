/**
 * Self-trade prevention: what becomes of two orders of one account that meet. The incoming order's mode
 * decides; what it has traded before stands.
 */
import { lots } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import { limitHold } from "./holds.ts";
import { endOpen, SELF_TRADE } from "./order-ends.ts";
import { setHold } from "./settlement.ts";
import type { MarketState, State } from "./state.ts";

type Meeting = { readonly taker: Slot; readonly maker: Slot };

/** Keeps two orders of one account from trading; gives whether the incoming one is over by it. */
export function preventSelfTrade(state: State, place: MarketState, meeting: Meeting): boolean {
  const { pool } = state.open;
  const { taker, maker } = meeting;
  const mode = pool.selfTradePreventionOf(taker);
  if (mode === "cancel-taker") return true;
  if (mode === "decrement" && !pool.isByBudget(taker)) return decrement(state, place, meeting);
  endOpen(state, maker, SELF_TRADE);
  return mode === "cancel-both";
}

/** Both lose the smaller of their whole remaining quantities. */
function decrement(state: State, place: MarketState, { taker, maker }: Meeting): boolean {
  const { pool } = state.open;
  const quantity = lots(Math.min(pool.remaining[taker]!, pool.remaining[maker]!));
  state.log.tell({
    kind: "SelfTradePrevented",
    account: pool.accountOf(taker),
    market: pool.marketOf(taker),
    takerOrder: pool.orderId(taker),
    makerOrder: pool.orderId(maker),
    quantity,
  });
  pool.remaining[taker]! -= quantity;
  place.book.shorten(maker, quantity);
  if (pool.remaining[maker] === 0) endOpen(state, maker, SELF_TRADE);
  else setHold(state, place, maker, limitHold(pool, maker, place.market));
  return pool.remaining[taker] === 0;
}
