/**
 * What the ledger can be asked, synchronously. Lists go from new to old; `before` of a page is the `next` of
 * the page before it, and what happens in between shifts nothing. Times are `from` inclusive, `to` exclusive.
 */
import type { Database, Statement } from "better-sqlite3";
import { SIDES, type Side } from "../../domain/market.ts";
import type { AccountIndex, AssetIndex, EpochMs, MarketIndex, OrderId, Seq } from "../../domain/units.ts";
import { type OrderRecord, SHOWN_FILLS_MAX } from "../order-record.ts";
import { BUCKET_BITS, bucketOf } from "./buckets.ts";
import { Chains, type Range } from "./chains.ts";
import {
  CommandEffects,
  type Effects,
  type EffectsQuery,
  type Touches,
  type TracedTrade,
  type TradeName,
} from "./command-effects.ts";
import { CommandSearch, type TraceIdQuery } from "./command-search.ts";
import { type Page, takePage } from "./pages.ts";
import { END, Places } from "./places.ts";
import { References } from "./references.ts";
import { type Kept, keptReader } from "./retention.ts";
import {
  type CommandRow,
  commandReader,
  type EntryRow,
  fillEntry,
  type LedgerCommand,
  type LedgerEntry,
  type LedgerFill,
  type LedgerTrade,
  ledgerEntry,
  ledgerFill,
  ledgerTrade,
  type OrderRow,
  type OrderStep,
  orderRecord,
  type TradeRow,
} from "./rows.ts";
import { ENDED_STATUSES, ENTRY_KINDS, type EntryKind, isOfTrades, numberOf, numberOrNull } from "./words.ts";

type ListQuery = {
  readonly account: AccountIndex;
  readonly from?: EpochMs | null | undefined;
  readonly to?: EpochMs | null | undefined;
  readonly limit: number;
  readonly before?: number | null | undefined;
};

export type OrdersQuery = ListQuery & {
  readonly market?: MarketIndex | null | undefined;
  readonly side?: Side | null | undefined;
  readonly status: "open" | "closed" | "all";
};

export type FillsQuery = ListQuery & {
  readonly market?: MarketIndex | null | undefined;
  readonly order?: OrderId | null | undefined;
};

export type StatementQuery = ListQuery & {
  readonly asset?: AssetIndex | null | undefined;
  readonly kind?: EntryKind | null | undefined;
};

export type TradesQuery = {
  readonly market: MarketIndex;
  readonly limit: number;
  readonly before?: number | null | undefined;
};

/** An order with its latest fills, in the order in which they happened. */
export type OrderWithFills = { readonly record: OrderRecord; readonly fills: readonly LedgerFill[] };

export type ClientIdQuery = { readonly account: AccountIndex; readonly clientOrderId: string };

const TRADE = numberOf(ENTRY_KINDS, "trade");

export class LedgerQueries {
  readonly #kept: () => Kept;
  readonly #chains: Chains;
  readonly #places: Places;
  readonly #effects: CommandEffects;
  readonly #search: CommandSearch;
  readonly #commandOf: (seq: number) => CommandRow;
  readonly #references: References;
  readonly #trades: Statement;
  readonly #bases: Statement;
  readonly #clientId: Statement;
  readonly #lastOrder: Statement;

  constructor(database: Database) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#kept = keptReader(database);
    this.#chains = new Chains(database);
    this.#places = new Places(database);
    this.#effects = new CommandEffects(database, this.#chains, this.#places);
    this.#search = new CommandSearch(database);
    this.#commandOf = commandReader(database);
    this.#references = new References(database);
    this.#trades = prepare("SELECT * FROM trades WHERE market = ? AND trade < ? ORDER BY trade DESC");
    this.#bases = prepare("SELECT market, base FROM markets");
    this.#lastOrder = prepare("SELECT last_order FROM order_heads WHERE account = ?").pluck();
    this.#clientId = prepare(
      `SELECT max(order_id) FROM orders INDEXED BY orders_by_client_id
       WHERE order_id >> ${BUCKET_BITS} = ? AND account = ? AND client_order_id = ?`,
    ).pluck();
  }

  order(order: OrderId): OrderWithFills | undefined {
    const row = this.#chains.order(order);
    if (row === undefined) return undefined;
    const fills: LedgerFill[] = [];
    for (const trade of this.#chains.fills(row, { from: 0, before: END })) {
      if (fills.length === SHOWN_FILLS_MAX) break;
      fills.push(ledgerFill(trade, order, this.#commandOf(trade.seq)));
    }
    return { record: this.#record(row), fills: fills.reverse() };
  }

  /** The latest order of the account that was given this id. */
  orderByClientId({ account, clientOrderId }: ClientIdQuery): OrderId | undefined {
    const last = this.#lastOrder.get(account) as number | undefined;
    for (let bucket = bucketOf(last ?? -1); bucket >= 0; bucket -= 1) {
      const order = this.#clientId.get(bucket, account, clientOrderId) as OrderId | null;
      if (order !== null) return this.#chains.order(order) === undefined ? undefined : order;
    }
    return undefined;
  }

  orders(query: OrdersQuery): Page<OrderRecord> {
    const { account, market, side, status, limit } = query;
    const sideNumber = numberOrNull(SIDES, side);
    const fits = (row: OrderStep) =>
      matches(market, row.market) &&
      matches(sideNumber, row.side) &&
      (status === "all" || ENDED_STATUSES.includes(row.status) === (status === "closed"));
    return takePage(
      {
        raws: this.#chains.orders(account, this.#ordersWithin(query)),
        position: (row) => row.order_id,
        read: (row) => (fits(row) ? this.#record(this.#chains.order(row.order_id)!) : undefined),
      },
      limit,
    );
  }

  fills(query: FillsQuery): Page<LedgerFill> {
    if (query.order != null) return this.#fillsOfOrder(query, query.order);
    const { account, market, limit } = query;
    const bases = new Map<number, number>();
    for (const row of this.#bases.all() as { market: number; base: number }[]) {
      if (matches(market, row.market)) bases.set(row.market, row.base);
    }
    const wanted = new Set(bases.values());
    // An account's fill is its base entry: the quote entry and the fee of the same trade are passed over.
    const fits = (row: EntryRow) =>
      row.kind === TRADE && row.market !== null && bases.get(row.market) === row.asset;
    const read = (row: EntryRow) => {
      const trade = this.#chains.trade(row.market!, row.trade!);
      return ledgerFill(trade, row.order_id!, this.#commandOf(row.seq));
    };
    return takePage(
      {
        raws: this.#chains.entries(account, (asset) => wanted.has(asset), this.#entriesWithin(query)),
        position: (row) => row.entry,
        read: (row) => (fits(row) ? read(row) : undefined),
      },
      limit,
    );
  }

  trades({ market, limit, before }: TradesQuery): Page<LedgerTrade> {
    return takePage(
      {
        raws: this.#tradesKept(market, before ?? END),
        position: (trade) => trade.trade,
        read: (trade) => ledgerTrade(trade, this.#commandOf(trade.seq)),
      },
      limit,
    );
  }

  statement(query: StatementQuery): Page<LedgerEntry> {
    const { account, asset, kind, limit } = query;
    const kindNumber = numberOrNull(ENTRY_KINDS, kind);
    const range = this.#entriesWithin(query);
    const moved = kindNumber !== null && !isOfTrades(kindNumber);
    const fits = (row: EntryRow) => matches(asset, row.asset) && matches(kindNumber, row.kind);
    return takePage(
      {
        raws: moved
          ? this.#chains.movements(account, kindNumber, range)
          : this.#chains.entries(account, (candidate) => matches(asset, candidate), range),
        position: (row) => row.entry,
        read: (row) => (fits(row) ? this.#entry(row) : undefined),
      },
      limit,
    );
  }

  /** The commands of these sequences: `COMMANDS_MAX` of them at most. */
  commands(seqs: readonly number[]): LedgerCommand[] {
    return this.#search.bySeq(seqs);
  }

  commandsOfRequest(requestId: string): LedgerCommand[] {
    return this.#search.byRequestId(requestId);
  }

  commandsOfTrace(query: TraceIdQuery): Page<LedgerCommand> {
    return this.#search.byTraceId(query);
  }

  /** What a command did; it must be there. */
  effects(query: EffectsQuery): Effects {
    return this.#effects.of(query);
  }

  trade(name: TradeName): TracedTrade | undefined {
    return this.#effects.trade(name);
  }

  seqOfEntry(entry: number): Seq | "dropped" | undefined {
    return this.#effects.seqOfEntry(entry);
  }

  touches(order: OrderId): Touches | undefined {
    return this.#effects.touches(order);
  }

  /** A market's trades from new to old; of those that have moved to the archive, an order may still need some. */
  *#tradesKept(market: number, before: number): Generator<TradeRow> {
    const { droppedSeq } = this.#kept();
    for (const trade of this.#trades.iterate(market, before) as IterableIterator<TradeRow>) {
      if (trade.seq <= droppedSeq) return;
      yield trade;
    }
  }

  #fillsOfOrder(query: FillsQuery, order: OrderId): Page<LedgerFill> {
    const { account, market, limit } = query;
    const row = this.#chains.order(order);
    const foreign = row === undefined || row.account !== account;
    if (foreign || !matches(market, row.market)) return { rows: [], next: null };
    return takePage(
      {
        raws: this.#chains.fills(row, this.#entriesWithin(query)),
        position: (trade) => fillEntry(trade, order),
        read: (trade) => ledgerFill(trade, order, this.#commandOf(trade.seq)),
      },
      limit,
    );
  }

  #record(row: OrderRow): OrderRecord {
    return orderRecord(row, this.#commandOf(row.order_id));
  }

  #entry(row: EntryRow): LedgerEntry {
    return ledgerEntry(row, this.#commandOf(row.seq), this.#references.of(row));
  }

  /** The ids of the orders that a query's times and page leave. */
  #ordersWithin({ from, to, before }: ListQuery): Range {
    const first = from == null ? 0 : this.#places.seqAt(from);
    const end = to == null ? END : this.#places.seqAt(to);
    return { from: first, before: Math.min(end, before ?? END) };
  }

  /** The ids of the entries that a query's times and page leave. */
  #entriesWithin({ from, to, before }: ListQuery): Range {
    const first = from == null ? 0 : this.#places.entryAt(this.#places.seqAt(from));
    const end = to == null ? END : this.#places.entryAt(this.#places.seqAt(to));
    return { from: first, before: Math.min(end, before ?? END) };
  }
}

/** Whether a value is the one that is asked for, if one is. */
function matches(wanted: number | null | undefined, value: number): boolean {
  return wanted == null || wanted === value;
}
