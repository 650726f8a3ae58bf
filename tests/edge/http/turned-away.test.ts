/** What the edge answers when there is no exchange yet, or one that takes nothing, or one that is on its way out. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { seq } from "../../../src/domain/units.ts";
import type { Turnaway } from "../../../src/edge/exchange-port.ts";
import { LoopDelay } from "../../../src/edge/guard/loop-delay.ts";
import type { Server } from "../../../src/edge/server.ts";
import { ADMIN_KEY, Client } from "../harness.ts";
import { StandIn, startEdge, withStandIn } from "./stand-in.ts";

describe("before the exchange is open", () => {
  let server: Server;
  let operator: Client;

  beforeAll(async () => {
    const edge = await startEdge();
    server = edge.server;
    operator = new Client(edge.url, ADMIN_KEY);
  });
  afterAll(() => server.close());

  it.each(["/v1/markets", "/v1/wallets", "/v1/nothing", "/metrics", "/openapi.json", "/docs/", "/"])(
    "GET %s is answered with starting",
    async (path) => {
      const answer = await operator.get(path);
      expect(answer).toMatchObject({ status: 503, body: { code: "starting" } });
      expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      expect(answer.headers.get("x-request-id")).toBe(answer.body.requestId);
    },
  );

  it("commands and other methods are answered with starting, too", async () => {
    expect((await operator.post("/v1/orders", {})).body.code).toBe("starting");
    expect((await operator.send("PUT", "/v1/orders", {})).body.code).toBe("starting");
  });

  it("it is alive, but not ready until it is opened", async () => {
    expect((await operator.get("/health/live")).status).toBe(200);
    const unready = await operator.get("/health/ready");
    expect(unready).toMatchObject({ status: 503, body: { code: "starting" } });
    server.starting({ seq: seq(4_711), percent: 42, commandsPerSecond: 500_000 });
    const underWay = await operator.get("/health/ready");
    expect(underWay.status).toBe(503);
    expect(underWay.body.detail).toBe(
      "The journal has been replayed up to sequence 4711, 42 %, at 500000 commands/s.",
    );
    server.open(new StandIn());
    expect((await operator.get("/health/ready")).status).toBe(200);
    expect((await operator.get("/v1/markets")).body).toEqual({ items: [] });
  });
});

describe("an exchange that takes nothing", () => {
  const exchange = new StandIn();
  let operator: Client;
  withStandIn(exchange, (made) => {
    operator = made;
  });

  it.each(["overloaded", "disk-full", "journal-failed"] satisfies Turnaway[])("says %s", async (turnaway) => {
    exchange.turnaway = turnaway;
    const answer = await operator.post("/v1/accounts", {});
    expect(answer).toMatchObject({ status: 503, seq: null, body: { code: turnaway } });
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(/unknown/.test(answer.body.detail)).toBe(turnaway === "journal-failed");
  });

  it("does not keep a read waiting for a ledger that is behind", async () => {
    for (const path of ["/v1/statement", "/v1/fills", "/v1/orders", "/v1/orders/3"]) {
      const answer = await operator.get(`${path}?accountId=fees`);
      expect(answer).toMatchObject({ status: 503, body: { code: "overloaded" } });
      expect(answer.headers.get("retry-after")).toBe("1");
    }
    // What lives in memory goes on.
    expect((await operator.get("/v1/orders?accountId=fees&status=open")).status).toBe(200);
    expect((await operator.get("/v1/wallets?accountId=fees")).status).toBe(200);
  });
});

describe("an exchange that has more to do than it can", () => {
  let operator: Client;
  withStandIn(new StandIn(), (made) => {
    operator = made;
  });
  beforeAll(() => {
    vi.spyOn(LoopDelay.prototype, "isBehind").mockReturnValue(true);
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["POST", "/v1/orders"],
    ["POST", "/v1/orders/batch"],
    ["PATCH", "/v1/orders/1"],
    ["GET", "/v1/markets"],
    ["GET", "/v1/statement?accountId=fees"],
    ["GET", "/v1/nothing"],
  ])("refuses %s %s at the door", async (method, path) => {
    const answer = await operator.send(method, path, method === "GET" ? {} : { body: "{}" });
    expect(answer).toMatchObject({ status: 503, seq: null, body: { code: "overloaded" } });
    expect(answer.body.detail).toContain("has too much to do");
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  it.each([
    ["GET", "/health/live", 200],
    ["GET", "/health/ready", 200],
    ["GET", "/metrics", 200],
    ["GET", "/metrics?probe=1", 200],
    ["GET", "/health/ready?probe=1", 400],
    ["DELETE", "/v1/orders/1?accountId=nobody", 404],
    ["DELETE", "/v1/orders?accountId=nobody", 404],
    ["POST", "/v1/orders/cancel-after", 404],
    ["POST", "/v1/orders/cancel-after?urgent=1", 400],
    ["POST", "/v1/orders/cancel%2Dafter", 404],
  ])("lets %s %s pass", async (method, path, status) => {
    const body = method === "POST" ? { body: '{"accountId":"nobody","seconds":1}' } : {};
    expect((await operator.send(method, path, body)).status).toBe(status);
  });
});

describe("closing", () => {
  it("answers what is in flight, takes nothing new, and does not wait for idle connections", async () => {
    const { server, url } = await startEdge();
    const exchange = new StandIn();
    exchange.waits = true;
    server.open(exchange);
    const operator = new Client(url, ADMIN_KEY);
    await operator.get("/v1/markets");
    const inFlight = operator.post("/v1/accounts", {});
    while (exchange.waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const closed = server.close();
    await expect(new Client(url).get("/health/live", { connection: "close" })).rejects.toThrow();
    exchange.waiting[0]!();
    expect((await inFlight).status).toBe(503);
    const begin = performance.now();
    await closed;
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});
