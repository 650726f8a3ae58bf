/**
 * What an archive takes from the ledger: the rows of a range of commands. Commands, trades and entries belong to the
 * range in which they happened, an order to the range in which it ended, so that a row is final when it is read and the
 * same rows come out whenever that is. Rows are read some thousand at a time with nothing open in between: a reading
 * that stays open keeps the writer's log from being used again.
 */
import { existsSync } from "node:fs";
import type { Database, Statement } from "better-sqlite3";
import type { EpochMs, Seq } from "../../domain/units.ts";
import {
  type ArchiveRow,
  COMMAND_COLUMNS,
  ENTRY_COLUMNS,
  ORDER_COLUMNS,
  TRADE_COLUMNS,
} from "./archive-columns.ts";
import { readCursor } from "./cursor.ts";
import { frameReader } from "./frames.ts";
import type { Column } from "./parquet.ts";
import { Places } from "./places.ts";
import { type Kept, keptReader } from "./retention.ts";
import { openForReading, whyUnusable } from "./schema.ts";
import { ENDED_STATUSES } from "./words.ts";

const BATCH_ROWS = 2_048;
const IS_FINAL = `t.status IN (${ENDED_STATUSES.join(", ")}) AND t.updated_seq <= @lastSeq`;

const MARKET_STEPS =
  "m.name AS market, m.tick_units, m.tick_scale, m.lot_units, m.lot_scale, q.scale AS quote_scale";
const JOIN_MARKET = "JOIN markets m ON m.market = t.market JOIN assets q ON q.asset = m.quote";
const ORDER = `SELECT t.*, ${MARKET_STEPS}, a.account_id, c.at AS created_at, c.request_id, c.trace_id
  FROM orders t ${JOIN_MARKET} JOIN accounts a USING (account) JOIN commands c ON c.seq = t.order_id`;

/** Commands from the first to the last, both included. */
export type SeqRange = { readonly firstSeq: Seq; readonly lastSeq: Seq };

/** The rows of one table in a range, to be read once. */
export type ArchiveTable = {
  readonly name: "commands" | "orders" | "trades" | "entries";
  readonly columns: readonly Column<ArchiveRow>[];
  readonly rows: Iterable<ArchiveRow>;
};

/** The ledger cannot be read, or has let go of what is asked for. */
export class LedgerUnreadableError extends Error {
  override readonly name = "LedgerUnreadableError";
}

export class ArchiveRows {
  readonly #database: Database;
  readonly #kept: () => Kept;
  readonly #places: Places;
  readonly #command: Statement;
  readonly #frameAt: ReturnType<typeof frameReader>;
  /** The orders that were not final after a command: the next range has those of them that have ended by its end. */
  #openAfter: { readonly seq: number; readonly orders: readonly number[] } | undefined;

  /** A connection of its own that never delays the writer. */
  static open(path: string): ArchiveRows {
    if (!existsSync(path)) {
      throw new LedgerUnreadableError(
        `there is no ledger ${path}; it is computed when the exchange is started`,
      );
    }
    const database = openForReading(path);
    const unusable = whyUnusable(database);
    if (unusable === null) return new ArchiveRows(database);
    database.close();
    throw new LedgerUnreadableError(`the ledger ${path} cannot be read: ${unusable}`);
  }

  private constructor(database: Database) {
    this.#database = database;
    this.#kept = keptReader(database);
    this.#places = new Places(database);
    this.#command = database.prepare("SELECT at, first_entry FROM commands WHERE seq = ?");
    this.#frameAt = frameReader(database);
  }

  /** The last command that the ledger shows. */
  get appliedSeq(): Seq {
    return readCursor(this.#database).seq;
  }

  /** The last command of which the ledger has let go. */
  get droppedSeq(): Seq {
    return this.#kept().droppedSeq as Seq;
  }

  /** The time of a command that the ledger has. */
  timeOf(seq: Seq): EpochMs {
    return this.#commandAt(seq).at as EpochMs;
  }

  /** The hash of the frame that ends with a command; undefined if none does. */
  frameHash(seq: Seq): string | undefined {
    const found = this.#frameAt(seq);
    return found?.lastSeq === seq ? found.hash : undefined;
  }

  /** The tables of a range that the ledger has passed, at least by a command. */
  tables(range: SeqRange): readonly ArchiveTable[] {
    if (range.firstSeq <= this.droppedSeq) {
      throw new LedgerUnreadableError(
        `the ledger has let go of what lies up to sequence ${this.droppedSeq}, so ${range.firstSeq} cannot be archived anew; ` +
          "copy the former archive to the new place first",
      );
    }
    return [
      { name: "commands", columns: COMMAND_COLUMNS, rows: this.#commands(range) },
      { name: "orders", columns: ORDER_COLUMNS, rows: this.#orders(range) },
      { name: "trades", columns: TRADE_COLUMNS, rows: this.#trades(range) },
      { name: "entries", columns: ENTRY_COLUMNS, rows: this.#entries(range) },
    ];
  }

  close(): void {
    this.#database.close();
  }

  #commandAt(seq: Seq): { readonly at: number; readonly first_entry: number } {
    const row = this.#command.get(seq) as { at: number; first_entry: number } | undefined;
    if (row === undefined) throw new LedgerUnreadableError(`the ledger has no command ${seq}`);
    return row;
  }

  #commands({ firstSeq, lastSeq }: SeqRange): Iterable<ArchiveRow> {
    return this.#byKey(
      "SELECT *, outcome AS refused FROM commands WHERE seq >= @from AND seq <= @to ORDER BY seq",
      "seq",
      {
        from: firstSeq,
        to: lastSeq,
      },
    );
  }

  #entries({ firstSeq, lastSeq }: SeqRange): Iterable<ArchiveRow> {
    const from = this.#commandAt(firstSeq).first_entry;
    const to = this.#commandAt((lastSeq + 1) as Seq).first_entry - 1;
    const sql = `SELECT t.*, c.at, c.request_id, a.account_id, s.name AS asset, s.scale, m.name AS market,
        t.trade AS trade_id, CASE WHEN t.trade IS NULL THEN coalesce(n.reference, x.reference) END AS reference
      FROM entries t JOIN commands c USING (seq) JOIN accounts a USING (account) JOIN assets s ON s.asset = t.asset
        LEFT JOIN markets m ON m.market = t.market LEFT JOIN transfers x USING (seq)
        LEFT JOIN settled_entries n ON n.entry = t.entry
      WHERE t.entry >= @from AND t.entry <= @to ORDER BY t.entry`;
    return this.#byKey(sql, "entry", { from, to });
  }

  *#trades({ firstSeq, lastSeq }: SeqRange): Generator<ArchiveRow> {
    const markets = this.#database.prepare("SELECT market FROM markets ORDER BY market").pluck();
    const sql = `SELECT t.*, ${MARKET_STEPS}, c.at, t.trade AS trade_id, t.taker_order AS taker_order_id,
        t.maker_order AS maker_order_id, taker.account_id AS taker_account_id, maker.account_id AS maker_account_id
      FROM trades t ${JOIN_MARKET} JOIN commands c USING (seq)
        JOIN accounts taker ON taker.account = t.taker_account JOIN accounts maker ON maker.account = t.maker_account
      WHERE t.market = @market AND t.trade >= @from AND t.trade <= @to ORDER BY t.trade`;
    for (const market of markets.all() as number[]) {
      const from = this.#places.tradeAt(market, firstSeq);
      const to = this.#places.tradeAt(market, lastSeq + 1) - 1;
      yield* this.#byKey(sql, "trade", { from, to, market });
    }
  }

  /** Those that ended in the range; it is remembered which ones did not. */
  *#orders({ firstSeq, lastSeq }: SeqRange): Generator<ArchiveRow> {
    const before = this.#openBefore(firstSeq);
    const one = this.#database.prepare(`${ORDER} WHERE t.order_id = @order AND ${IS_FINAL}`);
    const open: number[] = [];
    for (const order of before) {
      const row = one.get({ order, lastSeq }) as ArchiveRow | undefined;
      if (row === undefined) open.push(order);
      else yield row;
    }
    const isFinal = `${ORDER} WHERE t.order_id >= @from AND t.order_id <= @to AND ${IS_FINAL} ORDER BY t.order_id`;
    yield* this.#byKey(isFinal, "order_id", { from: firstSeq, to: lastSeq, lastSeq });
    open.push(...this.#notFinal({ from: firstSeq, to: lastSeq, lastSeq }));
    this.#openAfter = { seq: lastSeq, orders: open };
  }

  #openBefore(firstSeq: Seq): readonly number[] {
    const lastSeq = firstSeq - 1;
    if (this.#openAfter?.seq === lastSeq) return this.#openAfter.orders;
    return [...this.#notFinal({ from: 1, to: lastSeq, lastSeq })];
  }

  *#notFinal(values: { readonly from: number; readonly to: number; readonly lastSeq: number }) {
    const sql = `SELECT t.order_id FROM orders t WHERE t.order_id >= @from AND t.order_id <= @to AND NOT (${IS_FINAL}) ORDER BY t.order_id`;
    for (const { order_id: order } of this.#byKey(sql, "order_id", values)) yield order as number;
  }

  /** The rows of a query by their rising key, which `@from` is the least of. */
  *#byKey(
    sql: string,
    key: string,
    values: { readonly from: number; readonly [name: string]: number },
  ): Generator<ArchiveRow> {
    const batch = this.#database.prepare(`${sql} LIMIT ${BATCH_ROWS}`);
    for (let { from } = values; ; ) {
      const rows = batch.all({ ...values, from }) as ArchiveRow[];
      yield* rows;
      if (rows.length < BATCH_ROWS) return;
      from = (rows.at(-1)![key] as number) + 1;
    }
  }
}
