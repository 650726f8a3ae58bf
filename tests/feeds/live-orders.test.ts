import { describe, expect, test } from "vitest";
import type { OrderTerms } from "../../src/domain/commands.ts";
import type { EndReason, Event } from "../../src/domain/events.ts";
import { accountIndex, lots, marketIndex, minor, orderId, ticks, tradeId } from "../../src/domain/units.ts";
import { LiveOrders } from "../../src/projections/live/live-orders.ts";
import { PLAIN_TERMS } from "../plain-order.ts";
import { committed } from "./committed.ts";

const ALICE = accountIndex(1);
const BOB = accountIndex(2);
const MARKET = marketIndex(0);

function placed(order: number, terms: Partial<OrderTerms> = {}): Event {
  return {
    kind: "OrderPlaced",
    ...PLAIN_TERMS,
    order: orderId(order),
    account: ALICE,
    market: MARKET,
    side: "buy",
    price: ticks(100),
    quantity: lots(10),
    selfTradePrevention: "decrement",
    ...terms,
  };
}

const named = (order: number, account = ALICE) => ({ order: orderId(order), account, market: MARKET });

function trade(taker: number, maker: number, quantity: number): Event {
  return {
    kind: "TradeExecuted",
    market: MARKET,
    trade: tradeId(1),
    price: ticks(100),
    quantity: lots(quantity),
    value: minor(100 * quantity),
    takerSide: "sell",
    takerOrder: orderId(taker),
    takerAccount: BOB,
    takerFee: minor(0),
    makerOrder: orderId(maker),
    makerAccount: ALICE,
    makerFee: minor(0),
  };
}

function prevented(taker: number, maker: number, quantity: number): Event {
  return {
    kind: "SelfTradePrevented",
    account: ALICE,
    market: MARKET,
    takerOrder: orderId(taker),
    makerOrder: orderId(maker),
    quantity: lots(quantity),
  };
}

const amended = (order: number, price: number | null, quantity: number | null): Event => ({
  kind: "OrderAmended",
  ...named(order),
  price: price === null ? null : ticks(price),
  quantity: quantity === null ? null : lots(quantity),
  keepsPlace: false,
});

const canceled = (order: number, reason: EndReason): Event => ({
  kind: "OrderCanceled",
  ...named(order),
  reason,
});

/** Folds commands one after another; what each said, in short, and the orders as they are then. */
function told(...commands: readonly Event[][]) {
  const live = new LiveOrders();
  const updates = commands.flatMap((events, index) => live.project(committed(index + 1, events)));
  const lines = updates.map(({ type, order: { order, terms, progress } }) => {
    const { status, filledQuantity, preventedQuantity } = progress;
    return `${order} ${type}: ${status} ${filledQuantity}+${preventedQuantity} of ${terms.quantity}`;
  });
  return { live, lines, updates };
}

describe("what is told of an order", () => {
  test.each([
    { type: "limit", status: "open" },
    { type: "market", status: "open" },
    { type: "stop", status: "pending" },
    { type: "stop-limit", status: "pending" },
    { type: "take-profit", status: "pending" },
    { type: "take-profit-limit", status: "pending" },
    { type: "trailing-stop", status: "pending" },
  ] as const)("a $type is $status when it was placed", ({ type, status }) => {
    expect(told([placed(1, { type })]).live.get(orderId(1))?.progress.status).toBe(status);
  });

  test("a triggered order is open from its trigger on, and then trades like any other", () => {
    const { lines, live } = told(
      [placed(1, { type: "stop" })],
      [placed(2, { account: BOB, side: "sell" })],
      [{ kind: "OrderTriggered", ...named(1) }, trade(2, 1, 4)],
    );
    expect(lines).toEqual([
      "1 placed: pending 0+0 of 10",
      "2 placed: open 0+0 of 10",
      "1 triggered: open 0+0 of 10",
      "2 partially-filled: partially-filled 4+0 of 10",
      "1 partially-filled: partially-filled 4+0 of 10",
    ]);
    expect(live.get(orderId(1))?.progress.updatedAt).toBe(committed(3, []).entry.at);
  });

  test("an amended order has its new terms, and what is told of it before has the old ones", () => {
    const { live, lines, updates } = told(
      [placed(1)],
      [placed(2, { account: BOB, side: "sell" }), trade(2, 1, 4)],
      [amended(1, 101, 7)],
      [placed(9, { type: "stop", price: null, triggerPrice: ticks(90) })],
      [amended(9, null, 3)],
    );
    expect(lines.slice(4)).toEqual([
      "1 amended: partially-filled 4+0 of 7",
      "9 placed: pending 0+0 of 10",
      "9 amended: pending 0+0 of 3",
    ]);
    expect(updates[0]?.order.terms).toMatchObject({ price: 100, quantity: 10 });
    expect(live.get(orderId(1))?.terms).toMatchObject({ price: 101, quantity: 7, side: "buy" });
    expect(live.get(orderId(9))?.terms).toMatchObject({ price: null, quantity: 3, triggerPrice: 90 });
  });

  test("what self-trade prevention takes from an order that goes on is told, and the rest fills it", () => {
    const { lines } = told(
      [placed(1)],
      [placed(2, { side: "sell", quantity: lots(3) }), prevented(2, 1, 3), canceled(2, "self-trade")],
      [placed(3, { account: BOB, side: "sell" }), trade(3, 1, 7), { kind: "OrderFilled", ...named(1) }],
    );
    expect(lines).toEqual([
      "1 placed: open 0+0 of 10",
      "2 placed: open 0+0 of 3",
      "1 amended: open 0+3 of 10",
      "2 canceled: canceled 0+3 of 3",
      "3 placed: open 0+0 of 10",
      "3 partially-filled: partially-filled 7+0 of 10",
      "1 filled: filled 7+3 of 10",
    ]);
  });

  test("of an order by budget, which has no quantity, every fill is told, and its end", () => {
    const budget = { account: BOB, type: "market", quantity: null, quoteQuantity: minor(900) } as const;
    const { lines } = told(
      [placed(1)],
      [placed(2, budget), trade(2, 1, 9), { kind: "OrderFilled", ...named(2, BOB) }],
    );
    expect(lines.slice(1)).toEqual([
      "2 placed: open 0+0 of null",
      "2 partially-filled: partially-filled 9+0 of null",
      "1 partially-filled: partially-filled 9+0 of 10",
      "2 filled: filled 9+0 of null",
    ]);
  });
});

describe("the live orders of an account", () => {
  test("are found by what their client called them, while they live, and by nobody else", () => {
    const { live } = told([
      placed(1, { clientOrderId: "a" }),
      placed(2, { clientOrderId: "b" }),
      placed(3, { clientOrderId: "a", account: BOB }),
      placed(4),
      amended(2, 99, 5),
    ]);
    expect(live.byClientId(ALICE, "a")?.order).toBe(1);
    expect(live.byClientId(ALICE, "b")).toBe(live.get(orderId(2)));
    expect(live.byClientId(BOB, "a")?.order).toBe(3);
    expect(live.byClientId(BOB, "b")).toBeUndefined();
    expect(live.byClientId(accountIndex(3), "a")).toBeUndefined();
    live.project(committed(2, [canceled(1, "requested"), canceled(2, "cancel-after")]));
    expect(live.byClientId(ALICE, "a")).toBeUndefined();
    expect(live.byClientId(ALICE, "b")).toBeUndefined();
    live.project(committed(3, [placed(5, { clientOrderId: "a" })]));
    expect(live.byClientId(ALICE, "a")?.order).toBe(5);
  });

  test("are listed from the oldest on, pending ones among them, in one market or in all", () => {
    const other = marketIndex(1);
    const { live } = told(
      [placed(1), placed(2, { market: other }), placed(3, { type: "stop" }), placed(4, { account: BOB })],
      [amended(1, 99, 10)],
    );
    const listed = (market: typeof MARKET | null) => live.ofAccount(ALICE, market).map(({ order }) => order);
    expect([listed(null), listed(MARKET), listed(other)]).toEqual([[1, 2, 3], [1, 3], [2]]);
    expect(live.ofAccount(accountIndex(3), null)).toEqual([]);
  });
});

describe("a walk over all live orders", () => {
  test("meets each once after a restart, with those that come on the way and none that has gone", () => {
    const { live } = told([placed(1), placed(2, { account: BOB }), placed(3), placed(4)]);
    const restored = new LiveOrders();
    restored.restore(live.dump());
    const met: number[] = [];
    let steps = 0;
    for (const record of restored.walk()) {
      if (record !== null) met.push(record.order);
      steps += 1;
      if (steps === 1) restored.project(committed(8, [placed(5, { account: accountIndex(3) })]));
      if (met.length === 2) restored.project(committed(9, [canceled(4, "requested"), placed(6)]));
    }
    expect(steps).toBe(met.length + 2);
    expect(met.toSorted((one, other) => one - other)).toEqual([1, 2, 3, 5, 6]);
    expect([...new LiveOrders().walk()]).toEqual([]);
  });
});
