/**
 * JSON numbers that are exact: read from the text that was sent, written with all the digits that they have. A binary
 * fraction never comes near them.
 */
import { LosslessNumber } from "lossless-json";
import { shortDecimal } from "../../../domain/decimal.ts";
import { SCALE_MAX } from "../../../domain/market.ts";
import { malformed, Refusal } from "../../problems.ts";

/** The longest number that is read, in characters. */
const CHARACTERS_MAX = 64;

const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
const ZEROS_BEFORE = /^0+/;
const ZEROS_BEHIND = /0+$/;

/** No amount has so many digits before the point: 10^17 is above 2^53 of any unit. */
const WHOLE_DIGITS_MAX = 17;
/** No tick, lot or smallest unit has so many digits behind it. */
const DECIMALS_MAX = SCALE_MAX + 1;

/** What a number comes to: all that is not zero at its ends, and how many digits stand before the point. */
type Digits = { readonly isNegative: boolean; readonly significant: string; readonly point: number };

/**
 * The decimal text of a number that is not below zero, without an exponent. One that is larger, or finer, than any
 * amount can be is cut to a text that still is, so that it is refused for what it is.
 */
export function decimalOf(number: LosslessNumber, path: string): string | Refusal {
  const digits = digitsOf(number, path);
  if (digits instanceof Refusal) return digits;
  const { isNegative, significant, point } = digits;
  if (significant === "") return "0";
  if (isNegative) return malformed(path, "must be above zero");
  if (point > WHOLE_DIGITS_MAX) return "9".repeat(WHOLE_DIGITS_MAX);
  if (significant.length - point > DECIMALS_MAX) return `0.${"1".padStart(DECIMALS_MAX, "0")}`;
  if (point <= 0) return `0.${"0".repeat(-point)}${significant}`;
  const whole = significant.slice(0, point).padEnd(point, "0");
  const fraction = significant.slice(point);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** The digits of a whole number that is not below zero; undefined for any other, and for one of more digits than that. */
export function wholeDigitsOf(number: LosslessNumber, digitsMax: number): string | undefined {
  const digits = digitsOf(number, "");
  if (digits instanceof Refusal) return undefined;
  const { isNegative, significant, point } = digits;
  if (significant === "") return isNegative ? undefined : "0";
  if (isNegative || significant.length > point || point > digitsMax) return undefined;
  return significant.padEnd(point, "0");
}

/** A number of an answer, from decimal text; zeros at the end are left away. */
export function numberOf(decimal: string): LosslessNumber {
  return new LosslessNumber(shortDecimal(decimal));
}

function digitsOf({ value }: LosslessNumber, path: string): Digits | Refusal {
  const match = value.length <= CHARACTERS_MAX ? NUMBER.exec(value) : null;
  if (match === null) return malformed(path, `must be a number of at most ${CHARACTERS_MAX} characters`);
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = (whole! + fraction).replace(ZEROS_BEFORE, "");
  return {
    isNegative: sign === "-",
    significant: digits.replace(ZEROS_BEHIND, ""),
    point: digits.length - fraction.length + Number(exponent),
  };
}
