import { describe, expect, test } from "vitest";
import type { MovementKind, PlaceOrder } from "../../src/domain/commands.ts";
import { accountIndex, lots, marketIndex, orderId, seq, ticks } from "../../src/domain/units.ts";
import { orderContent } from "../../src/engine/contents.ts";
import { REMEMBERED_MAX } from "../../src/engine/memories.ts";
import { OnceOnly } from "../../src/engine/once-only.ts";
import { PLAIN_TERMS } from "../plain-order.ts";

const alice = accountIndex(1);
const bob = accountIndex(2);
const KINDS: readonly MovementKind[] = ["deposit", "withdrawal", "transfer"];

function give(once: OnceOnly, account: typeof alice, from: number, to: number): void {
  for (let n = from; n <= to; n += 1) {
    once.rememberOrder(account, `order-${n}`, { named: orderId(n), content: "" });
    once.orderEnded(account, `order-${n}`);
  }
}

describe("the memory of client order ids", () => {
  test("holds the last 10,000 ended orders of an account, and not one more", () => {
    const once = new OnceOnly();
    give(once, alice, 1, REMEMBERED_MAX);
    expect(once.order(alice, "order-1")?.named).toBe(1);
    give(once, alice, REMEMBERED_MAX + 1, REMEMBERED_MAX + 1);
    expect(once.order(alice, "order-1")).toBeUndefined();
    expect(once.order(alice, "order-2")?.named).toBe(2);
  });

  test("forgets in the order in which the orders ended, round after round", () => {
    const once = new OnceOnly();
    const rounds = 3 * REMEMBERED_MAX + 17;
    give(once, alice, 1, rounds);
    expect(once.order(alice, `order-${rounds - REMEMBERED_MAX}`)).toBeUndefined();
    for (let n = rounds - REMEMBERED_MAX + 1; n <= rounds; n += 1) {
      if (once.order(alice, `order-${n}`)?.named !== n)
        expect(n, "an order that is remembered").toBe(undefined);
    }
  });

  test("counts an order from its end, not from its beginning", () => {
    const once = new OnceOnly();
    once.rememberOrder(alice, "long", { named: orderId(1), content: "" });
    give(once, alice, 2, REMEMBERED_MAX + 100);
    expect(once.order(alice, "long")?.named).toBe(1);
    once.orderEnded(alice, "long");
    give(once, alice, 20_001, 20_000 + REMEMBERED_MAX - 1);
    expect(once.order(alice, "long")?.named).toBe(1);
    give(once, alice, 40_000, 40_000);
    expect(once.order(alice, "long")).toBeUndefined();
  });

  test("an id that was forgotten and given again is remembered as long as any other", () => {
    const once = new OnceOnly();
    give(once, alice, 1, REMEMBERED_MAX + 1);
    once.rememberOrder(alice, "order-1", { named: orderId(50_000), content: "new" });
    give(once, alice, 100_001, 100_000 + REMEMBERED_MAX);
    expect(once.order(alice, "order-1")).toEqual({ named: 50_000, content: "new" });
  });

  test("belongs to its account", () => {
    const once = new OnceOnly();
    give(once, alice, 1, 1);
    give(once, bob, 2, 2 * REMEMBERED_MAX);
    expect(once.order(alice, "order-1")?.named).toBe(1);
    expect(once.order(bob, "order-1")).toBeUndefined();
  });
});

describe("the memory of references", () => {
  test.each(KINDS)("holds the last 10,000 of an account of the kind %s, whatever the others do", (kind) => {
    const once = new OnceOnly();
    const remember = (of: MovementKind, account: typeof alice, n: number) =>
      once.rememberMovement({ kind: of, account, reference: `r${n}` }, { named: seq(n), content: of });
    remember(kind, alice, 1);
    for (const other of KINDS) {
      const account = other === kind ? bob : alice;
      for (let n = 2; n <= REMEMBERED_MAX + 2; n += 1) remember(other, account, n);
    }
    for (let n = 2; n <= REMEMBERED_MAX; n += 1) remember(kind, alice, n);
    expect(once.movement(kind, alice, "r1")).toEqual({ named: 1, content: kind });
    remember(kind, alice, REMEMBERED_MAX + 1);
    expect(once.movement(kind, alice, "r1")).toBeUndefined();
    expect(once.movement(kind, alice, "r2")?.named).toBe(2);
  });
});

const COMMAND: PlaceOrder = {
  kind: "PlaceOrder",
  ...PLAIN_TERMS,
  account: alice,
  market: marketIndex(0),
  side: "buy",
  price: ticks(100),
  quantity: lots(2),
  clientOrderId: "a",
};

describe("the content of an order", () => {
  test.each<{ change: object; why: string }>([
    { change: { market: 1 }, why: "another market" },
    { change: { side: "sell" }, why: "the other side" },
    { change: { type: "market" }, why: "another type" },
    { change: { timeInForce: "ioc" }, why: "another time in force" },
    { change: { price: 101 }, why: "another price" },
    { change: { price: null }, why: "no price" },
    { change: { quantity: 3 }, why: "another quantity" },
    { change: { price: 10, quantity: 20 }, why: "the same digits elsewhere" },
    { change: { quantity: null, quoteQuantity: 2 }, why: "a budget instead of a quantity" },
    { change: { expiresAt: 5 }, why: "an end" },
    { change: { postOnly: true }, why: "post-only" },
    { change: { selfTradePrevention: "decrement" }, why: "another self-trade mode" },
    { change: { triggerPrice: 100 }, why: "a trigger" },
    { change: { trailingOffset: 100 }, why: "an offset" },
    { change: { displayQuantity: 1 }, why: "a part to show" },
  ])("differs by $why", ({ change }) => {
    expect(orderContent({ ...COMMAND, ...change })).not.toBe(orderContent(COMMAND));
  });

  test("does not differ by the id itself, which it is compared under", () => {
    expect(orderContent({ ...COMMAND, clientOrderId: "b" })).toBe(orderContent(COMMAND));
  });
});
