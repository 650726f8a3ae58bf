/** Any outcome that history could hold, and some that it could not: every kind of event, with any amounts and texts. */
import fc from "fast-check";
import {
  ACCOUNT_STATUSES,
  type Command,
  FEES_ACCOUNT,
  ORDER_TYPES,
  SCOPES,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
} from "../../src/domain/commands.ts";
import { type Committed, END_REASONS, type Event } from "../../src/domain/events.ts";
import { MARKET_STATUSES, SIDES } from "../../src/domain/market.ts";
import { REJECTIONS } from "../../src/domain/rejections.ts";
import { AMOUNT_MAX } from "../../src/domain/units.ts";

/** Small, large, and on both sides of every place where an encoding grows by a byte. */
const edges = [7, 14, 21, 28, 31, 32, 35, 42, 49].flatMap((bits) => [2 ** bits - 1, 2 ** bits]);

/** Any unit: what an amount counts does not matter to its encoding. */
export function whole<T extends number>(): fc.Arbitrary<T> {
  const integer = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constantFrom(0, AMOUNT_MAX, ...edges));
  return integer as fc.Arbitrary<number> as fc.Arbitrary<T>;
}

/** The same on both sides of zero, as far as a signed encoding goes. */
export function signedWhole<T extends number>(): fc.Arbitrary<T> {
  const ends = [-(2 ** 52), 2 ** 52 - 1, 0];
  const half = edges.map((edge) => edge / 2).filter(Number.isInteger);
  const integer = fc.oneof(
    fc.integer({ min: -300, max: 300 }),
    fc.maxSafeInteger().map((value) => Math.floor(value / 2)),
    fc.constantFrom(...ends, ...half, ...half.map((edge) => -edge)),
  );
  return integer as fc.Arbitrary<number> as fc.Arbitrary<T>;
}

const utf16 = fc.array(fc.nat(0xffff), { maxLength: 12 }).map((units) => String.fromCharCode(...units));
export const anyText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 10 }),
  fc.constantFrom("", "ÿ", "Ā", "R$ é", "\u0000", "\ud800", "x".repeat(100)),
  utf16,
);

const decimal = fc.record({ units: whole<number>(), scale: whole<number>() });
const side = fc.constantFrom(...SIDES);
const orderNamed = { order: whole<never>(), account: whole<never>(), market: whole<never>() };
const funds = { account: whole<never>(), asset: whole<never>(), amount: whole<never>(), reference: anyText };

const orderTerms = {
  account: whole<never>(),
  market: whole<never>(),
  side,
  type: fc.constantFrom(...ORDER_TYPES),
  timeInForce: fc.constantFrom(...TIMES_IN_FORCE),
  price: fc.option(whole<never>()),
  triggerPrice: fc.option(whole<never>()),
  trailingOffset: fc.option(whole<never>()),
  quantity: fc.option(whole<never>()),
  quoteQuantity: fc.option(whole<never>()),
  displayQuantity: fc.option(whole<never>()),
  expiresAt: fc.option(whole<never>()),
  postOnly: fc.boolean(),
  selfTradePrevention: fc.constantFrom(...SELF_TRADE_PREVENTIONS),
  clientOrderId: fc.option(anyText),
};

const listing = {
  name: anyText,
  base: whole<never>(),
  quote: whole<never>(),
  tickSize: decimal,
  lotSize: decimal,
  baseMinorPerLot: whole<number>(),
  quoteMinorPerTickLot: whole<number>(),
  minNotional: fc.option(whole<never>()),
  maxQuantity: fc.option(whole<never>()),
  maxOpenOrders: whole<number>(),
  makerFee: signedWhole<never>(),
  takerFee: whole<never>(),
  priceBand: fc.option(whole<never>()),
  referencePrice: fc.option(whole<never>()),
  status: fc.constantFrom(...MARKET_STATUSES),
};

function of<const K extends string, T extends object>(
  kind: K,
  fields: { [F in keyof T]: fc.Arbitrary<T[F]> },
) {
  return fc.record(fields).map((record) => ({ kind, ...record }));
}

/** A kind that is missing here does not compile. */
export const EVENTS = {
  AccountOpened: of("AccountOpened", {
    account: whole<never>(),
    accountId: anyText,
    name: fc.option(anyText),
  }),
  AccountStatusChanged: of("AccountStatusChanged", {
    account: whole<never>(),
    status: fc.constantFrom(...ACCOUNT_STATUSES),
  }),
  KeyCreated: of("KeyCreated", {
    account: whole<never>(),
    keyId: anyText,
    name: anyText,
    scopes: fc.subarray([...SCOPES]),
    secretHash: anyText,
  }),
  KeyRevoked: of("KeyRevoked", { account: whole<never>(), keyId: anyText }),
  AssetListed: of("AssetListed", { asset: whole<never>(), name: anyText, scale: whole<number>() }),
  MarketListed: of("MarketListed", { market: whole<never>(), ...listing }),
  MarketChanged: of("MarketChanged", {
    market: whole<never>(),
    status: listing.status,
    makerFee: listing.makerFee,
    takerFee: listing.takerFee,
    priceBand: listing.priceBand,
  }),
  FundsDeposited: of("FundsDeposited", funds),
  FundsWithdrawn: of("FundsWithdrawn", funds),
  FundsTransferred: of("FundsTransferred", { ...funds, toAccount: whole<never>() }),
  MovementRepeated: of("MovementRepeated", {
    account: whole<never>(),
    asset: whole<never>(),
    transaction: whole<never>(),
  }),
  OrderPlaced: of("OrderPlaced", { order: whole<never>(), ...orderTerms }),
  OrderRepeated: of("OrderRepeated", { account: whole<never>(), order: whole<never>() }),
  TradeExecuted: of("TradeExecuted", {
    market: whole<never>(),
    trade: whole<never>(),
    price: whole<never>(),
    quantity: whole<never>(),
    value: whole<never>(),
    takerSide: side,
    takerOrder: whole<never>(),
    takerAccount: whole<never>(),
    takerFee: whole<never>(),
    makerOrder: whole<never>(),
    makerAccount: whole<never>(),
    makerFee: signedWhole<never>(),
  }),
  OrderFilled: of("OrderFilled", orderNamed),
  OrderCanceled: of("OrderCanceled", { ...orderNamed, reason: fc.constantFrom(...END_REASONS) }),
  OrderExpired: of("OrderExpired", { ...orderNamed, reason: fc.constantFrom(...END_REASONS) }),
  OrderTriggered: of("OrderTriggered", orderNamed),
  OrderAmended: of("OrderAmended", {
    ...orderNamed,
    price: fc.option(whole<never>()),
    quantity: fc.option(whole<never>()),
    keepsPlace: fc.boolean(),
  }),
  SelfTradePrevented: of("SelfTradePrevented", {
    account: whole<never>(),
    market: whole<never>(),
    takerOrder: whole<never>(),
    makerOrder: whole<never>(),
    quantity: whole<never>(),
  }),
  CancelAfterSet: of("CancelAfterSet", { account: whole<never>(), deadline: fc.option(whole<never>()) }),
  LevelChanged: of("LevelChanged", {
    market: whole<never>(),
    side,
    price: whole<never>(),
    quantity: whole<never>(),
  }),
  WalletChanged: of("WalletChanged", {
    account: whole<never>(),
    asset: whole<never>(),
    available: whole<never>(),
    held: whole<never>(),
  }),
  CommandRejected: of("CommandRejected", { reason: fc.constantFrom(...REJECTIONS) }),
  FundsSettled: of("FundsSettled", {
    base: whole<never>(),
    quote: whole<never>(),
    entries: fc.array(
      fc.record({
        account: whole<never>(),
        side,
        quantity: whole<never>(),
        value: whole<never>(),
        reference: anyText,
      }),
      { maxLength: 5 },
    ),
    settlementId: fc.option(anyText),
  }),
  SettlementRepeated: of("SettlementRepeated", { transaction: whole<never>() }),
} satisfies { readonly [K in Event["kind"]]: fc.Arbitrary<Extract<Event, { kind: K }>> };

const command = fc.constantFrom<Command>(
  { kind: "ExpireOrders" },
  { kind: "RevokeKey", keyId: "k" },
  { kind: "CancelAllOrders", account: FEES_ACCOUNT, market: null },
  { kind: "SetCancelAfter", account: FEES_ACCOUNT, seconds: 0 },
);

/** A command that is on disk, with whatever it caused. */
export function committed(events: fc.Arbitrary<Event[]>): fc.Arbitrary<Committed> {
  return fc.record({
    entry: fc.record({
      seq: whole<never>(),
      at: whole<never>(),
      requestId: anyText,
      traceId: fc.option(anyText),
      command,
    }),
    events,
  });
}

export const anyEvent: fc.Arbitrary<Event> = fc.oneof(...Object.values<fc.Arbitrary<Event>>(EVENTS));
