import { describe, expect, test } from "vitest";
import { AssertionError } from "../../src/domain/assert.ts";
import {
  AMOUNT_MAX,
  accountIndex,
  epochMs,
  lots,
  minor,
  orderId,
  PPM_ONE,
  partsPerMillion,
  seq,
  ticks,
  tradeId,
} from "../../src/domain/units.ts";

const POSITIVE = { ticks, orderId, tradeId };
const FROM_ZERO = { lots, minor, epochMs, seq, accountIndex };

const NEVER = [
  { value: -1, why: "nothing is negative" },
  { value: 0.5, why: "nothing is a fraction" },
  { value: AMOUNT_MAX + 1, why: "above 2^53 - 1 doubles skip integers" },
  { value: Number.NaN, why: "it is no number" },
  { value: Number.POSITIVE_INFINITY, why: "it is no number that counts" },
] as const;

describe("the units that integers carry", () => {
  for (const [name, make] of Object.entries({ ...POSITIVE, ...FROM_ZERO })) {
    test.each(NEVER)(`${name} refuse $value: $why`, ({ value }) => {
      expect(() => make(value)).toThrow(AssertionError);
    });
    test(`${name} go from 1 to 2^53 - 1`, () => {
      expect([make(1), make(AMOUNT_MAX)]).toEqual([1, AMOUNT_MAX]);
    });
  }

  test.each(Object.entries(POSITIVE))("%s are never zero", (_name, make) => {
    expect(() => make(0)).toThrow(AssertionError);
  });

  test.each(Object.entries(FROM_ZERO))("%s may be zero", (_name, make) => {
    expect(make(0)).toBe(0);
  });

  test.each([
    { value: 0, why: "no fee" },
    { value: 1, why: "the smallest" },
    { value: PPM_ONE - 1, why: "just below one" },
  ])("a rate may be $value parts per million: $why", ({ value }) => {
    expect(partsPerMillion(value)).toBe(value);
  });

  test.each([
    { value: PPM_ONE, why: "a rate is below one" },
    { value: -1, why: "there are no rebates" },
    { value: 0.5, why: "parts are whole" },
  ])("a rate is never $value parts per million: $why", ({ value }) => {
    expect(() => partsPerMillion(value)).toThrow(AssertionError);
  });
});
