import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Sequenced } from "../../src/domain/commands.ts";
import { EventLog } from "../../src/domain/event-log.ts";
import type { LevelChanged } from "../../src/domain/events.ts";
import { epochMs, marketIndex, seq, ticks } from "../../src/domain/units.ts";
import { NONE } from "../../src/engine/book/order-pool.ts";
import { PriceLadder } from "../../src/engine/book/price-ladder.ts";

/** Whatever changed the levels. */
const ENTRY: Sequenced = {
  seq: seq(1),
  at: epochMs(0),
  requestId: "",
  traceId: null,
  command: { kind: "ExpireOrders" },
};

type Side = "bids" | "asks";

/** The same as a plain map, sorted whenever somebody looks. */
function sorted(model: ReadonlyMap<number, number>, side: Side): [number, number][] {
  return [...model].sort(([a], [b]) => (side === "bids" ? b - a : a - b));
}

/** Every level from the best on, by the ladder's own links. */
function walked(ladder: PriceLadder): [number, number][] {
  const levels: [number, number][] = [];
  for (let level = ladder.best; level !== NONE; level = ladder.after(level)) {
    levels.push([ladder.price[level]!, ladder.quantity[level]!]);
  }
  return levels;
}

function drained(ladder: PriceLadder): [number, number][] {
  const log = new EventLog();
  ladder.tellChanges(log, marketIndex(0));
  return (log.events(ENTRY) as LevelChanged[]).map(({ price, quantity }) => [price, quantity]);
}

/** Dense around one place, spread over the whole range, and close to both ends of pages of 32. */
const price = fc.oneof(
  fc.integer({ min: 1, max: 70 }),
  fc.integer({ min: 1_000_000, max: 1_000_130 }),
  fc.tuple(fc.nat(40), fc.integer({ min: -1, max: 1 })).map(([page, off]) => Math.max(1, page * 32 + off)),
  fc.integer({ min: 1, max: 2 ** 52 }),
  fc.integer({ min: 2 ** 52 - 100, max: 2 ** 52 }),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 36 + 31, 2 ** 37),
);
const set = fc.record({ price, quantity: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 })) });
const command = fc.array(set, { minLength: 1, maxLength: 5 });

/** Brings a level to a quantity, as a book does: made when it is needed, dropped when it is empty. */
function bring(ladder: PriceLadder, model: Map<number, number>, at: number, quantity: number): boolean {
  const before = model.get(at) ?? 0;
  if (quantity === before) return false;
  const level = ladder.reach(ticks(at));
  ladder.resize(level, quantity - before);
  if (quantity === 0) {
    model.delete(at);
    ladder.drop(level);
  } else {
    model.set(at, quantity);
  }
  return true;
}

describe.each<Side>(["bids", "asks"])("a ladder of %s", (side) => {
  test("any story of changes leaves the levels that a sorted map holds, and reports each change once", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: "max" }), (commands) => {
        const ladder = new PriceLadder(side);
        const model = new Map<number, number>();
        for (const changes of commands) {
          const touched = new Set<number>();
          for (const { price: at, quantity } of changes) {
            if (bring(ladder, model, at, quantity)) touched.add(at);
            expect(ladder.best === NONE ? undefined : ladder.price[ladder.best]).toBe(
              sorted(model, side)[0]?.[0],
            );
          }
          expect(walked(ladder)).toEqual(sorted(model, side));
          expect(ladder.changed).toBe(touched.size > 0);
          expect(drained(ladder)).toEqual([...touched].map((at) => [at, model.get(at) ?? 0]));
          expect(drained(ladder)).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("thousands of levels come and go, and their places are used again", () => {
    const ladder = new PriceLadder(side);
    const model = new Map<number, number>();
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 3_000; i += 1) bring(ladder, model, 1 + ((i * 7_919 + round) % 5_000), i + 1);
      expect(walked(ladder)).toEqual(sorted(model, side));
      for (const at of [...model.keys()].filter((_, index) => index % 3 !== round))
        bring(ladder, model, at, 0);
      expect(walked(ladder)).toEqual(sorted(model, side));
      // An empty level gives its place back when its change has been told.
      drained(ladder);
    }
    for (const at of [...model.keys()]) bring(ladder, model, at, 0);
    expect(ladder.best).toBe(NONE);
    expect(ladder.price.length).toBeLessThan(8_192);
  });

  test("a level is found again for as long as it is there, and only then", () => {
    const ladder = new PriceLadder(side);
    const first = ladder.reach(ticks(100));
    expect(ladder.reach(ticks(100))).toBe(first);
    ladder.resize(first, 5);
    expect(() => ladder.drop(first)).toThrow("a level that goes is empty");
    ladder.resize(first, -5);
    ladder.drop(first);
    expect(drained(ladder)).toEqual([[100, 0]]);
    const again = ladder.reach(ticks(101));
    expect([again, ladder.price[again], ladder.quantity[again]]).toEqual([first, 101, 0]);
  });
});
