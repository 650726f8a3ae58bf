/**
 * Price-time matching of an incoming order: better price first, then earlier arrival, each trade at the
 * maker's price. Self-trade prevention is looked at maker by maker, as the order reaches them.
 */
import type { Event } from "../domain/events.ts";
import type { Market } from "../domain/market.ts";
import { type AccountIndex, type Lots, lots, type Ticks } from "../domain/units.ts";
import { NONE, type Slot } from "./book/order-pool.ts";
import type { PriceLadder } from "./book/price-ladder.ts";
import { feesPaid, feesPaidAfter } from "./fees.ts";
import { limitHold } from "./holds.ts";
import { endResting, FILLED, SELF_TRADE } from "./order-ends.ts";
import { settle, shrinkHold } from "./settlement.ts";
import type { MarketState, State } from "./state.ts";

/** Why matching stopped: the order has nothing left, the book has nothing for it, or not one more lot fits its budget. */
export type Stop = "complete" | "no-more" | "budget";

/** Trades an order for as long as the book offers what it takes. */
export function matchQuantity(state: State, place: MarketState, taker: Slot, events: Event[]): Stop {
  const { pool } = state.open;
  const side = place.book.oppositeOf(taker);
  while (pool.remaining[taker]! > 0) {
    if (side.best === NONE || !reaches(state, taker, side.price[side.best]!)) return "no-more";
    const maker = side.head[side.best]!;
    if (preventSelfTrade(state, taker, maker, events)) continue;
    const quantity = Math.min(pool.remaining[taker]!, pool.remaining[maker]!) as Lots;
    trade(state, place, { maker, taker, price: side.price[side.best] as Ticks, quantity }, events);
    pool.remaining[taker]! -= quantity;
  }
  return "complete";
}

/** Spends a budget: from each maker the most lots whose value and fee still fit. */
export function matchBudget(state: State, place: MarketState, taker: Slot, events: Event[]): Stop {
  const { pool } = state.open;
  const side = place.book.oppositeOf(taker);
  while (pool.held[taker]! > 0) {
    if (side.best === NONE) return "no-more";
    const price = side.price[side.best] as Ticks;
    const affordable = lotsWithin(state, place, taker, price);
    if (affordable === 0) return "budget";
    const maker = side.head[side.best]!;
    if (preventSelfTrade(state, taker, maker, events)) continue;
    const quantity = Math.min(affordable, pool.remaining[maker]!) as Lots;
    trade(state, place, { maker, taker, price, quantity }, events);
  }
  return "budget";
}

/** Whether an order's limit allows a price; a market order takes any. */
function reaches(state: State, taker: Slot, price: number): boolean {
  const limit = state.open.pool.price[taker]!;
  if (limit === 0) return true;
  return state.open.pool.isBuy[taker] === 1 ? price <= limit : price >= limit;
}

/** An account never trades with itself: its resting order is canceled, and matching goes on. */
function preventSelfTrade(state: State, taker: Slot, maker: Slot, events: Event[]): boolean {
  if (state.open.pool.account[maker] !== state.open.pool.account[taker]) return false;
  endResting(state, maker, SELF_TRADE, events);
  return true;
}

type Match = { readonly maker: Slot; readonly taker: Slot; readonly price: Ticks; readonly quantity: Lots };

function trade(state: State, place: MarketState, match: Match, events: Event[]): void {
  const { pool } = state.open;
  const { maker, quantity } = match;
  events.push(settle(state, place, match));
  place.book.reduce(maker, quantity);
  if (pool.remaining[maker] === 0) endResting(state, maker, FILLED, events);
  else shrinkHold(state, place, maker, limitHold(pool, maker, place.market));
}

/** The most lots at a price whose value, and the fee on the order's running total, fit what it still holds. */
function lotsWithin(state: State, place: MarketState, taker: Slot, price: Ticks): Lots {
  const { pool } = state.open;
  const perLot = price * place.market.quoteMinorPerTickLot;
  const rate = pool.takerFee[taker]!;
  const budget = pool.held[taker]!;
  const paid = feesPaid(pool, taker);
  const fits = (count: number): boolean =>
    count * perLot + feesPaidAfter(pool, taker, count * perLot, rate) - paid <= budget;
  // The division may be a lot or so off, which the exact test corrects.
  let count = Math.floor(budget / (perLot * (1 + rate / 1_000_000)));
  while (count > 0 && !fits(count)) count -= 1;
  while (fits(count + 1)) count += 1;
  return lots(count);
}

/** What an order would find right now: how many lots, and what they are worth together. */
type Reachable = { readonly quantity: number; readonly value: number };

/** The order whose chances are asked for. */
type Wanted = {
  readonly market: Market;
  /** The side that it would trade against. */
  readonly side: PriceLadder;
  readonly isBuy: boolean;
  readonly account: AccountIndex;
  readonly limit: Ticks | null;
  readonly quantity: Lots;
};

/** Walks the book as an incoming order would, own orders left out, up to a quantity. The value may pass 2^53 - 1. */
export function reachable(state: State, wanted: Wanted): Reachable {
  const { pool } = state.open;
  const { market, side, isBuy, account, limit } = wanted;
  let quantity = 0;
  let value = 0;
  for (let level = side.best; level !== NONE && quantity < wanted.quantity; level = side.after(level)) {
    const price = side.price[level]!;
    if (limit !== null && (isBuy ? price > limit : price < limit)) break;
    for (
      let maker = side.head[level]!;
      maker !== NONE && quantity < wanted.quantity;
      maker = pool.next[maker]!
    ) {
      if (pool.account[maker] === account) continue;
      const part = Math.min(pool.remaining[maker]!, wanted.quantity - quantity);
      quantity += part;
      value += part * price * market.quoteMinorPerTickLot;
    }
  }
  return { quantity, value };
}
