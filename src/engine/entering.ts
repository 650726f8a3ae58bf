/**
 * An order comes into its market, its funds already held: a new one, one whose price has come, or one that
 * was amended and lost its place. It takes what it can, and rests, or ends.
 */
import { type End, FILLED } from "../domain/event-log.ts";
import { type EpochMs, lots, type Ticks } from "../domain/units.ts";
import { type Band, bandOf, furthestPrice } from "./band.ts";
import type { Slot } from "./book/order-pool.ts";
import { EXPIRES, FILL_OR_KILL, RESTS } from "./book/traits.ts";
import { limitHold } from "./holds.ts";
import { matchBudget, matchQuantity, type Stop } from "./matching.ts";
import { endEntering, SELF_TRADE, TIME, UNFILLED } from "./order-ends.ts";
import { reachable } from "./reachable.ts";
import { setHold } from "./settlement.ts";
import type { MarketState, State } from "./state.ts";

/** How things stood before a command: the same for all orders that it lets in. */
export type Before = {
  readonly at: EpochMs;
  readonly band: Band;
  readonly lastPrice: Ticks | null;
  /** Where the log ended: all trades that these orders can be triggered by are recorded from there on. */
  readonly row: number;
};

export function stateBefore({ log }: State, place: MarketState, at: EpochMs): Before {
  return { at, band: bandOf(place), lastPrice: place.lastPrice, row: log.end };
}

/** Lets in a new order. */
export function enterNew(state: State, place: MarketState, slot: Slot, band: Band): void {
  const end = takeAndRest(state, place, slot, band);
  if (end === null) state.open.add(slot);
  else endEntering(state, place, slot, end);
}

/** Lets in an order that is open already and stands neither in the book nor among those that wait. */
export function enterOpen(state: State, place: MarketState, slot: Slot, { at, band }: Before): void {
  const end = untouchedEnd(state, place, slot, { at, band }) ?? takeAndRest(state, place, slot, band);
  if (end === null) return;
  state.open.remove(slot);
  endEntering(state, place, slot, end);
}

/** Gives how the order has ended, or null if it rests. In an auction nothing is matched. */
function takeAndRest(state: State, place: MarketState, slot: Slot, band: Band): End | null {
  const { pool } = state.open;
  const tradesBefore = place.nextTrade;
  const remainingBefore = pool.remaining[slot]!;
  const stop = place.market.status === "auction" ? "no-more" : match(state, place, slot, band);
  if (stop !== "no-more" || !pool.has(slot, RESTS)) return endAfter(stop, place.nextTrade !== tradesBefore);
  // It holds what it needs as it comes.
  if (pool.remaining[slot] !== remainingBefore) {
    setHold(state, place, slot, limitHold(pool, slot, place.market));
  }
  place.book.rest(slot);
  return null;
}

function match(state: State, place: MarketState, taker: Slot, band: Band): Stop {
  const { pool } = state.open;
  const limit = furthestPrice(pool, taker, band);
  if (pool.isByBudget(taker)) return matchBudget(state, place, taker, limit);
  return matchQuantity(state, place, taker, limit);
}

/** An order by budget is filled when not one more lot fits, unless it has bought nothing at all. */
function endAfter(stop: Stop, traded: boolean): End {
  if (stop === "self-trade") return SELF_TRADE;
  return stop === "complete" || (stop === "budget" && traded) ? FILLED : UNFILLED;
}

/** The end of an order that may not enter any more, or must be filled whole and cannot be; null for any other. */
function untouchedEnd(
  state: State,
  place: MarketState,
  slot: Slot,
  { at, band }: Pick<Before, "at" | "band">,
): End | null {
  const { pool } = state.open;
  if (pool.has(slot, EXPIRES) && pool.expiresAt[slot]! <= at) return TIME;
  return pool.has(slot, FILL_OR_KILL) && !fillsWhole(state, place, slot, band) ? UNFILLED : null;
}

function fillsWhole(state: State, { market, book }: MarketState, slot: Slot, band: Band): boolean {
  const { pool } = state.open;
  const quantity = lots(pool.remaining[slot]!);
  const isBuy = pool.isBuy[slot] === 1;
  const found = reachable(pool, {
    market,
    side: book.oppositeOf(isBuy),
    isBuy,
    account: pool.accountOf(slot),
    limit: furthestPrice(pool, slot, band),
    quantity,
    selfTradePrevention: pool.selfTradePreventionOf(slot),
  });
  return found.quantity === quantity;
}
