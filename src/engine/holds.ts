/**
 * What an open order keeps aside: all that it can still cost. A sell holds its remaining quantity of the
 * base asset; a buy with a limit its remaining value, and the fees that the higher of its rates could bring.
 */
import type { Market } from "../domain/market.ts";
import { AMOUNT_MAX } from "../domain/units.ts";
import type { OrderPool, Slot } from "./book/order-pool.ts";
import { feesOwedAfter, feesPaid, shareRoundedUp } from "./fees.ts";

/** Here too, since V8 looks an imported constant up at each use. */
const HOLD_MAX = AMOUNT_MAX;

/** What an order with a limit, or a sell without one, must hold for what remains of it. */
export function limitHold(pool: OrderPool, slot: Slot, market: Market): number {
  return holdFor(pool, slot, market, { price: pool.price[slot]!, remaining: pool.remaining[slot]! });
}

/** What such an order must hold if so many lots of it remained at this limit; above 2^53 - 1 it is only known to be too large. */
export function holdFor(
  pool: OrderPool,
  slot: Slot,
  market: Market,
  { price, remaining }: { readonly price: number; readonly remaining: number },
): number {
  if (pool.isBuy[slot] === 0) return remaining * market.baseMinorPerLot;
  const value = remaining * price * market.quoteMinorPerTickLot;
  const rate = Math.max(pool.makerFee[slot]!, pool.takerFee[slot]!);
  if (rate === 0) return value;
  return value + Math.max(0, feesOwedAfter(pool, slot, value, rate) - feesPaid(pool, slot));
}

/** What a new order must hold; above 2^53 - 1 it, or its value, is only known to be too large. */
export function newHold(market: Market, isBuy: boolean, price: number, quantity: number): number {
  const value = price * quantity * market.quoteMinorPerTickLot;
  if (value > HOLD_MAX) return value;
  if (!isBuy) return quantity * market.baseMinorPerLot;
  return value + shareRoundedUp(value, higherRate(market));
}

/** By hand, since `Math.max` makes doubles of the rates, for every order that is placed. */
function higherRate({ makerFee, takerFee }: Market): number {
  if (makerFee > takerFee) return makerFee;
  return takerFee;
}
