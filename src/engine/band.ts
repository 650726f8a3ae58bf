/**
 * The price band: how far from the last trade price, or from the listing's reference before the first trade,
 * a limit may be and a market order goes. It is measured once, before a command, and stays the same for all
 * orders that the command triggers.
 */
import { AMOUNT_MAX, PPM_ONE } from "../domain/units.ts";
import type { OrderPool, Slot } from "./book/order-pool.ts";
import type { MarketState } from "./state.ts";

/** The lowest and the highest price within the band, in ticks; an empty side of a book lies beyond any. */
export type Band = { readonly lowest: number; readonly highest: number };

/** The band of a market without one, by this very object: every price is within it. */
export const NO_BAND: Band = { lowest: 0, highest: AMOUNT_MAX };

/** A market's band as it is now. */
export function bandOf({ market, lastPrice }: MarketState): Band {
  if (market.priceBand === null) return NO_BAND;
  const reference = lastPrice ?? market.referencePrice;
  if (reference === null) return NO_BAND;
  const width = bandWidth(reference, market.priceBand);
  // A sum above 2^53 - 1 may be rounded, but no price is as high.
  return { lowest: reference - width, highest: Math.min(reference + width, AMOUNT_MAX) };
}

export function isWithin({ lowest, highest }: Band, price: number): boolean {
  return price >= lowest && price <= highest;
}

/** The furthest price at which an order trades: its limit, or else the band's edge. */
export function furthestPrice(pool: OrderPool, slot: Slot, band: Band): number {
  const limit = pool.price[slot]!;
  if (limit !== 0) return limit;
  return pool.isBuy[slot] === 1 ? band.highest : band.lowest;
}

/** ⌊reference × share⌋ ticks: the products pass 2^53, so whole millions and the rest are kept apart. */
function bandWidth(reference: number, share: number): number {
  return Math.floor(reference / PPM_ONE) * share + Math.floor(((reference % PPM_ONE) * share) / PPM_ONE);
}
