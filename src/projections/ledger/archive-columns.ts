/**
 * The tables of an archive, as columns that other tools read: names and words for indices and numbers, amounts as
 * decimals, times as timestamps. A name here is a promise to whoever has queries on archives; columns are only added.
 */
import { ORDER_TYPES, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../../domain/commands.ts";
import { COMMAND_KINDS } from "../../domain/event-codec.ts";
import { END_REASONS } from "../../domain/events.ts";
import { SIDES } from "../../domain/market.ts";
import { REJECTIONS } from "../../domain/rejections.ts";
import { ORDER_STATUSES } from "../order-record.ts";
import { type Cell, type Column, type ColumnType, decimalCell, WIDEST_DECIMAL } from "./parquet.ts";
import { ENTRY_KINDS, unpackHex, wordAt } from "./words.ts";

/** A row as its query gives it: what a column holds by the column's name, in the numbers of the ledger's tables. */
export type ArchiveRow = Readonly<Record<string, number | string | Buffer | null>>;

type Columns = readonly Column<ArchiveRow>[];

export const COMMAND_COLUMNS: Columns = [
  given("seq", "integer"),
  given("at", "time"),
  word("kind", COMMAND_KINDS),
  word("refused", REJECTIONS, true),
  given("request_id", "text"),
  hex("trace_id"),
];

export const ORDER_COLUMNS: Columns = [
  given("order_id", "integer"),
  given("created_at", "time"),
  given("account_id", "text"),
  given("market", "text"),
  word("side", SIDES),
  word("type", ORDER_TYPES),
  word("time_in_force", TIMES_IN_FORCE),
  steps("price", "tick", true),
  steps("trigger_price", "tick", true),
  steps("trailing_offset", "tick", true),
  steps("quantity", "lot", true),
  minor("quote_quantity", "quote_scale", true),
  steps("display_quantity", "lot", true),
  given("expires_at", "time", true),
  { name: "post_only", type: "flag", of: (row) => row.post_only === 1 },
  word("self_trade_prevention", SELF_TRADE_PREVENTIONS),
  given("client_order_id", "text", true),
  word("status", ORDER_STATUSES),
  word("reason", END_REASONS, true),
  steps("filled_quantity", "lot"),
  minor("filled_value", "quote_scale"),
  steps("prevented_quantity", "lot"),
  given("updated_at", "time"),
  given("updated_seq", "integer"),
  given("request_id", "text"),
  hex("trace_id"),
];

export const TRADE_COLUMNS: Columns = [
  given("market", "text"),
  given("trade_id", "integer"),
  given("seq", "integer"),
  given("at", "time"),
  steps("price", "tick"),
  steps("quantity", "lot"),
  minor("value", "quote_scale"),
  word("taker_side", SIDES),
  given("taker_account_id", "text"),
  given("taker_order_id", "integer"),
  minor("taker_fee", "quote_scale"),
  given("maker_account_id", "text"),
  given("maker_order_id", "integer"),
  minor("maker_fee", "quote_scale"),
];

export const ENTRY_COLUMNS: Columns = [
  given("entry", "integer"),
  given("seq", "integer"),
  given("at", "time"),
  given("account_id", "text"),
  given("asset", "text"),
  minor("amount", "scale"),
  minor("balance_after", "scale"),
  word("kind", ENTRY_KINDS),
  given("order_id", "integer", true),
  given("market", "text", true),
  given("trade_id", "integer", true),
  given("reference", "text", true),
  given("request_id", "text"),
];

function given(name: string, type: ColumnType, optional = false): Column<ArchiveRow> {
  return { name, type, optional, of: (row) => row[name] as Cell };
}

function word(name: string, words: readonly string[], optional = false): Column<ArchiveRow> {
  return {
    name,
    type: "text",
    optional,
    of: (row) => (row[name] === null ? null : wordAt(words, row[name] as number)),
  };
}

/** A number of the market's ticks or lots, whose size stands in the row. */
function steps(name: string, step: "tick" | "lot", optional = false): Column<ArchiveRow> {
  return {
    name,
    type: WIDEST_DECIMAL,
    optional,
    of: (row) => {
      const size = { units: row[`${step}_units`] as number, scale: row[`${step}_scale`] as number };
      return decimalCell(row[name] as number | null, size, WIDEST_DECIMAL);
    },
  };
}

/** Minor units of an asset, whose scale stands in the row. */
function minor(name: string, scale: string, optional = false): Column<ArchiveRow> {
  return {
    name,
    type: WIDEST_DECIMAL,
    optional,
    of: (row) =>
      decimalCell(row[name] as number | null, { units: 1, scale: row[scale] as number }, WIDEST_DECIMAL),
  };
}

function hex(name: string): Column<ArchiveRow> {
  return {
    name,
    type: "text",
    optional: true,
    of: (row) => (row[name] === null ? null : unpackHex(row[name] as Buffer | string)),
  };
}
