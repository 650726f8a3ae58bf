/** Reads the outbox of a ledger, for whoever delivers it; and the names and sizes that a delivery is written with. */
import type { Database, Statement } from "better-sqlite3";
import type { Decimal } from "../../domain/decimal.ts";
import type { Settlement } from "../../domain/settlements.ts";
import type { AccountIndex, MarketIndex, TradeId } from "../../domain/units.ts";
import { unpackHex } from "./words.ts";

/** A settlement, as it is told to the operator's own wallet service: all but how far its delivery has come. */
export type OutboxRow = Omit<Settlement, "status" | "attemptCount" | "nextAttemptAt" | "endedAt"> & {
  /** 32 hexadecimal digits; null if neither the request nor its id gives any. */
  readonly traceId: string | null;
};

export type OutboxMarket = { readonly name: string; readonly tickSize: Decimal; readonly lotSize: Decimal };

const ROW = `SELECT settlement, seq, at, market, trade AS tradeId, price, quantity, buyer, seller,
  buyer_request AS buyerRequestId, seller_request AS sellerRequestId, trace_id AS traceId FROM settlements`;

/** The names of so many accounts are remembered. */
const NAMES_MAX = 100_000;

export class Outbox {
  readonly #database: Database;
  readonly #markets = new Map<number, OutboxMarket>();
  readonly #names = new Map<number, string>();
  readonly #after: Statement;
  readonly #before: Statement;
  readonly #byNumber: Statement;
  readonly #byTrade: Statement;
  readonly #last: Statement;
  readonly #market: Statement;
  readonly #name: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#after = database.prepare(`${ROW} WHERE settlement > ? ORDER BY settlement LIMIT ?`);
    this.#before = database.prepare(`${ROW} WHERE settlement < ? ORDER BY settlement DESC`);
    this.#byNumber = database.prepare(`${ROW} WHERE settlement = ?`);
    this.#byTrade = database.prepare(`${ROW} WHERE market = ? AND trade = ?`);
    this.#last = database.prepare("SELECT next_settlement - 1 FROM cursor").pluck();
    this.#market = database.prepare(
      "SELECT name, tick_units, tick_scale, lot_units, lot_scale FROM markets WHERE market = ?",
    );
    this.#name = database.prepare("SELECT account_id FROM accounts WHERE account = ?").pluck();
  }

  /** The number of the last one; 0 if there is none. */
  get last(): number {
    return this.#last.get() as number;
  }

  /** Many reads of one state: each by itself would take and give back the file's locks. */
  together<Result>(read: () => Result): Result {
    return this.#database.transaction(read)();
  }

  after(settlement: number, limit: number): OutboxRow[] {
    return (this.#after.all(settlement, limit) as RawRow[]).map(rowOf);
  }

  /** From below a number on, newest first. */
  *before(settlement: number): Generator<OutboxRow> {
    for (const row of this.#before.iterate(settlement) as IterableIterator<RawRow>) yield rowOf(row);
  }

  find(settlement: number): OutboxRow | undefined {
    const row = this.#byNumber.get(settlement) as RawRow | undefined;
    return row === undefined ? undefined : rowOf(row);
  }

  ofTrade(market: MarketIndex, trade: TradeId): OutboxRow | undefined {
    const row = this.#byTrade.get(market, trade) as RawRow | undefined;
    return row === undefined ? undefined : rowOf(row);
  }

  /** A market that has traded; neither its name nor its steps ever change. */
  market(market: MarketIndex): OutboxMarket {
    const known = this.#markets.get(market);
    if (known !== undefined) return known;
    const row = this.#market.get(market) as RawMarket;
    const { name, tick_units, tick_scale, lot_units, lot_scale } = row;
    const found = {
      name,
      tickSize: { units: tick_units, scale: tick_scale },
      lotSize: { units: lot_units, scale: lot_scale },
    };
    this.#markets.set(market, found);
    return found;
  }

  accountId(account: AccountIndex): string {
    const known = this.#names.get(account);
    if (known !== undefined) return known;
    const name = this.#name.get(account) as string;
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(account, name);
    return name;
  }
}

type RawMarket = {
  readonly name: string;
  readonly tick_units: number;
  readonly tick_scale: number;
  readonly lot_units: number;
  readonly lot_scale: number;
};

type RawRow = Omit<OutboxRow, "traceId"> & { readonly traceId: Buffer | string | null };

function rowOf(row: RawRow): OutboxRow {
  return { ...row, traceId: row.traceId === null ? null : unpackHex(row.traceId) };
}
