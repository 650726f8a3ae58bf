/** Orders as the reference sees them, with the sums that the rulebook asks for, in big integers. */
import type { Side } from "../../src/domain/market.ts";

/** The largest amount. */
export const MOST = 2n ** 53n - 1n;
const MILLION = 1_000_000n;

/** An order as the reference keeps it. */
export type Order = {
  readonly id: number;
  readonly account: number;
  readonly market: number;
  readonly side: Side;
  readonly price: bigint | null;
  readonly expiresAt: number | null;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
  remaining: bigint;
  /** Σ rate × value of all fills, in millionths of a minor unit. */
  charged: bigint;
};

export function other(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}

export function crosses(order: Order, price: bigint): boolean {
  if (order.price === null) return true;
  return order.side === "buy" ? price <= order.price : price >= order.price;
}

export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Millionths of a minor unit as whole units. */
export function roundedUp(millionths: bigint): bigint {
  return (millionths + MILLION - 1n) / MILLION;
}

/** What a fill adds to the fees that the order has paid. */
export function charge(order: Order, rate: bigint, value: bigint): bigint {
  const before = roundedUp(order.charged);
  order.charged += rate * value;
  return roundedUp(order.charged) - before;
}

/** The most lots whose value and fee fit, found by halving. */
export function affordable(order: Order, perLot: bigint, budget: bigint): bigint {
  let fits = 0n;
  let fails = budget / perLot + 1n;
  while (fails - fits > 1n) {
    const middle = (fits + fails) / 2n;
    const value = middle * perLot;
    const fee = roundedUp(order.charged + order.takerFee * value) - roundedUp(order.charged);
    if (value + fee <= budget) fits = middle;
    else fails = middle;
  }
  return fits;
}
