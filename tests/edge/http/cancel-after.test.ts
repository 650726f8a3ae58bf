/** The dead man's switch over HTTP: armed, set anew, disarmed, and gone off. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, openTrader } from "../harness.ts";
import { newMarket, ORDER, withTraders } from "./traders.ts";

let operator: Client;
let alice: Client;
let bob: Client;
withTraders((traders) => {
  ({ operator, alice, bob } = traders);
});

const arm = (client: Client, seconds: unknown, more: object = {}) =>
  client.post("/v1/orders/cancel-after", { seconds, ...more });

describe("the switch", () => {
  it("says when it goes off, is set anew, and is disarmed with 0", async () => {
    const from = Date.now();
    const armed = await arm(alice, 60);
    expect(armed.status).toBe(200);
    const deadline = Date.parse(armed.body.deadline);
    expect(armed.body).toEqual({ deadline: new Date(deadline).toISOString() });
    expect(deadline).toBeGreaterThanOrEqual(from + 60_000);
    expect(deadline).toBeLessThanOrEqual(Date.now() + 60_000);
    const anew = await arm(alice, 86_400);
    expect(anew.seq).toBeGreaterThan(armed.seq!);
    expect(Date.parse(anew.body.deadline)).toBeGreaterThan(deadline + 86_000_000);
    expect(await arm(alice, 0)).toMatchObject({ status: 200, body: { deadline: null } });
    expect(await arm(alice, 0)).toMatchObject({ status: 200, body: { deadline: null } });
  });

  it("cancels all of the account's orders, pending ones too, and nobody else's, once", async () => {
    const market = await newMarket(operator, "DEAD");
    const stop = { market, side: "sell", type: "stop", triggerPrice: "90", quantity: "5" };
    const orders = [await bob.post("/v1/orders", { ...ORDER, market }), await bob.post("/v1/orders", stop)];
    const other = await alice.post("/v1/orders", { ...ORDER, market });
    await arm(bob, 1);
    const ended = async () => (await bob.get("/v1/orders?status=open")).body.items.length === 0;
    await expect.poll(ended, { timeout: 10_000, interval: 50 }).toBe(true);
    for (const { seq } of orders) {
      const { body } = await bob.get(`/v1/orders/${seq}`);
      expect(body.order).toMatchObject({ status: "canceled", reason: "cancel-after" });
    }
    expect((await bob.get("/v1/wallets/BRL")).body.held).toBe("0.00");
    expect((await alice.get(`/v1/orders/${other.seq}`)).body.order.status).toBe("open");
    const later = await bob.post("/v1/orders", { ...ORDER, market });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect((await bob.get(`/v1/orders/${later.seq}`)).body.order.status).toBe("open");
  });
});

describe("a switch that cannot be set", () => {
  let reached: number;
  beforeAll(async () => {
    reached = (await operator.get("/v1/status")).body.appliedSeq;
  });

  it.each([-1, 86_401, 1.5, 1e300, "60", null, true, undefined, []])("for %s seconds", async (seconds) => {
    const answer = await arm(alice, seconds);
    expect(answer).toMatchObject({ status: 400, seq: null, body: { errors: [{ path: "seconds" }] } });
  });

  it("with another account's name, without one, or with fields that there are not", async () => {
    expect((await arm(alice, 60, { accountId: "bob" })).status).toBe(403);
    for (const [client, more, path] of [
      [operator, {}, "accountId"],
      [operator, { accountId: "fees" }, "accountId"],
      [alice, { market: "VIB-BRL" }, "market"],
    ] as const) {
      expect(await arm(client, 60, more)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
    }
    expect((await arm(operator, 60, { accountId: "nobody" })).body.code).toBe("unknown-account");
    expect((await operator.get("/v1/status")).body.appliedSeq).toBe(reached);
  });

  it("unless it is an operator's, for an account that it names", async () => {
    const hal = await openTrader(operator, { accountId: "hal" });
    expect((await arm(operator, 60, { accountId: "hal" })).body.deadline).toMatch(/Z$/);
    expect(await arm(hal, 0)).toMatchObject({ body: { deadline: null } });
  });
});
