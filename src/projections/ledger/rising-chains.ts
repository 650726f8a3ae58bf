/**
 * Walks in the order in which things happened. The chains of `previous` columns lead the other way, so a walk goes from
 * mark to mark, and turns round the short stretch before each: that is all that it has in memory.
 */
import type { Database, Statement } from "better-sqlite3";
import type { Range } from "./chains.ts";
import type { EntryRow, TradeRow } from "./rows.ts";

export class RisingChains {
  readonly #entry: Statement;
  readonly #entryMark: Statement;
  readonly #lastEntries: Statement;
  readonly #movements: Statement;
  readonly #trades: Statement;

  constructor(database: Database) {
    this.#entry = database.prepare("SELECT * FROM entries WHERE entry = ?");
    this.#entryMark = database
      .prepare(
        "SELECT entry FROM entry_marks WHERE account = ? AND asset = ? AND entry >= ? ORDER BY entry LIMIT 1",
      )
      .pluck();
    this.#lastEntries = database.prepare(
      "SELECT asset, last_entry FROM balances WHERE account = ? AND last_entry >= ?",
    );
    this.#movements = database.prepare(
      `SELECT * FROM entries INDEXED BY entries_by_movement
       WHERE trade IS NULL AND account = ? AND kind = ? AND entry >= ? AND entry < ? ORDER BY entry`,
    );
    this.#trades = database.prepare(
      "SELECT * FROM trades WHERE market = ? AND trade >= ? AND trade < ? ORDER BY trade",
    );
  }

  /** The account's entries in all assets that `wanted` says, merged. */
  *entries(account: number, wanted: (asset: number) => boolean, range: Range): Generator<EntryRow> {
    const ends = this.#lastEntries.all(account, range.from) as { asset: number; last_entry: number }[];
    const chains = ends.filter(({ asset }) => wanted(asset)).map((end) => this.#wallet(account, end, range));
    const heads = chains.map((chain) => chain.next());
    for (;;) {
      let place = -1;
      for (const [at, { done, value }] of heads.entries()) {
        if (!done && (place < 0 || value.entry < heads[place]!.value!.entry)) place = at;
      }
      if (place < 0) return;
      yield heads[place]!.value!;
      heads[place] = chains[place]!.next();
    }
  }

  /** The account's deposits, or withdrawals, or transfers alone. */
  movements(account: number, kind: number, { from, before }: Range): Iterable<EntryRow> {
    return this.#movements.iterate(account, kind, from, before) as IterableIterator<EntryRow>;
  }

  trades(market: number, { from, before }: Range): Iterable<TradeRow> {
    return this.#trades.iterate(market, from, before) as IterableIterator<TradeRow>;
  }

  *#wallet(
    account: number,
    { asset, last_entry }: { readonly asset: number; readonly last_entry: number },
    { from, before }: Range,
  ): Generator<EntryRow, undefined> {
    for (let least = from; least <= last_entry; ) {
      const end = (this.#entryMark.get(account, asset, least) as number | undefined) ?? last_entry;
      for (const row of this.#stretch(least, end)) {
        if (row.entry >= before) return;
        yield row;
      }
      least = end + 1;
    }
  }

  /** The entries of a wallet from the least up to one of them: those between two marks, at most. */
  #stretch(least: number, end: number): EntryRow[] {
    const rows: EntryRow[] = [];
    for (let next: number | null = end; next !== null && next >= least; ) {
      const row = this.#entry.get(next) as EntryRow;
      rows.push(row);
      next = row.previous;
    }
    return rows.reverse();
  }
}
