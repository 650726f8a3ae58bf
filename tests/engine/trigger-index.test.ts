import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Pending, Trigger } from "../../src/engine/book/pending.ts";
import { TriggerIndex } from "../../src/engine/book/trigger-index.ts";

type Step =
  | { readonly kind: "add"; readonly trigger: Trigger }
  | { readonly kind: "remove"; readonly nth: number }
  | { readonly kind: "pass"; readonly price: number };

const trigger: fc.Arbitrary<Trigger> = fc
  .record({
    isBuy: fc.boolean(),
    rises: fc.boolean(),
    price: fc.integer({ min: 1, max: 40 }),
    offset: fc.integer({ min: 1, max: 12 }),
    trails: fc.boolean(),
  })
  .map(({ isBuy, rises, price, offset, trails }) =>
    trails
      ? { isBuy, rises: isBuy, triggerPrice: null, trailingOffset: offset }
      : { isBuy, rises, triggerPrice: price, trailingOffset: null },
  );

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: trigger.map((it): Step => ({ kind: "add", trigger: it })) },
  { weight: 1, arbitrary: fc.nat(20).map((nth): Step => ({ kind: "remove", nth })) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 40 }).map((price): Step => ({ kind: "pass", price })) },
);

/** The rules, order by order. */
class Scanned {
  readonly #waiting = new Map<number, { readonly trigger: Trigger; best: number | null }>();

  add(slot: number, it: Trigger): void {
    this.#waiting.set(slot, { trigger: it, best: null });
  }

  remove(slot: number): void {
    this.#waiting.delete(slot);
  }

  get slots(): number[] {
    return [...this.#waiting.keys()];
  }

  /** Each order that a price reaches, with its trigger. */
  pass(price: number): Map<number, number> {
    const reached = new Map<number, number>();
    for (const [slot, waiting] of this.#waiting) {
      const { isBuy, rises, triggerPrice, trailingOffset } = waiting.trigger;
      const { best } = waiting;
      const trailed = best === null ? null : best + (isBuy ? trailingOffset! : -trailingOffset!);
      const at = triggerPrice ?? trailed;
      if (at !== null && (rises ? price >= at : price <= at)) reached.set(slot, at);
      else waiting.best = best === null ? price : isBuy ? Math.min(best, price) : Math.max(best, price);
    }
    for (const slot of reached.keys()) this.#waiting.delete(slot);
    return reached;
  }
}

describe("the index of triggers", () => {
  test("any story of orders and trades reaches what a scan of all orders reaches", () => {
    fc.assert(
      fc.property(fc.noBias(fc.array(step, { maxLength: 200, size: "max" })), (steps) => {
        const index = new TriggerIndex();
        const scanned = new Scanned();
        let next = 0;
        for (const it of steps) {
          if (it.kind === "add") {
            index.add(next, next, it.trigger);
            scanned.add(next, it.trigger);
            next += 1;
          } else if (it.kind === "remove") {
            const slot = scanned.slots.at(-1 - it.nth);
            if (slot === undefined) continue;
            index.remove(slot);
            scanned.remove(slot);
          } else {
            const reached: Pending[] = [];
            index.pass(it.price, reached);
            const triggers = new Map(reached.map(({ slot, triggerPrice }) => [slot, triggerPrice]));
            expect(new Map([...triggers].sort(([a], [b]) => a - b))).toEqual(scanned.pass(it.price));
          }
          expect(index.count).toBe(scanned.slots.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("trails the highest prices exactly", () => {
    const index = new TriggerIndex();
    const most = Number.MAX_SAFE_INTEGER;
    index.add(1, 1, { isBuy: true, rises: true, triggerPrice: null, trailingOffset: most });
    index.add(2, 2, { isBuy: false, rises: false, triggerPrice: null, trailingOffset: 1 });
    const reached: Pending[] = [];
    for (const price of [most, most - 1, most]) index.pass(price, reached);
    expect(reached.map(({ slot, triggerPrice }) => [slot, triggerPrice])).toEqual([[2, most - 1]]);
  });

  test("tens of thousands of trailing stops cost a trade next to nothing", () => {
    const index = new TriggerIndex();
    const reached: Pending[] = [];
    // Each order sees a lower price than the one before, so that none of them moves together with another.
    for (let slot = 0; slot < 20_000; slot += 1) {
      index.add(slot, slot, { isBuy: false, rises: false, triggerPrice: null, trailingOffset: 50_000 });
      index.pass(100_000 - slot, reached);
    }
    for (let trade = 0; trade < 500_000; trade += 1) index.pass(80_001 + (trade % 2), reached);
    expect(reached).toHaveLength(0);
    expect(index.count).toBe(20_000);
  }, 2_000);
});
