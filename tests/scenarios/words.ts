/** The pieces of which the sentences of a scenario are made, as patterns. */

/** What a pattern's groups caught. */
export type Words = readonly (string | undefined)[];

export const NAME = "([a-z]+)";
export const AMOUNT = "([0-9.]+)";
/** A fee that may be a rebate. */
export const SHARE = "(-?[0-9.]+)";
export const ASSET = "([A-Z0-9]+)";
export const MARKET = "([A-Z0-9]+-[A-Z0-9]+)";
export const TIME = "([0-9.]+m?s)";

export function milliseconds(time: string): number {
  return time.endsWith("ms") ? Number(time.slice(0, -2)) : Math.round(Number(time.slice(0, -1)) * 1000);
}
