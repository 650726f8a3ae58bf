/** Many orders in one request: each as if it had come alone, one after another, with nothing between them. */
import { describe, expect, it } from "vitest";
import { type Body, Client, openTrader } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
let url: string;
withTraders(({ server, ...traders }) => {
  ({ operator, alice, bob } = traders);
  ({ url } = server);
});

const batch = (client: Client, ...orders: unknown[]) => client.post("/v1/orders/batch", { orders });

/** What became of each: the order's status, or the problem's code. */
const outcomes = (body: Body) => body.results.map((result: Body) => result.order?.status ?? result.code);

describe("a batch", () => {
  it("gives each order a command of its own, with consecutive sequences, and says the last", async () => {
    const market = await newMarket(operator, "BATCH");
    const order = { ...ORDER, market };
    const sell = { ...order, side: "sell", quantity: "4" };
    const answer = await batch(alice, order, { ...order, price: "100" }, { ...order, price: "99" });
    expect(answer.status).toBe(200);
    const ids = answer.body.results.map((result: Body) => result.order.orderId);
    expect(ids).toEqual([answer.seq! - 2, answer.seq! - 1, answer.seq!]);
    for (const [index, result] of answer.body.results.entries()) {
      expect(result).toEqual({ order: (await alice.get(`/v1/orders/${ids[index]}`)).body.order, fills: [] });
      expect(result.order.requestId).toBe(answer.headers.get("x-request-id"));
    }
    const taken = await batch(bob, sell, { ...sell, quantity: "10", price: "100" });
    expect(outcomes(taken.body)).toEqual(["filled", "filled"]);
    const prices = taken.body.results.map(({ fills }: Body) => fills.map((fill: Body) => fill.price));
    expect(prices).toEqual([["100.99"], ["100.99", "100.00"]]);
  });

  it("tells each order's problem in its place, and the others go on", async () => {
    const market = await newMarket(operator, "MIXED");
    const order = { ...ORDER, market };
    const answer = await batch(
      alice,
      { ...order, price: 100 },
      order,
      { ...order, market: "NO-WAY" },
      { ...order, price: "9999999", quantity: "1000" },
      null,
      "order",
      [order],
      {},
      { ...order, pirce: "1" },
      { ...order, price: "1.001" },
      { ...order, type: "stop" },
      { ...order, accountId: "bob" },
      order,
    );
    expect(outcomes(answer.body)).toEqual(
      ["invalid-request", "open", "unknown-market", "insufficient-funds"].concat(
        Array(5).fill("invalid-request"),
        ["price-off-tick", "invalid-request", "forbidden", "open"],
      ),
    );
    const faults = answer.body.results.map(({ errors }: Body) => errors?.[0].path);
    expect(faults).toEqual(
      ["price", undefined, undefined, undefined, "", "", "", "market", "pirce"].concat([
        undefined,
        "price",
        undefined,
        undefined,
      ] as string[]),
    );
    const placed = answer.body.results.filter((result: Body) => result.order !== undefined);
    // The one that the rules refused has a sequence, too.
    expect(placed.map(({ order }: Body) => order.orderId)).toEqual([answer.seq! - 2, answer.seq!]);
    for (const problem of answer.body.results.filter((result: Body) => result.code !== undefined)) {
      expect(problem).toMatchObject({
        type: `/problems/${problem.code}`,
        title: expect.any(String),
        status: expect.any(Number),
        detail: expect.any(String),
        requestId: answer.headers.get("x-request-id"),
      });
    }
  });

  it("of which nothing can be read is answered all the same, and journals nothing", async () => {
    const before = (await operator.get("/v1/status")).body.appliedSeq;
    const answer = await batch(alice, {}, { ...ORDER, quantity: "0" });
    expect(answer).toMatchObject({ status: 200, seq: null });
    expect(outcomes(answer.body)).toEqual(["invalid-request", "invalid-request"]);
    expect((await operator.get("/v1/status")).body.appliedSeq).toBe(before);
  });

  it("places an order once, whatever batch or request it comes in again", async () => {
    const market = await newMarket(operator, "TWICE");
    const order = { ...ORDER, market, clientOrderId: "twice" };
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "3" });
    const first = await batch(
      alice,
      order,
      order,
      { ...order, quantity: "11" },
      { ...order, quantity: "10.0" },
    );
    expect(outcomes(first.body)).toEqual([
      "partially-filled",
      "partially-filled",
      "duplicate-client-order-id",
      "partially-filled",
    ]);
    const [placed, again, , third] = first.body.results;
    expect(placed).not.toHaveProperty("replayed");
    expect(again).toEqual({ ...placed, replayed: true });
    expect(third).toEqual(again);
    expect(placed.fills).toHaveLength(1);
    const later = await batch(alice, { ...order, clientOrderId: null }, order);
    expect(later.body.results[1]).toEqual(again);
    expect(later.body.results[0].order.orderId).toBe(later.seq! - 1);
    const alone = await alice.post("/v1/orders", order);
    expect(alone).toMatchObject({ status: 200, replayed: true, body: placed });
    await alice.delete(`/v1/orders/${placed.order.orderId}`);
    const ended = await batch(alice, order);
    expect(ended.body.results[0]).toMatchObject({ replayed: true, order: { status: "canceled" } });
  });

  it("names the account in each order if it is an operator's", async () => {
    const market = await newMarket(operator, "OPS");
    const answer = await batch(
      operator,
      { ...ORDER, market, accountId: "alice" },
      { ...ORDER, market },
      { ...ORDER, market, accountId: "nobody" },
      { ...ORDER, market, accountId: "bob", price: "90" },
    );
    expect(outcomes(answer.body)).toEqual(["open", "invalid-request", "unknown-account", "open"]);
    expect(answer.body.results[3].order.accountId).toBe("bob");
  });
});

describe("the form of a batch", () => {
  const rows = [
    { body: {}, path: "orders" },
    { body: { orders: [] }, path: "orders" },
    { body: { orders: null }, path: "orders" },
    { body: { orders: ORDER }, path: "orders" },
    { body: { orders: Array(51).fill(ORDER) }, path: "orders" },
    { body: { orders: [ORDER], accountId: "alice" }, path: "accountId" },
    { body: [ORDER], path: "" },
  ];
  it.each(rows)("is refused as a whole at $path", async ({ body, path }) => {
    const answer = await alice.post("/v1/orders/batch", body);
    expect(answer).toMatchObject({ status: 400, seq: null, body: { errors: [{ path }] } });
  });

  it("is refused as a whole for a key that comes twice, wherever it is", async () => {
    const text = JSON.stringify({ orders: [ORDER, ORDER] }).replace(/}]}$/, ',"price":"1"}]}');
    const answer = await alice.send("POST", "/v1/orders/batch", { body: text });
    expect(answer).toMatchObject({ status: 400, seq: null, body: { errors: [{ path: "orders[1].price" }] } });
  });

  it("may have 50 orders and a mebibyte, which no other body may", async () => {
    const market = await newMarket(operator, "FIFTY");
    const orders = Array.from({ length: 50 }, (_, index) => ({
      ...ORDER,
      market,
      price: `${10 + index}.00`,
      quantity: "1",
    }));
    const text = JSON.stringify({ orders });
    const most = text.padEnd(1024 * 1024, " ");
    const answer = await alice.send("POST", "/v1/orders/batch", { body: most });
    expect(answer.status).toBe(200);
    const ids = answer.body.results.map((result: Body) => result.order.orderId);
    expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => answer.seq! - 49 + index));
    const more = await alice.send("POST", "/v1/orders/batch", { body: `${most} ` });
    expect(more).toMatchObject({ status: 413, body: { code: "payload-too-large" } });
    const other = await alice.send("POST", "/v1/orders/preview", { body: most });
    expect(other).toMatchObject({ status: 413, body: { code: "payload-too-large" } });
  });
});

it("batches of several clients at once are not mixed with each other", async () => {
  const market = await newMarket(operator, "APART");
  const clients = await Promise.all(
    ["dora", "emil", "fay"].map((accountId) =>
      openTrader(operator, { accountId, funds: { BRL: "100000.00" } }),
    ),
  );
  const order = { ...ORDER, market, price: "1", quantity: "1" };
  const answers = await Promise.all(
    clients.flatMap((client) => [
      batch(client, ...Array(20).fill(order)),
      client.post("/v1/orders", order),
      batch(new Client(url, client.key), ...Array(7).fill(order)),
    ]),
  );
  for (const { body, seq } of answers) {
    if (body.results === undefined) continue;
    const ids = body.results.map((result: Body) => result.order.orderId);
    expect(ids).toEqual(ids.map((_: number, index: number) => seq! - ids.length + 1 + index));
  }
});
