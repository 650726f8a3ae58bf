/**
 * What happened: the outcome of one command, in order. Events are plain data and complete; every projection
 * (ledger, feeds, live orders, balances) is a fold over them, and none needs to know a trading rule.
 */
import type { AccountStatus, OrderTerms, Scope, Sequenced, SettlementEntry } from "./commands.ts";
import type { MarketListing, MarketStatus, Side } from "./market.ts";
import type { Rejection } from "./rejections.ts";
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
  TradeId,
} from "./units.ts";

/** Why an order ended without having been filled. */
export const END_REASONS = [
  "requested",
  "unfilled",
  "self-trade",
  "time",
  "cancel-after",
  "delisted",
] as const;
export type EndReason = (typeof END_REASONS)[number];

export type AccountOpened = {
  readonly kind: "AccountOpened";
  readonly account: AccountIndex;
  readonly accountId: string;
  readonly name: string | null;
};

export type AccountStatusChanged = {
  readonly kind: "AccountStatusChanged";
  readonly account: AccountIndex;
  readonly status: AccountStatus;
};

export type KeyCreated = {
  readonly kind: "KeyCreated";
  readonly account: AccountIndex;
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly secretHash: string;
};

export type KeyRevoked = {
  readonly kind: "KeyRevoked";
  readonly account: AccountIndex;
  readonly keyId: string;
};

export type AssetListed = {
  readonly kind: "AssetListed";
  readonly asset: AssetIndex;
  readonly name: string;
  readonly scale: number;
};

export type MarketListed = { readonly kind: "MarketListed"; readonly market: MarketIndex } & MarketListing;

/** The settings as they are from now on. */
export type MarketChanged = {
  readonly kind: "MarketChanged";
  readonly market: MarketIndex;
  readonly status: MarketStatus;
  readonly makerFee: PartsPerMillion;
  readonly takerFee: PartsPerMillion;
  readonly priceBand: PartsPerMillion | null;
};

export type FundsDeposited = {
  readonly kind: "FundsDeposited";
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

export type FundsWithdrawn = {
  readonly kind: "FundsWithdrawn";
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

export type FundsTransferred = {
  readonly kind: "FundsTransferred";
  readonly account: AccountIndex;
  readonly toAccount: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

/** The same movement was sent again; nothing moved. */
export type MovementRepeated = {
  readonly kind: "MovementRepeated";
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  /** The sequence of the command that moved the money. */
  readonly transaction: Seq;
};

/** Every entry has been settled: what each account gave and took, though in the end it may have gained nothing. */
export type FundsSettled = {
  readonly kind: "FundsSettled";
  readonly base: AssetIndex;
  readonly quote: AssetIndex;
  readonly entries: readonly SettlementEntry[];
  readonly settlementId: string | null;
};

/** The same list was sent again to be settled; nothing moved. */
export type SettlementRepeated = {
  readonly kind: "SettlementRepeated";
  /** The sequence of the command that moved the money. */
  readonly transaction: Seq;
};

/** An order was accepted; its id is the sequence of the command. */
export type OrderPlaced = { readonly kind: "OrderPlaced"; readonly order: OrderId } & OrderTerms;

/** The same order was sent again under its client id; nothing was placed. */
export type OrderRepeated = {
  readonly kind: "OrderRepeated";
  readonly account: AccountIndex;
  readonly order: OrderId;
};

/** A triggered order's price has come: it enters the market, in the step of the trade that triggered it. */
export type OrderTriggered = { readonly kind: "OrderTriggered" } & OrderNamed;

/**
 * The order's terms as they are from now on, `quantity` in all. Unless `keepsPlace`, it has left its place in
 * the queue and enters again at the back, and trades may follow.
 */
export type OrderAmended = {
  readonly kind: "OrderAmended";
  readonly price: Ticks | null;
  readonly quantity: Lots | null;
  readonly keepsPlace: boolean;
} & OrderNamed;

/** Two orders of one account met under `decrement`: both lost this much without a trade. */
export type SelfTradePrevented = {
  readonly kind: "SelfTradePrevented";
  readonly account: AccountIndex;
  readonly market: MarketIndex;
  readonly takerOrder: OrderId;
  readonly makerOrder: OrderId;
  readonly quantity: Lots;
};

/** All of the account's open orders are canceled at `deadline`; null when the switch is disarmed or has run out. */
export type CancelAfterSet = {
  readonly kind: "CancelAfterSet";
  readonly account: AccountIndex;
  readonly deadline: EpochMs | null;
};

/** Both wallets are settled in the same step. */
export type TradeExecuted = {
  readonly kind: "TradeExecuted";
  readonly market: MarketIndex;
  readonly trade: TradeId;
  /** The maker's price; in an uncross, the one price of all its trades. */
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly value: Minor;
  readonly takerSide: Side;
  readonly takerOrder: OrderId;
  readonly takerAccount: AccountIndex;
  /** What this trade added to the fees that the taker's order has paid; never negative. */
  readonly takerFee: Minor;
  readonly makerOrder: OrderId;
  readonly makerAccount: AccountIndex;
  /** Negative when it is a rebate. */
  readonly makerFee: Minor;
};

type OrderNamed = { readonly order: OrderId; readonly account: AccountIndex; readonly market: MarketIndex };

/** Nothing of the order is left to trade, or of its budget to spend. */
export type OrderFilled = { readonly kind: "OrderFilled" } & OrderNamed;

export type OrderCanceled = { readonly kind: "OrderCanceled"; readonly reason: EndReason } & OrderNamed;

export type OrderExpired = { readonly kind: "OrderExpired"; readonly reason: EndReason } & OrderNamed;

/** A price level's new total, once per level and command; zero means that the level is gone. */
export type LevelChanged = {
  readonly kind: "LevelChanged";
  readonly market: MarketIndex;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
};

/** An account's new balance in an asset, once per wallet and command. */
export type WalletChanged = {
  readonly kind: "WalletChanged";
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  readonly available: Minor;
  readonly held: Minor;
};

export type CommandRejected = { readonly kind: "CommandRejected"; readonly reason: Rejection };

export type Event =
  | AccountOpened
  | AccountStatusChanged
  | KeyCreated
  | KeyRevoked
  | AssetListed
  | MarketListed
  | MarketChanged
  | FundsDeposited
  | FundsWithdrawn
  | FundsTransferred
  | MovementRepeated
  | OrderPlaced
  | OrderRepeated
  | OrderTriggered
  | OrderAmended
  | SelfTradePrevented
  | CancelAfterSet
  | TradeExecuted
  | OrderFilled
  | OrderCanceled
  | OrderExpired
  | LevelChanged
  | WalletChanged
  | CommandRejected
  | FundsSettled
  | SettlementRepeated;

/**
 * A command that is on disk, with what it caused. The order of its events: what it did, in the order in
 * which it happened; then the levels and then the wallets that it changed.
 */
export type Committed = { readonly entry: Sequenced; readonly events: readonly Event[] };

/** A frame that is on disk and applied: its commands with their events, and the encoding of these. */
export type CommittedFrame = {
  readonly committed: readonly Committed[];
  readonly hash: string;
  /** The canonical encoding of all outcomes; valid until the next frame. */
  readonly outcomes: Uint8Array<ArrayBuffer>;
};
