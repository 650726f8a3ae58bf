/**
 * What the ledger answers: rows in whole units of the domain, never formatted; and how the tables' rows
 * become them.
 */
import type { Database } from "better-sqlite3";
import { type Command, ORDER_TYPES, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../../domain/commands.ts";
import { END_REASONS } from "../../domain/events.ts";
import { SIDES, type Side } from "../../domain/market.ts";
import type { Rejection } from "../../domain/rejections.ts";
import type {
  AccountIndex,
  AssetIndex,
  EpochMs,
  Lots,
  MarketIndex,
  Minor,
  OrderId,
  Seq,
  Ticks,
  TradeId,
} from "../../domain/units.ts";
import { ORDER_STATUSES, type OrderRecord } from "../order-record.ts";
import { ENTRY_KINDS, type EntryKind, unpackHex, wordAt } from "./words.ts";

/** One side of a trade, as the account that owned the order sees it. */
export type LedgerFill = {
  /** The account's entry in the base asset; also the place of the fill in a list. */
  readonly entryId: number;
  readonly seq: Seq;
  readonly at: EpochMs;
  readonly market: MarketIndex;
  readonly tradeId: TradeId;
  readonly orderId: OrderId;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly value: Minor;
  readonly role: "maker" | "taker";
  /** Negative when it is a rebate. */
  readonly fee: Minor;
};

export type LedgerTrade = {
  readonly market: MarketIndex;
  readonly tradeId: TradeId;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly value: Minor;
  readonly takerSide: Side;
  readonly seq: Seq;
  readonly at: EpochMs;
};

/** A change of an account's total in an asset. */
export type LedgerEntry = {
  readonly entryId: number;
  /** The sequence of the command that moved the money. */
  readonly transactionId: Seq;
  readonly seq: Seq;
  readonly at: EpochMs;
  readonly asset: AssetIndex;
  /** In minor units, signed. */
  readonly amount: number;
  readonly balanceAfter: Minor;
  readonly kind: EntryKind;
  readonly market: MarketIndex | null;
  readonly orderId: OrderId | null;
  readonly tradeId: TradeId | null;
  readonly reference: string | null;
  readonly requestId: string;
};

/** A command as history has it: what it said is the journal's to tell. */
export type LedgerCommand = {
  readonly seq: Seq;
  readonly at: EpochMs;
  readonly kind: Command["kind"];
  /** Why the rules refused it; null if they did not. */
  readonly refused: Rejection | null;
  readonly requestId: string;
  readonly traceId: string | null;
  /** The chained hash of the journal's frame that holds it. */
  readonly frameHash: string;
};

/** What every row tells of the command behind it. */
export type CommandRow = {
  readonly at: number;
  readonly request_id: string;
  readonly trace_id: Buffer | string | null;
};

/** Reads what is told of a command that a kept row names. */
export function commandReader(database: Database): (seq: number) => CommandRow {
  const row = database.prepare("SELECT at, request_id, trace_id FROM commands WHERE seq = ?");
  return (seq) => row.get(seq) as CommandRow;
}

/** What of an order the filters of a list look at: a walk reads no more of those that it passes over. */
export type OrderStep = {
  readonly order_id: number;
  readonly market: number;
  readonly side: number;
  readonly status: number;
  readonly previous: number | null;
};

export type OrderRow = {
  readonly order_id: number;
  readonly account: number;
  readonly market: number;
  readonly side: number;
  readonly type: number;
  readonly time_in_force: number;
  readonly price: number | null;
  readonly quantity: number | null;
  readonly quote_quantity: number | null;
  readonly expires_at: number | null;
  readonly post_only: number;
  readonly self_trade_prevention: number;
  readonly client_order_id: string | null;
  readonly previous: number | null;
  readonly status: number;
  readonly reason: number | null;
  readonly filled_quantity: number;
  readonly filled_value: number;
  readonly last_trade: number | null;
  readonly updated_at: number;
  readonly updated_seq: number;
  readonly trigger_price: number | null;
  readonly trailing_offset: number | null;
  readonly display_quantity: number | null;
  readonly prevented_quantity: number;
};

export type TradeRow = {
  readonly market: number;
  readonly trade: number;
  readonly seq: number;
  readonly price: number;
  readonly quantity: number;
  readonly value: number;
  readonly taker_side: number;
  readonly taker_account: number;
  readonly taker_order: number;
  readonly taker_fee: number;
  readonly taker_previous: number | null;
  readonly maker_account: number;
  readonly maker_order: number;
  readonly maker_fee: number;
  readonly maker_previous: number | null;
  readonly first_entry: number;
};

export type EntryRow = {
  readonly entry: number;
  readonly account: number;
  readonly asset: number;
  readonly seq: number;
  readonly amount: number;
  readonly balance_after: number;
  readonly kind: number;
  readonly order_id: number | null;
  readonly market: number | null;
  readonly trade: number | null;
  readonly previous: number | null;
};

export function orderRecord(row: OrderRow, command: CommandRow): OrderRecord {
  return {
    order: row.order_id as OrderId,
    terms: {
      account: row.account as AccountIndex,
      market: row.market as MarketIndex,
      side: wordAt(SIDES, row.side),
      type: wordAt(ORDER_TYPES, row.type),
      timeInForce: wordAt(TIMES_IN_FORCE, row.time_in_force),
      price: row.price as Ticks | null,
      triggerPrice: row.trigger_price as Ticks | null,
      trailingOffset: row.trailing_offset as Ticks | null,
      quantity: row.quantity as Lots | null,
      quoteQuantity: row.quote_quantity as Minor | null,
      displayQuantity: row.display_quantity as Lots | null,
      expiresAt: row.expires_at as EpochMs | null,
      postOnly: row.post_only === 1,
      selfTradePrevention: wordAt(SELF_TRADE_PREVENTIONS, row.self_trade_prevention),
      clientOrderId: row.client_order_id,
    },
    requestId: command.request_id,
    traceId: command.trace_id === null ? null : unpackHex(command.trace_id),
    createdAt: command.at as EpochMs,
    progress: {
      status: wordAt(ORDER_STATUSES, row.status),
      reason: row.reason === null ? null : wordAt(END_REASONS, row.reason),
      filledQuantity: row.filled_quantity as Lots,
      filledValue: row.filled_value as Minor,
      preventedQuantity: row.prevented_quantity as Lots,
      updatedAt: row.updated_at as EpochMs,
    },
  };
}

/** The fill of one of the trade's two orders. */
export function ledgerFill(trade: TradeRow, order: number, { at }: CommandRow): LedgerFill {
  const isTaker = trade.taker_order === order;
  const takerSide = wordAt(SIDES, trade.taker_side);
  const side = isTaker === (takerSide === "buy") ? "buy" : "sell";
  return {
    entryId: fillEntry(trade, order),
    seq: trade.seq as Seq,
    at: at as EpochMs,
    market: trade.market as MarketIndex,
    tradeId: trade.trade as TradeId,
    orderId: order as OrderId,
    side,
    price: trade.price as Ticks,
    quantity: trade.quantity as Lots,
    value: trade.value as Minor,
    role: isTaker ? "taker" : "maker",
    fee: (isTaker ? trade.taker_fee : trade.maker_fee) as Minor,
  };
}

/** The id of the entry in which an order of the trade gave or got the base asset: the seller's comes first. */
export function fillEntry(trade: TradeRow, order: number): number {
  const takerBuys = wordAt(SIDES, trade.taker_side) === "buy";
  const buys = (trade.taker_order === order) === takerBuys;
  return trade.first_entry + (buys ? 1 : 0);
}

export function ledgerTrade(trade: TradeRow, { at }: CommandRow): LedgerTrade {
  return {
    market: trade.market as MarketIndex,
    tradeId: trade.trade as TradeId,
    price: trade.price as Ticks,
    quantity: trade.quantity as Lots,
    value: trade.value as Minor,
    takerSide: wordAt(SIDES, trade.taker_side),
    seq: trade.seq as Seq,
    at: at as EpochMs,
  };
}

export function ledgerEntry(row: EntryRow, command: CommandRow, reference: string | null): LedgerEntry {
  return {
    entryId: row.entry,
    transactionId: row.seq as Seq,
    seq: row.seq as Seq,
    at: command.at as EpochMs,
    asset: row.asset as AssetIndex,
    amount: row.amount,
    balanceAfter: row.balance_after as Minor,
    kind: wordAt(ENTRY_KINDS, row.kind),
    market: row.market as MarketIndex | null,
    orderId: row.order_id as OrderId | null,
    tradeId: row.trade as TradeId | null,
    reference,
    requestId: command.request_id,
  };
}
