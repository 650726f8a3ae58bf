/** Where times and commands lie in the tables, whose rows come in the order in which they happened. */
import type { Database, Statement } from "better-sqlite3";

/** Above every id and time. */
export const END = Number.MAX_SAFE_INTEGER;

/** Before what has moved to the archive, only some commands are kept. */
const FROM_SEQ = "FROM commands WHERE seq >= ? ORDER BY seq LIMIT 1";

export class Places {
  readonly #atSeq: Statement;
  readonly #firstEntry: Statement;
  readonly #lastSeq: Statement;
  readonly #nextEntry: Statement;
  readonly #tradeSeq: Statement;
  readonly #lastTrade: Statement;

  constructor(database: Database) {
    const pluck = (sql: string) => database.prepare(sql).pluck();
    this.#atSeq = pluck(`SELECT at ${FROM_SEQ}`);
    this.#firstEntry = pluck(`SELECT first_entry ${FROM_SEQ}`);
    this.#lastSeq = pluck("SELECT seq FROM cursor");
    this.#nextEntry = pluck("SELECT next_entry FROM cursor");
    this.#tradeSeq = pluck("SELECT seq FROM trades WHERE market = ? AND trade >= ? ORDER BY trade LIMIT 1");
    this.#lastTrade = pluck("SELECT max(trade) FROM trades WHERE market = ?");
  }

  /** The first command that is kept at or after a time, or the one to come: times never go backwards. */
  seqAt(time: number): number {
    return leastFrom(1, (this.#lastSeq.get() as number) + 1, (seq) => {
      return (this.#atSeq.get(seq) as number) >= time;
    });
  }

  /** The first entry of a command or of those after it, or the entry to come. */
  entryAt(seq: number): number {
    return (this.#firstEntry.get(seq) ?? this.#nextEntry.get()) as number;
  }

  /** The first trade of a market at or after a command, or the one to come. */
  tradeAt(market: number, seq: number): number {
    const end = ((this.#lastTrade.get(market) as number | null) ?? 0) + 1;
    return leastFrom(1, end, (trade) => (this.#tradeSeq.get(market, trade) as number) >= seq);
  }
}

/** The least number from which on it is so, or the end. */
function leastFrom(first: number, end: number, isSo: (number: number) => boolean): number {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
