/**
 * What an open order keeps aside: all that it can still cost. A sell holds its remaining quantity of the
 * base asset; a buy with a limit its remaining value, and the fees that the higher of its rates could bring.
 */
import { type Market, productOrNull } from "../domain/market.ts";
import { AMOUNT_MAX } from "../domain/units.ts";
import type { OrderPool, Slot } from "./book/order-pool.ts";
import { feesOwedAfter, feesPaid, shareRoundedUp } from "./fees.ts";

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

/** What a new buy must hold for a value that it may pay, or null if that passes 2^53 - 1. */
export function buyHoldOrNull(value: number, rate: number): number | null {
  const hold = value + shareRoundedUp(value, rate);
  return hold <= AMOUNT_MAX ? hold : null;
}

/** What a new sell must hold, or null if that passes 2^53 - 1. */
export function sellHoldOrNull(market: Market, quantity: number): number | null {
  return productOrNull(quantity, market.baseMinorPerLot);
}
