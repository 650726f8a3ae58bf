/** What an archive must have of a ledger, told a second time: from the views for people, in plain arithmetic. */
import type Database from "better-sqlite3";
import type { ReadRow } from "../../ledger/read-parquet.ts";

const SCALE = 12;

type Row = Record<string, number | string | null>;

/** All that happened up to a command, and the orders that had ended by then. */
export function expectedRows(database: Database.Database, last: number): Record<string, ReadRow[]> {
  const all = (sql: string) => database.prepare(sql).all(last) as Row[];
  const markets = new Map(
    (all("SELECT * FROM markets WHERE ? IS NOT NULL") as Row[]).map((row) => [row.name, row]),
  );
  const assets = new Map(
    (all("SELECT * FROM assets WHERE ? IS NOT NULL") as Row[]).map((row) => [row.name, row]),
  );
  const byIndex = new Map([...assets.values()].map((row) => [row.asset, row]));
  const market = (row: Row) => markets.get(row.market as string)!;
  const quote = (row: Row) => byIndex.get(market(row).quote as number)!;
  const ticks = (row: Row, value: number | string | null | undefined) =>
    decimal(value, market(row).tick_units, market(row).tick_scale);
  const lots = (row: Row, value: number | string | null | undefined) =>
    decimal(value, market(row).lot_units, market(row).lot_scale);
  const money = (row: Row, value: number | string | null | undefined) => decimal(value, 1, quote(row).scale);
  return {
    commands: all("SELECT * FROM readable_commands WHERE seq <= ?").map((row) => ({
      seq: id(row.seq),
      at: row.at!,
      kind: row.kind!,
      refused: row.refused!,
      request_id: row.request_id!,
      trace_id: row.trace_id!,
    })),
    orders: all(
      `SELECT r.*, o.updated_seq, o.expires_at, o.post_only, c.trace_id AS trace FROM readable_orders r JOIN orders o USING (order_id)
         JOIN commands c ON c.seq = o.order_id
       WHERE r.status IN ('filled', 'canceled', 'expired') AND o.updated_seq <= ?`,
    ).map((row) => ({
      order_id: id(row.order_id),
      created_at: row.created_at!,
      account_id: row.account_id!,
      market: row.market!,
      side: row.side!,
      type: row.type!,
      time_in_force: row.time_in_force!,
      price: ticks(row, row.price_ticks),
      trigger_price: ticks(row, row.trigger_price_ticks),
      trailing_offset: ticks(row, row.trailing_offset_ticks),
      quantity: lots(row, row.quantity_lots),
      quote_quantity: money(row, row.budget_minor),
      display_quantity: lots(row, row.display_lots),
      expires_at: row.expires_at!,
      post_only: row.post_only === 1,
      self_trade_prevention: "cancel-maker",
      client_order_id: row.client_order_id!,
      status: row.status!,
      reason: row.reason!,
      filled_quantity: lots(row, row.filled_lots),
      filled_value: money(row, row.filled_minor),
      prevented_quantity: lots(row, row.prevented_lots),
      updated_at: row.updated_at!,
      updated_seq: id(row.updated_seq),
      request_id: row.request_id!,
      trace_id: row.trace === null ? null : (row.trace as unknown as Buffer).toString("hex"),
    })),
    trades: all("SELECT * FROM readable_trades WHERE seq <= ?").map((row) => ({
      market: row.market!,
      trade_id: id(row.trade),
      seq: id(row.seq),
      at: row.at!,
      price: ticks(row, row.price_ticks),
      quantity: lots(row, row.quantity_lots),
      value: money(row, row.value_minor),
      taker_side: row.taker_side!,
      taker_account_id: row.taker!,
      taker_order_id: id(row.taker_order),
      taker_fee: money(row, row.taker_fee),
      maker_account_id: row.maker!,
      maker_order_id: id(row.maker_order),
      maker_fee: money(row, row.maker_fee),
    })),
    entries: all("SELECT * FROM readable_entries WHERE seq <= ?").map((row) => ({
      entry: id(row.entry),
      seq: id(row.seq),
      at: row.at!,
      account_id: row.account_id!,
      asset: row.asset!,
      amount: decimal(row.amount_minor, 1, assets.get(row.asset as string)!.scale),
      balance_after: decimal(row.balance_minor, 1, assets.get(row.asset as string)!.scale),
      kind: row.kind!,
      order_id: row.order_id === null ? null : id(row.order_id),
      market: row.market!,
      trade_id: row.trade === null ? null : id(row.trade),
      reference: row.reference!,
      request_id: row.request_id!,
    })),
  };
}

function id(value: Row[string] | undefined): bigint {
  return BigInt(value as number);
}

function decimal(
  steps: Row[string] | undefined,
  units: Row[string] | undefined,
  scale: Row[string] | undefined,
): string | null {
  if (steps === null || steps === undefined) return null;
  const whole = BigInt(steps) * BigInt(units as number) * 10n ** BigInt(SCALE - (scale as number));
  const digits = (whole < 0n ? -whole : whole).toString().padStart(SCALE + 1, "0");
  return `${whole < 0n ? "-" : ""}${digits.slice(0, -SCALE)}.${digits.slice(-SCALE)}`;
}
