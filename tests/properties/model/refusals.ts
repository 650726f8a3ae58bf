/** Section 1 of the rulebook: the checks that an order and an amend must pass, in their order. */
import type { Rejection } from "../../../src/domain/rejections.ts";
import type { Floor } from "./floor.ts";
import {
  canRest,
  isReached,
  isTriggered,
  MILLION,
  MOST,
  type Order,
  other,
  roundedUp,
  within,
} from "./order.ts";

/** Why a new order is refused, or null. */
export function refusalOfOrder(floor: Floor, order: Order): Rejection | null {
  const { status, listing, last } = floor.markets[order.market]!;
  const auctioned = isTriggered(order.type) || (order.type === "limit" && canRest(order) && !order.postOnly);
  const best = floor.side(order.market, other(order.side))[0]?.price ?? null;
  if (status !== "open" && !(status === "auction" && auctioned)) return "market-halted";
  if (order.type === "market" && best === null) return "no-liquidity";
  const refusal = refusalOfSize(floor, order, order.type === "market" ? best : null);
  if (refusal !== null) return refusal;
  if (isOutOfBand(floor, order)) return "price-out-of-band";
  const mine = floor.orders.filter(
    ({ account, market }) => account === order.account && market === order.market,
  );
  if ((canRest(order) || order.pending) && mine.length >= listing.maxOpenOrders)
    return "too-many-open-orders";
  if (order.postOnly && best !== null && within(order.side, order.price, best)) return "would-take";
  if (isReached(order, last)) return "would-trigger";
  return refusalOfFunds(floor, order, 0n);
}

/** Why an order may not become what an amend would make of it, or null. */
export function refusalOfAmend(floor: Floor, order: Order, amended: Order): Rejection | null {
  const { status } = floor.markets[order.market]!;
  const isSmaller = amended.price === order.price && amended.quantity! < order.quantity!;
  const enters = !order.pending && !isSmaller;
  const auctioned = !enters || (order.type === "limit" && !order.postOnly);
  const best = floor.side(order.market, other(order.side))[0]?.price ?? null;
  if (status !== "open" && !(status === "auction" && auctioned)) return "market-halted";
  const refusal = refusalOfSize(floor, amended, null);
  if (refusal !== null) return refusal;
  if (!isSmaller && isOutOfBand(floor, amended)) return "price-out-of-band";
  if (enters && order.postOnly && best !== null && within(order.side, amended.price, best))
    return "would-take";
  return refusalOfFunds(floor, amended, floor.holdOf(order));
}

/** Too little or too much of it. The best price is that at which an order at market is judged. */
function refusalOfSize(floor: Floor, order: Order, best: bigint | null): Rejection | null {
  const { listing } = floor.markets[order.market]!;
  const judged = order.price ?? order.trigger ?? best;
  // A trailing stop has no price to be judged at.
  const notional =
    order.budget ??
    (judged === null || order.offset !== null
      ? null
      : judged * order.quantity! * BigInt(listing.quoteMinorPerTickLot));
  const { minNotional, maxQuantity } = listing;
  if (minNotional !== null && notional !== null && notional < BigInt(minNotional))
    return "below-min-notional";
  if (maxQuantity !== null && order.quantity !== null && order.quantity > BigInt(maxQuantity)) {
    return "above-max-quantity";
  }
  return null;
}

/** Section 8: what the price band is measured from. */
export function referenceOf(floor: Floor, market: number): bigint | null {
  const { last, listing } = floor.markets[market]!;
  return last ?? (listing.referencePrice === null ? null : BigInt(listing.referencePrice));
}

function isOutOfBand(floor: Floor, { market, price }: Order): boolean {
  const { band } = floor.markets[market]!;
  const reference = referenceOf(floor, market);
  if (price === null || band === null || reference === null) return false;
  const away = price > reference ? price - reference : reference - price;
  return away * MILLION > band * reference;
}

/** What is held already counts as available. */
function refusalOfFunds(floor: Floor, order: Order, held: bigint): Rejection | null {
  const { listing } = floor.markets[order.market]!;
  const limit = order.price ?? floor.edge(order, referenceOf(floor, order.market));
  const needed = neededFor(floor, order, limit);
  const value =
    order.price === null ? 0n : order.price * order.quantity! * BigInt(listing.quoteMinorPerTickLot);
  if (value > MOST || needed > MOST) return "amount-too-large";
  // An order that cannot be filled whole expires, whether it could be paid or not.
  if (order.timeInForce === "fok" && !order.pending && !floor.wouldFill(order, limit)) return null;
  const available = floor.available(order.account, floor.assetHeld(order)) + held;
  return available < needed ? "insufficient-funds" : null;
}

/** What an order must be able to pay as it enters. */
function neededFor(floor: Floor, order: Order, limit: bigint | null): bigint {
  if (order.price !== null || order.side === "sell" || order.budget !== null) return floor.holdOf(order);
  const { value } = floor.found(order, limit);
  return value + roundedUp(order.takerFee * value);
}
