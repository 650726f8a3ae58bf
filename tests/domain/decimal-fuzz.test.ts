/** The reading of decimals against a second telling of its rules, in big integers and without a pattern. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  DECIMAL_CHARACTERS_MAX,
  type Decimal,
  type Parsed,
  parseDecimal,
  parseExactDecimal,
  parseSteps,
} from "../../src/domain/decimal.ts";
import { AMOUNT_MAX } from "../../src/domain/units.ts";

const digits = (least: number, most: number) =>
  fc
    .array(fc.constantFrom(..."0123456789"), { minLength: least, maxLength: most })
    .map((all) => all.join(""));

/** Near enough to a number to get far, often enough one, and sometimes anything at all. */
const text = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(digits(1, 18), digits(0, 14))
      .map(([whole, rest]) => (rest === "" ? whole : `${whole}.${rest}`)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.maxSafeNat(), digits(1, 9)).map(([whole, rest]) => `${whole}.${rest}`),
  },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(..."0019.,-+eE_x \n٣Ⅳ½"), maxLength: 36 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  fc.constantFrom(
    "9007199254740991",
    "9007199254740992",
    "NaN",
    "Infinity",
    "1e3",
    "0x1",
    "-0",
    "1.",
    ".1",
    "",
  ),
);
const scale = fc.integer({ min: 0, max: 12 });

/** The value in units of 10^-18, or undefined if the text is no decimal. */
function exactly(given: string): bigint | undefined {
  if (given.length > DECIMAL_CHARACTERS_MAX) return undefined;
  const parts = given.split(".");
  const isDigits = (part: string) => part !== "" && [...part].every((each) => each >= "0" && each <= "9");
  if (parts.length > 2 || !parts.every(isDigits)) return undefined;
  const [whole = "", fraction = ""] = parts;
  if (whole.length > 1 && whole.startsWith("0")) return undefined;
  return BigInt(whole + fraction.padEnd(DECIMAL_CHARACTERS_MAX, "0"));
}

/** What should be read in steps of so many units of 10^-scale. */
function expected(given: string, { units, scale: at }: Decimal): Parsed {
  const value = exactly(given);
  if (value === undefined) return { fault: "malformed" };
  const unit = 10n ** BigInt(DECIMAL_CHARACTERS_MAX - at);
  if (value % unit !== 0n) return { fault: "too-precise" };
  if (value / unit > BigInt(AMOUNT_MAX)) return { fault: "too-large" };
  if (value % (unit * BigInt(units)) !== 0n) return { fault: "too-precise" };
  return { units: Number(value / (unit * BigInt(units))) };
}

test("any text is read as its exact value says, or refused for the same fault", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(text, scale, (given, at) => {
      const parsed = parseDecimal(given, at);
      seen.add("units" in parsed ? "units" : parsed.fault);
      expect(parsed).toEqual(expected(given, { units: 1, scale: at }));
    }),
    { numRuns: 20_000 },
  );
  expect([...seen].sort()).toEqual(["malformed", "too-large", "too-precise", "units"]);
});

test("any text in any steps too", () => {
  const step = fc.record({ units: fc.integer({ min: 1, max: 10_000 }), scale });
  fc.assert(
    fc.property(text, step, (given, of) => {
      expect(parseSteps(given, of)).toEqual(expected(given, of));
    }),
    { numRuns: 20_000 },
  );
});

test("an exact decimal has the value of its text", () => {
  fc.assert(
    fc.property(text, (given) => {
      const parsed = parseExactDecimal(given);
      if (parsed === undefined) return;
      expect(BigInt(parsed.units) * 10n ** BigInt(DECIMAL_CHARACTERS_MAX - parsed.scale)).toBe(
        exactly(given),
      );
    }),
    { numRuns: 5_000 },
  );
});
