/** How a trade came about, in words and decimals: the form in which an explanation is shown. */
import type { Command, SelfTradePrevention } from "../../domain/commands.ts";
import type { EndReason } from "../../domain/events.ts";
import type { MarketStatus, Side } from "../../domain/market.ts";
import type { OrderId } from "../../domain/units.ts";

/** An order that stood in front, and what became of it before this trade. */
export type Ahead = {
  readonly orderId: OrderId;
  readonly accountId: string;
  readonly price: string;
  readonly shown: string;
  readonly traded: string;
  /** What the self-trade rule took from it without a trade. */
  readonly prevented: string;
  /** Why it ended, `filled` included; null if it goes on, behind the others at its price. */
  readonly ended: EndReason | "filled" | null;
};

export type QueueAhead = {
  readonly of: "maker" | "taker";
  readonly count: number;
  /** False where so many stood in front that not all were looked at. */
  readonly isWhole: boolean;
  readonly orders: readonly Ahead[];
};

export type LevelWalked = {
  readonly price: string;
  /** What the book showed there before the command. */
  readonly shown: string;
  /** What the command had traded of the orders there, this trade included. */
  readonly traded: string;
};

export type Wallet = {
  readonly asset: string;
  readonly before: { readonly available: string; readonly held: string };
  readonly after: { readonly available: string; readonly held: string };
};

export type Party = {
  readonly orderId: OrderId;
  readonly accountId: string;
  readonly side: Side;
  /** Whether the order had waited for a trigger, which the command reached before this trade. */
  readonly isTriggered: boolean;
  readonly fee: string;
  readonly feeAsset: string;
  readonly feeRate: string;
  /** What the order kept aside, and what the whole command did with it. */
  readonly holds: {
    readonly asset: string;
    readonly before: string;
    readonly spent: string;
    /** Free again; below zero if more had to be kept aside. */
    readonly released: string;
    readonly after: string;
  };
  readonly wallets: readonly Wallet[];
};

export type FillExplanation = {
  readonly market: string;
  readonly tradeId: number;
  readonly seq: number;
  readonly command: Command["kind"];
  readonly price: string;
  readonly quantity: string;
  readonly value: string;
  readonly taker: Party;
  readonly maker: Party;
  readonly before: {
    readonly status: MarketStatus;
    readonly lastPrice: string | null;
    readonly bestBid: string | null;
    readonly bestAsk: string | null;
    readonly band: { readonly lowest: string; readonly highest: string } | null;
  };
  readonly levels: readonly LevelWalked[];
  readonly ahead: readonly QueueAhead[];
  readonly selfTrade: {
    /** The taker's choice; null in an uncross, to which the rule does not apply. */
    readonly mode: SelfTradePrevention | null;
    readonly canceled: readonly OrderId[];
    readonly prevented: readonly { readonly orderId: OrderId; readonly quantity: string }[];
  };
  readonly text: readonly string[];
};
