/**
 * Decimal text to whole units and back, exactly. Client text is parsed here and nowhere else; a binary
 * fraction never touches an amount.
 */
import { assert } from "./assert.ts";
import { AMOUNT_MAX } from "./units.ts";

/** The longest decimal text that is read, in characters. */
export const DECIMAL_CHARACTERS_MAX = 32;

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

/** The grammar as a JSON Schema pattern. */
export const DECIMAL_PATTERN = "^(0|[1-9][0-9]*)(\\.[0-9]+)?$";

/** A decimal number, exactly: `units` × 10^-`scale`. */
export type Decimal = { readonly units: number; readonly scale: number };

/** Why a text is no amount: not decimal text, more decimals than the scale allows, or above 2^53 - 1 units. */
export type DecimalFault = "malformed" | "too-precise" | "too-large";

/** What a reading gave: whole units, or why there are none. */
export type Parsed = { readonly units: number } | { readonly fault: DecimalFault };

/** Reads decimal text as whole units of 10^-scale. Zeros at the end count for nothing. */
export function parseDecimal(text: string, scale: number): Parsed {
  const match = text.length <= DECIMAL_CHARACTERS_MAX ? DECIMAL.exec(text) : null;
  if (match === null) return { fault: "malformed" };
  const fraction = trimZeros(match[2] ?? "");
  if (fraction.length > scale) return { fault: "too-precise" };
  const units = Number(match[1]! + fraction.padEnd(scale, "0"));
  return units <= AMOUNT_MAX ? { units } : { fault: "too-large" };
}

/** Reads a positive decimal of any scale in its shortest form, such as a tick size. */
export function parseExactDecimal(text: string): Decimal | undefined {
  const point = text.indexOf(".");
  const scale = point < 0 ? 0 : trimZeros(text.slice(point + 1)).length;
  const parsed = parseDecimal(text, scale);
  return "units" in parsed ? { units: parsed.units, scale } : undefined;
}

/**
 * Reads decimal text as a whole number of steps, such as a price in ticks. `too-precise` means that the
 * value is no whole multiple of the step.
 */
export function parseSteps(text: string, step: Decimal): Parsed {
  const parsed = parseDecimal(text, step.scale);
  if ("fault" in parsed) return parsed;
  return parsed.units % step.units === 0 ? { units: parsed.units / step.units } : { fault: "too-precise" };
}

/** Writes whole units of 10^-scale with all their decimals: 40400 at scale 2 is "404.00". */
export function formatDecimal(units: number, scale: number): string {
  assert(Number.isSafeInteger(units), "an amount to be written is a safe integer");
  if (scale === 0) return String(units);
  const digits = String(Math.abs(units)).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${units < 0 ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * Writes a whole number of steps with the full scale of the step. The product may pass 2^53 where the
 * count of steps does not, so it is formed in big integers then.
 */
export function formatSteps(steps: number, step: Decimal): string {
  const units = steps * step.units;
  if (Number.isSafeInteger(units)) return formatDecimal(units, step.scale);
  const digits = (BigInt(steps) * BigInt(step.units)).toString().padStart(step.scale + 1, "0");
  const point = digits.length - step.scale;
  return step.scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Decimal text without the zeros at its end: "100.50" is "100.5", and "100.00" is "100". */
export function shortDecimal(text: string): string {
  const point = text.indexOf(".");
  if (point < 0) return text;
  const fraction = trimZeros(text.slice(point + 1));
  return fraction === "" ? text.slice(0, point) : text.slice(0, point + 1) + fraction;
}

function trimZeros(fraction: string): string {
  let end = fraction.length;
  while (end > 0 && fraction.charCodeAt(end - 1) === 0x30) end -= 1;
  return fraction.slice(0, end);
}
