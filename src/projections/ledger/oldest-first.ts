/**
 * History in the order in which it happened, piece by piece, for whoever reads all of it. What belongs to it is settled
 * when it is opened, and between two pieces nothing stays open: a slow reader holds neither memory nor the writer's log.
 */
import type { Database } from "better-sqlite3";
import type { AccountIndex, AssetIndex, EpochMs, MarketIndex, Seq } from "../../domain/units.ts";
import type { Range } from "./chains.ts";
import { type Page, takePage } from "./pages.ts";
import { Places } from "./places.ts";
import { References } from "./references.ts";
import { type Archived, archivedOf, type Kept, keptReader } from "./retention.ts";
import { RisingChains } from "./rising-chains.ts";
import {
  commandReader,
  type LedgerEntry,
  type LedgerFill,
  type LedgerTrade,
  ledgerEntry,
  ledgerFill,
  ledgerTrade,
  type TradeRow,
} from "./rows.ts";
import { ENTRY_KINDS, type EntryKind, isOfTrades, numberOf, numberOrNull } from "./words.ts";

/** The rows of a piece at most: some ten milliseconds to read, and some hundred kilobytes. */
const PIECE_ROWS = 1_000;

/** `from` inclusive, `to` exclusive, and nothing after a command. */
type Period = {
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
  readonly throughSeq: Seq;
};

type StatementAsked = {
  readonly what: "statement";
  readonly account: AccountIndex;
  readonly asset: AssetIndex | null;
  readonly kind: EntryKind | null;
};

type FillsAsked = {
  readonly what: "fills";
  readonly account: AccountIndex;
  readonly market: MarketIndex | null;
};

type TradesAsked = { readonly what: "trades"; readonly market: MarketIndex };

export type HistoryAsked = StatementAsked | FillsAsked | TradesAsked;

export type HistoryRow = LedgerEntry | LedgerFill | LedgerTrade;

/** What was still to be read has moved to the archive in the meantime. */
export class HistoryMovedError extends Error {
  override readonly name = "HistoryMovedError";
}

/** One of the lists: where the first row lies of a command or of those after it, and the rows of a range. */
type List = {
  readonly placeOf: (seq: number) => number;
  readonly page: (range: Range, rowsMax: number) => Page<HistoryRow>;
};

export class OldestFirst {
  /** What was in the archive when this was opened. */
  readonly archived: Archived | null;
  readonly #database: Database;
  readonly #kept: () => Kept;
  readonly #list: List;
  readonly #readPage: () => Page<HistoryRow>;
  #range: Range;
  #isDone = false;

  constructor(database: Database, asked: HistoryAsked, period: Period, rowsMax = PIECE_ROWS) {
    this.#database = database;
    this.#kept = keptReader(database);
    const places = new Places(database);
    const chains = new RisingChains(database);
    this.#list = this.#listOf(asked, places, chains);
    this.#readPage = database.transaction(() => this.#page(rowsMax));
    const opened = database.transaction(() => ({
      archived: archivedOf(this.#kept()),
      range: this.#whole(period, places),
    }))();
    this.archived = opened.archived;
    this.#range = opened.range;
  }

  /**
   * The next rows, or none if only such were looked at as do not fit; null at the end.
   *
   * @throws HistoryMovedError
   */
  next(): readonly HistoryRow[] | null {
    if (this.#isDone) return null;
    const { rows, next } = this.#readPage();
    if (next === null) this.#isDone = true;
    else this.#range = { ...this.#range, from: next + 1 };
    return rows;
  }

  #page(rowsMax: number): Page<HistoryRow> {
    const { from, before } = this.#range;
    if (from < Math.min(this.#least(), before)) {
      throw new HistoryMovedError("what was still to be read has moved to the archive");
    }
    return this.#list.page(this.#range, rowsMax);
  }

  /** All that is asked for and kept. */
  #whole({ from, to, throughSeq }: Period, places: Places): Range {
    const { placeOf } = this.#list;
    const first = from === null ? 0 : placeOf(places.seqAt(from));
    const end = placeOf(throughSeq + 1);
    const before = to === null ? end : Math.min(end, placeOf(places.seqAt(to)));
    return { from: Math.max(first, this.#least()), before };
  }

  /** Where the kept rows begin: of trades before that, an order may still need some. */
  #least(): number {
    return this.#list.placeOf(this.#kept().droppedSeq + 1);
  }

  #listOf(asked: HistoryAsked, places: Places, chains: RisingChains): List {
    if (asked.what === "trades") return this.#trades(asked, places, chains);
    const placeOf = (seq: number) => places.entryAt(seq);
    const page = asked.what === "fills" ? this.#fills(asked, chains) : this.#statement(asked, chains);
    return { placeOf, page };
  }

  #statement({ account, asset, kind }: StatementAsked, chains: RisingChains): List["page"] {
    const commandOf = commandReader(this.#database);
    const references = new References(this.#database);
    const number = numberOrNull(ENTRY_KINDS, kind);
    return (range, rowsMax) =>
      takePage(
        {
          raws:
            number === null || isOfTrades(number)
              ? chains.entries(account, (each) => asset === null || each === asset, range)
              : chains.movements(account, number, range),
          position: (row) => row.entry,
          read: (row) => {
            if (asset !== null && row.asset !== asset) return undefined;
            if (number !== null && row.kind !== number) return undefined;
            return ledgerEntry(row, commandOf(row.seq), references.of(row));
          },
        },
        rowsMax,
      );
  }

  #fills({ account, market }: FillsAsked, chains: RisingChains): List["page"] {
    const commandOf = commandReader(this.#database);
    const trade = this.#database.prepare("SELECT * FROM trades WHERE market = ? AND trade = ?");
    const rows = this.#database.prepare("SELECT market, base FROM markets").raw().all() as [number, number][];
    const bases = new Map(rows.filter(([each]) => market === null || each === market));
    const wanted = new Set(bases.values());
    return (range, rowsMax) =>
      takePage(
        {
          raws: chains.entries(account, (asset) => wanted.has(asset), range),
          position: (row) => row.entry,
          read: (row) => {
            // An account's fill is its base entry: the quote entry and the fee of the same trade are passed over.
            if (row.kind !== TRADE || bases.get(row.market!) !== row.asset) return undefined;
            const traded = trade.get(row.market, row.trade) as TradeRow;
            return ledgerFill(traded, row.order_id!, commandOf(row.seq));
          },
        },
        rowsMax,
      );
  }

  #trades({ market }: TradesAsked, places: Places, chains: RisingChains): List {
    const commandOf = commandReader(this.#database);
    return {
      placeOf: (seq) => places.tradeAt(market, seq),
      page: (range, rowsMax) =>
        takePage(
          {
            raws: chains.trades(market, range),
            position: (row) => row.trade,
            read: (row) => ledgerTrade(row, commandOf(row.seq)),
          },
          rowsMax,
        ),
    };
  }
}

const TRADE = numberOf(ENTRY_KINDS, "trade");
