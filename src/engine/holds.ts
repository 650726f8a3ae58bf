/**
 * What an open order keeps aside: all that it can still cost. A sell holds its remaining quantity of the
 * base asset; a buy with a limit its remaining value, and the fees that the higher of its rates could bring.
 */
import { type Market, productOrNull } from "../domain/market.ts";
import { AMOUNT_MAX } from "../domain/units.ts";
import type { OrderPool, Slot } from "./book/order-pool.ts";
import { feesPaid, feesPaidAfter, shareRoundedUp } from "./fees.ts";

/** What an order with a limit must hold for what remains of it. */
export function limitHold(pool: OrderPool, slot: Slot, market: Market): number {
  const remaining = pool.remaining[slot]!;
  if (pool.isBuy[slot] === 0) return remaining * market.baseMinorPerLot;
  const value = remaining * pool.price[slot]! * market.quoteMinorPerTickLot;
  const rate = Math.max(pool.makerFee[slot]!, pool.takerFee[slot]!);
  if (rate === 0) return value;
  return value + Math.max(0, feesPaidAfter(pool, slot, value, rate) - feesPaid(pool, slot));
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
