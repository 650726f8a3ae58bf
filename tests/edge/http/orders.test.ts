/** Placing, finding and canceling orders over HTTP. */
import { describe, expect, it } from "vitest";
import type { Body, Client } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
withTraders((traders) => {
  ({ operator, alice, bob } = traders);
});

describe("an order's answer", () => {
  it("shows every field of the request form and where the order stands", async () => {
    const market = await newMarket(operator, "SHOW");
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const body = { ...ORDER, market, clientOrderId: "my-1" };
    const placed = await alice.post("/v1/orders", body, { traceparent });
    expect(placed.status).toBe(201);
    const { order, fills } = placed.body;
    expect(fills).toEqual([]);
    expect(order).toEqual({
      id: expect.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
      orderId: placed.seq,
      clientOrderId: "my-1",
      accountId: "alice",
      market,
      side: "buy",
      type: "limit",
      timeInForce: "gtc",
      expiresAt: null,
      postOnly: false,
      price: "100.99",
      triggerPrice: null,
      trailingOffset: null,
      quantity: "10",
      quoteQuantity: null,
      displayQuantity: null,
      filledQuantity: "0",
      remainingQuantity: "10",
      preventedQuantity: "0",
      filledValue: "0.00",
      averagePrice: null,
      selfTradePrevention: "cancel-maker",
      status: "open",
      reason: null,
      requestId: placed.headers.get("x-request-id"),
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: order.createdAt,
    });
  });

  it("tells the fills of the order's own entry, with the fee in the quote asset", async () => {
    const market = await newMarket(operator, "FILL", { takerFee: "0.001" });
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "4" });
    const { body } = await alice.post("/v1/orders", { ...ORDER, market, price: "101" });
    expect(body.fills).toEqual([
      {
        tradeId: 1,
        price: "100.99",
        quantity: "4",
        value: "403.96",
        role: "taker",
        fee: "0.41",
        feeAsset: "BRL",
      },
    ]);
    expect(body.order).toMatchObject({
      status: "partially-filled",
      price: "101.00",
      filledQuantity: "4",
      remainingQuantity: "6",
      filledValue: "403.96",
      averagePrice: "100.99",
    });
    const rest = await bob.post("/v1/orders", {
      ...ORDER,
      market,
      side: "sell",
      price: "100",
      quantity: "6",
    });
    expect(rest.body.order).toMatchObject({
      status: "filled",
      averagePrice: "101.00",
      remainingQuantity: "0",
    });
    const whole = await alice.get(`/v1/orders/${body.order.orderId}`);
    expect(whole.body.order).toMatchObject({ status: "filled", averagePrice: "100.996", reason: null });
    expect(whole.body.fills.map((fill: Body) => [fill.tradeId, fill.role])).toEqual([
      [1, "taker"],
      [2, "maker"],
    ]);
  });

  it("of an order that ended with its own command is the order as it ended", async () => {
    const market = await newMarket(operator, "IOC");
    const ioc = await alice.post("/v1/orders", { ...ORDER, market, timeInForce: "ioc" });
    expect(ioc.body.order).toMatchObject({ status: "expired", reason: "unfilled", remainingQuantity: "10" });
    const fok = await alice.post("/v1/orders", { ...ORDER, market, timeInForce: "fok" });
    expect(fok.body.order).toMatchObject({ status: "expired", reason: "unfilled" });
  });

  it("of a market buy by budget has no quantity", async () => {
    const market = await newMarket(operator, "BUDGET");
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell" });
    const budget = { market, side: "buy", type: "market", quoteQuantity: "250" };
    const { body } = await alice.post("/v1/orders", budget);
    expect(body.order).toMatchObject({
      type: "market",
      timeInForce: "ioc",
      price: null,
      quantity: null,
      remainingQuantity: null,
      quoteQuantity: "250.00",
      filledQuantity: "2",
      filledValue: "201.98",
      status: "filled",
    });
  });

  it("keeps expiresAt, and takes null for what is not given", async () => {
    const market = await newMarket(operator, "GTD");
    const expiresAt = "2100-01-01T00:00:00.500Z";
    const nulls = { quoteQuantity: null, clientOrderId: null, triggerPrice: null, displayQuantity: null };
    const gtd = { ...ORDER, ...nulls, market, timeInForce: "gtd", expiresAt, postOnly: true };
    const { status, body } = await alice.post("/v1/orders", gtd);
    expect(status).toBe(201);
    expect(body.order).toMatchObject({ timeInForce: "gtd", expiresAt, postOnly: true });
  });
});

describe("an order that is sent again", () => {
  it("returns the first one as it is now, with its entry's fills", async () => {
    const market = await newMarket(operator, "AGAIN");
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "3" });
    const first = await alice.post("/v1/orders", { ...ORDER, market, clientOrderId: "again" });
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "7" });
    const again = await alice.post("/v1/orders", {
      ...ORDER,
      market,
      quantity: "10.0",
      clientOrderId: "again",
    });
    expect(again).toMatchObject({ status: 200, replayed: true });
    expect(again.seq).toBeGreaterThan(first.seq!);
    expect(again.body.order).toMatchObject({ orderId: first.seq, status: "filled", filledQuantity: "10" });
    expect(again.body.fills).toEqual(first.body.fills);
    expect(first.replayed).toBe(false);
  });

  it("is refused with other content, and a refused order uses no id up", async () => {
    const market = await newMarket(operator, "OTHER");
    const refused = await alice.post("/v1/orders", {
      ...ORDER,
      market,
      price: "99999999",
      quantity: "9999",
      clientOrderId: "o",
    });
    expect(refused.body.code).toBe("insufficient-funds");
    expect((await alice.post("/v1/orders", { ...ORDER, market, clientOrderId: "o" })).status).toBe(201);
    const other = await alice.post("/v1/orders", { ...ORDER, market, quantity: "11", clientOrderId: "o" });
    expect(other).toMatchObject({ status: 409, body: { code: "duplicate-client-order-id" } });
    expect(other.seq).toBeGreaterThan(0);
  });
});

describe("finding an order", () => {
  it("works by either of its names and by its client's", async () => {
    const market = await newMarket(operator, "FIND");
    const { body } = await alice.post("/v1/orders", { ...ORDER, market, clientOrderId: "a/b:c" });
    const { id, orderId } = body.order;
    for (const name of [id, orderId, `by-client-id/${encodeURIComponent("a/b:c")}`]) {
      const found = await alice.get(`/v1/orders/${name}`);
      expect(found).toMatchObject({ status: 200, body });
      expect(found.seq).toBeGreaterThanOrEqual(orderId);
    }
    await alice.delete(`/v1/orders/${id}`);
    for (const name of [id, orderId, "by-client-id/a%2Fb%3Ac"]) {
      expect((await alice.get(`/v1/orders/${name}`)).body.order.status).toBe("canceled");
    }
  });

  it("finds nothing by a wrong name, a wrong time or another account's key", async () => {
    const market = await newMarket(operator, "HIDE");
    const { body } = await alice.post("/v1/orders", { ...ORDER, market, clientOrderId: "hide" });
    const { id, orderId } = body.order;
    const otherTime = `${id.startsWith("0") ? "1" : "0"}${id.slice(1)}`;
    const names = [
      otherTime,
      "0",
      "-1",
      "1e3",
      "999999999",
      "nonsense",
      "9".repeat(40),
      id.toLowerCase(),
      "%00",
    ];
    for (const name of names) {
      for (const answer of [
        await alice.get(`/v1/orders/${name}`),
        await alice.delete(`/v1/orders/${name}`),
      ]) {
        expect({ name, status: answer.status, code: answer.body.code, seq: answer.seq }).toEqual({
          name,
          status: 404,
          code: "unknown-order",
          seq: null,
        });
      }
    }
    for (const name of [id, orderId, "by-client-id/hide"]) {
      expect((await bob.get(`/v1/orders/${name}`)).body.code).toBe("unknown-order");
    }
    expect((await bob.delete(`/v1/orders/${orderId}`)).body.code).toBe("unknown-order");
    expect((await alice.get(`/v1/orders/${orderId}`)).body.order.status).toBe("open");
  });
});

describe("lists of orders and fills", () => {
  it("come newest first, page by page, filtered, and without gaps", async () => {
    const market = await newMarket(operator, "LIST");
    const placed: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const side = index === 4 ? "sell" : "buy";
      const price = side === "sell" ? "200" : "1";
      const { body } = await alice.post("/v1/orders", { ...ORDER, market, side, price });
      placed.unshift(body.order.orderId);
    }
    await alice.delete(`/v1/orders/${placed[1]}`);
    const ids = async (query: string) => {
      const found: number[] = [];
      let cursor = "";
      for (;;) {
        const { status, body, seq } = await alice.get(`/v1/orders?market=${market}&limit=2${query}${cursor}`);
        expect(status).toBe(200);
        expect(seq).toBeGreaterThanOrEqual(placed[0]!);
        found.push(...body.items.map((order: Body) => order.orderId));
        if (body.nextCursor === null) return found;
        expect(body.items).toHaveLength(2);
        cursor = `&cursor=${body.nextCursor}`;
      }
    };
    expect(await ids("")).toEqual(placed);
    expect(await ids("&status=all")).toEqual(placed);
    expect(await ids("&status=open")).toEqual(placed.filter((order) => order !== placed[1]));
    expect(await ids("&status=closed")).toEqual([placed[1]]);
    expect(await ids("&status=open&side=sell")).toEqual([placed[0]]);
    expect(await ids("&status=all&side=sell")).toEqual([placed[0]]);
    const times: string[] = [];
    for (const order of placed) times.push((await alice.get(`/v1/orders/${order}`)).body.order.createdAt);
    for (const status of ["open", "all"]) {
      const later = await ids(`&status=${status}&from=${times[0]}`);
      expect(later).toContain(placed[0]);
      expect(await ids(`&status=${status}&to=${times[4]}`)).toEqual([]);
      expect(await ids(`&status=${status}&from=2099-01-01T00:00:00Z`)).toEqual([]);
    }
  });

  it("show fills with whose they are", async () => {
    const market = await newMarket(operator, "FILLS");
    const sold = await bob.post("/v1/orders", { ...ORDER, market, side: "sell" });
    for (const quantity of ["1", "2", "3"]) await alice.post("/v1/orders", { ...ORDER, market, quantity });
    const { body } = await bob.get(`/v1/fills?market=${market}&limit=2`);
    expect(body.items.map((fill: Body) => fill.quantity)).toEqual(["3", "2"]);
    expect(body.items[0]).toEqual({
      tradeId: 3,
      price: "100.99",
      quantity: "3",
      value: "302.97",
      role: "maker",
      fee: "0.00",
      feeAsset: "BRL",
      orderId: sold.seq,
      market,
      side: "sell",
      at: expect.stringMatching(/Z$/),
      seq: expect.any(Number),
    });
    const rest = await bob.get(`/v1/fills?market=${market}&limit=2&cursor=${body.nextCursor}`);
    expect(rest.body.items.map((fill: Body) => fill.quantity)).toEqual(["1"]);
    expect(rest.body.nextCursor).toBeNull();
    const ofOrder = await bob.get(`/v1/fills?orderId=${sold.body.order.id}`);
    expect(ofOrder.body.items).toHaveLength(3);
    expect((await alice.get(`/v1/fills?orderId=${sold.seq}`)).body.code).toBe("unknown-order");
    expect((await alice.get("/v1/fills?orderId=x")).body.code).toBe("invalid-request");
  });
});

describe("canceling", () => {
  it("ends an order, and a second time is refused in the journal", async () => {
    const market = await newMarket(operator, "CANCEL");
    const { body } = await alice.post("/v1/orders", { ...ORDER, market });
    const canceled = await alice.delete(`/v1/orders/${body.order.id}`);
    expect(canceled).toMatchObject({
      status: 200,
      body: { order: { status: "canceled", reason: "requested" } },
    });
    expect(canceled.seq).toBeGreaterThan(body.order.orderId);
    for (const name of [body.order.id, body.order.orderId]) {
      const again = await alice.delete(`/v1/orders/${name}`);
      expect(again).toMatchObject({ status: 409, body: { code: "order-not-open" } });
      expect(again.seq).toBeGreaterThan(canceled.seq!);
    }
  });

  it("ends all of an account's orders, in one market or in all", async () => {
    const [one, two] = [await newMarket(operator, "ONE"), await newMarket(operator, "TWO")];
    const place = async (market: string) =>
      (await bob.post("/v1/orders", { ...ORDER, market })).body.order.orderId;
    const orders = [await place(one), await place(two), await place(two)];
    const others = await alice.post("/v1/orders", { ...ORDER, market: two });
    expect((await bob.delete(`/v1/orders?market=${two}`)).body).toEqual({ canceled: orders.slice(1) });
    expect((await bob.delete("/v1/orders")).body.canceled).toContain(orders[0]);
    expect((await bob.delete("/v1/orders")).body).toEqual({ canceled: [] });
    expect((await alice.get(`/v1/orders/${others.seq}`)).body.order.status).toBe("open");
    expect((await bob.delete("/v1/orders?market=NO-WAY")).body.code).toBe("unknown-market");
  });
});

describe("an operator", () => {
  it("names the account in the body of a command and in the query of a read or a DELETE", async () => {
    const market = await newMarket(operator, "OPER");
    const placed = await operator.post("/v1/orders", { ...ORDER, market, accountId: "alice" });
    expect(placed).toMatchObject({ status: 201, body: { order: { accountId: "alice" } } });
    const path = `/v1/orders/${placed.seq}`;
    expect((await operator.get(`${path}?accountId=alice`)).status).toBe(200);
    expect((await operator.get(`${path}?accountId=bob`)).body.code).toBe("unknown-order");
    expect((await operator.get(`${path}?accountId=nobody`)).body.code).toBe("unknown-account");
    expect((await operator.get(path)).body).toMatchObject({
      code: "invalid-request",
      errors: [{ path: "accountId" }],
    });
    expect((await operator.delete(`${path}?accountId=alice`)).status).toBe(200);
    const without = await operator.post("/v1/orders", { ...ORDER, market });
    expect(without).toMatchObject({ status: 400, body: { errors: [{ path: "accountId" }] } });
    const fees = await operator.post("/v1/orders", { ...ORDER, market, accountId: "fees" });
    expect(fees).toMatchObject({ status: 400, body: { errors: [{ path: "accountId" }] } });
  });

  it("is not an account's key: that may name only its own account", async () => {
    const market = await newMarket(operator, "OWN");
    expect((await alice.post("/v1/orders", { ...ORDER, market, accountId: "alice" })).status).toBe(201);
    for (const accountId of ["bob", "fees", "nobody"]) {
      const foreign = await alice.post("/v1/orders", { ...ORDER, market, accountId });
      expect(foreign).toMatchObject({ status: 403, body: { code: "forbidden" } });
      expect((await alice.get(`/v1/wallets?accountId=${accountId}`)).status).toBe(403);
    }
  });
});

describe("a read after a write", () => {
  it("sees its effect, history included, every time", async () => {
    const market = await newMarket(operator, "RYW");
    for (let round = 0; round < 20; round += 1) {
      await bob.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "1" });
      const { body, seq } = await alice.post("/v1/orders", { ...ORDER, market, quantity: "1" });
      const [orders, fills, statement, trades] = await Promise.all([
        alice.get(`/v1/orders?market=${market}&limit=1`),
        alice.get(`/v1/fills?market=${market}&limit=1`),
        alice.get("/v1/statement?asset=RYW&limit=1"),
        alice.get(`/v1/markets/${market}/trades?limit=1`),
      ]);
      expect(orders.body.items[0].orderId).toBe(body.order.orderId);
      expect(fills.body.items[0].orderId).toBe(body.order.orderId);
      expect(statement.body.items[0].seq).toBe(seq);
      expect(trades.body.items[0]).toMatchObject({ tradeId: round + 1, seq });
      for (const read of [orders, fills, statement, trades]) expect(read.seq).toBeGreaterThanOrEqual(seq!);
    }
  });
});
