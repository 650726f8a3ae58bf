/**
 * One side of a book as price levels, sorted so that the best is at the END of one flat array: a change
 * near the touch, where nearly all changes are, then moves few numbers or none.
 */
import { type Lots, lots, type Ticks } from "../../domain/units.ts";

const LEVELS_FIRST = 64;
/** How many levels from the touch are looked at one by one before the search halves its way. */
const NEAR_TOUCH = 8;

export class BookSide {
  /** 1 if a higher price is better, -1 if a lower one is. */
  readonly #better: 1 | -1;
  /** A price and its quantity, level by level, the worst first. */
  #levels = new Float64Array(LEVELS_FIRST * 2);
  #count = 0;

  constructor(side: "buy" | "sell") {
    this.#better = side === "buy" ? 1 : -1;
  }

  get count(): number {
    return this.#count;
  }

  /** Rank 0 is the best. */
  priceAt(rank: number): Ticks {
    return this.#levels[(this.#count - 1 - rank) * 2] as Ticks;
  }

  quantityAt(rank: number): Lots {
    return this.#levels[(this.#count - 1 - rank) * 2 + 1] as Lots;
  }

  /** Sets a level's total and gives the one before; zero means that there is no such level. */
  set(price: Ticks, quantity: Lots): Lots {
    const index = this.#find(price);
    const levels = this.#levels;
    const known = index < this.#count && levels[index * 2] === price;
    const before = known ? (levels[index * 2 + 1] as Lots) : lots(0);
    if (known && quantity > 0) levels[index * 2 + 1] = quantity;
    else if (known) this.#remove(index);
    else if (quantity > 0) this.#insert(index, price, quantity);
    return before;
  }

  /** The place of a price, or where it belongs. */
  #find(price: Ticks): number {
    const levels = this.#levels;
    const wanted = price * this.#better;
    let high = this.#count;
    for (let looked = 0; looked < NEAR_TOUCH && high > 0; looked += 1) {
      const here = levels[(high - 1) * 2]! * this.#better;
      if (here < wanted) return high;
      if (here === wanted) return high - 1;
      high -= 1;
    }
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (levels[middle * 2]! * this.#better < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(index: number, price: Ticks, quantity: Lots): void {
    if (this.#count * 2 === this.#levels.length) {
      const larger = new Float64Array(this.#levels.length * 2);
      larger.set(this.#levels);
      this.#levels = larger;
    }
    const levels = this.#levels;
    if (index < this.#count) levels.copyWithin((index + 1) * 2, index * 2, this.#count * 2);
    levels[index * 2] = price;
    levels[index * 2 + 1] = quantity;
    this.#count += 1;
  }

  #remove(index: number): void {
    if (index < this.#count - 1) this.#levels.copyWithin(index * 2, (index + 1) * 2, this.#count * 2);
    this.#count -= 1;
  }
}
