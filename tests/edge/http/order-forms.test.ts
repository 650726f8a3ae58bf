/** Which fields each type of order has: the ones that it needs, and a refusal that names each that it does not use. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, openTrader } from "../harness.ts";
import { withTraders } from "./traders.ts";

let operator: Client;
let carol: Client;
withTraders((traders) => {
  ({ operator } = traders);
});
beforeAll(async () => {
  carol = await openTrader(operator, { accountId: "carol", funds: { BRL: "1000000.00", VIB: "10000" } });
});

const HEAD = { market: "VIB-BRL", side: "sell" };
const BUY = { side: "buy", quantity: null, quoteQuantity: "500" };
const LATER = { timeInForce: "gtd", expiresAt: "2100-01-01T00:00:00Z" };

const LIMIT = { ...HEAD, type: "limit", price: "100.99", quantity: "10" };
const MARKET = { ...HEAD, type: "market", quantity: "10" };
const STOP = { ...HEAD, type: "stop", triggerPrice: "90", quantity: "10" };
const STOP_LIMIT = { ...STOP, type: "stop-limit", price: "89" };
const TAKE_PROFIT = { ...HEAD, type: "take-profit", triggerPrice: "120", quantity: "10" };
const TAKE_PROFIT_LIMIT = { ...TAKE_PROFIT, type: "take-profit-limit", price: "119" };
const TRAILING = { ...HEAD, type: "trailing-stop", trailingOffset: "5.5", quantity: "10" };

const LIMITED = [LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT];
const UNLIMITED = [STOP, TAKE_PROFIT, TRAILING];
const TRIGGERED = [STOP_LIMIT, TAKE_PROFIT_LIMIT, ...UNLIMITED];
const PRICED = [...LIMITED, STOP, TAKE_PROFIT];

type Case = { readonly body: object; readonly path: string };

const cases: Case[] = [
  // What a type needs.
  ...LIMITED.map((order) => ({ body: { ...order, price: undefined }, path: "price" })),
  ...TRIGGERED.filter((order) => "triggerPrice" in order).map((order) => ({
    body: { ...order, triggerPrice: null },
    path: "triggerPrice",
  })),
  { body: { ...TRAILING, trailingOffset: null }, path: "trailingOffset" },
  ...[MARKET, ...LIMITED, ...UNLIMITED].map((order) => ({
    body: { ...order, quantity: undefined },
    path: "quantity",
  })),
  ...UNLIMITED.map((order) => ({ body: { ...order, ...BUY, quoteQuantity: null }, path: "quoteQuantity" })),
  // What it does not use.
  ...[MARKET, ...UNLIMITED].map((order) => ({ body: { ...order, price: "100" }, path: "price" })),
  ...[LIMIT, MARKET, TRAILING].map((order) => ({
    body: { ...order, triggerPrice: "100" },
    path: "triggerPrice",
  })),
  ...[LIMIT, MARKET, ...TRIGGERED.slice(0, 4)].map((order) => ({
    body: { ...order, trailingOffset: "1" },
    path: "trailingOffset",
  })),
  ...[MARKET, ...LIMITED, ...UNLIMITED].map((order) => ({
    body: { ...order, quoteQuantity: "500" },
    path: "quoteQuantity",
  })),
  ...LIMITED.map((order) => ({ body: { ...order, ...BUY }, path: "quoteQuantity" })),
  ...UNLIMITED.map((order) => ({ body: { ...order, side: "buy" }, path: "quantity" })),
  ...UNLIMITED.map((order) => ({
    body: { ...order, side: "buy", quantity: "1", quoteQuantity: "500" },
    path: "quantity",
  })),
  ...TRIGGERED.map((order) => ({ body: { ...order, postOnly: true }, path: "postOnly" })),
  ...[MARKET, ...UNLIMITED].map((order) => ({
    body: { ...order, displayQuantity: "5" },
    path: "displayQuantity",
  })),
  // Icebergs.
  ...LIMITED.flatMap((order) =>
    ["ioc", "fok"].map((timeInForce) => ({
      body: { ...order, timeInForce, displayQuantity: "5" },
      path: "displayQuantity",
    })),
  ),
  ...["0", "11", "-1", "1e1", 5].map((displayQuantity) => ({
    body: { ...LIMIT, displayQuantity },
    path: "displayQuantity",
  })),
  { body: { ...LIMIT, quantity: "101", displayQuantity: "1" }, path: "displayQuantity" },
  {
    body: { ...LIMIT, quantity: "9007199254740991", displayQuantity: "90071992547409" },
    path: "displayQuantity",
  },
  // How long.
  { body: { ...MARKET, timeInForce: "gtc" }, path: "timeInForce" },
  { body: { ...MARKET, ...LATER }, path: "timeInForce" },
  { body: { ...MARKET, expiresAt: LATER.expiresAt }, path: "expiresAt" },
  ...[MARKET, ...UNLIMITED].map((order) => ({
    body: { ...order, ...BUY, timeInForce: "fok" },
    path: "timeInForce",
  })),
  ...[...LIMITED, ...UNLIMITED].flatMap((order) => [
    { body: { ...order, timeInForce: "gtd" }, path: "expiresAt" },
    { body: { ...order, expiresAt: LATER.expiresAt }, path: "expiresAt" },
  ]),
  // Amounts that are none.
  ...[100, "0", "-1", "1.", "", true, {}].flatMap((amount) => [
    { body: { ...STOP, triggerPrice: amount }, path: "triggerPrice" },
    { body: { ...TRAILING, trailingOffset: amount }, path: "trailingOffset" },
  ]),
];

describe("a field that the order's type", () => {
  it.each(cases)("needs, or does not use, is refused at $path: $body", async ({ body, path }) => {
    const answer = await carol.post("/v1/orders", body);
    expect(answer).toMatchObject({ status: 400, seq: null, body: { code: "invalid-request" } });
    expect(answer.body.errors).toEqual([{ path, message: expect.stringMatching(/./) }]);
    // What an order may not be placed with, it may not be previewed with either.
    expect((await carol.post("/v1/orders/preview", body)).body.errors).toEqual(answer.body.errors);
  });
});

describe("an amount that fits no step", () => {
  const rows = [
    ...PRICED.map((order) => ({
      ...order,
      ...("price" in order ? { price: "1.001" } : { triggerPrice: "1.001" }),
    })),
    { ...STOP_LIMIT, triggerPrice: "90.001" },
    { ...TRAILING, trailingOffset: "0.001" },
    { ...STOP_LIMIT, triggerPrice: "90.001", quantity: "1.5" },
  ].map((body) => ({ body, code: "price-off-tick" }));
  const lots = [
    { ...STOP, quantity: "1.5" },
    { ...LIMIT, displayQuantity: "2.5" },
    { ...LIMIT, quantity: "2.5", displayQuantity: "100" },
  ].map((body) => ({ body, code: "quantity-off-lot" }));
  const large = "9".repeat(20);
  const amounts = [
    { ...STOP, triggerPrice: large },
    { ...TRAILING, trailingOffset: large },
    { ...LIMIT, displayQuantity: large },
    { ...STOP, ...BUY, quoteQuantity: large },
  ].map((body) => ({ body, code: "amount-too-large" }));
  it.each([...rows, ...lots, ...amounts])("is refused as $code: $body", async ({ body, code }) => {
    const answer = await carol.post("/v1/orders", body);
    expect(answer).toMatchObject({ status: 422, seq: null, body: { code } });
  });
});

describe("the largest amounts at once", () => {
  const price = "90071992547409.91";
  const quantity = String(Number.MAX_SAFE_INTEGER);
  const rows = [
    ...["buy", "sell"].flatMap((side) => [
      { body: { ...LIMIT, side, price, quantity }, code: "amount-too-large" },
      { body: { ...LIMIT, side, price, quantity, displayQuantity: quantity }, code: "amount-too-large" },
      { body: { ...STOP_LIMIT, side, price, quantity, triggerPrice: price }, code: "amount-too-large" },
      {
        body: { ...TAKE_PROFIT_LIMIT, side, price, quantity, triggerPrice: price },
        code: "amount-too-large",
      },
    ]),
    { body: { ...TAKE_PROFIT, triggerPrice: price, quantity }, code: "insufficient-funds" },
    { body: { ...TRAILING, trailingOffset: price, quantity }, code: "insufficient-funds" },
    { body: { ...STOP, ...BUY, triggerPrice: price, quoteQuantity: price }, code: "insufficient-funds" },
    {
      body: { ...TRAILING, ...BUY, trailingOffset: price, quoteQuantity: price },
      code: "insufficient-funds",
    },
  ];
  it.each(rows)("are refused as $code, without a fault of ours: $body", async ({ body, code }) => {
    const answer = await carol.post("/v1/orders", body);
    expect(answer).toMatchObject({ status: 422, body: { code } });
    expect(answer.seq).toBeGreaterThan(0);
  });
});

describe("an order of every type", () => {
  const rows = [
    { body: STOP, shown: { triggerPrice: "90.00", price: null, timeInForce: "gtc", status: "pending" } },
    ...["gtc", "ioc"].map((timeInForce) => ({
      body: { ...TRAILING, timeInForce },
      shown: { timeInForce, status: "pending" },
    })),
    {
      body: { ...TAKE_PROFIT, ...LATER },
      shown: { timeInForce: "gtd", expiresAt: "2100-01-01T00:00:00.000Z", status: "pending" },
    },
    { body: { ...STOP, timeInForce: "fok" }, shown: { timeInForce: "fok", status: "pending" } },
    {
      body: { ...STOP, ...BUY, triggerPrice: "110" },
      shown: { quantity: null, remainingQuantity: null, quoteQuantity: "500.00", status: "pending" },
    },
    {
      body: STOP_LIMIT,
      shown: { triggerPrice: "90.00", price: "89.00", timeInForce: "gtc", status: "pending" },
    },
    {
      body: { ...STOP_LIMIT, ...LATER, displayQuantity: "1" },
      shown: { timeInForce: "gtd", expiresAt: "2100-01-01T00:00:00.000Z", displayQuantity: "1" },
    },
    { body: { ...STOP_LIMIT, timeInForce: "ioc" }, shown: { timeInForce: "ioc", status: "pending" } },
    { body: TAKE_PROFIT, shown: { triggerPrice: "120.00", price: null, status: "pending" } },
    { body: { ...TAKE_PROFIT_LIMIT, timeInForce: "fok" }, shown: { price: "119.00", status: "pending" } },
    { body: TRAILING, shown: { trailingOffset: "5.50", triggerPrice: null, status: "pending" } },
    { body: { ...LIMIT, displayQuantity: "10" }, shown: { displayQuantity: "10", status: "open" } },
    {
      body: { ...LIMIT, quantity: "100", displayQuantity: "1", postOnly: true },
      shown: { displayQuantity: "1", quantity: "100", postOnly: true, preventedQuantity: "0" },
    },
    ...["cancel-maker", "cancel-taker", "cancel-both", "decrement"].map((selfTradePrevention) => ({
      body: { ...LIMIT, selfTradePrevention },
      shown: { selfTradePrevention, status: "open" },
    })),
  ];
  it.each(rows)("is accepted and shown with all of its terms: $body", async ({ body, shown }) => {
    const placed = await carol.post("/v1/orders", body);
    expect(placed.status).toBe(201);
    expect(placed.body.order).toMatchObject(shown);
    for (const name of [placed.body.order.id, placed.seq]) {
      expect((await carol.get(`/v1/orders/${name}`)).body).toEqual(placed.body);
    }
    expect((await carol.get("/v1/orders?status=open&limit=1")).body.items[0]).toEqual(placed.body.order);
    const [closed] = (await carol.get("/v1/orders?status=closed&limit=1")).body.items;
    expect(closed?.orderId).not.toBe(placed.seq);
    expect((await carol.get("/v1/orders?status=all&limit=1")).body.items[0]).toEqual(placed.body.order);
    const canceled = await carol.delete(`/v1/orders/${placed.seq}`);
    expect(canceled.body.order).toMatchObject({ ...shown, status: "canceled", reason: "requested" });
    expect((await carol.get(`/v1/orders/${placed.seq}`)).body.order).toEqual(canceled.body.order);
  });
});
