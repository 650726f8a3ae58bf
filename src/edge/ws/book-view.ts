/**
 * What the subscribers of one book at one depth have been shown, so that what they are sent next is exactly
 * what is different: levels that changed, and those that enter or leave the depth. The whole book needs no
 * memory of its own, since its changes are the differences.
 */
import type { Side } from "../../domain/market.ts";
import { type Lots, lots, type MarketIndex, type Ticks } from "../../domain/units.ts";
import type { BookDepth } from "../../projections/feeds/book-depth.ts";
import type { BookSide } from "../../projections/feeds/book-side.ts";
import type { LevelChange } from "../../projections/feeds/level-watch.ts";

type Levels = { prices: Ticks[]; quantities: Lots[] };

export class BookView {
  readonly #books: BookDepth;
  readonly #market: MarketIndex;
  /** Null for the whole book. */
  readonly #depth: number | null;
  /** Best first. */
  #bids: Levels = { prices: [], quantities: [] };
  #asks: Levels = { prices: [], quantities: [] };

  constructor(books: BookDepth, market: MarketIndex, depth: number | null) {
    this.#books = books;
    this.#market = market;
    this.#depth = depth;
    if (depth === null) return;
    this.#bids = shown(books.side(market, "buy"), depth);
    this.#asks = shown(books.side(market, "sell"), depth);
  }

  /** Moves on to the book as it is, and gives the difference. `changes` are those of the book since it last did. */
  advance(changes: readonly LevelChange[]): readonly LevelChange[] {
    const depth = this.#depth;
    if (depth === null) return changes;
    const differences: LevelChange[] = [];
    if (changes.some((change) => change.side === "buy" && reaches(change, this.#bids, depth))) {
      const bids = shown(this.#books.side(this.#market, "buy"), depth);
      compare({ side: "buy", before: this.#bids, now: bids }, differences);
      this.#bids = bids;
    }
    if (changes.some((change) => change.side === "sell" && reaches(change, this.#asks, depth))) {
      const asks = shown(this.#books.side(this.#market, "sell"), depth);
      compare({ side: "sell", before: this.#asks, now: asks }, differences);
      this.#asks = asks;
    }
    return differences;
  }
}

/** A change below a full depth cannot be seen. */
function reaches({ side, price }: LevelChange, { prices }: Levels, depth: number): boolean {
  return prices.length < depth || !isBetter(side, prices[depth - 1]!, price);
}

function shown(side: BookSide, depth: number): Levels {
  const prices: Ticks[] = [];
  const quantities: Lots[] = [];
  const count = Math.min(side.count, depth);
  for (let rank = 0; rank < count; rank += 1) {
    prices.push(side.priceAt(rank));
    quantities.push(side.quantityAt(rank));
  }
  return { prices, quantities };
}

/** Walks both from the best on; what only one of them has came or went. */
function compare(
  { side, before, now }: { readonly side: Side; readonly before: Levels; readonly now: Levels },
  differences: LevelChange[],
): void {
  let old = 0;
  let fresh = 0;
  while (old < before.prices.length || fresh < now.prices.length) {
    const oldPrice = before.prices[old];
    const freshPrice = now.prices[fresh];
    if (oldPrice !== undefined && oldPrice === freshPrice) {
      const [was, is] = [before.quantities[old]!, now.quantities[fresh]!];
      if (was !== is) differences.push({ side, price: oldPrice, before: was, now: is });
      old += 1;
      fresh += 1;
    } else if (freshPrice === undefined || (oldPrice !== undefined && isBetter(side, oldPrice, freshPrice))) {
      differences.push({ side, price: oldPrice!, before: before.quantities[old]!, now: lots(0) });
      old += 1;
    } else {
      differences.push({ side, price: freshPrice, before: lots(0), now: now.quantities[fresh]! });
      fresh += 1;
    }
  }
}

function isBetter(side: Side, price: Ticks, other: Ticks): boolean {
  return side === "buy" ? price > other : price < other;
}
