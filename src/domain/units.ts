/**
 * The units that integers carry. A price is whole ticks, a quantity whole lots, money whole minor units;
 * the compiler keeps them apart, and only this file checks them.
 */
import { assert, fail } from "./assert.ts";

declare const unit: unique symbol;
type Unit<Base, Name extends string> = Base & { readonly [unit]: Name };

/** A price as a whole number of the market's tick size. */
export type Ticks = Unit<number, "ticks">;
/** A quantity as a whole number of the market's lot size. */
export type Lots = Unit<number, "lots">;
/** Money as a whole number of the asset's smallest unit. */
export type Minor = Unit<number, "minor">;
/** A share in whole parts per million: a fee of the traded value, below one million, negative for a rebate; or a price band. */
export type PartsPerMillion = Unit<number, "ppm">;
/** A point in time in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Unit<number, "epoch ms">;
/** A position in the journal; the first command has 1, and none is left out. */
export type Seq = Unit<number, "seq">;
/** The sequence of the command that placed the order. */
export type OrderId = Unit<number, "order id">;
/** Counts up by one per market, from 1. */
export type TradeId = Unit<number, "trade id">;
/** An account's place in the order in which accounts were opened; 0 is the account `fees`. */
export type AccountIndex = Unit<number, "account index">;
/** An asset's place in the order in which assets were listed, from 0. */
export type AssetIndex = Unit<number, "asset index">;
/** A market's place in the order in which markets were listed, from 0. */
export type MarketIndex = Unit<number, "market index">;

/** No amount may exceed 2^53 - 1: above it, doubles skip integers. */
export const AMOUNT_MAX = Number.MAX_SAFE_INTEGER;

/** One million parts per million: a rate is always below it. */
export const PPM_ONE = 1_000_000;
/** The decimals of a rate that is written as a share of one. */
export const PPM_SCALE = 6;

function whole(value: number, least: number, what: string): number {
  // The words are put together only when they are needed: this runs several times a command.
  if (!Number.isSafeInteger(value) || value < least) fail(`${what} is a safe integer of at least ${least}`);
  return value;
}

/** Asserts a positive safe integer. */
export function ticks(value: number): Ticks {
  return whole(value, 1, "a price") as Ticks;
}

/** Asserts a safe integer, zero included. */
export function lots(value: number): Lots {
  return whole(value, 0, "a quantity") as Lots;
}

/** Asserts a safe integer, zero included: balances and amounts are never negative. */
export function minor(value: number): Minor {
  return whole(value, 0, "money") as Minor;
}

/** Asserts a share between zero and one, one excluded. */
export function partsPerMillion(value: number): PartsPerMillion {
  assert(value < PPM_ONE, "a rate is below one");
  return whole(value, 0, "a rate") as PartsPerMillion;
}

/** Asserts a share between minus one and one, both excluded: the maker's fee, which may be a rebate. */
export function signedPartsPerMillion(value: number): PartsPerMillion {
  assert(Number.isSafeInteger(value) && Math.abs(value) < PPM_ONE, "a rate is whole, and below one");
  return value as PartsPerMillion;
}

export function epochMs(value: number): EpochMs {
  return whole(value, 0, "a time") as EpochMs;
}

export function seq(value: number): Seq {
  return whole(value, 0, "a sequence") as Seq;
}

export function orderId(value: number): OrderId {
  return whole(value, 1, "an order id") as OrderId;
}

/** The id of the order that the command with this sequence places: the same number, which needs no second check. */
export function orderIdOf(placing: Seq): OrderId {
  return placing as number as OrderId;
}

export function tradeId(value: number): TradeId {
  return whole(value, 1, "a trade id") as TradeId;
}

export function accountIndex(value: number): AccountIndex {
  return whole(value, 0, "an account index") as AccountIndex;
}

export function assetIndex(value: number): AssetIndex {
  return whole(value, 0, "an asset index") as AssetIndex;
}

export function marketIndex(value: number): MarketIndex {
  return whole(value, 0, "a market index") as MarketIndex;
}
