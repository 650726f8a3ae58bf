import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Side } from "../../src/domain/market.ts";
import { marketIndex } from "../../src/domain/units.ts";
import { BookDepth } from "../../src/projections/feeds/book-depth.ts";
import { committed, level } from "./committed.ts";

const MARKET = marketIndex(0);

/** One level's new total; prices are few, so that levels meet again. */
const change = fc.record({
  side: fc.constantFrom<Side>("buy", "sell"),
  price: fc.integer({ min: 1, max: 60 }),
  quantity: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 })),
});
const story = fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 120 });

/** The book as a sorted map would show it. */
function expected(levels: ReadonlyMap<number, number>, side: Side, depth: number): [number, number][] {
  const sorted = [...levels].filter(([, quantity]) => quantity > 0).sort(([a], [b]) => a - b);
  return (side === "buy" ? sorted.reverse() : sorted).slice(0, depth);
}

describe("the depth of a book", () => {
  test("any story of level changes leaves the levels that a sorted map would hold", () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 1, max: 70 }), (commands, depth) => {
        const books = new BookDepth();
        const model = { buy: new Map<number, number>(), sell: new Map<number, number>() };
        for (const [index, changes] of commands.entries()) {
          for (const { side, price, quantity } of changes) model[side].set(price, quantity);
          const events = changes.map(({ side, price, quantity }) => level(side, price, quantity));
          books.project(committed(index + 1, events));
          expect(books.snapshot(MARKET, depth)).toEqual({
            seq: index + 1,
            bids: expected(model.buy, "buy", depth),
            asks: expected(model.sell, "sell", depth),
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a book of ten thousand levels is kept in order from both ends", () => {
    const books = new BookDepth();
    const prices = Array.from({ length: 10_000 }, (_, index) => ((index * 7919) % 10_000) + 1);
    for (const [index, price] of prices.entries())
      books.project(committed(index + 1, [level("sell", price, 3)]));
    const { asks } = books.snapshot(MARKET, null);
    expect(asks.map(([price]) => price)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    for (const [index, price] of prices.entries()) {
      books.project(committed(10_001 + index, [level("sell", price, 0)]));
    }
    expect(books.snapshot(MARKET, null)).toEqual({ seq: 20_000, bids: [], asks: [] });
  });

  test("the sides of a book do not touch each other, as in an auction, where they may cross", () => {
    const books = new BookDepth();
    books.project(committed(1, [level("buy", 12, 1), level("buy", 10, 2), level("sell", 10, 3)]));
    books.project(committed(2, [level("sell", 9, 4), level("sell", 12, 5)]));
    expect(books.snapshot(MARKET, null)).toEqual({
      seq: 2,
      bids: [
        [12, 1],
        [10, 2],
      ],
      asks: [
        [9, 4],
        [10, 3],
        [12, 5],
      ],
    });
    books.project(committed(3, [level("buy", 12, 0), level("sell", 9, 0), level("sell", 10, 1)]));
    const { bids, asks } = books.snapshot(MARKET, 1);
    expect([bids, asks]).toEqual([[[10, 2]], [[10, 1]]]);
  });

  test("an unknown market has an empty book, and every command moves the sequence", () => {
    const books = new BookDepth();
    books.project(committed(1, []));
    expect(books.snapshot(marketIndex(9), 5)).toEqual({ seq: 1, bids: [], asks: [] });
  });

  test("markets do not touch each other", () => {
    const books = new BookDepth();
    books.project(committed(1, [level("buy", 10, 1, 0), level("buy", 11, 2, 3)]));
    expect(books.snapshot(marketIndex(0), 5).bids).toEqual([[10, 1]]);
    expect(books.snapshot(marketIndex(3), 5).bids).toEqual([[11, 2]]);
  });
});

describe("a watch on a book", () => {
  test("takes the net changes: applied to a copy they give the book, and none of them says nothing", () => {
    fc.assert(
      fc.property(story, fc.array(fc.boolean()), (commands, looks) => {
        const books = new BookDepth();
        const watch = books.watch(MARKET, () => {});
        const copy = { buy: new Map<number, number>(), sell: new Map<number, number>() };
        for (const [index, changes] of commands.entries()) {
          const events = changes.map(({ side, price, quantity }) => level(side, price, quantity));
          books.project(committed(index + 1, events));
          if (!(looks[index] ?? true)) continue;
          for (const { side, price, before, now } of watch.take()) {
            expect(before).not.toBe(now);
            expect(copy[side].get(price) ?? 0).toBe(before);
            copy[side].set(price, now);
          }
          expect(watch.isDirty).toBe(false);
          const { bids, asks } = books.snapshot(MARKET, null);
          expect(expected(copy.buy, "buy", 1000)).toEqual(bids);
          expect(expected(copy.sell, "sell", 1000)).toEqual(asks);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("says once that there is something to take, and again after it was taken", () => {
    const books = new BookDepth();
    let calls = 0;
    const watch = books.watch(MARKET, () => {
      calls += 1;
    });
    books.project(committed(1, [level("buy", 10, 1), level("buy", 11, 1)]));
    books.project(committed(2, [level("buy", 12, 1)]));
    expect(calls).toBe(1);
    watch.take();
    books.project(committed(3, [level("buy", 12, 0)]));
    expect(calls).toBe(2);
    books.unwatch(MARKET, watch);
    books.project(committed(4, [level("buy", 13, 1)]));
    expect(watch.take()).toHaveLength(1);
  });
});
