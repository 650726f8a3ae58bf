/** The books that the current command has changed, in the order of their first change. */
import { assert } from "../../domain/assert.ts";
import type { EventLog } from "../../domain/event-log.ts";
import type { Market } from "../../domain/market.ts";
import type { MarketIndex } from "../../domain/units.ts";
import { grownIntegers } from "../grown.ts";

/** What is asked of a market and its book. */
type Place = {
  readonly market: Market;
  readonly book: { readonly crossed: boolean; tellChanges(log: EventLog): void };
};

export class ChangedBooks {
  /** The markets of these books; what is past the count is left from before. */
  #markets = new Int32Array(0);
  #count = 0;

  /** Makes room for a market: no more books can change than there are. */
  listMarket(market: MarketIndex): void {
    this.#markets = grownIntegers(this.#markets, market + 1);
  }

  add(market: MarketIndex): void {
    this.#markets[this.#count] = market;
    this.#count += 1;
  }

  /** Ends a command: records each level that it changed, once, book by book. */
  tellChanges(log: EventLog, places: readonly Place[]): void {
    for (let i = 0; i < this.#count; i += 1) {
      const { market, book } = places[this.#markets[i]!]!;
      book.tellChanges(log);
      if (book.crossed) assert(market.status !== "open", "no book of an open market is crossed");
    }
    this.#count = 0;
  }
}
