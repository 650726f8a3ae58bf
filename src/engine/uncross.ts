/**
 * The uncross: when a market opens, all orders that cross trade at one price. Of all ticks it is the one with
 * the most volume; of those the one with the smallest surplus; of those the one nearest to the last trade
 * price, or the highest if there was none, or on a tie.
 */
import type { Lots, Ticks } from "../domain/units.ts";
import { NONE, type OrderPool } from "./book/order-pool.ts";
import type { Level, PriceLadder } from "./book/price-ladder.ts";
import { countOff } from "./matching.ts";
import { settle } from "./settlement.ts";
import type { MarketState, State } from "./state.ts";

/** Trades what crosses, in price-time priority, whoever the orders belong to. */
export function uncross(state: State, place: MarketState): void {
  const { pool } = state.open;
  const { bids, asks } = place.book;
  const price = uncrossPrice(pool, place);
  if (price === null) return;
  while (reaches(bids, price, true) && reaches(asks, price, false)) {
    const bid = bids.head[bids.best]!;
    const ask = asks.head[asks.best]!;
    const quantity = Math.min(pool.shownOf(bid), pool.shownOf(ask)) as Lots;
    // A new part of an iceberg and an amended order have a place in time of their own.
    const [maker, taker] = pool.arrival[bid]! < pool.arrival[ask]! ? [bid, ask] : [ask, bid];
    settle(state, place, maker, taker, price, quantity);
    countOff(state, place, place.book.sideOf(maker), maker, quantity);
    countOff(state, place, place.book.sideOf(taker), taker, quantity);
  }
}

/** Whether the best level of a side trades at a price. */
function reaches(side: PriceLadder, price: Ticks, isBids: boolean): boolean {
  return isBids ? side.bestPrice >= price : side.bestPrice <= price;
}

/** Ticks between which neither side's quantity changes, and what would be left over there. */
type Stretch = {
  readonly lowest: number;
  readonly highest: number;
  readonly volume: number;
  readonly surplus: number;
};

/** The price at which the book is uncrossed, or null if it is not crossed. */
function uncrossPrice(pool: OrderPool, { book, lastPrice }: MarketState): Ticks | null {
  if (!book.crossed) return null;
  let best: Stretch[] = [];
  for (const stretch of stretches(pool, book.bids, book.asks)) {
    const order = best.length === 0 ? 1 : compare(stretch, best[0]!);
    if (order > 0) best = [stretch];
    else if (order === 0) best.push(stretch);
  }
  let price = 0;
  for (const { lowest, highest } of best) {
    const nearest = lastPrice === null ? highest : Math.min(Math.max(lastPrice, lowest), highest);
    // The stretches ascend, so that on a tie the later one is the higher.
    const isNearer = lastPrice === null || Math.abs(nearest - lastPrice) <= Math.abs(price - lastPrice);
    if (price === 0 || isNearer) price = nearest;
  }
  return price as Ticks;
}

/** Above zero if the first is the better: more volume, or as much and a smaller surplus. */
function compare(a: Stretch, b: Stretch): number {
  return a.volume === b.volume ? b.surplus - a.surplus : a.volume - b.volume;
}

/** The stretches from the best ask up to the best bid, in ascending order. */
function stretches(pool: OrderPool, bids: PriceLadder, asks: PriceLadder): Stretch[] {
  const lowest = asks.bestPrice;
  const highest = bids.bestPrice;
  const demand = crossing(pool, bids, (price) => price >= lowest).reverse();
  const supply = crossing(pool, asks, (price) => price <= highest);
  let bought = demand.reduce((sum, { quantity }) => sum + quantity, 0);
  let sold = 0;
  let [nextBid, nextAsk] = [0, 0];
  const found: Stretch[] = [];
  for (let from = lowest; from <= highest; ) {
    while (supply[nextAsk]?.price === from) sold += supply[nextAsk++]!.quantity;
    // A bid still trades at its own price, an ask already does: the stretch ends with the one, or before the other.
    const bidsUpTo = demand[nextBid]!.price;
    const asksFrom = supply[nextAsk]?.price ?? Infinity;
    const to = Math.min(bidsUpTo, asksFrom - 1);
    found.push({
      lowest: from,
      highest: to,
      volume: Math.min(bought, sold),
      surplus: Math.abs(bought - sold),
    });
    if (to === bidsUpTo) bought -= demand[nextBid++]!.quantity;
    from = to + 1;
  }
  return found;
}

type Total = { readonly price: number; readonly quantity: number };

/** What stands at the levels of a side that can take part, hidden parts included, the best first. */
function crossing(pool: OrderPool, side: PriceLadder, takesPart: (price: number) => boolean): Total[] {
  const totals: Total[] = [];
  for (let level = side.best; level !== NONE; level = side.after(level)) {
    const price = side.price[level]!;
    if (!takesPart(price)) break;
    totals.push({ price, quantity: wholeQuantity(pool, side, level) });
  }
  return totals;
}

function wholeQuantity(pool: OrderPool, side: PriceLadder, level: Level): number {
  let quantity = 0;
  for (let slot = side.head[level]!; slot !== NONE; slot = pool.nextOf(slot))
    quantity += pool.remaining[slot]!;
  return quantity;
}
