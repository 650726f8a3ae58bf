/**
 * Fees on an order's running total: after each fill it has paid exactly ⌈Σ rate × value⌉ minor units in all,
 * so many small fills never cost more than one large one. A negative maker rate is a rebate, which is paid
 * out of what the taker pays in the same trade; what that does not cover stays due. Remainders are taken by
 * multiplying back, since the remainder operator is slow for doubles.
 */
import { PPM_ONE as ONE_IN_PARTS } from "../domain/units.ts";
import type { OrderPool, Slot } from "./book/order-pool.ts";
import { CHARGED } from "./book/traits.ts";

/** Of no more parts the division is exact enough that rounding it up is right: it is off by far less than one part. */
const PARTS_MAX = 2 ** 50;
/** Here too, since V8 looks an imported constant up at each use. */
const PPM_ONE = ONE_IN_PARTS;

/** Whether a share is not negative and so small that no sum of shares up to it needs the long division. */
export function isSmall(value: number, rate: number): boolean {
  return rate >= 0 && rate * value <= PARTS_MAX;
}

/** What an order has paid in fees so far, in minor units of the quote asset; negative if it was paid rebates. */
export function feesPaid(pool: OrderPool, slot: Slot): number {
  return owed(pool.feeWhole[slot]!, pool.feeParts[slot]!) + pool.rebateDue[slot]!;
}

/** What an order's total would be after a further value at a rate; above 2^53 - 1 it is only known to be too large. */
export function feesOwedAfter(pool: OrderPool, slot: Slot, value: number, rate: number): number {
  return pool.feeWhole[slot]! + shareRoundedUp(value, rate, pool.feeParts[slot]!);
}

/** ⌈rate × value⌉ for a value in minor units and a rate in parts per million, with parts left from before. */
export function shareRoundedUp(value: number, rate: number, partsBefore = 0): number {
  const parts = rate * value + partsBefore;
  return parts <= PARTS_MAX ? Math.ceil(parts / PPM_ONE) : largeShareRoundedUp(value, rate, partsBefore);
}

function largeShareRoundedUp(value: number, rate: number, partsBefore: number): number {
  const millions = Math.floor(value / PPM_ONE);
  return rate * millions + Math.ceil((rate * (value - millions * PPM_ONE) + partsBefore) / PPM_ONE);
}

/**
 * Adds a fill to an order's running total and gives what it newly pays. That is negative for a rebate, of which no
 * more is paid than the given amount: nothing to a taker, to a maker what the taker pays. After its last fill an
 * order pays no more, so its total is not kept.
 */
export function chargeFee(
  pool: OrderPool,
  slot: Slot,
  value: number,
  rate: number,
  rebateMax: number,
  isLast: boolean,
): number {
  if (rate === 0) return 0;
  const traits = pool.traits[slot]!;
  let wholeBefore = 0;
  let partsBefore = 0;
  let paidBefore = 0;
  // Most orders are filled at once, so that what is kept of the others need not come into the caches.
  if ((traits & CHARGED) !== 0) {
    wholeBefore = pool.feeWhole[slot]!;
    partsBefore = pool.feeParts[slot]!;
    paidBefore = owed(wholeBefore, partsBefore) + pool.rebateDue[slot]!;
  }
  let fill = rate * value + partsBefore;
  let whole = wholeBefore;
  if (Math.abs(fill) > PARTS_MAX) {
    // Whole units and parts per million of one are kept apart, since their product passes 2^53.
    const millions = Math.floor(value / PPM_ONE);
    whole += rate * millions;
    fill = rate * (value - millions * PPM_ONE) + partsBefore;
  }
  const filled = Math.floor(fill / PPM_ONE);
  whole += filled;
  const parts = fill - filled * PPM_ONE;
  const total = owed(whole, parts);
  // Not the negation of the amount, which would be -0 for nothing.
  const fee = Math.max(total - paidBefore, 0 - rebateMax);
  if (isLast) return fee;
  pool.traits[slot] = traits | CHARGED;
  pool.feeWhole[slot] = whole;
  pool.feeParts[slot] = parts;
  pool.rebateDue[slot] = paidBefore + fee - total;
  return fee;
}

function owed(whole: number, parts: number): number {
  return whole + (parts > 0 ? 1 : 0);
}
