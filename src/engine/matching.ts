/**
 * Price-time matching of an incoming order: better price first, then earlier arrival, each trade at the
 * maker's price. Self-trade prevention is looked at maker by maker, as the order reaches them.
 */
import { type Lots, lots, PPM_ONE, type Ticks } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import type { PriceLadder } from "./book/price-ladder.ts";
import { feesOwedAfter, feesPaid } from "./fees.ts";
import { limitHold } from "./holds.ts";
import { endFilled } from "./order-ends.ts";
import { preventSelfTrade } from "./self-trade.ts";
import { setHold, settle } from "./settlement.ts";
import type { MarketState, State } from "./state.ts";

/**
 * Why matching stopped: the order has nothing left, the book has nothing for it, not one more lot fits its
 * budget, or it met its own account's order and is over by that.
 */
export type Stop = "complete" | "no-more" | "budget" | "self-trade";

/** Trades an order up to a price, for as long as the book offers what it takes. */
export function matchQuantity(state: State, place: MarketState, taker: Slot, limit: number): Stop {
  const { pool } = state.open;
  const isBuy = pool.isBuy[taker] === 1;
  const side = place.book.oppositeOf(isBuy);
  while (pool.remaining[taker]! > 0) {
    const price = side.bestPrice as Ticks;
    if (isBuy ? price > limit : price < limit) return "no-more";
    const maker = side.head[side.best]!;
    if (pool.accountOf(maker) === pool.accountOf(taker)) {
      if (preventSelfTrade(state, place, { taker, maker })) return "self-trade";
      continue;
    }
    const quantity = Math.min(pool.remaining[taker]!, pool.shownOf(maker)) as Lots;
    settle(state, place, maker, taker, price, quantity);
    countOff(state, place, side, maker, quantity);
    pool.remaining[taker]! -= quantity;
  }
  return "complete";
}

/** Spends a budget up to a price: from each maker the most lots whose value and fee still fit. */
export function matchBudget(state: State, place: MarketState, taker: Slot, limit: number): Stop {
  const { pool } = state.open;
  const side = place.book.asks;
  while (pool.held[taker]! > 0) {
    const price = side.bestPrice as Ticks;
    if (price > limit) return "no-more";
    const affordable = lotsWithin(state, place, taker, price);
    if (affordable === 0) return "budget";
    const maker = side.head[side.best]!;
    if (pool.accountOf(maker) === pool.accountOf(taker)) {
      if (preventSelfTrade(state, place, { taker, maker })) return "self-trade";
      continue;
    }
    const quantity = Math.min(affordable, pool.shownOf(maker)) as Lots;
    settle(state, place, maker, taker, price, quantity);
    countOff(state, place, side, maker, quantity);
  }
  return "budget";
}

/**
 * Takes traded lots off the order that is first at the best price of a side. It ends, or shows its next part, or just
 * holds less.
 */
export function countOff(
  state: State,
  place: MarketState,
  side: PriceLadder,
  slot: Slot,
  quantity: Lots,
): void {
  const { pool } = state.open;
  if (pool.remaining[slot] === quantity) {
    endFilled(state, place, side, slot, quantity);
    return;
  }
  place.book.reduce(slot, quantity);
  if (pool.shownOf(slot) === 0) place.book.refresh(slot);
  setHold(state, place, slot, limitHold(pool, slot, place.market));
}

/** The most lots at a price whose value, and the fee on the order's running total, fit what it still holds. */
function lotsWithin(state: State, place: MarketState, taker: Slot, price: Ticks): Lots {
  const { pool } = state.open;
  const perLot = price * place.market.quoteMinorPerTickLot;
  const rate = pool.takerFee[taker]!;
  const budget = pool.held[taker]!;
  const paid = feesPaid(pool, taker);
  const fits = (count: number): boolean =>
    count * perLot + feesOwedAfter(pool, taker, count * perLot, rate) - paid <= budget;
  // The division may be a lot or so off, which the exact test corrects.
  let count = Math.floor(budget / (perLot * (1 + rate / PPM_ONE)));
  while (count > 0 && !fits(count)) count -= 1;
  while (fits(count + 1)) count += 1;
  return lots(count);
}
