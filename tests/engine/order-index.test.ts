import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderId } from "../../src/domain/units.ts";
import { OrderIndex } from "../../src/engine/book/order-index.ts";
import { NONE, OrderPool } from "../../src/engine/book/order-pool.ts";
import { chargeFee } from "../../src/engine/fees.ts";
import { take } from "./orders.ts";

/** An index beside a plain map of the same orders. */
class Pair {
  readonly pool = new OrderPool();
  readonly index = new OrderIndex(this.pool);
  readonly model = new Map<number, number>();

  add(id: number): void {
    if (this.model.has(id)) return;
    const slot = take(this.pool, id);
    this.index.add(slot, orderId(id));
    this.model.set(id, slot);
  }

  remove(id: number): void {
    const slot = this.model.get(id);
    if (slot === undefined) return;
    this.index.remove(slot, orderId(id));
    this.pool.giveBack(slot);
    this.model.delete(id);
  }

  /** Everything is found that is there, and nothing that is not. */
  compare(alsoAsked: Iterable<number>): void {
    expect(this.index.count).toBe(this.model.size);
    for (const id of [...this.model.keys(), ...alsoAsked]) {
      const found = this.index.find(orderId(id));
      if (found !== (this.model.get(id) ?? NONE))
        expect(found, `order ${id}`).toBe(this.model.get(id) ?? NONE);
    }
  }
}

/** Neighbours; ids that share their low bits, and so their place in the table; ids far apart. */
const id = fc.oneof(
  fc.integer({ min: 1, max: 60 }),
  fc.integer({ min: 1, max: 200 }).map((number) => number * 2 ** 32),
  fc.integer({ min: 1, max: 200 }).map((number) => number * 1024),
  fc.integer({ min: 2 ** 53 - 60, max: 2 ** 53 - 1 }),
  fc.integer({ min: 2 ** 31 - 20, max: 2 ** 31 + 20 }),
);

describe("the index of open orders", () => {
  test("finds what a map finds, in any story of orders that come and go", () => {
    const step = fc.record({ comes: fc.boolean(), id });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
        const pair = new Pair();
        for (const { comes, id: of } of steps) {
          if (comes) pair.add(of);
          else pair.remove(of);
        }
        pair.compare(steps.map(({ id: of }) => of));
      }),
      { numRuns: 300 },
    );
  });

  test("ids that all want the same place are all found, whichever of them leave first", () => {
    const order = fc.shuffledSubarray(
      Array.from({ length: 60 }, (_, i) => (i + 1) * 2 ** 32),
      { minLength: 60 },
    );
    fc.assert(
      fc.property(order, (leaving) => {
        const pair = new Pair();
        for (let i = 1; i <= 60; i += 1) pair.add(i * 2 ** 32);
        for (const of of leaving) {
          pair.remove(of);
          pair.compare(leaving);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("grows past its first size, keeps a sliding window of ids, and empties", () => {
    const pair = new Pair();
    for (let of = 1; of <= 60_000; of += 1) {
      pair.add(of);
      if (of > 5_000) pair.remove(of - 5_000);
    }
    pair.compare([1, 55_000, 60_001]);
    // Clusters: whole runs leave, then every other one of the rest.
    for (let of = 55_001; of < 56_000; of += 1) pair.remove(of);
    for (let of = 56_000; of < 60_000; of += 2) pair.remove(of);
    pair.compare(Array.from({ length: 5_001 }, (_, i) => 55_000 + i));
    for (let of = 55_000; of <= 60_000; of += 1) pair.remove(of);
    pair.compare(Array.from({ length: 5_001 }, (_, i) => 55_000 + i));
  });

  test("an order that is not in it cannot leave it", () => {
    const pair = new Pair();
    pair.add(7);
    const stranger = take(pair.pool, 8);
    expect(() => pair.index.remove(stranger, orderId(8))).toThrow("an order that leaves the index is in it");
  });
});

describe("the pool of orders", () => {
  test("keeps every order's own words when it grows, and uses a slot again", () => {
    const pool = new OrderPool();
    const slots = Array.from({ length: 5_000 }, (_, i) => take(pool, i + 1, { expiresAt: i * 10 }));
    expect(new Set(slots).size).toBe(5_000);
    for (const [i, slot] of slots.entries()) {
      expect([pool.orderId(slot), pool.expiresAt[slot], pool.priceOf(slot)]).toEqual([i + 1, i * 10, 100]);
    }
    pool.giveBack(slots[17]!);
    const again = take(pool, 9_999);
    expect([again, pool.orderId(again), pool.expiresAt[again]]).toEqual([slots[17], 9_999, 0]);
  });

  test("a slot that is used again remembers nothing of the order before", () => {
    const pool = new OrderPool();
    const slot = take(pool, 1, { expiresAt: 5, clientOrderId: "a", makerFee: 3, takerFee: 4 });
    chargeFee(pool, slot, 1_500_000, 3, 0, false);
    expect([pool.feeWhole[slot], pool.feeParts[slot]]).toEqual([4, 500_000]);
    pool.giveBack(slot);
    expect(take(pool, 2)).toBe(slot);
    expect(pool.clientOrderId(slot)).toBeNull();
    for (const field of ["held", "feeWhole", "feeParts", "makerFee", "takerFee", "expiresAt"] as const) {
      expect(pool[field][slot], field).toBe(0);
    }
    expect(pool.expiryPlace[slot]).toBe(NONE);
  });
});
