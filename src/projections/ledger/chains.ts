/**
 * Walks along the chains of `previous` columns, newest first: an account's orders, the entries of its wallets,
 * an order's trades. A walk covers positions from `from` up to, but not including, `before`; where a chain is
 * long, a mark near `before` is where it starts. What has moved to the archive is out of sight, whether its rows are
 * gone already or not: a chain ends there, and behind it come the orders that the ledger still keeps.
 */
import type { Database, Statement } from "better-sqlite3";
import { type Kept, keptReader } from "./retention.ts";
import { type EntryRow, fillEntry, type OrderRow, type OrderStep, type TradeRow } from "./rows.ts";

/** A range of order ids or of entry ids. */
export type Range = { readonly from: number; readonly before: number };

export class Chains {
  readonly #kept: () => Kept;
  readonly #oldOrder: Statement;
  readonly #oldOrders: Statement;
  readonly #order: Statement;
  readonly #orderStep: Statement;
  readonly #orderMark: Statement;
  readonly #lastOrder: Statement;
  readonly #entry: Statement;
  readonly #entryMark: Statement;
  readonly #lastEntries: Statement;
  readonly #movements: Statement;
  readonly #trade: Statement;

  constructor(database: Database) {
    this.#kept = keptReader(database);
    this.#oldOrder = database.prepare("SELECT 1 FROM old_orders WHERE order_id = ?").pluck();
    this.#oldOrders = database
      .prepare(
        `SELECT order_id FROM old_orders WHERE account = ? AND order_id >= ? AND order_id < ?
         ORDER BY order_id DESC`,
      )
      .pluck();
    this.#order = database.prepare("SELECT * FROM orders WHERE order_id = ?");
    this.#orderStep = database.prepare(
      "SELECT order_id, market, side, status, previous FROM orders WHERE order_id = ?",
    );
    this.#orderMark = database
      .prepare(
        "SELECT order_id FROM order_marks WHERE account = ? AND order_id >= ? ORDER BY order_id LIMIT 1",
      )
      .pluck();
    this.#lastOrder = database.prepare("SELECT last_order FROM order_heads WHERE account = ?").pluck();
    this.#entry = database.prepare("SELECT * FROM entries WHERE entry = ?");
    this.#entryMark = database
      .prepare(
        `SELECT entry FROM entry_marks WHERE account = ? AND asset = ? AND entry >= ? ORDER BY entry LIMIT 1`,
      )
      .pluck();
    this.#lastEntries = database.prepare(
      "SELECT asset, last_entry FROM balances WHERE account = ? AND last_entry IS NOT NULL",
    );
    this.#movements = database.prepare(
      `SELECT * FROM entries INDEXED BY entries_by_movement
       WHERE trade IS NULL AND account = ? AND kind = ? AND entry >= ? AND entry < ? ORDER BY entry DESC`,
    );
    this.#trade = database.prepare("SELECT * FROM trades WHERE market = ? AND trade = ?");
  }

  order(order: number): OrderRow | undefined {
    if (order <= this.#kept().droppedSeq && this.#oldOrder.get(order) === undefined) return undefined;
    return this.#order.get(order) as OrderRow | undefined;
  }

  trade(market: number, trade: number): TradeRow {
    return this.#trade.get(market, trade) as TradeRow;
  }

  *orders(account: number, { from, before }: Range): Generator<OrderStep> {
    const { droppedSeq } = this.#kept();
    const mark = this.#orderMark.get(account, before) as number | undefined;
    let next = mark ?? (this.#lastOrder.get(account) as number | undefined) ?? null;
    while (next !== null && next >= from && next > droppedSeq) {
      const row = this.#orderStep.get(next) as OrderStep;
      if (next < before) yield row;
      next = row.previous;
    }
    const old = this.#oldOrders.all(account, from, Math.min(before, droppedSeq + 1)) as number[];
    for (const order of old) yield this.#orderStep.get(order) as OrderStep;
  }

  /** The account's entries in all assets that `wanted` says, merged. */
  *entries(account: number, wanted: (asset: number) => boolean, range: Range): Generator<EntryRow> {
    const ends = this.#lastEntries.all(account) as { asset: number; last_entry: number }[];
    const chains = ends.filter(({ asset }) => wanted(asset)).map((end) => this.#wallet(account, end, range));
    const heads = chains.map((chain) => chain.next());
    for (;;) {
      let newest: EntryRow | undefined;
      for (const head of heads) {
        if (!head.done && (newest === undefined || head.value.entry > newest.entry)) newest = head.value;
      }
      if (newest === undefined) return;
      yield newest;
      const place = heads.findIndex(({ value }) => value === newest);
      heads[place] = chains[place]!.next();
    }
  }

  /** The account's deposits, or withdrawals, or transfers alone. */
  *movements(account: number, kind: number, { from, before }: Range): Generator<EntryRow> {
    const least = Math.max(from, this.#kept().firstEntry);
    yield* this.#movements.iterate(account, kind, least, before) as IterableIterator<EntryRow>;
  }

  /** The trades of an order. The range is one of entries, as for all fills. */
  *fills({ order_id: order, market, last_trade }: OrderRow, { from, before }: Range): Generator<TradeRow> {
    let next = last_trade;
    while (next !== null) {
      const row = this.trade(market, next);
      const entry = fillEntry(row, order);
      if (entry < from) return;
      if (entry < before) yield row;
      next = row.taker_order === order ? row.taker_previous : row.maker_previous;
    }
  }

  *#wallet(
    account: number,
    { asset, last_entry }: { asset: number; last_entry: number },
    { from, before }: Range,
  ): Generator<EntryRow, void> {
    const least = Math.max(from, this.#kept().firstEntry);
    const mark = this.#entryMark.get(account, asset, before) as number | undefined;
    let next: number | null = mark ?? last_entry;
    while (next !== null && next >= least) {
      const row = this.#entry.get(next) as EntryRow;
      if (next < before) yield row;
      next = row.previous;
    }
  }
}
