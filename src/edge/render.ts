/**
 * Whole units to what a client reads: names for indices, decimal text in the full scale of its asset, tick
 * or lot, and times in RFC 3339. REST and WebSocket show the same thing in the same words.
 */
import { formatDecimal, formatSteps } from "../domain/decimal.ts";
import type { TradeExecuted } from "../domain/events.ts";
import type { Market, Side } from "../domain/market.ts";
import type { Settlement, SettlementWithAttempts } from "../domain/settlements.ts";
import { orderUlid } from "../domain/ulid.ts";
import type { EpochMs, Lots, MarketIndex, Minor, OrderId, Seq, Ticks, TradeId } from "../domain/units.ts";
import type { LedgerEntry } from "../projections/ledger/rows.ts";
import type { Balance } from "../projections/live/balances.ts";
import type { Asset, Directory } from "../projections/live/directory.ts";
import type { OrderRecord } from "../projections/order-record.ts";
import { rateText, shortened, stepsText, timeText } from "../projections/unit-text.ts";

/** One account's part in a trade. */
export type Fill = {
  readonly tradeId: TradeId;
  readonly market: MarketIndex;
  readonly orderId: OrderId;
  readonly side: Side;
  readonly role: "maker" | "taker";
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly value: Minor;
  readonly fee: Minor;
  readonly at: EpochMs;
  readonly seq: Seq;
};

/** A trade as everybody sees it. */
export type PublicTrade = {
  readonly trade: TradeId;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly value: Minor;
  readonly takerSide: Side;
  readonly at: EpochMs;
  readonly seq: Seq;
};

/** The assets and markets that there are. */
export type Listed = Pick<Directory, "asset" | "market">;

/** The decimals of an average price at most. */
const AVERAGE_SCALE = 8;

export function orderView(record: OrderRecord, directory: Directory) {
  const { terms, progress } = record;
  const { quantity, quoteQuantity } = terms;
  const { filledQuantity, filledValue, preventedQuantity } = progress;
  const market = directory.market(terms.market);
  const quote = directory.asset(market.quote);
  const remaining = quantity === null ? null : quantity - filledQuantity - preventedQuantity;
  return {
    id: orderUlid(record.createdAt, record.order),
    orderId: record.order,
    clientOrderId: terms.clientOrderId,
    accountId: directory.account(terms.account).accountId,
    market: market.name,
    side: terms.side,
    type: terms.type,
    timeInForce: terms.timeInForce,
    expiresAt: terms.expiresAt === null ? null : timeText(terms.expiresAt),
    postOnly: terms.postOnly,
    price: stepsText(terms.price, market.tickSize),
    triggerPrice: stepsText(terms.triggerPrice, market.tickSize),
    trailingOffset: stepsText(terms.trailingOffset, market.tickSize),
    quantity: stepsText(quantity, market.lotSize),
    quoteQuantity: quoteQuantity === null ? null : formatDecimal(quoteQuantity, quote.scale),
    displayQuantity: stepsText(terms.displayQuantity, market.lotSize),
    filledQuantity: formatSteps(filledQuantity, market.lotSize),
    remainingQuantity: stepsText(remaining, market.lotSize),
    preventedQuantity: formatSteps(preventedQuantity, market.lotSize),
    filledValue: formatDecimal(filledValue, quote.scale),
    averagePrice: averagePrice({ value: filledValue, quantity: filledQuantity }, market, quote),
    selfTradePrevention: terms.selfTradePrevention,
    status: progress.status,
    reason: progress.reason,
    requestId: record.requestId,
    traceId: record.traceId,
    createdAt: timeText(record.createdAt),
    updatedAt: timeText(progress.updatedAt),
  };
}

/**
 * Value over quantity, rounded half up to 8 decimals and written with as many as it needs, but no fewer
 * than a price of the market has. Null before the first fill.
 */
export function averagePrice(
  filled: { readonly value: Minor; readonly quantity: Lots },
  market: Market,
  quote: Asset,
): string | null {
  const { value, quantity } = filled;
  if (quantity === 0) return null;
  const perTick = quantity * market.quoteMinorPerTickLot;
  // Most orders fill at one price, which needs no division of big integers.
  if (value % perTick === 0 && market.tickSize.scale <= AVERAGE_SCALE) {
    return formatSteps(value / perTick, market.tickSize);
  }
  const exponent = AVERAGE_SCALE - quote.scale + market.lotSize.scale;
  const power = 10n ** BigInt(Math.abs(exponent));
  const numerator = BigInt(value) * (exponent > 0 ? power : 1n);
  const denominator = BigInt(quantity) * BigInt(market.lotSize.units) * (exponent < 0 ? power : 1n);
  const digits = ((2n * numerator + denominator) / (2n * denominator)).toString();
  const padded = digits.padStart(AVERAGE_SCALE + 1, "0");
  const fraction = shortened(padded.slice(-AVERAGE_SCALE), Math.min(market.tickSize.scale, AVERAGE_SCALE));
  const whole = padded.slice(0, -AVERAGE_SCALE);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** A fill inside its own order. */
export function fillView(fill: Fill, directory: Listed) {
  const market = directory.market(fill.market);
  const quote = directory.asset(market.quote);
  return {
    tradeId: fill.tradeId,
    price: formatSteps(fill.price, market.tickSize),
    quantity: formatSteps(fill.quantity, market.lotSize),
    value: formatDecimal(fill.value, quote.scale),
    role: fill.role,
    fee: formatDecimal(fill.fee, quote.scale),
    feeAsset: quote.name,
  };
}

/** A fill in a list, where it has to say whose it is. */
export function fillItem(fill: Fill, directory: Listed) {
  return {
    ...fillView(fill, directory),
    orderId: fill.orderId,
    market: directory.market(fill.market).name,
    side: fill.side,
    at: timeText(fill.at),
    seq: fill.seq,
  };
}

/** The part that one of its two orders had in a trade. */
export function fillOfTrade(
  event: TradeExecuted,
  role: "maker" | "taker",
  { at, seq }: { readonly at: EpochMs; readonly seq: Seq },
): Fill {
  const takes = role === "taker";
  return {
    tradeId: event.trade,
    market: event.market,
    orderId: takes ? event.takerOrder : event.makerOrder,
    side: takes ? event.takerSide : opposite(event.takerSide),
    role,
    price: event.price,
    quantity: event.quantity,
    value: event.value,
    fee: takes ? event.takerFee : event.makerFee,
    at,
    seq,
  };
}

export function tradeView(trade: PublicTrade, market: Market, directory: Listed) {
  return {
    tradeId: trade.trade,
    price: formatSteps(trade.price, market.tickSize),
    quantity: formatSteps(trade.quantity, market.lotSize),
    value: formatDecimal(trade.value, directory.asset(market.quote).scale),
    takerSide: trade.takerSide,
    at: timeText(trade.at),
    seq: trade.seq,
  };
}

export function walletView({ available, held }: Balance, asset: Asset) {
  return {
    asset: asset.name,
    available: formatDecimal(available, asset.scale),
    held: formatDecimal(held, asset.scale),
    total: formatDecimal(available + held, asset.scale),
  };
}

/** An amount of an asset. */
export function moneyView(amount: Minor, asset: Asset) {
  return { asset: asset.name, amount: formatDecimal(amount, asset.scale) };
}

/** A line of a statement. */
export function entryView(entry: LedgerEntry, directory: Listed) {
  const { name, scale } = directory.asset(entry.asset);
  return {
    entryId: entry.entryId,
    transactionId: entry.transactionId,
    seq: entry.seq,
    at: timeText(entry.at),
    asset: name,
    amount: formatDecimal(entry.amount, scale),
    balanceAfter: formatDecimal(entry.balanceAfter, scale),
    kind: entry.kind,
    orderId: entry.orderId,
    tradeId: entry.tradeId,
    reference: entry.reference,
    requestId: entry.requestId,
  };
}

export function marketView(market: Market, directory: Directory) {
  const { minNotional, maxQuantity } = market;
  const quote = directory.asset(market.quote);
  return {
    market: market.name,
    base: directory.asset(market.base).name,
    quote: quote.name,
    tickSize: formatDecimal(market.tickSize.units, market.tickSize.scale),
    lotSize: formatDecimal(market.lotSize.units, market.lotSize.scale),
    minNotional: minNotional === null ? null : formatDecimal(minNotional, quote.scale),
    maxQuantity: maxQuantity === null ? null : formatSteps(maxQuantity, market.lotSize),
    priceBand: market.priceBand === null ? null : rateText(market.priceBand),
    makerFee: rateText(market.makerFee),
    takerFee: rateText(market.takerFee),
    status: market.status,
  };
}

/** A level of a book: its price and its total. */
export function levelView(price: Ticks, quantity: Lots, market: Market): [string, string] {
  return [formatSteps(price, market.tickSize), formatSteps(quantity, market.lotSize)];
}

/** A delivery of a settlement, in a list. */
export function settlementView(settlement: Settlement, directory: Directory) {
  const { market: index, tradeId: trade, buyer, seller } = settlement;
  const market = directory.market(index);
  return {
    settlementId: `${market.name}/${trade}`,
    status: settlement.status,
    market: market.name,
    tradeId: trade,
    seq: settlement.seq,
    at: timeText(settlement.at),
    price: formatSteps(settlement.price, market.tickSize),
    quantity: formatSteps(settlement.quantity, market.lotSize),
    buyer: { accountId: directory.account(buyer).accountId, requestId: settlement.buyerRequestId },
    seller: { accountId: directory.account(seller).accountId, requestId: settlement.sellerRequestId },
    attemptCount: settlement.attemptCount,
    nextAttemptAt: settlement.nextAttemptAt === null ? null : timeText(settlement.nextAttemptAt),
    endedAt: settlement.endedAt === null ? null : timeText(settlement.endedAt),
  };
}

export function settlementWithAttemptsView(settlement: SettlementWithAttempts, directory: Directory) {
  const attempts = settlement.attempts.map(({ at, ...attempt }) => ({ ...attempt, at: timeText(at) }));
  return { ...settlementView(settlement, directory), attempts };
}

function opposite(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}
