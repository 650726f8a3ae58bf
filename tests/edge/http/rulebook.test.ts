/** The rules as a client meets them: triggers, icebergs, bands, auctions, rebates, each from request to statement. */
import { describe, expect, it } from "vitest";
import type { Body, Client } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
withTraders((traders) => {
  ({ operator, alice, bob } = traders);
});

const shown = async (client: Client, order: number) => (await client.get(`/v1/orders/${order}`)).body;

/** Trades a lot at a price between bob, who sells, and alice. */
async function printAt(market: string, price: string): Promise<void> {
  const lot = { ...ORDER, market, price, quantity: "1" };
  expect((await bob.post("/v1/orders", { ...lot, side: "sell" })).status).toBe(201);
  expect((await alice.post("/v1/orders", lot)).body.order.status).toBe("filled");
}

describe("a triggered order", () => {
  it("waits, enters with the trade that reaches it, and trades in that trade's own step", async () => {
    const market = await newMarket(operator, "STOP");
    await printAt(market, "100");
    const stop = { market, side: "sell", type: "stop", triggerPrice: "95", quantity: "3" };
    const placed = await alice.post("/v1/orders", stop);
    expect(placed.body).toMatchObject({ order: { status: "pending", filledQuantity: "0" }, fills: [] });
    expect((await alice.get(`/v1/markets/${market}/book`)).body).toMatchObject({ bids: [], asks: [] });
    const bid = await bob.post("/v1/orders", { ...ORDER, market, price: "94", quantity: "5" });
    const reached = await alice.post("/v1/orders", {
      ...ORDER,
      market,
      side: "sell",
      price: "94",
      quantity: "1",
    });
    // The fills are those of that order alone, not of the one that it triggered.
    expect(reached.body.fills).toHaveLength(1);
    const { order, fills } = await shown(alice, placed.seq!);
    expect(order).toMatchObject({ status: "filled", filledQuantity: "3", averagePrice: "94.00" });
    expect(fills).toMatchObject([{ quantity: "3", role: "taker" }]);
    const ofBob = await bob.get(`/v1/fills?orderId=${bid.seq}`);
    expect(ofBob.body.items.map(({ seq }: Body) => seq)).toEqual([reached.seq, reached.seq]);
  });

  it("shows all that its own command made it trade, as the maker of one that it triggered, too", async () => {
    const market = await newMarket(operator, "MAKER");
    await printAt(market, "100");
    await alice.post("/v1/orders", { market, side: "sell", type: "stop", triggerPrice: "99", quantity: "2" });
    await alice.post("/v1/orders", { ...ORDER, market, side: "sell", price: "98", quantity: "1" });
    const order = { ...ORDER, market, price: "98", quantity: "3", clientOrderId: "maker" };
    const placed = await bob.post("/v1/orders", order);
    expect(placed.body.order).toMatchObject({ filledQuantity: "3", status: "filled" });
    expect(placed.body.fills.map(({ role, quantity }: Body) => [role, quantity])).toEqual([
      ["taker", "1"],
      ["maker", "2"],
    ]);
    expect((await bob.post("/v1/orders", order)).body).toEqual(placed.body);
  });

  it("with gtd waits until its time, whether it has a limit or not", async () => {
    const market = await newMarket(operator, "TIME");
    const expiresAt = new Date(Date.now() + 1_000).toISOString();
    const order = { market, side: "sell", triggerPrice: "95", quantity: "3", timeInForce: "gtd", expiresAt };
    const placed = [
      await alice.post("/v1/orders", { ...order, type: "stop" }),
      await alice.post("/v1/orders", { ...order, type: "stop-limit", price: "94" }),
    ];
    for (const { body } of placed) expect(body.order).toMatchObject({ status: "pending", expiresAt });
    for (const { seq } of placed) {
      const status = async () => (await shown(alice, seq!)).order;
      await expect.poll(status, { timeout: 10_000 }).toMatchObject({ status: "expired", reason: "time" });
    }
  });

  it("is refused if its trigger has been reached already", async () => {
    const market = await newMarket(operator, "REACHED");
    await printAt(market, "100");
    for (const [type, triggerPrice] of [
      ["stop", "100"],
      ["take-profit", "99"],
    ]) {
      const order = { market, side: "sell", type, triggerPrice, quantity: "1" };
      const answer = await alice.post("/v1/orders", order);
      expect(answer).toMatchObject({ status: 422, body: { code: "would-trigger" } });
      expect(answer.seq).toBeGreaterThan(0);
    }
  });
});

describe("an iceberg", () => {
  it("shows so much of itself, and is filled whole", async () => {
    const market = await newMarket(operator, "ICE");
    const ice = await alice.post("/v1/orders", { ...ORDER, market, side: "sell", displayQuantity: "4" });
    const asks = async () => (await bob.get(`/v1/markets/${market}/book`)).body.asks;
    expect(await asks()).toEqual([["100.99", "4"]]);
    const taker = await bob.post("/v1/orders", { ...ORDER, market, quantity: "7" });
    expect(taker.body.fills.map(({ quantity }: Body) => quantity)).toEqual(["4", "3"]);
    expect(await asks()).toEqual([["100.99", "1"]]);
    const { order } = await shown(alice, ice.seq!);
    expect(order).toMatchObject({ displayQuantity: "4", remainingQuantity: "3" });
  });
});

describe("two orders of one account", () => {
  it.each([
    ["cancel-maker", ["canceled", "open"], "0"],
    ["cancel-taker", ["open", "canceled"], "0"],
    ["cancel-both", ["canceled", "canceled"], "0"],
    ["decrement", ["canceled", "open"], "4"],
  ])("meet under %s", async (selfTradePrevention, statuses, prevented) => {
    const market = await newMarket(
      operator,
      selfTradePrevention
        .toUpperCase()
        .replaceAll(/[^A-Z]/g, "")
        .slice(-8),
    );
    const maker = await alice.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "4" });
    const taker = await alice.post("/v1/orders", { ...ORDER, market, selfTradePrevention });
    const orders = [(await shown(alice, maker.seq!)).order, taker.body.order];
    expect(orders.map(({ status }) => status)).toEqual(statuses);
    expect(orders.map(({ preventedQuantity }) => preventedQuantity)).toEqual([prevented, prevented]);
    if (prevented !== "0") expect(taker.body.order.remainingQuantity).toBe("6");
    for (const { status, reason } of orders) expect(reason).toBe(status === "open" ? null : "self-trade");
  });
});

describe("a price band", () => {
  it("refuses what is outside of it, and stops a market order at its edge", async () => {
    const market = await newMarket(operator, "EDGE", { priceBand: "0.10", referencePrice: "100" });
    const outside = await alice.post("/v1/orders", { ...ORDER, market, price: "110.01" });
    expect(outside).toMatchObject({ status: 422, body: { code: "price-out-of-band" } });
    for (const price of ["100", "110"]) {
      const sell = { ...ORDER, market, side: "sell", price, quantity: "1" };
      expect((await bob.post("/v1/orders", sell)).status).toBe(201);
    }
    await operator.patch(`/v1/markets/${market}`, { priceBand: "0.05" });
    const taker = await alice.post("/v1/orders", { market, side: "buy", type: "market", quantity: "2" });
    expect(taker.body.order).toMatchObject({ status: "expired", reason: "unfilled", filledQuantity: "1" });
    await operator.patch(`/v1/markets/${market}`, { priceBand: null });
    const free = await alice.post("/v1/orders", {
      ...ORDER,
      market,
      price: "500",
      timeInForce: "ioc",
      quantity: "1",
    });
    expect(free.body.order).toMatchObject({ status: "filled", averagePrice: "110.00" });
  });
});

describe("an auction", () => {
  it("gathers limit orders, and opens at one price", async () => {
    const market = await newMarket(operator, "OPEN", { status: "auction" });
    const bid = await alice.post("/v1/orders", { ...ORDER, market, price: "102" });
    const ask = await bob.post("/v1/orders", { ...ORDER, market, side: "sell", price: "98", quantity: "6" });
    expect(ask.body).toMatchObject({ order: { status: "open" }, fills: [] });
    const taking = await alice.post("/v1/orders", { ...ORDER, market, timeInForce: "ioc" });
    expect(taking).toMatchObject({ status: 422, body: { code: "market-halted" } });
    const opened = await operator.patch(`/v1/markets/${market}`, { status: "open" });
    expect(opened.body.status).toBe("open");
    const { order, fills } = await shown(alice, bid.seq!);
    expect(order).toMatchObject({ status: "partially-filled", filledQuantity: "6" });
    expect(fills).toMatchObject([{ quantity: "6", role: "maker" }]);
    const trades = (await alice.get(`/v1/markets/${market}/trades`)).body.items;
    expect(trades).toMatchObject([{ quantity: "6", seq: opened.seq, price: fills[0].price }]);
  });
});

describe("a rebate", () => {
  it("is a negative fee of the maker's, and a line of its own in the statements", async () => {
    const market = await newMarket(operator, "BACK", { makerFee: "-0.001", takerFee: "0.002" });
    const maker = await bob.post("/v1/orders", { ...ORDER, market, side: "sell", price: "100" });
    const taker = await alice.post("/v1/orders", { ...ORDER, market, price: "100" });
    expect(taker.body.fills).toMatchObject([{ fee: "2.00", role: "taker" }]);
    expect((await shown(bob, maker.seq!)).fills).toMatchObject([{ fee: "-1.00", role: "maker" }]);
    const rebates = (await bob.get("/v1/statement?kind=rebate")).body.items;
    expect(rebates).toMatchObject([{ amount: "1.00", asset: "BRL", kind: "rebate", orderId: maker.seq }]);
    const fees = (await operator.get("/v1/statement?accountId=fees&limit=2")).body.items;
    expect(fees.map(({ kind, amount }: Body) => [kind, amount]).sort()).toEqual([
      ["fee", "2.00"],
      ["rebate", "-1.00"],
    ]);
    expect((await operator.get("/v1/wallets/BRL?accountId=fees")).body.total).toBe(fees[0].balanceAfter);
  });
});
