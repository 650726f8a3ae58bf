/** The calls of the first design about operations, field by field, against a real server. */
import { createHash } from "node:crypto";
import { ulidToUUID } from "ulid";
import { afterEach, describe, expect, it } from "vitest";
import type { Body, Client } from "../../harness.ts";
import { newMarket, type Traders, withTraders } from "../../http/traders.ts";
import { openWallet } from "./lists.ts";

let traders: Traders;
let operator: Client;
withTraders((made) => {
  traders = made;
  operator = made.operator;
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Nobody meets what another test has left in the book. */
afterEach(async () => {
  const { items } = (await operator.get("/operations?limit=1000")).body;
  for (const accountId of new Set(items.map((item: Body) => String(item.userId))))
    await operator.delete(`/v1/orders?accountId=${accountId}`);
});

/** Sends a body as it is written. */
function raw(path: string, body: string) {
  return operator.send("POST", path, { body });
}

function user(userId: number | string): Promise<void> {
  return openWallet(operator, userId, 1000, 100_000);
}

async function place(userId: number | string, operationType: string, value: number, quantity: number) {
  const placed = await operator.post("/operations", { value, quantity, userId, operationType });
  expect(placed.status).toBe(201);
  return placed.body;
}

function hashOf({ value, quantity, userId, operationStatus, operationType }: Body): string {
  const text = [value, quantity, userId, operationStatus, operationType].join("|");
  return createHash("md5").update(text).digest("hex");
}

describe("POST /operations", () => {
  it("answers with exactly the fields of the first design, in JSON numbers", async () => {
    await user(334455);
    const placed = await raw(
      "/operations",
      '{ "value": 100.990, "quantity": 1e1, "userId": 334455, "operationType": "BUY" }',
    );
    expect(placed.status).toBe(201);
    expect(placed.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(placed.seq).toBeGreaterThan(0);
    const requestId = ulidToUUID(placed.headers.get("x-request-id")!).toLowerCase();
    expect(placed.body).toEqual({
      operationType: "BUY",
      id: `334455|${requestId}`,
      quantity: 10,
      value: 100.99,
      userId: 334455,
      operationStatus: "IN_TRADE",
      requestId,
      hash: hashOf(placed.body),
      audit: {
        createdAt: expect.stringMatching(TIME),
        updatedBy: "334455",
        updatedAt: placed.body.audit.createdAt,
      },
    });
    expect(requestId).toMatch(UUID);
  });

  it("is in trade until its price is reached, and finished then, with another hash", async () => {
    await user(1);
    await user("two");
    const bid = await place(1, "BUY", 50.5, 3);
    const first = await place("two", "SALE", 50.5, 1);
    expect(first).toMatchObject({ operationType: "SELL", operationStatus: "FINISHED", userId: "two" });
    expect(first.audit.updatedBy).toBe("exchange");
    const half = (await operator.get(`/operations/${encodeURIComponent(bid.id)}`)).body;
    expect(half).toMatchObject({ operationStatus: "IN_TRADE", quantity: 3, hash: bid.hash });
    expect(half.audit).toMatchObject({ createdAt: bid.audit.createdAt, updatedBy: "exchange" });
    await place("two", "SELL", 50, 2);
    const whole = await operator.get(`/operations/${bid.id}`);
    expect(whole).toMatchObject({ status: 200, body: { operationStatus: "FINISHED", quantity: 3 } });
    expect(whole.body.hash).toBe(hashOf(whole.body));
    expect(whole.body.hash).not.toBe(bid.hash);
    expect(whole.seq).toBeGreaterThan(0);
  });

  it("is an order like any other, found by the same request id", async () => {
    await user(5);
    const bid = await place(5, "BUY", 1, 2);
    const orders = (await operator.get("/v1/orders?accountId=5")).body.items;
    expect(orders).toHaveLength(1);
    expect(orders[0]).toMatchObject({ price: "1.00", quantity: "2", type: "limit", timeInForce: "gtc" });
    expect(ulidToUUID(orders[0].requestId).toLowerCase()).toBe(bid.requestId);
    const wallet = await operator.get("/wallet/5");
    expect(wallet.body).toMatchObject({ value: 100_000, availableValue: 99_998 });
  });

  it.each([
    ['{"value":1.001,"quantity":1,"userId":7,"operationType":"BUY"}', 422, "price-off-tick", "value"],
    ['{"value":1,"quantity":1.5,"userId":7,"operationType":"BUY"}', 422, "quantity-off-lot", "quantity"],
    ['{"value":1e400,"quantity":1,"userId":7,"operationType":"BUY"}', 422, "amount-too-large", "value"],
    ['{"value":1e-400,"quantity":1,"userId":7,"operationType":"BUY"}', 422, "price-off-tick", "value"],
    [
      '{"value":1,"quantity":9007199254740993,"userId":7,"operationType":"BUY"}',
      422,
      "amount-too-large",
      "q",
    ],
    ['{"value":0,"quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "value"],
    ['{"value":-0,"quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "value"],
    ['{"value":1,"quantity":-5,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "quantity"],
    ['{"value":NaN,"quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "JSON"],
    ['{"value":Infinity,"quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "JSON"],
    ['{"value":.5,"quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "JSON"],
    ['{"value":"1","quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "value"],
    ['{"value":1,"value":1,"quantity":1,"userId":7,"operationType":"BUY"}', 400, "invalid-request", "once"],
    ['{"value":1,"quantity":1,"userId":7,"operationType":"HOLD"}', 400, "invalid-request", "BUY, SELL, SALE"],
    [
      '{"value":1,"quantity":1,"userId":7,"operationType":"BUY","requestId":"x"}',
      400,
      "invalid-request",
      "re",
    ],
    [
      '{"value":1,"quantity":1,"userId":true,"operationType":"BUY"}',
      400,
      "invalid-request",
      "a number or a string",
    ],
    ['{"value":1,"quantity":1,"userId":7.5,"operationType":"BUY"}', 400, "invalid-request", "userId"],
    ['{"value":1,"quantity":1,"userId":404,"operationType":"BUY"}', 404, "unknown-account", "404"],
    ['{"value":1,"quantity":1,"userId":"fees","operationType":"BUY"}', 400, "invalid-request", "reserved"],
    [`${"[".repeat(40_000)}`, 400, "invalid-request", "nested"],
  ])("refuses %s with %i %s", async (body, status, code, words) => {
    await operator.post("/wallet/create", { userId: 7 });
    const before = (await operator.get("/v1/status")).body.appendedSeq;
    const refused = await raw("/operations", body);
    expect(refused).toMatchObject({ status, seq: null, body: { code } });
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(refused.body.detail).toContain(words);
    expect((await operator.get("/v1/status")).body.appendedSeq).toBe(before);
  });

  it("is refused by the rules with the exchange's problems, at a position", async () => {
    await operator.post("/wallet/create", { userId: 8 });
    const body = { value: 1, quantity: 1, userId: 8, operationType: "BUY" };
    const poor = await operator.post("/operations", body);
    expect(poor).toMatchObject({ status: 422, body: { code: "insufficient-funds" } });
    expect(poor.seq).toBeGreaterThan(0);
    await operator.patch("/v1/accounts/8", { status: "suspended" });
    const suspended = await operator.post("/operations", body);
    expect(suspended).toMatchObject({ status: 422, body: { code: "account-suspended" } });
  });
});

describe("GET /operations", () => {
  it("is the queue of what is in trade, oldest first, page by page", async () => {
    await user(100);
    await user(101);
    const placed = [];
    for (let n = 0; n < 5; n += 1) placed.push(await place(100 + (n % 2), "BUY", 2 + n / 100, 1));
    placed.push(await place(101, "SELL", 9_000, 4));
    const mine = (items: readonly Body[]) => items.filter(({ userId }) => [100, 101].includes(userId));
    const all = await operator.get("/operations");
    expect(mine(all.body.items)).toEqual(placed);
    expect(all.body.nextCursor).toBeNull();
    const pages: Body[] = [];
    for (let cursor = ""; ; ) {
      const page = await operator.get(`/operations?limit=2${cursor}`);
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      pages.push(...page.body.items);
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${page.body.nextCursor}`;
    }
    expect(pages).toEqual(all.body.items);
    const of = async (query: string) => (await operator.get(`/operations?${query}`)).body.items;
    expect(await of("userId=101")).toEqual(placed.filter(({ userId }) => userId === 101));
    expect(await of("userId=101&operationType=SALE")).toEqual([placed[5]]);
    expect(await of("userId=101&operationType=SELL&operationStatus=IN_TRADE")).toEqual([placed[5]]);
    expect(await of("userId=100&limit=1")).toEqual([placed[0]]);
  });

  it("shows what traders of the other API have in the same market, and nothing of other markets", async () => {
    const { alice } = traders;
    const order = { side: "buy", type: "limit", price: "3.33", quantity: "1" };
    const market = await newMarket(operator, "OPS");
    await alice.post("/v1/orders", { ...order, market });
    await alice.post("/v1/orders", { ...order, market: "VIB-BRL" });
    const stop = { market: "VIB-BRL", side: "buy", type: "stop", triggerPrice: "99999", quoteQuantity: "5" };
    expect((await alice.post("/v1/orders", stop)).status).toBe(201);
    const { items } = (await operator.get("/operations?userId=alice")).body;
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ userId: "alice", value: 3.33, quantity: 1 });
  });

  it("has what is finished of one user, newest first; what was canceled shows what it had traded", async () => {
    await user(200);
    await user(201);
    const bid = await place(200, "BUY", 60, 5);
    await place(201, "SELL", 60, 2);
    const other = await place(200, "BUY", 59, 1);
    for (const { orderId } of (await operator.get("/v1/orders?accountId=200&status=open")).body.items)
      await operator.delete(`/v1/orders/${orderId}?accountId=200`);
    expect((await operator.get("/operations?userId=200")).body.items).toEqual([]);
    const finished = (await operator.get("/operations?userId=200&operationStatus=FINISHED")).body;
    expect(finished.nextCursor).toBeNull();
    expect(finished.items.map(({ id, quantity }: Body) => [id, quantity])).toEqual([
      [other.id, 0],
      [bid.id, 2],
    ]);
    expect(finished.items.map(({ audit }: Body) => audit.updatedBy)).toEqual(["200", "exchange"]);
    for (const item of finished.items) expect(item.hash).toBe(hashOf(item));
  });

  it.each([
    ["operationStatus=FINISHED", 400, "userId is required"],
    ["operationStatus=OPEN", 400, "IN_TRADE, FINISHED"],
    ["operationType=HOLD", 400, "BUY, SELL, SALE"],
    ["userId=nobody", 404, "nobody"],
    ["limit=1001", 400, "1 to 1000"],
    ["cursor=x", 400, "cursor"],
    ["status=IN_TRADE", 400, "not a known field"],
  ])("refuses %s", async (query, status, words) => {
    const refused = await operator.get(`/operations?${query}`);
    expect(refused.status).toBe(status);
    expect(refused.body.detail).toContain(words);
  });
});

describe("GET /operations/{id}", () => {
  it.each([
    "nothing",
    "334455",
    "334455|019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66",
    "nobody|019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66",
    "334455|zzzzzzzz-5a3e-7c11-9f54-2b1d0a8c7e66",
    "334455|f19ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66",
    "|019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66",
  ])("knows no %s", async (id) => {
    const refused = await operator.get(`/operations/${encodeURIComponent(id)}`);
    expect(refused).toMatchObject({ status: 404, body: { code: "unknown-order" } });
  });

  it("knows an operation by its user and its request together, whatever the case of the digits", async () => {
    await user(300);
    await user(301);
    const { id, requestId } = await place(300, "BUY", 1, 1);
    expect((await operator.get(`/operations/301|${requestId}`)).status).toBe(404);
    const found = await operator.get(`/operations/300|${requestId.toUpperCase()}`);
    expect(found).toMatchObject({ status: 200, body: { id } });
  });
});
