/**
 * What commands did, as history has it: the trades and entries of one command, and the commands that touched one
 * order. Both are bounded, and say how much there is in all.
 */
import type { Database, Statement } from "better-sqlite3";
import type { TradeExecuted } from "../../domain/events.ts";
import type { AccountIndex, Minor, OrderId, Seq } from "../../domain/units.ts";
import { SHOWN_FILLS_MAX } from "../order-record.ts";
import type { Chains } from "./chains.ts";
import { END, type Places } from "./places.ts";
import { References } from "./references.ts";
import { type Archived, archivedOf, type Kept, keptReader } from "./retention.ts";
import {
  type CommandRow,
  commandReader,
  type EntryRow,
  type LedgerEntry,
  type LedgerTrade,
  ledgerEntry,
  ledgerTrade,
  type TradeRow,
} from "./rows.ts";
import { EXTERNAL_ACCOUNT } from "./schema.ts";
import { ENDED_STATUSES } from "./words.ts";

/** Commands that touched one order, at most. */
const TOUCHES_MAX = 1_000;

/** A trade with both of its sides. */
export type TracedTrade = LedgerTrade &
  Pick<
    TradeExecuted,
    "takerOrder" | "takerAccount" | "takerFee" | "makerOrder" | "makerAccount" | "makerFee"
  >;

/** An entry with the account whose total it changed. */
export type TracedEntry = LedgerEntry & {
  /** Null for the world outside, where deposits come from and withdrawals go. */
  readonly account: AccountIndex | null;
};

/** How much of what a command did is wanted. */
export type EffectsQuery = { readonly seq: Seq; readonly tradesMax: number; readonly entriesMax: number };

/** The first of what a command did, in its order, and how much it is in all; nothing if it has moved to the archive. */
export type Effects = {
  /** Up to where all has moved, if this is before it: the command may be there still, for an order that it touched. */
  readonly archived: Archived | null;
  readonly trades: readonly TracedTrade[];
  readonly tradeCount: number;
  readonly entries: readonly TracedEntry[];
  readonly entryCount: number;
};

/** What a command did to an order; `changed` is all but a trade and an end: an amendment, a trigger, a prevention. */
export type Touch = {
  readonly seq: Seq;
  readonly how: readonly ("placed" | "changed" | "traded" | "ended")[];
};

/** The commands that touched an order, oldest first; of many, the first is there and the latest. */
export type Touches = { readonly touches: readonly Touch[]; readonly isComplete: boolean };

export type TradeName = { readonly market: number; readonly trade: number };

export class CommandEffects {
  readonly #chains: Chains;
  readonly #places: Places;
  readonly #kept: () => Kept;
  readonly #entryCount: Statement;
  readonly #entries: Statement;
  readonly #trade: Statement;
  readonly #tradeCount: Statement;
  readonly #commandOf: (seq: number) => CommandRow;
  readonly #references: References;
  readonly #changes: Statement;
  readonly #entrySeq: Statement;

  constructor(database: Database, chains: Chains, places: Places) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#chains = chains;
    this.#places = places;
    this.#kept = keptReader(database);
    // The next command that is kept need not be the next one that there was.
    const own = "FROM entries WHERE entry >= @from AND entry < @to AND seq = @seq";
    this.#entries = prepare(`SELECT * ${own} ORDER BY entry LIMIT @max`);
    this.#entryCount = prepare(`SELECT count(*) ${own}`).pluck();
    this.#trade = prepare("SELECT * FROM trades WHERE market = ? AND trade = ?");
    this.#tradeCount = prepare(
      `SELECT count(*) FROM (SELECT DISTINCT market, trade ${own} AND trade IS NOT NULL)`,
    ).pluck();
    this.#commandOf = commandReader(database);
    this.#references = new References(database);
    this.#changes = prepare(
      "SELECT seq FROM order_changes WHERE order_id = ? ORDER BY seq DESC LIMIT ?",
    ).pluck();
    this.#entrySeq = prepare("SELECT seq FROM entries WHERE entry = ?").pluck();
  }

  /** What a command that there is has done. */
  of({ seq, tradesMax, entriesMax }: EffectsQuery): Effects {
    const archived = archivedOf(this.#kept());
    if (archived !== null && seq <= archived.seq) {
      return { archived, trades: [], tradeCount: 0, entries: [], entryCount: 0 };
    }
    const range = { seq, from: this.#places.entryAt(seq), to: this.#places.entryAt(seq + 1) };
    const command = this.#commandOf(seq);
    const rows = this.#entries.all({ ...range, max: entriesMax }) as EntryRow[];
    const entries = rows.map((row) => ({
      ...ledgerEntry(row, command, this.#references.of(row)),
      account: row.account === EXTERNAL_ACCOUNT ? null : (row.account as AccountIndex),
    }));
    const trades: TracedTrade[] = [];
    for (const { market, trade, entry } of rows) {
      if (trade === null || trades.length === tradesMax) continue;
      const row = this.#trade.get(market, trade) as TradeRow;
      // A trade has several entries, and is told at its first.
      if (row.first_entry === entry) trades.push(tracedTrade(row, command));
    }
    return {
      archived: null,
      trades,
      tradeCount: this.#tradeCount.get(range) as number,
      entries,
      entryCount: this.#entryCount.get(range) as number,
    };
  }

  /** The command of a trade, and the trade; undefined if there is none. */
  trade({ market, trade }: TradeName): TracedTrade | undefined {
    const row = this.#trade.get(market, trade) as TradeRow | undefined;
    return row === undefined ? undefined : tracedTrade(row, this.#commandOf(row.seq));
  }

  seqOfEntry(entry: number): Seq | "dropped" | undefined {
    const seq = this.#entrySeq.get(entry) as Seq | undefined;
    return seq ?? (entry < this.#kept().firstEntry ? "dropped" : undefined);
  }

  /** Undefined if the order never was. */
  touches(order: number): Touches | undefined {
    const row = this.#chains.order(order);
    if (row === undefined) return undefined;
    const found = new Map<number, Set<Touch["how"][number]>>();
    const add = (seq: number, how: Touch["how"][number]) => {
      const touched = found.get(seq);
      if (touched === undefined) found.set(seq, new Set([how]));
      else touched.add(how);
    };
    add(order, "placed");
    let steps = 0;
    for (const { seq } of this.#chains.fills(row, { from: 0, before: END })) {
      add(seq, "traded");
      steps += 1;
      if (steps === SHOWN_FILLS_MAX) break;
    }
    const changes = this.#changes.all(order, TOUCHES_MAX) as number[];
    for (const seq of changes) add(seq, "changed");
    if (ENDED_STATUSES.includes(row.status)) add(row.updated_seq, "ended");
    const touches = [...found].map(([seq, how]) => ({ seq: seq as Seq, how: [...how] }));
    touches.sort((one, other) => one.seq - other.seq);
    const shown = touches.length <= TOUCHES_MAX ? touches : [touches[0]!, ...touches.slice(1 - TOUCHES_MAX)];
    const isComplete = steps < SHOWN_FILLS_MAX && changes.length < TOUCHES_MAX;
    return { touches: shown, isComplete: isComplete && shown.length === touches.length };
  }
}

function tracedTrade(row: TradeRow, command: CommandRow): TracedTrade {
  return {
    ...ledgerTrade(row, command),
    takerOrder: row.taker_order as OrderId,
    takerAccount: row.taker_account as AccountIndex,
    takerFee: row.taker_fee as Minor,
    makerOrder: row.maker_order as OrderId,
    makerAccount: row.maker_account as AccountIndex,
    makerFee: row.maker_fee as Minor,
  };
}
