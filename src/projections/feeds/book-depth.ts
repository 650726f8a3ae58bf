/**
 * Every market's book as totals per price, folded from the levels that each command changed. Who wants to
 * follow a book watches it; a book that nobody watches costs no more than its levels.
 */
import type { Committed, Event } from "../../domain/events.ts";
import type { Side } from "../../domain/market.ts";
import { type Lots, type MarketIndex, type Seq, seq, type Ticks } from "../../domain/units.ts";
import { BookSide } from "./book-side.ts";
import { LevelWatch } from "./level-watch.ts";

/** The best levels of a book as they were at a sequence. */
export type BookSnapshot = {
  readonly seq: Seq;
  readonly bids: readonly (readonly [Ticks, Lots])[];
  readonly asks: readonly (readonly [Ticks, Lots])[];
};

type Book = { readonly buy: BookSide; readonly sell: BookSide; readonly watches: Set<LevelWatch> };

export class BookDepth {
  readonly #books: Book[] = [];
  #seq = seq(0);

  /** The last command that has been folded. */
  get seq(): Seq {
    return this.#seq;
  }

  project({ entry, events }: Committed): void {
    this.fold(entry.seq, events);
  }

  /** The events of a command, or all that stands at a sequence, the worst levels first. */
  fold(seq: Seq, events: readonly Event[]): void {
    this.#seq = seq;
    for (const event of events) {
      if (event.kind === "LevelChanged") {
        const { side, price, quantity: now } = event;
        const book = this.#book(event.market);
        const before = book[side].set(price, now);
        if (book.watches.size === 0) continue;
        for (const watch of book.watches) watch.record({ side, price, before, now });
      } else if (event.kind === "MarketListed") {
        this.#books[event.market] = newBook();
      }
    }
  }

  /** Best first; null gives every level. */
  snapshot(market: MarketIndex, depth: number | null): BookSnapshot {
    const { buy, sell } = this.#book(market);
    return { seq: this.#seq, bids: best(buy, depth), asks: best(sell, depth) };
  }

  /** One side of a book as it stands, to be read at once: the next command changes it. */
  side(market: MarketIndex, side: Side): BookSide {
    return this.#book(market)[side];
  }

  watch(market: MarketIndex, onDirty: () => void): LevelWatch {
    const watch = new LevelWatch(onDirty);
    this.#book(market).watches.add(watch);
    return watch;
  }

  unwatch(market: MarketIndex, watch: LevelWatch): void {
    this.#book(market).watches.delete(watch);
  }

  #book(market: MarketIndex): Book {
    this.#books[market] ??= newBook();
    return this.#books[market];
  }
}

function newBook(): Book {
  return { buy: new BookSide("buy"), sell: new BookSide("sell"), watches: new Set() };
}

function best(side: BookSide, depth: number | null): [Ticks, Lots][] {
  const levels: [Ticks, Lots][] = [];
  const count = depth === null ? side.count : Math.min(depth, side.count);
  for (let rank = 0; rank < count; rank += 1) levels.push([side.priceAt(rank), side.quantityAt(rank)]);
  return levels;
}
