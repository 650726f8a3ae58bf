/**
 * What the exchange can be asked to do. A command is plain data in whole units; once the sequencer has
 * given it a place and a time it is a `Sequenced` entry, and the journal of entries is the only truth.
 */
import type { MarketListing, MarketStatus, Side } from "./market.ts";
import type {
  AccountIndex,
  AssetIndex,
  EpochMs,
  Lots,
  MarketIndex,
  Minor,
  OrderId,
  PartsPerMillion,
  Seq,
  Ticks,
} from "./units.ts";

/** The types after `market` are triggered: they wait, pending, until the price has come. */
export const ORDER_TYPES = [
  "limit",
  "market",
  "stop",
  "stop-limit",
  "take-profit",
  "take-profit-limit",
  "trailing-stop",
] as const;
export type OrderType = (typeof ORDER_TYPES)[number];

export const TIMES_IN_FORCE = ["gtc", "gtd", "ioc", "fok"] as const;
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];

export const SELF_TRADE_PREVENTIONS = ["cancel-maker", "cancel-taker", "cancel-both", "decrement"] as const;
export type SelfTradePrevention = (typeof SELF_TRADE_PREVENTIONS)[number];

export const SCOPES = ["read", "trade", "withdraw", "transfer"] as const;
export type Scope = (typeof SCOPES)[number];

export const ACCOUNT_STATUSES = ["active", "suspended"] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** The reserved account that collects fees; it has no keys and no orders. */
export const FEES_ACCOUNT_ID = "fees";
/** The account `fees` exists before the first command. */
export const FEES_ACCOUNT = 0 as AccountIndex;

/** The terms of an order, as they were first sent. */
export type OrderTerms = {
  readonly account: AccountIndex;
  readonly market: MarketIndex;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** The limit; null for a type without one. */
  readonly price: Ticks | null;
  /** The last trade price at which a triggered order enters; null for the other types and a trailing stop. */
  readonly triggerPrice: Ticks | null;
  /** How far a trailing stop's trigger stays behind the best price; set for that type only. */
  readonly trailingOffset: Ticks | null;
  /** Null for a buy without a limit that gives `quoteQuantity`. */
  readonly quantity: Lots | null;
  /** The budget of a buy without a limit, fees included. */
  readonly quoteQuantity: Minor | null;
  /** How much of an iceberg the book shows at most; null for an order that is shown whole. */
  readonly displayQuantity: Lots | null;
  /** Set exactly when `timeInForce` is `gtd`. */
  readonly expiresAt: EpochMs | null;
  readonly postOnly: boolean;
  readonly selfTradePrevention: SelfTradePrevention;
  readonly clientOrderId: string | null;
};

export type PlaceOrder = { readonly kind: "PlaceOrder" } & OrderTerms;

/** Null leaves a term as it is; `quantity` is the new total, what has been filled and prevented included. */
export type AmendOrder = {
  readonly kind: "AmendOrder";
  readonly account: AccountIndex;
  readonly order: OrderId;
  readonly price: Ticks | null;
  readonly quantity: Lots | null;
};

export type CancelOrder = {
  readonly kind: "CancelOrder";
  readonly account: AccountIndex;
  readonly order: OrderId;
};

/** Cancels every open order of the account, in one market or in all. */
export type CancelAllOrders = {
  readonly kind: "CancelAllOrders";
  readonly account: AccountIndex;
  readonly market: MarketIndex | null;
};

/**
 * A dead man's switch: all of the account's open orders are canceled when so many seconds have passed, unless
 * this command comes again before; 0 disarms it.
 */
export type SetCancelAfter = {
  readonly kind: "SetCancelAfter";
  readonly account: AccountIndex;
  /** Whole seconds after the command's own time; the edge takes a day at most. */
  readonly seconds: number;
};

/**
 * Ends all orders whose time is over, and those of accounts whose `SetCancelAfter` has run out; the sequencer
 * puts it first in a frame when one is due.
 */
export type ExpireOrders = { readonly kind: "ExpireOrders" };

export type DepositFunds = {
  readonly kind: "DepositFunds";
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

/** A deposit that is thought of; its account may be yet to be opened. */
export type PlannedDeposit = Omit<DepositFunds, "account"> & { readonly account: AccountIndex | null };

export type WithdrawFunds = {
  readonly kind: "WithdrawFunds";
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

export type TransferFunds = {
  readonly kind: "TransferFunds";
  readonly account: AccountIndex;
  readonly toAccount: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

export type OpenAccount = {
  readonly kind: "OpenAccount";
  readonly accountId: string;
  readonly name: string | null;
};

export type SetAccountStatus = {
  readonly kind: "SetAccountStatus";
  readonly account: AccountIndex;
  readonly status: AccountStatus;
};

/** The edge makes the key; only the hash of its secret is ever written down. */
export type CreateKey = {
  readonly kind: "CreateKey";
  readonly account: AccountIndex;
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the secret, 64 hexadecimal characters. */
  readonly secretHash: string;
};

export type RevokeKey = { readonly kind: "RevokeKey"; readonly keyId: string };

export type ListAsset = {
  readonly kind: "ListAsset";
  readonly name: string;
  /** Decimals of its minor unit. */
  readonly scale: number;
};

export type ListMarket = { readonly kind: "ListMarket" } & MarketListing;

/** Null leaves a setting as it is. New fees hold for orders that are placed from now on. */
export type ChangeMarket = {
  readonly kind: "ChangeMarket";
  readonly market: MarketIndex;
  readonly status: MarketStatus | null;
  readonly makerFee: PartsPerMillion | null;
  readonly takerFee: PartsPerMillion | null;
  /** 0 takes the band away. */
  readonly priceBand: PartsPerMillion | null;
};

/**
 * What one account gives and takes in the list of a `SettleFunds`, as in a trade: a buyer receives the quantity of the
 * base asset and pays the value in the quote asset, a seller the reverse.
 */
export type SettlementEntry = {
  readonly account: AccountIndex;
  readonly side: Side;
  readonly quantity: Minor;
  readonly value: Minor;
  /** The client's name of what it settles. */
  readonly reference: string;
};

/**
 * Trades that were made elsewhere, settled here: all entries or none, and only if buyers and sellers balance in both
 * assets. The references of the entries make it idempotent, or its own id alone where it has one. What goes out to the
 * operator's wallet service for each trade made here is the other kind of settlement, that of `settlements.ts`.
 */
export type SettleFunds = {
  readonly kind: "SettleFunds";
  readonly base: AssetIndex;
  readonly quote: AssetIndex;
  /** Without an id of the list, no account has two entries under one reference. */
  readonly entries: readonly SettlementEntry[];
  /** The client's name of the list. */
  readonly settlementId: string | null;
};

export type Command =
  | PlaceOrder
  | AmendOrder
  | CancelOrder
  | CancelAllOrders
  | SetCancelAfter
  | ExpireOrders
  | DepositFunds
  | WithdrawFunds
  | TransferFunds
  | OpenAccount
  | SetAccountStatus
  | CreateKey
  | RevokeKey
  | ListAsset
  | ListMarket
  | ChangeMarket
  | SettleFunds;

/** Movements of money that a `reference` makes idempotent, per account and kind. */
export type MovementKind = "deposit" | "withdrawal" | "transfer" | "settlement";

/** A command on its way in, with the ids that trace it. */
export type Request = {
  /** A ULID made for every request. */
  readonly requestId: string;
  /** The W3C trace id, 32 hexadecimal characters, if the request came with one. */
  readonly traceId: string | null;
  readonly command: Command;
};

/** A command with its place in history. All commands of one journal frame share their time. */
export type Sequenced<C extends Command = Command> = {
  readonly seq: Seq;
  /** Never earlier than that of the command before. */
  readonly at: EpochMs;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly command: C;
};
