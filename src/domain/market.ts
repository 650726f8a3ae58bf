/**
 * What a market is: its assets, its steps of price and quantity, its limits and its fees. Listing checks
 * once that the steps fit the assets, so that a trade is always exact: matching never rounds.
 */
import { assert } from "./assert.ts";
import type { Decimal } from "./decimal.ts";
import {
  AMOUNT_MAX,
  type AssetIndex,
  type Lots,
  type MarketIndex,
  type Minor,
  minor,
  type PartsPerMillion,
  type Ticks,
} from "./units.ts";

export const SIDES = ["buy", "sell"] as const;
export type Side = (typeof SIDES)[number];

/**
 * `open` trades; `halted` accepts cancels only, for a time; `cancel-only` the same, announced as permanent;
 * `auction` gathers plain limit orders until the market opens and they are uncrossed at one price.
 */
export const MARKET_STATUSES = ["open", "halted", "cancel-only", "auction"] as const;
export type MarketStatus = (typeof MARKET_STATUSES)[number];

/** The open orders of one account in one market, unless the listing says otherwise. */
export const OPEN_ORDERS_MAX_DEFAULT = 10_000;

/** The decimals of an asset, a tick size or a lot size at most. */
export const SCALE_MAX = 12;

/** The terms under which a market is listed. */
export type MarketListing = {
  /** `<base>-<quote>` */
  readonly name: string;
  readonly base: AssetIndex;
  readonly quote: AssetIndex;
  readonly tickSize: Decimal;
  readonly lotSize: Decimal;
  /** One lot in minor units of the base asset. */
  readonly baseMinorPerLot: number;
  /** The value of one lot at a price of one tick, in minor units of the quote asset. */
  readonly quoteMinorPerTickLot: number;
  readonly minNotional: Minor | null;
  readonly maxQuantity: Lots | null;
  /** Per account. */
  readonly maxOpenOrders: number;
  /** Negative for a rebate, which the taker's fee must cover. */
  readonly makerFee: PartsPerMillion;
  readonly takerFee: PartsPerMillion;
  /** How far from the reference a price may be, as a share of it; null for no band. */
  readonly priceBand: PartsPerMillion | null;
  /** What the band is measured from before the first trade. */
  readonly referencePrice: Ticks | null;
  readonly status: MarketStatus;
};

/** A listed market as it stands. */
export type Market = MarketListing & { readonly market: MarketIndex };

/** Why steps do not fit the assets; the words are for the operator who lists the market. */
export type StepsFault = { readonly field: "tickSize" | "lotSize"; readonly message: string };

export type Steps = Pick<MarketListing, "tickSize" | "lotSize" | "baseMinorPerLot" | "quoteMinorPerTickLot">;

/**
 * Works out a market's exact steps: a lot must be a whole number of base minor units, and a tick times a
 * lot a whole number of quote minor units (docs/rules.md, section 1).
 */
export function marketSteps(asked: {
  readonly tickSize: Decimal;
  readonly lotSize: Decimal;
  readonly baseScale: number;
  readonly quoteScale: number;
}): Steps | StepsFault {
  const { tickSize, lotSize, baseScale, quoteScale } = asked;
  const baseMinorPerLot = scaled(BigInt(lotSize.units), baseScale - lotSize.scale);
  if (baseMinorPerLot === undefined) {
    return {
      field: "lotSize",
      message: `must be a whole number of units of 10^-${baseScale} of the base asset`,
    };
  }
  const tickLot = BigInt(tickSize.units) * BigInt(lotSize.units);
  const quoteMinorPerTickLot = scaled(tickLot, quoteScale - tickSize.scale - lotSize.scale);
  if (quoteMinorPerTickLot === undefined) {
    const message = `times lotSize must be a whole number of units of 10^-${quoteScale} of the quote asset`;
    return { field: "tickSize", message };
  }
  return { tickSize, lotSize, baseMinorPerLot, quoteMinorPerTickLot };
}

/** The value of a quantity at a price. The caller knows that it fits; `productOrNull` is for when it may not. */
export function quoteAmount(market: MarketListing, price: Ticks, quantity: Lots): Minor {
  return minor(price * quantity * market.quoteMinorPerTickLot);
}

/** A quantity in minor units of the base asset. */
export function baseAmount(market: MarketListing, quantity: Lots): Minor {
  return minor(quantity * market.baseMinorPerLot);
}

/**
 * A product of positive safe integers, or null if it passes 2^53 - 1. Rounding never hides an excess: a
 * double product of at least 2^53 is not rounded below it.
 */
export function productOrNull(a: number, b: number, c = 1): number | null {
  assert(a >= 0 && b >= 0 && c >= 0, "a product is formed of amounts that are not negative");
  const product = a * b * c;
  return product <= AMOUNT_MAX ? product : null;
}

function scaled(units: bigint, exponent: number): number | undefined {
  const power = 10n ** BigInt(Math.abs(exponent));
  if (exponent < 0 && units % power !== 0n) return undefined;
  const amount = exponent < 0 ? units / power : units * power;
  return amount >= 1n && amount <= BigInt(AMOUNT_MAX) ? Number(amount) : undefined;
}
