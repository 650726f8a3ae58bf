/** What placing an order would do: told beforehand, and then done. */
import { describe, expect, it } from "vitest";
import { type Body, type Client, openTrader } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
withTraders((traders) => {
  ({ operator, alice, bob } = traders);
});

const preview = (client: Client, body: object) => client.post("/v1/orders/preview", body);

/** Of an order, all that does not depend on when and under which ids it was placed. */
function lasting({ id: _, orderId: __, requestId: ___, createdAt: ____, updatedAt: _____, ...rest }: Body) {
  return rest;
}

async function applied(): Promise<number> {
  return (await operator.get("/v1/status")).body.appliedSeq;
}

describe("a preview", () => {
  it("says what placing the order then does: the order, its fills, its fees and the balances", async () => {
    const market = await newMarket(operator, "PRE", { takerFee: "0.001" });
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell", price: "100", quantity: "3" });
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell", quantity: "4" });
    const stop = { market, side: "sell", type: "stop-limit", triggerPrice: "50", price: "49", quantity: "5" };
    for (const body of [
      { ...ORDER, market, price: "99" },
      { ...ORDER, market, price: "101", quantity: "4", displayQuantity: "2" },
      { ...ORDER, market, price: "50", timeInForce: "ioc" },
      { market, side: "buy", type: "market", quoteQuantity: "250" },
      stop,
    ]) {
      const before = await applied();
      const seen = await preview(alice, body);
      expect(seen).toMatchObject({ status: 200, seq: before });
      expect(await applied()).toBe(before);
      const placed = await alice.post("/v1/orders", body);
      expect(placed.status).toBe(201);
      expect(seen.body).not.toHaveProperty("refused");
      expect(seen.body.order).toMatchObject({ id: null, orderId: null });
      expect(lasting(seen.body.order)).toEqual(lasting(placed.body.order));
      expect(seen.body.fills).toEqual(placed.body.fills);
      const fees = placed.body.fills.reduce((sum: number, fill: Body) => sum + Number(fill.fee), 0);
      expect(seen.body.fees).toEqual({ asset: "BRL", amount: fees.toFixed(2) });
      const wallets = (await alice.get("/v1/wallets")).body.items;
      expect(seen.body.balances).toEqual(
        ["PRE", "BRL"].map((name) => wallets.find(({ asset }: Body) => asset === name)),
      );
    }
  });

  it("gives the refusal that placing would give, by the edge or by the rules", async () => {
    const market = await newMarket(operator, "REFUSE", { maxQuantity: "100" });
    for (const [body, code] of [
      [{ price: "9999999" }, "insufficient-funds"],
      [{ quantity: "101" }, "above-max-quantity"],
      [{ price: "1.001" }, "price-off-tick"],
      [{ quantity: "1.5" }, "quantity-off-lot"],
      [{ type: "market", price: null }, "no-liquidity"],
      [{ price: "9".repeat(20) }, "amount-too-large"],
    ] as const) {
      const before = await applied();
      const seen = await preview(alice, { ...ORDER, market, ...body });
      expect(seen).toMatchObject({ status: 200, seq: before });
      const { requestId } = seen.body.refused;
      expect(requestId).toBe(seen.headers.get("x-request-id"));
      const placed = await alice.post("/v1/orders", { ...ORDER, market, ...body });
      expect(seen.body).toEqual({ refused: { ...placed.body, requestId } });
      expect(placed.body.code).toBe(code);
    }
  });

  it("counts the parts of an iceberg as orders that it has to look at", async () => {
    const market = await newMarket(operator, "BERG");
    const more = { accountId: "bob", asset: "BERG", amount: "1000", reference: "more" };
    await operator.post("/v1/deposits", more);
    const iceberg = { ...ORDER, market, side: "sell", price: "1", quantity: "100", displayQuantity: "1" };
    const { body } = await bob.post("/v1/orders/batch", { orders: Array(15).fill(iceberg) });
    expect(body.results.map(({ order }: Body) => order?.status)).toEqual(Array(15).fill("open"));
    const some = await preview(alice, { ...ORDER, market, price: "1", quantity: "900" });
    expect(some.body.order).toMatchObject({ status: "filled", filledQuantity: "900" });
    const many = await preview(alice, { ...ORDER, market, price: "1", quantity: "1100" });
    expect(many).toMatchObject({ status: 422, seq: null, body: { code: "preview-too-large" } });
  });

  it("of an order that was placed before shows that one", async () => {
    const market = await newMarket(operator, "KNOWN");
    const order = { ...ORDER, market, clientOrderId: "known" };
    const placed = await alice.post("/v1/orders", order);
    const seen = await preview(alice, order);
    expect(seen.body).toMatchObject({ replayed: true, order: placed.body.order, fees: { amount: "0.00" } });
    const other = await preview(alice, { ...order, quantity: "11" });
    expect(other.body.refused).toMatchObject({ code: "duplicate-client-order-id", status: 409 });
  });

  it("is malformed where an order is, and names an account where an order does", async () => {
    const unknown = await preview(alice, { ...ORDER, market: "NO-WAY" });
    expect(unknown).toMatchObject({ status: 404, seq: null, body: { code: "unknown-market" } });
    const malformed = await preview(alice, { ...ORDER, postonly: true });
    expect(malformed).toMatchObject({ status: 400, seq: null, body: { errors: [{ path: "postonly" }] } });
    expect((await preview(alice, { ...ORDER, accountId: "bob" })).status).toBe(403);
    expect((await preview(operator, ORDER)).status).toBe(400);
    expect((await preview(operator, { ...ORDER, accountId: "bob" })).body.order.accountId).toBe("bob");
    const reader = await openTrader(operator, { accountId: "iva", scopes: ["read"], funds: { BRL: "5000" } });
    expect((await preview(reader, ORDER)).body.order).toMatchObject({ accountId: "iva", status: "open" });
  });
});
