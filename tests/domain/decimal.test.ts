import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Decimal,
  type DecimalFault,
  formatDecimal,
  formatSteps,
  parseDecimal,
  parseExactDecimal,
  parseSteps,
  shortDecimal,
} from "../../src/domain/decimal.ts";
import { AMOUNT_MAX } from "../../src/domain/units.ts";

const amount = fc.oneof(fc.maxSafeNat(), fc.nat(2000), fc.integer({ min: AMOUNT_MAX - 50, max: AMOUNT_MAX }));
const scale = fc.integer({ min: 0, max: 12 });

type Row<T> = { readonly value: string; readonly scale: number; readonly gives: T; readonly why: string };

const READ: readonly Row<number>[] = [
  {
    value: "0",
    scale: 0,
    gives: 0,
    why: "zero is a number; whether it may be an amount is another question",
  },
  { value: "0", scale: 2, gives: 0, why: "zero at a scale" },
  { value: "0.00", scale: 2, gives: 0, why: "zero with decimals" },
  { value: "1", scale: 0, gives: 1, why: "the smallest whole" },
  { value: "1", scale: 2, gives: 100, why: "a whole number is padded to the scale" },
  { value: "0.01", scale: 2, gives: 1, why: "the smallest unit" },
  { value: "1.1", scale: 2, gives: 110, why: "fewer decimals than the scale" },
  { value: "0.1", scale: 12, gives: 100_000_000_000, why: "the finest scale" },
  { value: "1.50", scale: 1, gives: 15, why: "a zero at the end counts for nothing" },
  { value: "1.000000", scale: 0, gives: 1, why: "nor do any number of them" },
  { value: "0.29", scale: 2, gives: 29, why: "29, where 0.29 * 100 is 28.999999999999996" },
  { value: "1.005", scale: 3, gives: 1005, why: "1005, where 1.005 * 1000 is 1004.9999999999999" },
  { value: "9007199254740991", scale: 0, gives: AMOUNT_MAX, why: "the largest amount" },
  { value: "90071992547409.91", scale: 2, gives: AMOUNT_MAX, why: "the largest amount at a scale" },
  { value: "9007199254740991.000000000000000", scale: 0, gives: AMOUNT_MAX, why: "32 characters" },
  { value: `0.${"0".repeat(30)}`, scale: 0, gives: 0, why: "32 characters of zero" },
];

const REFUSED: readonly Row<DecimalFault>[] = [
  { value: "", scale: 2, gives: "malformed", why: "nothing" },
  { value: "-1", scale: 2, gives: "malformed", why: "no sign" },
  { value: "+1", scale: 2, gives: "malformed", why: "no sign" },
  { value: "-0", scale: 2, gives: "malformed", why: "not even on zero" },
  { value: "01", scale: 2, gives: "malformed", why: "no zero in front" },
  { value: "00", scale: 2, gives: "malformed", why: "zero is one digit" },
  { value: ".5", scale: 2, gives: "malformed", why: "a digit before the point" },
  { value: "5.", scale: 2, gives: "malformed", why: "a digit after the point" },
  { value: ".", scale: 2, gives: "malformed", why: "a point alone" },
  { value: "1.2.3", scale: 2, gives: "malformed", why: "one point" },
  { value: "1,5", scale: 2, gives: "malformed", why: "no comma" },
  { value: "1_000", scale: 2, gives: "malformed", why: "no separators" },
  { value: "1e3", scale: 2, gives: "malformed", why: "no exponent" },
  { value: "0x10", scale: 2, gives: "malformed", why: "decimal only" },
  { value: " 1", scale: 2, gives: "malformed", why: "no space before" },
  { value: "1\n", scale: 2, gives: "malformed", why: "no line end after" },
  { value: "NaN", scale: 2, gives: "malformed", why: "no words" },
  { value: "Infinity", scale: 2, gives: "malformed", why: "no words" },
  { value: "١", scale: 2, gives: "malformed", why: "no digits of other scripts" },
  { value: "9007199254740991.0000000000000000", scale: 0, gives: "malformed", why: "33 characters" },
  { value: "1".repeat(33), scale: 0, gives: "malformed", why: "33 digits" },
  { value: "0.001", scale: 2, gives: "too-precise", why: "a decimal more than the scale" },
  { value: "1.5", scale: 0, gives: "too-precise", why: "decimals where there are none" },
  { value: "1.0001", scale: 3, gives: "too-precise", why: "the last digit counts" },
  { value: "9007199254740992", scale: 0, gives: "too-large", why: "2^53" },
  { value: "9007199254740993", scale: 0, gives: "too-large", why: "2^53 + 1, which no double is" },
  { value: "90071992547409.92", scale: 2, gives: "too-large", why: "2^53 units" },
  { value: "9007199254740991", scale: 2, gives: "too-large", why: "a hundred times too large" },
  { value: "1".repeat(32), scale: 0, gives: "too-large", why: "32 digits are read, and are too many" },
];

describe("shortDecimal", () => {
  test.each([
    ["100.50", "100.5"],
    ["100.00", "100"],
    ["0.000", "0"],
    ["0.010", "0.01"],
    ["100", "100"],
    ["10.05", "10.05"],
  ])("writes %s as %s", (text, short) => {
    expect(shortDecimal(text)).toBe(short);
  });
});

describe("decimal text", () => {
  test.each(READ)("$value at scale $scale is read: $why", ({ value, scale: at, gives }) => {
    expect(parseDecimal(value, at)).toEqual({ units: gives });
  });

  test.each(REFUSED)("$value at scale $scale is $gives: $why", ({ value, scale: at, gives }) => {
    expect(parseDecimal(value, at)).toEqual({ fault: gives });
  });

  test.each([
    { value: "100.99", gives: { units: 10099, scale: 2 }, why: "as it stands" },
    { value: "0.050", gives: { units: 5, scale: 2 }, why: "in its shortest form" },
    { value: "5.00", gives: { units: 5, scale: 0 }, why: "which may have no decimals" },
    { value: "1000", gives: { units: 1000, scale: 0 }, why: "zeros before the point count" },
    { value: "0.000000000001", gives: { units: 1, scale: 12 }, why: "the finest step" },
    { value: "1.", gives: undefined, why: "malformed" },
    { value: "abc", gives: undefined, why: "malformed" },
    { value: "9007199254740992", gives: undefined, why: "too large" },
  ])("$value as an exact decimal: $why", ({ value, gives }) => {
    expect(parseExactDecimal(value)).toEqual(gives);
  });

  test.each([
    { value: 40400, scale: 2, gives: "404.00", why: "all its decimals" },
    { value: 0, scale: 2, gives: "0.00", why: "zero too" },
    { value: 5, scale: 2, gives: "0.05", why: "a digit before the point" },
    { value: 7, scale: 0, gives: "7", why: "no point without decimals" },
    { value: 1, scale: 12, gives: "0.000000000001", why: "never an exponent" },
    { value: AMOUNT_MAX, scale: 0, gives: "9007199254740991", why: "the largest amount" },
    { value: AMOUNT_MAX, scale: 2, gives: "90071992547409.91", why: "the largest amount at a scale" },
    { value: -5, scale: 2, gives: "-0.05", why: "differences may be negative" },
    { value: -12345, scale: 2, gives: "-123.45", why: "differences may be negative" },
  ])("$value units at scale $scale are written $gives: $why", ({ value, scale: at, gives }) => {
    expect(formatDecimal(value, at)).toBe(gives);
  });

  test.each([
    { value: 1.5, why: "a fraction" },
    { value: Number.NaN, why: "no number" },
    { value: AMOUNT_MAX + 1, why: "no safe integer" },
  ])("$value is never written: it is $why", ({ value }) => {
    expect(() => formatDecimal(value, 2)).toThrow("does not hold");
  });

  test("what is written is read back as the same units, at every scale", () => {
    fc.assert(
      fc.property(amount, scale, (units, at) => {
        expect(parseDecimal(formatDecimal(units, at), at)).toEqual({ units });
      }),
    );
  });

  test("zeros at the end never change what is read", () => {
    fc.assert(
      fc.property(
        amount,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 3 }),
        (units, at, zeros) => {
          expect(parseDecimal(formatDecimal(units, at) + "0".repeat(zeros), at)).toEqual({ units });
        },
      ),
    );
  });
});

const NICKEL: Decimal = { units: 5, scale: 2 };

describe("steps such as ticks and lots", () => {
  test.each([
    { value: "0.05", gives: { units: 1 }, why: "one tick" },
    { value: "1.00", gives: { units: 20 }, why: "a dollar is twenty" },
    { value: "1234.55", gives: { units: 24691 }, why: "many" },
    { value: "0", gives: { units: 0 }, why: "none" },
    { value: "0.01", gives: { fault: "too-precise" }, why: "between two ticks" },
    { value: "0.06", gives: { fault: "too-precise" }, why: "just past one" },
    { value: "0.051", gives: { fault: "too-precise" }, why: "finer than any tick" },
    { value: "x", gives: { fault: "malformed" }, why: "no number" },
    { value: "99999999999999999", gives: { fault: "too-large" }, why: "too large" },
  ])("$value in steps of 0.05: $why", ({ value, gives }) => {
    expect(parseSteps(value, NICKEL)).toEqual(gives);
  });

  test.each([
    { value: "115", step: { units: 5, scale: 0 }, gives: { units: 23 }, why: "a step above one" },
    { value: "116", step: { units: 5, scale: 0 }, gives: { fault: "too-precise" }, why: "no multiple" },
    { value: "0.0009", step: { units: 3, scale: 4 }, gives: { units: 3 }, why: "an odd lot size" },
    { value: "0.0010", step: { units: 3, scale: 4 }, gives: { fault: "too-precise" }, why: "no multiple" },
    { value: "2.50", step: { units: 25, scale: 1 }, gives: { units: 1 }, why: "zeros at the end" },
  ])("$value in odd steps: $why", ({ value, step, gives }) => {
    expect(parseSteps(value, step)).toEqual(gives);
  });

  test.each([
    { steps: 20, step: NICKEL, gives: "1.00", why: "the full scale of the step" },
    { steps: 0, step: NICKEL, gives: "0.00", why: "none" },
    { steps: 3, step: { units: 5, scale: 0 }, gives: "15", why: "no decimals" },
    { steps: AMOUNT_MAX, step: NICKEL, gives: "450359962737049.55", why: "five times 2^53 - 1 is exact" },
    { steps: AMOUNT_MAX, step: { units: 5, scale: 0 }, gives: "45035996273704955", why: "without decimals" },
    { steps: AMOUNT_MAX, step: { units: 1, scale: 0 }, gives: "9007199254740991", why: "the largest count" },
    {
      steps: AMOUNT_MAX,
      step: { units: AMOUNT_MAX, scale: 12 },
      gives: "81129638414606663681.390495662081",
      why: "the largest product",
    },
    {
      steps: 2,
      step: { units: AMOUNT_MAX, scale: 20 },
      gives: "0.00018014398509481982",
      why: "zeros in front",
    },
  ])("$steps steps are written $gives: $why", ({ steps, step, gives }) => {
    expect(formatSteps(steps, step)).toBe(gives);
  });

  test("what is written in steps is read back as the same number of them", () => {
    const step = fc.record({
      units: fc.integer({ min: 1, max: 10_000 }),
      scale: fc.integer({ min: 0, max: 8 }),
    });
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), step, (steps, of) => {
        expect(parseSteps(formatSteps(steps, of), of)).toEqual({ units: steps });
      }),
    );
  });

  test("big and small steps are written by the same rule", () => {
    fc.assert(
      fc.property(
        amount,
        fc.integer({ min: 1, max: 99_999 }),
        fc.integer({ min: 1, max: 12 }),
        (steps, units, at) => {
          const exact = (BigInt(steps) * BigInt(units)).toString().padStart(at + 1, "0");
          expect(formatSteps(steps, { units, scale: at })).toBe(`${exact.slice(0, -at)}.${exact.slice(-at)}`);
        },
      ),
    );
  });
});
