/** The books that the current command has changed, in the order of their first change. */
import { assert } from "../../domain/assert.ts";
import type { EventLog } from "../../domain/event-log.ts";
import type { Market } from "../../domain/market.ts";
import type { MarketIndex } from "../../domain/units.ts";

/** What is asked of a book. */
type Book = {
  readonly market: MarketIndex;
  readonly crossed: boolean;
  tellChanges(log: EventLog): void;
};

export class ChangedBooks {
  /** What is past the count is left from before: to shorten an array costs more than all that is done here. */
  readonly #books: Book[] = [];
  #count = 0;

  add(book: Book): void {
    this.#books[this.#count] = book;
    this.#count += 1;
  }

  /** Ends a command: records each level that it changed, once, book by book. */
  tellChanges(log: EventLog, markets: readonly { readonly market: Market }[]): void {
    for (let i = 0; i < this.#count; i += 1) {
      const book = this.#books[i]!;
      book.tellChanges(log);
      if (!book.crossed) continue;
      const { status } = markets[book.market]!.market;
      assert(status !== "open", "no book of an open market is crossed");
    }
    this.#count = 0;
  }
}
