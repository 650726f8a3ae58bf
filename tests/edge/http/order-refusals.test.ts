/** Every code with which an order can be refused, by the edge and by the rules. */
import { describe, expect, it } from "vitest";
import { type Client, openTrader } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
withTraders((traders) => {
  ({ operator, alice, bob } = traders);
});

describe("what the edge refuses by itself carries no position", () => {
  const rows = [
    { body: { ...ORDER, price: "100.999" }, status: 422, code: "price-off-tick" },
    { body: { ...ORDER, quantity: "1.5" }, status: 422, code: "quantity-off-lot" },
    { body: { ...ORDER, price: "100.999", quantity: "1.5" }, status: 422, code: "price-off-tick" },
    { body: { ...ORDER, market: "NO-WAY", price: "100.999" }, status: 404, code: "unknown-market" },
    { body: { ...ORDER, price: "9".repeat(30) }, status: 422, code: "amount-too-large" },
    { body: { ...ORDER, quantity: "9".repeat(30) }, status: 422, code: "amount-too-large" },
    { body: { ...ORDER, price: "0" }, status: 400, code: "invalid-request" },
    { body: { ...ORDER, quantity: "0.000" }, status: 400, code: "invalid-request" },
  ];
  it.each(rows)("$code for $body", async ({ body, status, code }) => {
    const { headers: _, ...answer } = await alice.post("/v1/orders", body);
    expect(answer).toMatchObject({ status, seq: null, body: { code, status, type: `/problems/${code}` } });
  });

  it.each([
    { body: { ...ORDER, price: "100.999" }, detail: "price is not a whole number of ticks of 0.01." },
    { body: { ...ORDER, quantity: "1.5" }, detail: "quantity is not a whole number of lots of 1." },
  ])("and says which step there is: $detail", async ({ body, detail }) => {
    expect((await alice.post("/v1/orders", body)).body.detail).toBe(detail);
  });
});

describe("what the rules refuse carries its position", () => {
  const refused = async (client: Client, body: object, code: string) => {
    const answer = await client.post("/v1/orders", body);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code });
    expect(answer.seq).toBeGreaterThan(0);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.requestId).toBe(answer.headers.get("x-request-id"));
  };

  it("insufficient-funds, amount-too-large", async () => {
    const market = await newMarket(operator, "MONEY");
    await refused(alice, { ...ORDER, market, price: "9999999", quantity: "1000" }, "insufficient-funds");
    const most = String(Number.MAX_SAFE_INTEGER);
    await refused(alice, { ...ORDER, market, price: "90000000000000", quantity: most }, "amount-too-large");
  });

  it("no-liquidity, would-take", async () => {
    const market = await newMarket(operator, "LIQ");
    await refused(alice, { market, side: "buy", type: "market", quantity: "1" }, "no-liquidity");
    await bob.post("/v1/orders", { ...ORDER, market, side: "sell" });
    await refused(alice, { ...ORDER, market, postOnly: true }, "would-take");
  });

  it("below-min-notional, above-max-quantity, too-many-open-orders", async () => {
    const limits = { minNotional: "10.00", maxQuantity: "5", maxOpenOrders: 1 };
    const market = await newMarket(operator, "LIMITS", limits);
    await refused(alice, { ...ORDER, market, price: "1", quantity: "5" }, "below-min-notional");
    await refused(alice, { ...ORDER, market, quantity: "6" }, "above-max-quantity");
    expect((await alice.post("/v1/orders", { ...ORDER, market, quantity: "1" })).status).toBe(201);
    await refused(alice, { ...ORDER, market, quantity: "1" }, "too-many-open-orders");
  });

  it("market-halted, account-suspended", async () => {
    const market = await newMarket(operator, "HALT");
    const resting = await bob.post("/v1/orders", { ...ORDER, market });
    for (const status of ["halted", "cancel-only"]) {
      await operator.patch(`/v1/markets/${market}`, { status });
      await refused(alice, { ...ORDER, market }, "market-halted");
    }
    expect((await bob.delete(`/v1/orders/${resting.seq}`)).status).toBe(200);
    await operator.patch(`/v1/markets/${market}`, { status: "open" });
    const carol = await openTrader(operator, { accountId: "carol", funds: { BRL: "10000" } });
    const open = await carol.post("/v1/orders", { ...ORDER, market, quantity: "1" });
    await operator.patch("/v1/accounts/carol", { status: "suspended" });
    await refused(carol, { ...ORDER, market }, "account-suspended");
    expect((await carol.delete(`/v1/orders/${open.seq}`)).status).toBe(200);
  });
});
