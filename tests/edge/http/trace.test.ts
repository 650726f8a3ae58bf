/** From a client's own trace context to all that its request caused, with a real server. */
import { describe, expect, it } from "vitest";
import { traceSchema } from "../../../src/edge/http/trace-schemas.ts";
import type { Body } from "../harness.ts";
import { newMarket, type Traders, withTraders } from "./traders.ts";

let desk: Traders;
withTraders((traders) => {
  desk = traders;
});

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const context = (traceId: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
const order = (market: string, side: string, price: string, quantity: string) => ({
  ...{ market, side, type: "limit", price, quantity },
});

async function trace(id: string): Promise<Body> {
  const { status, body, seq } = await desk.operator.get(`/v1/trace/${id}`);
  expect({ id, status, body }).toMatchObject({ status: 200 });
  expect(traceSchema.parse(body)).toEqual(body);
  expect(seq).not.toBeNull();
  return body;
}

describe("a client's trace", () => {
  it("leads to every command that it sent under its traceparent, and to all that they caused", async () => {
    const { operator, alice, bob } = desk;
    const market = await newMarket(operator, "TRC");
    const resting = await alice.post("/v1/orders", order(market, "sell", "10.00", "5"));
    const taking = await bob.post("/v1/orders", order(market, "buy", "10.50", "3"), context(TRACE_ID));
    const moved = { asset: "BRL", amount: "1.00", toAccountId: "alice", reference: "traced" };
    const transfer = await bob.post("/v1/transfers", moved, context(TRACE_ID));
    expect([resting.status, taking.status, transfer.status]).toEqual([201, 201, 201]);
    const found = await trace(TRACE_ID);
    expect(found).toMatchObject({ kind: "trace", deliveries: "not-configured", nextCursor: null });
    expect(found.commands.map(({ seq }: Body) => seq)).toEqual([transfer.seq, taking.seq]);
    const [, placed] = found.commands;
    expect(placed).toMatchObject({
      traceId: TRACE_ID,
      requestId: taking.headers.get("x-request-id"),
      command: { kind: "PlaceOrder", accountId: "bob", market, price: "10.50", quantity: "3" },
      outcome: "accepted",
      trades: [{ market, tradeId: 1, price: "10.00", quantity: "3", makerOrderId: resting.seq }],
      settlements: [],
    });
    const bobs = await bob.get("/v1/statement?limit=1000");
    const ofBob = placed.entries.filter(({ accountId }: Body) => accountId === "bob");
    expect(ofBob.length).toBeGreaterThan(1);
    for (const { accountId: _, market: _market, ...entry } of ofBob) {
      expect(bobs.body.items).toContainEqual(entry);
    }
  });

  it("is the same by request id in either spelling, by the order's names and by its trade", async () => {
    const { operator, alice, bob } = desk;
    const market = await newMarket(operator, "TRD");
    const resting = await alice.post("/v1/orders", order(market, "sell", "10.00", "5"));
    const taking = await bob.post("/v1/orders", order(market, "buy", "10.00", "2"));
    const requestId = taking.headers.get("x-request-id")!;
    const { commands } = await trace(requestId);
    const { id, orderId } = taking.body.order;
    for (const name of [uuidOf(requestId), id, String(orderId), `${market}%2F1`, `command:${taking.seq}`]) {
      expect((await trace(name)).commands).toEqual(commands);
    }
    const canceled = await alice.delete(`/v1/orders/${resting.seq}`);
    const { order: touched } = await trace(String(resting.seq));
    expect(touched).toMatchObject({ orderId: resting.seq, status: "canceled", touchedByAll: true });
    expect(touched.touchedBy).toMatchObject([
      { seq: resting.seq, kind: "PlaceOrder", how: ["placed"] },
      { seq: taking.seq, kind: "PlaceOrder", requestId, how: ["traded"] },
      { seq: canceled.seq, kind: "CancelOrder", how: ["ended"] },
    ]);
  });

  it("of a batch is all of its commands, a refused one with its reason", async () => {
    const { operator, alice } = desk;
    const market = await newMarket(operator, "TRE");
    const orders = [order(market, "buy", "1.00", "1"), order(market, "sell", "9.00", "100000")];
    const batch = await alice.post("/v1/orders/batch", { orders });
    const { commands } = await trace(batch.headers.get("x-request-id")!);
    expect(commands.map(({ outcome }: Body) => outcome)).toEqual(["accepted", "insufficient-funds"]);
    expect(commands.map(({ seq }: Body) => seq)).toEqual([batch.seq! - 1, batch.seq]);
    expect(commands[1].events).toEqual([{ kind: "CommandRejected", reason: "insufficient-funds" }]);
  });

  it("shows no hash of a key's secret", async () => {
    const made = await desk.operator.post("/v1/accounts/alice/keys", { name: "bot", scopes: ["read"] });
    const text = JSON.stringify(await trace(made.headers.get("x-request-id")!));
    expect(text).toContain(made.body.keyId);
    expect(text).not.toMatch(/secretHash/);
  });

  it("is whole while orders are flowing", async () => {
    const { operator, alice } = desk;
    const market = await newMarket(operator, "TRF");
    const flow = Array.from({ length: 200 }, (_, i) =>
      alice.post("/v1/orders", order(market, "buy", "1.00", `${i + 1}`)),
    );
    const asked = await Promise.all(
      flow.map(async (sent, i) => {
        const { headers, seq, status } = await sent;
        expect(status).toBe(201);
        if (i % 10 !== 0) return null;
        return { seq, quantity: `${i + 1}`, found: await trace(headers.get("x-request-id")!) };
      }),
    );
    for (const each of asked) {
      if (each === null) continue;
      const { seq, quantity, found } = each;
      expect(found.commands).toMatchObject([{ seq, command: { quantity }, outcome: "accepted" }]);
      expect(found.commands[0].events[0]).toMatchObject({ kind: "OrderPlaced", orderId: seq, quantity });
    }
  });
});

describe("an id", () => {
  const malformed = [
    ...["x", "0", "-1", "1.5", "00", `${"0".repeat(32)}`, "g".repeat(32), "9007199254740993", "8".repeat(26)],
    ...[
      "entry:0",
      "entry:x",
      "command:-1",
      "VIB-BRL%2F0",
      "VIB-BRL%2F",
      "%2F1",
      "VIB-BRL%2F1%2F2x",
      "%20",
      "1?explain=yes",
    ],
    ...[
      "1?explain=true",
      "command:1?limit=5",
      `${TRACE_ID}?limit=51`,
      `${TRACE_ID}?limit=0`,
      `${TRACE_ID}?cursor=x`,
    ],
    ...["command:1?cursor=x", "1?unknown=1"],
  ];
  it.each(malformed)("that is none is refused: %s", async (id) => {
    expect(await desk.operator.get(`/v1/trace/${id}`)).toMatchObject({
      status: 400,
      body: { code: "invalid-request" },
    });
  });

  const unknown = [
    ...["01ARZ3NDEKTSV4RRFFQ69G5FAV", "a".repeat(32), "999999999", "entry:999999999", "command:999999999"],
    ...["VIB-BRL%2F999999999", "NO-SUCH%2F1", "00000000-0000-4000-8000-000000000000"],
  ];
  it.each(unknown)("that names nothing is not found: %s", async (id) => {
    expect((await desk.operator.get(`/v1/trace/${id}`)).status).toBe(404);
  });

  it("of an order with another time is not found, and a sequence that placed none says how it is traced", async () => {
    const placed = await desk.alice.post("/v1/orders", order("VIB-BRL", "buy", "1.00", "1"));
    const { id } = placed.body.order;
    const other = id.slice(0, 9) + (id[9] === "0" ? "1" : "0") + id.slice(10);
    expect((await desk.operator.get(`/v1/trace/${other}`)).status).toBe(404);
    expect((await desk.operator.get("/v1/trace/1")).body.detail).toContain("command:1");
  });
});

/** The same 128 bits, as operations spell them. */
function uuidOf(ulid: string): string {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const value = [...ulid].reduce((sum, each) => sum * 32n + BigInt(digits.indexOf(each)), 0n);
  const hex = value.toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
