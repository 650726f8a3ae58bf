/**
 * What a client wrote, turned into units and indices. Whatever cannot be read is a refusal that names the
 * place in the client's own words; nothing here asserts, since clients may send anything.
 */
import {
  type Decimal,
  type DecimalFault,
  formatDecimal,
  parseDecimal,
  parseExactDecimal,
  parseSteps,
} from "../domain/decimal.ts";
import { type Market, SCALE_MAX } from "../domain/market.ts";
import type { AsOf } from "../domain/past.ts";
import { parseOrderUlid } from "../domain/ulid.ts";
import {
  type AccountIndex,
  type EpochMs,
  epochMs,
  type Lots,
  lots,
  type Minor,
  minor,
  type OrderId,
  orderId,
  type PartsPerMillion,
  PPM_ONE,
  PPM_SCALE,
  partsPerMillion,
  signedPartsPerMillion,
  type Ticks,
  type TradeId,
  ticks,
  tradeId,
} from "../domain/units.ts";
import type { Account, Asset, Directory } from "../projections/live/directory.ts";
import type { Principal } from "./auth.ts";
import { malformed, Refusal } from "./problems.ts";

const DECIMAL_WORDS = 'must be a decimal string such as "100.99"';
const DIGITS = /^(0|[1-9][0-9]{0,15})$/;
const TRADE_NAME = /^(.{1,64})\/([1-9][0-9]{0,15})$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

/** An order as a client names it; a ULID also claims the time at which the order was placed. */
export type OrderName = { readonly order: OrderId; readonly at: EpochMs | null };

/** A trade as a client names it: its market's name, and its number there. */
export type TradeName = { readonly market: string; readonly trade: TradeId };

export function findMarket(name: string, directory: Directory): Market | Refusal {
  return directory.marketByName(name) ?? new Refusal("unknown-market", `There is no market ${quoted(name)}.`);
}

export function findAsset(name: string, directory: Directory): Asset | Refusal {
  return directory.assetByName(name) ?? new Refusal("unknown-asset", `There is no asset ${quoted(name)}.`);
}

export function findAccount(accountId: string, directory: Directory): Account | Refusal {
  const account = directory.accountById(accountId);
  return account ?? new Refusal("unknown-account", `There is no account ${quoted(accountId)}.`);
}

/** The account that a request is about: an operator has to name it, an account's key may name only its own. */
export function resolveAccount(
  principal: Principal,
  accountId: string | null | undefined,
  directory: Directory,
): AccountIndex | Refusal {
  if (principal.kind === "operator") {
    if (accountId === null || accountId === undefined) {
      return malformed("accountId", "is required with an operator key, which belongs to no account");
    }
    const account = findAccount(accountId, directory);
    return account instanceof Refusal ? account : account.account;
  }
  if (accountId !== null && accountId !== undefined) {
    if (directory.account(principal.account).accountId !== accountId) {
      return new Refusal("forbidden", "The API key belongs to another account.");
    }
  }
  return principal.account;
}

/**
 * A price, or a distance between two. Off the tick is not malformed: the client knows what it wants, the market
 * does not offer it.
 */
export function parsePrice(text: string, tickSize: Decimal, path: string): Ticks | Refusal {
  const parsed = parseSteps(text, tickSize);
  if ("units" in parsed) return parsed.units === 0 ? notPositive(path) : ticks(parsed.units);
  return refusalOf(parsed.fault, { path, step: tickSize, offStep: "price-off-tick" });
}

export function parseLots(text: string, lotSize: Decimal, path: string): Lots | Refusal {
  const parsed = parseSteps(text, lotSize);
  if ("units" in parsed) return parsed.units === 0 ? notPositive(path) : lots(parsed.units);
  return refusalOf(parsed.fault, { path, step: lotSize, offStep: "quantity-off-lot" });
}

/** A positive amount of money in the asset's minor units. */
export function parseAmount(text: string, asset: Asset, path: string): Minor | Refusal {
  const parsed = parseDecimal(text, asset.scale);
  if ("units" in parsed) return parsed.units === 0 ? notPositive(path) : minor(parsed.units);
  if (parsed.fault === "too-precise") {
    return malformed(path, `has more decimals than the ${asset.scale} of ${asset.name}`);
  }
  return parsed.fault === "malformed" ? malformed(path, DECIMAL_WORDS) : tooLarge(path);
}

/** A share below one of at most six decimals, such as a fee. */
export function parseRate(text: string, path: string): PartsPerMillion | Refusal {
  const parsed = parseDecimal(text, PPM_SCALE);
  if ("units" in parsed && parsed.units < PPM_ONE) return partsPerMillion(parsed.units);
  return malformed(path, `must be a share below 1 of at most ${PPM_SCALE} decimals, such as "0.001"`);
}

/** A share between minus one and one of at most six decimals: a fee that may be a rebate. */
export function parseSignedRate(text: string, path: string): PartsPerMillion | Refusal {
  if (!text.startsWith("-")) return parseRate(text, path);
  const rate = parseRate(text.slice(1), path);
  // Taken from zero, since the negative of zero is none of the integers.
  return rate instanceof Refusal ? rate : signedPartsPerMillion(0 - rate);
}

/** A tick or lot size. */
export function parseStep(text: string, path: string): Decimal | Refusal {
  const step = parseExactDecimal(text);
  if (step === undefined) return malformed(path, DECIMAL_WORDS);
  if (step.units === 0) return notPositive(path);
  return step.scale <= SCALE_MAX ? step : malformed(path, `may have at most ${SCALE_MAX} decimals`);
}

/** RFC 3339 in UTC, to the millisecond at most. */
export function parseTime(text: string, path: string): EpochMs | Refusal {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse lets the 30th of February roll over into March; the way back shows it.
  const exists = time >= 0 && new Date(time).toISOString().startsWith(text.slice(0, 19));
  return exists ? epochMs(time) : malformed(path, 'must be a UTC time such as "2026-11-22T08:22:00.123Z"');
}

/** A moment of the past: a sequence, or a time. */
export function parseAsOf(text: string, path: string): AsOf | Refusal {
  if (DIGITS.test(text) && Number.isSafeInteger(Number(text))) return { seq: Number(text) };
  const at = parseTime(text, path);
  if (!(at instanceof Refusal)) return { at };
  return malformed(path, 'must be a sequence, or a UTC time such as "2026-11-22T08:22:00.123Z"');
}

/** A whole number in digit text, as in a query string. */
export function parseWhole(
  text: string,
  { path, least, most }: { readonly path: string; readonly least: number; readonly most: number },
): number | Refusal {
  const value = DIGITS.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  return malformed(path, `must be a whole number from ${least} to ${most}`);
}

/** Either name of an order; undefined if the text can name none. */
export function parseOrderName(text: string): OrderName | undefined {
  if (DIGITS.test(text)) {
    const order = Number(text);
    return Number.isSafeInteger(order) && order > 0 ? { order: orderId(order), at: null } : undefined;
  }
  return parseOrderUlid(text);
}

/** Such as `VIB-BRL/17`, which also names its settlement; undefined if the text can name no trade. */
export function parseTradeName(text: string): TradeName | undefined {
  const [, market, digits] = TRADE_NAME.exec(text) ?? [];
  const trade = Number(digits);
  return market !== undefined && Number.isSafeInteger(trade) ? { market, trade: tradeId(trade) } : undefined;
}

/** What more decimals than there are is called where prices and quantities are meant. */
type OffStep = keyof typeof STEPS;

const STEPS = { "price-off-tick": "ticks", "quantity-off-lot": "lots" } as const;

function refusalOf(
  fault: DecimalFault,
  { path, step, offStep }: { readonly path: string; readonly step: Decimal; readonly offStep: OffStep },
): Refusal {
  switch (fault) {
    case "malformed":
      return malformed(path, DECIMAL_WORDS);
    case "too-precise": {
      const size = formatDecimal(step.units, step.scale);
      return new Refusal(offStep, `${path} is not a whole number of ${STEPS[offStep]} of ${size}.`);
    }
    case "too-large":
      return tooLarge(path);
  }
}

function tooLarge(path: string): Refusal {
  return new Refusal("amount-too-large", `${path} exceeds 2^53 - 1 units.`);
}

function notPositive(path: string): Refusal {
  return malformed(path, "must be above zero");
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
