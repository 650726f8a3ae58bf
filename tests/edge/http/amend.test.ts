/** Amending an order over HTTP: what changes, what it trades, and every way to get it wrong. */
import { describe, expect, it } from "vitest";
import { type Body, type Client, openTrader } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
withTraders((traders) => {
  ({ operator, alice, bob } = traders);
});

const place = async (client: Client, body: object): Promise<Body> => {
  const placed = await client.post("/v1/orders", body);
  expect(placed.status).toBe(201);
  return placed.body.order;
};

const amend = (client: Client, name: string | number, body: object) =>
  client.patch(`/v1/orders/${name}`, body);

describe("an amend", () => {
  it("changes price and quantity under the same names, and gives the fills of its own entry", async () => {
    const market = await newMarket(operator, "AMEND");
    const order = await place(alice, { ...ORDER, market, price: "100" });
    const sell = await place(bob, { ...ORDER, market, side: "sell", price: "101", quantity: "4" });
    const smaller = await amend(alice, order.id, { quantity: "8" });
    expect(smaller).toMatchObject({ status: 200, body: { fills: [] } });
    expect(smaller.body.order).toEqual({
      ...order,
      quantity: "8",
      remainingQuantity: "8",
      updatedAt: expect.any(String),
    });
    const taken = await amend(alice, order.orderId, { price: "101.00", quantity: "9" });
    expect(taken.seq).toBeGreaterThan(smaller.seq!);
    expect(taken.body).toMatchObject({
      order: {
        orderId: order.orderId,
        price: "101.00",
        quantity: "9",
        filledQuantity: "4",
        remainingQuantity: "5",
        status: "partially-filled",
        requestId: order.requestId,
      },
      fills: [{ price: "101.00", quantity: "4", role: "taker" }],
    });
    const shown = await alice.get(`/v1/orders/${order.orderId}`);
    expect(shown.body).toEqual(taken.body);
    const again = await amend(alice, order.id, { quantity: "7.0", price: null });
    expect(again.body).toMatchObject({ order: { quantity: "7", remainingQuantity: "3" }, fills: [] });
    const whole = await alice.get(`/v1/fills?orderId=${order.orderId}`);
    expect(whole.body.items).toMatchObject([{ seq: taken.seq, role: "taker" }]);
    expect((await bob.get(`/v1/orders/${sell.orderId}`)).body.order.status).toBe("filled");
  });

  it("of a pending order changes it where it waits", async () => {
    const market = await newMarket(operator, "WAITS");
    const stop = { market, side: "sell", type: "stop-limit", triggerPrice: "90", price: "89", quantity: "5" };
    const order = await place(alice, stop);
    const amended = await amend(alice, order.id, { price: "88", quantity: "6" });
    expect(amended.body).toMatchObject({
      order: { status: "pending", price: "88.00", triggerPrice: "90.00", quantity: "6" },
      fills: [],
    });
  });

  it("is journaled and refused by the rules with their codes, and changes nothing then", async () => {
    const market = await newMarket(operator, "RULES", { maxQuantity: "100", minNotional: "10.00" });
    await place(bob, { ...ORDER, market, side: "sell", price: "200", quantity: "4" });
    const plain = await place(alice, { ...ORDER, market, price: "90", quantity: "1" });
    const order = await place(alice, { ...ORDER, market, postOnly: true, price: "100" });
    await place(bob, { ...ORDER, market, side: "sell", price: "100", quantity: "4" });
    const before = (await alice.get(`/v1/orders/${order.orderId}`)).body;
    const wallets = (await alice.get("/v1/wallets")).body;
    for (const [body, code, name = order.id] of [
      [{ price: "100", quantity: "10.00" }, "nothing-to-amend"],
      [{ quantity: "4" }, "quantity-below-filled"],
      [{ quantity: "101" }, "above-max-quantity"],
      [{ price: "0.01" }, "below-min-notional"],
      [{ price: "200" }, "would-take"],
      [{ price: "80000000" }, "insufficient-funds", plain.id],
      [{ price: "90000000000000", quantity: "100" }, "amount-too-large", plain.id],
    ] as const) {
      const answer = await amend(alice, name, body);
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code });
      expect(answer.seq).toBeGreaterThan(0);
    }
    await operator.patch(`/v1/markets/${market}`, { status: "halted" });
    expect((await amend(alice, order.id, { quantity: "9" })).body.code).toBe("market-halted");
    expect((await alice.get(`/v1/orders/${order.orderId}`)).body).toEqual(before);
    expect((await alice.get("/v1/wallets")).body).toEqual(wallets);
  });
});

describe("an order that cannot be amended", () => {
  it("has ended: that is refused in the journal", async () => {
    const market = await newMarket(operator, "ENDED");
    const order = await place(alice, { ...ORDER, market });
    await alice.delete(`/v1/orders/${order.id}`);
    for (const name of [order.id, order.orderId]) {
      const answer = await amend(alice, name, { quantity: "5" });
      expect(answer).toMatchObject({ status: 409, body: { code: "order-not-open" } });
      expect(answer.seq).toBeGreaterThan(order.orderId);
    }
  });

  it("is somebody else's, or none: one is told as the other, and nothing is journaled", async () => {
    const market = await newMarket(operator, "OTHERS");
    const order = await place(alice, { ...ORDER, market });
    const ended = await place(alice, { ...ORDER, market, timeInForce: "ioc" });
    const otherTime = `${order.id.startsWith("0") ? "1" : "0"}${order.id.slice(1)}`;
    for (const name of [
      order.id,
      order.orderId,
      ended.id,
      ended.orderId,
      otherTime,
      "nonsense",
      "0",
      999_999,
    ]) {
      const answer = await amend(bob, name, { quantity: "5" });
      expect(answer).toMatchObject({ status: 404, seq: null, body: { code: "unknown-order" } });
    }
  });

  it("has no such term: no limit to change, no quantity, or no step of that size", async () => {
    const market = await newMarket(operator, "TERMS");
    const head = { market, side: "sell", triggerPrice: "90", quantity: "5" };
    const stop = await place(alice, { ...head, type: "stop" });
    const budget = await place(alice, {
      ...head,
      side: "buy",
      type: "stop",
      triggerPrice: "110",
      quantity: null,
      quoteQuantity: "50",
    });
    const order = await place(alice, { ...ORDER, market });
    const iceberg = await place(alice, { ...ORDER, market, price: "0.10", displayQuantity: "1" });
    for (const [name, body, path] of [
      [iceberg.id, { quantity: "10001" }, "quantity"],
      [iceberg.id, { quantity: String(Number.MAX_SAFE_INTEGER) }, "quantity"],
      [stop.id, { price: "89" }, "price"],
      [budget.id, { price: "89" }, "price"],
      [budget.id, { quantity: "1" }, "quantity"],
      [order.id, {}, ""],
      [order.id, { price: null, quantity: null }, ""],
      [order.id, { price: 5 }, "price"],
      [order.id, { price: "0" }, "price"],
      [order.id, { quantity: "0" }, "quantity"],
      [order.id, { quantity: "-1" }, "quantity"],
      [order.id, { quantity: ["1"] }, "quantity"],
      [order.id, { price: "1", side: "sell" }, "side"],
      [order.id, { price: "1", triggerPrice: "5" }, "triggerPrice"],
      [order.id, { price: "1", displayQuantity: "5" }, "displayQuantity"],
      [order.id, [{ price: "1" }], ""],
    ] as const) {
      const answer = await amend(alice, name, body);
      expect(answer).toMatchObject({ status: 400, seq: null, body: { errors: [{ path }] } });
    }
    for (const [body, code] of [
      [{ price: "1.001" }, "price-off-tick"],
      [{ quantity: "1.5" }, "quantity-off-lot"],
      [{ price: "1.001", quantity: "1.5" }, "price-off-tick"],
      [{ price: "9".repeat(20) }, "amount-too-large"],
      [{ quantity: "9".repeat(20) }, "amount-too-large"],
    ] as const) {
      expect(await amend(alice, order.id, body)).toMatchObject({ status: 422, seq: null, body: { code } });
    }
    expect((await amend(alice, iceberg.id, { quantity: "10000" })).body.order).toMatchObject({
      quantity: "10000",
    });
    expect((await amend(alice, stop.id, { quantity: "6" })).body.order).toMatchObject({ quantity: "6" });
    const most = String(Number.MAX_SAFE_INTEGER);
    const largest = await amend(alice, order.id, { price: "90071992547409.91", quantity: most });
    expect(largest).toMatchObject({ status: 422, body: { code: "amount-too-large" } });
    expect(largest.seq).toBeGreaterThan(0);
  });
});

describe("an amend's key", () => {
  it("is the account's own, or an operator's that names it in the body", async () => {
    const market = await newMarket(operator, "KEYS");
    const order = await place(alice, { ...ORDER, market });
    const { id } = order;
    expect((await amend(alice, id, { quantity: "9", accountId: "bob" })).status).toBe(403);
    expect((await amend(alice, id, { quantity: "9", accountId: "alice" })).status).toBe(200);
    const without = await amend(operator, id, { quantity: "8" });
    expect(without).toMatchObject({ status: 400, body: { errors: [{ path: "accountId" }] } });
    expect((await amend(operator, `${id}?accountId=alice`, { quantity: "8" })).status).toBe(400);
    expect((await amend(operator, id, { quantity: "8", accountId: "bob" })).status).toBe(404);
    expect((await amend(operator, id, { quantity: "8", accountId: "nobody" })).body.code).toBe(
      "unknown-account",
    );
    expect((await amend(operator, id, { quantity: "8", accountId: "alice" })).status).toBe(200);
    const reader = await openTrader(operator, { accountId: "gus", scopes: ["read"] });
    expect((await amend(reader, id, { quantity: "7" })).status).toBe(403);
  });
});
