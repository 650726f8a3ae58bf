import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AMOUNT_MAX, PPM_ONE } from "../../src/domain/units.ts";
import { OrderPool } from "../../src/engine/book/order-pool.ts";
import { chargeFee, feesOwedAfter, feesPaid, shareRoundedUp } from "../../src/engine/fees.ts";
import { take } from "./orders.ts";

const value = fc.oneof(
  fc.nat(3_000),
  fc.nat(2 ** 31 - 1),
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, AMOUNT_MAX),
);
const rate = fc.oneof(fc.integer({ min: 0, max: PPM_ONE - 1 }), fc.constantFrom(0, 1, 333_333, 999_999));
const parts = fc.integer({ min: 0, max: PPM_ONE - 1 });

function exact(amount: number, share: number, before = 0): bigint {
  return (BigInt(amount) * BigInt(share) + BigInt(before) + 999_999n) / 1_000_000n;
}

describe("a share of an amount, rounded up", () => {
  test.each([
    { amount: 0, share: 999_999, gives: 0, why: "of nothing, nothing" },
    { amount: 1, share: 1, gives: 1, why: "the smallest part costs a whole unit" },
    { amount: 1_000_000, share: 1, gives: 1, why: "a whole unit exactly" },
    { amount: 1_000_001, share: 1, gives: 2, why: "a part more" },
    { amount: AMOUNT_MAX, share: 1, gives: 9_007_199_255, why: "the smallest share of the largest amount" },
    { amount: AMOUNT_MAX, share: 999_999, gives: 9_007_190_247_541_737, why: "the largest of the largest" },
    { amount: AMOUNT_MAX, share: 0, gives: 0, why: "no share" },
  ])("$share parts per million of $amount are $gives: $why", ({ amount, share, gives }) => {
    expect(shareRoundedUp(amount, share)).toBe(gives);
    expect(BigInt(gives)).toBe(exact(amount, share));
  });

  test("is exact for every amount and rate, with parts left from before", () => {
    fc.assert(
      fc.property(value, rate, parts, (amount, share, before) => {
        expect(BigInt(shareRoundedUp(amount, share, before))).toBe(exact(amount, share, before));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("the running total of an order's fees", () => {
  test("after each fill it is the sum of all shares, rounded up once, whatever the rates", () => {
    const fill = fc.record({ amount: fc.oneof(fc.nat(500), fc.nat(2 ** 40)), share: rate });
    fc.assert(
      fc.property(fc.array(fill, { maxLength: 30 }), (fills) => {
        const pool = new OrderPool();
        const slot = take(pool, 1);
        let charged = 0n;
        let paid = 0;
        for (const { amount, share } of fills) {
          charged += BigInt(amount) * BigInt(share);
          const expected = Number((charged + 999_999n) / 1_000_000n);
          expect(feesOwedAfter(pool, slot, amount, share)).toBe(expected);
          paid += chargeFee(pool, slot, amount, share, 0, false);
          expect([paid, feesPaid(pool, slot)]).toEqual([expected, expected]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("many small fills never cost more than one large one", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1, maxLength: 40 }), rate, (amounts, share) => {
        const pool = new OrderPool();
        const slot = take(pool, 1);
        const small = amounts.reduce(
          (sum, amount) => sum + chargeFee(pool, slot, amount, share, 0, false),
          0,
        );
        const whole = amounts.reduce((sum, amount) => sum + amount, 0);
        expect(small).toBe(shareRoundedUp(whole, share));
      }),
    );
  });
});
