/**
 * The canonical encoding of events, version 1. The journal's event digest is taken over these bytes, and
 * the ledger's worker is fed with them: a journal that was written by this version means the same for ever,
 * so a table here never changes. A later version is a table of its own beside this one.
 */
import { assert } from "./assert.ts";
import {
  ByteReader,
  type ByteWriter,
  boolean,
  type Codec,
  type Fields,
  integer,
  list,
  nullable,
  oneOf,
  record,
  signed,
  tagged,
  text,
} from "./codec.ts";
import {
  ACCOUNT_STATUSES,
  type Command,
  ORDER_TYPES,
  type OrderTerms,
  SCOPES,
  SELF_TRADE_PREVENTIONS,
  type SettleFunds,
  type SettlementEntry,
  TIMES_IN_FORCE,
} from "./commands.ts";
import type { Decimal } from "./decimal.ts";
import {
  type Committed,
  END_REASONS,
  type Event,
  type FundsDeposited,
  type KeyCreated,
  type OrderFilled,
} from "./events.ts";
import { MARKET_STATUSES, type MarketListing, SIDES } from "./market.ts";
import { REJECTIONS } from "./rejections.ts";
import type { EpochMs, Seq } from "./units.ts";

export const EVENT_ENCODING_VERSION = 1;

const decimal: Codec<Decimal> = record<Decimal>({ units: integer(), scale: integer() });

/** Shared with the journal's records of the same version, which carry the same terms. */
export const orderTermsFields: Fields<OrderTerms> = {
  account: integer(),
  market: integer(),
  side: oneOf(SIDES),
  type: oneOf(ORDER_TYPES),
  timeInForce: oneOf(TIMES_IN_FORCE),
  price: nullable(integer()),
  triggerPrice: nullable(integer()),
  trailingOffset: nullable(integer()),
  quantity: nullable(integer()),
  quoteQuantity: nullable(integer()),
  displayQuantity: nullable(integer()),
  expiresAt: nullable(integer()),
  postOnly: boolean,
  selfTradePrevention: oneOf(SELF_TRADE_PREVENTIONS),
  clientOrderId: nullable(text),
};

/** Shared with the journal's records of the same version. */
export const marketListingFields: Fields<MarketListing> = {
  name: text,
  base: integer(),
  quote: integer(),
  tickSize: decimal,
  lotSize: decimal,
  baseMinorPerLot: integer(),
  quoteMinorPerTickLot: integer(),
  minNotional: nullable(integer()),
  maxQuantity: nullable(integer()),
  maxOpenOrders: integer(),
  makerFee: signed(),
  takerFee: integer(),
  priceBand: nullable(integer()),
  referencePrice: nullable(integer()),
  status: oneOf(MARKET_STATUSES),
};

export const keyFields: Fields<Omit<KeyCreated, "kind">> = {
  account: integer(),
  keyId: text,
  name: text,
  scopes: list(oneOf(SCOPES)),
  secretHash: text,
};

/** Shared with the journal's records of the same version. */
export const settlementFields: Fields<Omit<SettleFunds, "kind">> = {
  base: integer(),
  quote: integer(),
  entries: list(
    record<SettlementEntry>({
      account: integer(),
      side: oneOf(SIDES),
      quantity: integer(),
      value: integer(),
      reference: text,
    }),
  ),
  settlementId: nullable(text),
};

const movementFields: Fields<Omit<FundsDeposited, "kind">> = {
  account: integer(),
  asset: integer(),
  amount: integer(),
  reference: text,
};
const orderNamedFields: Fields<Omit<OrderFilled, "kind">> = {
  order: integer(),
  account: integer(),
  market: integer(),
};

/** The tags of what the engine records as numbers, for whoever encodes that without an object an event. */
export const EVENT_TAGS = {
  OrderPlaced: 12,
  TradeExecuted: 14,
  OrderFilled: 15,
  OrderCanceled: 16,
  OrderExpired: 17,
  LevelChanged: 18,
  WalletChanged: 19,
} as const;

export const event: Codec<Event> = tagged<Event>({
  AccountOpened: [1, { account: integer(), accountId: text, name: nullable(text) }],
  AccountStatusChanged: [2, { account: integer(), status: oneOf(ACCOUNT_STATUSES) }],
  KeyCreated: [3, keyFields],
  KeyRevoked: [4, { account: integer(), keyId: text }],
  AssetListed: [5, { asset: integer(), name: text, scale: integer() }],
  MarketListed: [6, { market: integer(), ...marketListingFields }],
  MarketChanged: [
    7,
    {
      market: integer(),
      status: oneOf(MARKET_STATUSES),
      makerFee: signed(),
      takerFee: integer(),
      priceBand: nullable(integer()),
    },
  ],
  FundsDeposited: [8, movementFields],
  FundsWithdrawn: [9, movementFields],
  FundsTransferred: [10, { ...movementFields, toAccount: integer() }],
  MovementRepeated: [11, { account: integer(), asset: integer(), transaction: integer() }],
  OrderPlaced: [EVENT_TAGS.OrderPlaced, { order: integer(), ...orderTermsFields }],
  OrderRepeated: [13, { account: integer(), order: integer() }],
  TradeExecuted: [
    EVENT_TAGS.TradeExecuted,
    {
      market: integer(),
      trade: integer(),
      price: integer(),
      quantity: integer(),
      value: integer(),
      takerSide: oneOf(SIDES),
      takerOrder: integer(),
      takerAccount: integer(),
      takerFee: integer(),
      makerOrder: integer(),
      makerAccount: integer(),
      makerFee: signed(),
    },
  ],
  OrderFilled: [EVENT_TAGS.OrderFilled, orderNamedFields],
  OrderCanceled: [EVENT_TAGS.OrderCanceled, { ...orderNamedFields, reason: oneOf(END_REASONS) }],
  OrderExpired: [EVENT_TAGS.OrderExpired, { ...orderNamedFields, reason: oneOf(END_REASONS) }],
  LevelChanged: [
    EVENT_TAGS.LevelChanged,
    { market: integer(), side: oneOf(SIDES), price: integer(), quantity: integer() },
  ],
  WalletChanged: [
    EVENT_TAGS.WalletChanged,
    { account: integer(), asset: integer(), available: integer(), held: integer() },
  ],
  CommandRejected: [20, { reason: oneOf(REJECTIONS) }],
  OrderTriggered: [21, orderNamedFields],
  OrderAmended: [
    22,
    {
      ...orderNamedFields,
      price: nullable(integer()),
      quantity: nullable(integer()),
      keepsPlace: boolean,
    },
  ],
  SelfTradePrevented: [
    23,
    {
      account: integer(),
      market: integer(),
      takerOrder: integer(),
      makerOrder: integer(),
      quantity: integer(),
    },
  ],
  CancelAfterSet: [24, { account: integer(), deadline: nullable(integer()) }],
  FundsSettled: [25, settlementFields],
  SettlementRepeated: [26, { transaction: integer() }],
});

const events: Codec<readonly Event[]> = list(event);

/** What history keeps of a command: where it stands, what traces it, and all that it caused. */
export type Outcome = {
  readonly seq: Seq;
  readonly at: EpochMs;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly commandKind: Command["kind"];
  readonly events: readonly Event[];
};

/**
 * The number of every kind of command, in this encoding and in the ledger, counted from zero and never given to
 * another kind. The journal's records have tags of their own.
 */
const COMMAND_NUMBERS: Record<Command["kind"], number> = {
  PlaceOrder: 0,
  CancelOrder: 1,
  CancelAllOrders: 2,
  ExpireOrders: 3,
  DepositFunds: 4,
  WithdrawFunds: 5,
  TransferFunds: 6,
  OpenAccount: 7,
  SetAccountStatus: 8,
  CreateKey: 9,
  RevokeKey: 10,
  ListAsset: 11,
  ListMarket: 12,
  ChangeMarket: 13,
  AmendOrder: 14,
  SetCancelAfter: 15,
  SettleFunds: 16,
};

/** All kinds of commands, each in the place of its number. */
export const COMMAND_KINDS: readonly Command["kind"][] = Object.entries(COMMAND_NUMBERS).map(
  ([kind, number], place) => {
    assert(number === place, "the numbers of the kinds count up from zero, none left out");
    return kind as Command["kind"];
  },
);

const headingFields: Fields<Omit<Outcome, "events">> = {
  seq: integer(),
  at: integer(),
  requestId: text,
  traceId: nullable(text),
  commandKind: oneOf(COMMAND_KINDS),
};

/** All of an outcome but its events, which are a list behind it. */
export const outcomeHeading = record<Omit<Outcome, "events">>(headingFields);

const outcome: Codec<Outcome> = record<Outcome>({ ...headingFields, events });

/** Appends the canonical encoding of a committed command. */
export function encodeOutcome(writer: ByteWriter, { entry, events }: Committed): void {
  const { seq, at, requestId, traceId, command } = entry;
  outcome.write(writer, { seq, at, requestId, traceId, commandKind: command.kind, events });
}

/** Reads all outcomes of a frame's encoding, in order. */
export function* decodeOutcomes(bytes: Uint8Array): Generator<Outcome> {
  const reader = new ByteReader(bytes);
  while (!reader.done) yield outcome.read(reader);
}
