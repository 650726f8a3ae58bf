/**
 * An order comes into its market, its funds already held: a new one, one whose price has come, or one that
 * was amended and lost its place. It takes what it can, and rests, or ends.
 */
import type { Event } from "../domain/events.ts";
import { lots } from "../domain/units.ts";
import { type Band, furthestPrice } from "./band.ts";
import type { Slot } from "./book/order-pool.ts";
import { FILL_OR_KILL, RESTS } from "./book/traits.ts";
import { limitHold } from "./holds.ts";
import { matchBudget, matchQuantity, type Stop } from "./matching.ts";
import { type End, endEntering, FILLED, SELF_TRADE, UNFILLED } from "./order-ends.ts";
import { reachable } from "./reachable.ts";
import { setHold } from "./settlement.ts";
import type { MarketState, State } from "./state.ts";

export type Entering = {
  readonly slot: Slot;
  readonly band: Band;
  /** Whether it is new, or already counted among the open orders. */
  readonly isNew: boolean;
};

/** In an auction nothing is matched, and only what rests is let in. */
export function enter(state: State, place: MarketState, entering: Entering, events: Event[]): void {
  const { pool } = state.open;
  const { slot, band, isNew } = entering;
  const tradesBefore = place.nextTrade;
  const stop = place.market.status === "auction" ? "no-more" : match(state, place, slot, band, events);
  if (stop === "no-more" && pool.has(slot, RESTS)) {
    setHold(state, place, slot, limitHold(pool, slot, place.market));
    place.book.rest(slot);
    if (isNew) state.open.add(slot);
    return;
  }
  if (!isNew) state.open.remove(slot);
  endEntering(state, slot, endOf(stop, place.nextTrade !== tradesBefore), events);
}

function match(state: State, place: MarketState, taker: Slot, band: Band, events: Event[]): Stop {
  const { pool } = state.open;
  const incoming = { taker, limit: furthestPrice(pool, taker, band) };
  if (pool.isByBudget(taker)) return matchBudget(state, place, incoming, events);
  return matchQuantity(state, place, incoming, events);
}

/** An order by budget is filled when not one more lot fits, unless it has bought nothing at all. */
function endOf(stop: Stop, traded: boolean): End {
  if (stop === "self-trade") return SELF_TRADE;
  return stop === "complete" || (stop === "budget" && traded) ? FILLED : UNFILLED;
}

/** Whether an order whose price has come must be filled whole and cannot be. */
export function wouldBeKilled(state: State, { market, book }: MarketState, slot: Slot, band: Band): boolean {
  const { pool } = state.open;
  if (!pool.has(slot, FILL_OR_KILL)) return false;
  const found = reachable(pool, {
    market,
    side: book.oppositeOf(slot),
    isBuy: pool.isBuy[slot] === 1,
    account: pool.accountOf(slot),
    limit: furthestPrice(pool, slot, band),
    quantity: lots(pool.remaining[slot]!),
    selfTradePrevention: pool.selfTradePreventionOf(slot),
  });
  return found.quantity < pool.remaining[slot]!;
}
