/**
 * What an order would find in the book right now, before anything is changed: the check of a fill-or-kill
 * order, and the cost of a market buy. It walks the book exactly as matching would.
 */
import type { SelfTradePrevention } from "../domain/commands.ts";
import type { Market } from "../domain/market.ts";
import type { AccountIndex, Lots } from "../domain/units.ts";
import { NONE, type OrderPool } from "./book/order-pool.ts";
import type { Level, PriceLadder } from "./book/price-ladder.ts";

/** The order whose chances are asked for. */
export type Wanted = {
  readonly market: Market;
  /** The side that it would trade against. */
  readonly side: PriceLadder;
  readonly isBuy: boolean;
  readonly account: AccountIndex;
  /** The furthest price in ticks at which it trades. */
  readonly limit: number;
  readonly quantity: Lots;
  readonly selfTradePrevention: SelfTradePrevention;
};

/** What would trade: how many lots, and what they are worth together. The value may pass 2^53 - 1. */
export type Reachable = { readonly quantity: number; readonly value: number };

export function reachable(pool: OrderPool, wanted: Wanted): Reachable {
  const { market, side, isBuy, limit } = wanted;
  let quantity = 0;
  let value = 0;
  let left: number = wanted.quantity;
  for (let level = side.best; level !== NONE && left > 0; level = side.after(level)) {
    const price = side.price[level]!;
    if (isBuy ? price > limit : price < limit) break;
    const found = reachableAt(pool, wanted, level, left);
    quantity += found.traded;
    value += found.traded * price * market.quoteMinorPerTickLot;
    left = found.left;
  }
  return { quantity, value };
}

/** What of one level an order would trade, and what it would go on with; nothing once its own account stops it. */
type Found = { readonly traded: number; readonly left: number };

/** The shown parts come first, in the order of time, and then the hidden ones, whatever their order. */
function reachableAt(pool: OrderPool, wanted: Wanted, level: Level, quantity: number): Found {
  const { account, side, selfTradePrevention: mode } = wanted;
  let traded = 0;
  let hidden = 0;
  let left = quantity;
  for (let maker = side.head[level]!; maker !== NONE && left > 0; maker = pool.nextOf(maker)) {
    if (pool.accountOf(maker) === account) {
      if (mode === "cancel-taker" || mode === "cancel-both") return { traded, left: 0 };
      // What is prevented is not traded, so the order goes on with less.
      if (mode === "decrement") left -= Math.min(left, pool.remaining[maker]!);
      continue;
    }
    const part = Math.min(pool.shownOf(maker), left);
    traded += part;
    left -= part;
    hidden += pool.hidden[maker]!;
  }
  const part = Math.min(hidden, left);
  return { traded: traded + part, left: left - part };
}
