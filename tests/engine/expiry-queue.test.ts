import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExpiryQueue } from "../../src/engine/book/expiry-queue.ts";
import { NONE, OrderPool } from "../../src/engine/book/order-pool.ts";
import { take } from "./orders.ts";

type Entry = { readonly slot: number; readonly id: number; readonly at: number };

function earliest(model: readonly Entry[]): Entry | undefined {
  return [...model].sort((a, b) => a.at - b.at || a.id - b.id)[0];
}

/** A number adds an order that ends then; a place takes one of those that are there out. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.maxSafeNat()).map((at) => ({ at })) },
  { weight: 2, arbitrary: fc.nat(1000).map((place) => ({ place })) },
);

describe("the queue of expiries", () => {
  test("is empty at first", () => {
    const queue = new ExpiryQueue(new OrderPool());
    expect([queue.first, queue.firstAt]).toEqual([NONE, null]);
  });

  test("always shows the earliest, the oldest among equals, whoever leaves from its middle", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
        const pool = new OrderPool();
        const queue = new ExpiryQueue(pool);
        let model: Entry[] = [];
        let nextId = 1;
        for (const each of steps) {
          if ("at" in each) {
            const slot = take(pool, nextId, { expiresAt: each.at });
            queue.add(slot);
            model.push({ slot, id: nextId++, at: each.at });
          } else if (model.length > 0) {
            const leaving = model[each.place % model.length]!;
            queue.remove(leaving.slot);
            pool.giveBack(leaving.slot);
            model = model.filter((entry) => entry !== leaving);
          }
          const first = earliest(model);
          expect([queue.first, queue.firstAt]).toEqual([first?.slot ?? NONE, first?.at ?? null]);
        }
        while (queue.first !== NONE) {
          expect(queue.first).toBe(earliest(model)?.slot);
          model = model.filter(({ slot }) => slot !== queue.first);
          queue.remove(queue.first);
        }
        expect(model).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("age is the order of ids, though slots are used again", () => {
    const pool = new OrderPool();
    const queue = new ExpiryQueue(pool);
    const slots = [1, 2, 3].map((id) => take(pool, id, { expiresAt: 50 }));
    pool.giveBack(slots[0]!);
    const late = take(pool, 4, { expiresAt: 50 });
    for (const slot of [late, slots[2]!, slots[1]!]) queue.add(slot);
    const ids: number[] = [];
    while (queue.first !== NONE) {
      ids.push(pool.orderId(queue.first));
      queue.remove(queue.first);
    }
    expect(ids).toEqual([2, 3, 4]);
  });
});
