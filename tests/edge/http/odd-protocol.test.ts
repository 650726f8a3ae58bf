/** Requests that HTTP allows and hardly anybody sends: each has its answer, in the form of all our problems. */
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, sendRaw, startServer } from "../harness.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

function problemOf(raw: string): { status: number; code: string; requestId: string } {
  const [head, body] = raw.split("\r\n\r\n") as [string, string];
  const { status, code, requestId } = JSON.parse(body);
  expect(head).toContain(`HTTP/1.1 ${status}`);
  expect(head.toLowerCase()).toContain(`x-request-id: ${requestId.toLowerCase()}`);
  return { status, code, requestId };
}

test("a request without a host is refused as a problem", async () => {
  const raw = await sendRaw(server.url, "GET /v1/markets HTTP/1.1\r\nConnection: close\r\n\r\n");
  expect(problemOf(raw)).toMatchObject({ status: 400, code: "invalid-request" });
});

test.each(["x", "y"])(
  "a request with two hosts is refused as a problem, be they the same or not: %s",
  async (second) => {
    const head = `Host: x\r\nhost: ${second}\r\nConnection: close`;
    const raw = await sendRaw(server.url, `GET /v1/markets HTTP/1.1\r\n${head}\r\n\r\n`);
    expect(problemOf(raw)).toMatchObject({ status: 400, code: "invalid-request" });
    const upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13";
    const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
    const socket = `GET /v1/ws HTTP/1.1\r\nHost: x\r\nHost: ${second}\r\n${upgrade}\r\n${key}\r\n\r\n`;
    expect(problemOf(await sendRaw(server.url, socket))).toMatchObject({
      status: 400,
      code: "invalid-request",
    });
  },
);

test("a request for a tunnel is refused as a problem", async () => {
  const raw = await sendRaw(server.url, "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(problemOf(raw)).toMatchObject({ status: 400, code: "invalid-request" });
});

test.each(["PURGE", "PROPFIND", "M-SEARCH", "PUT"])(
  "%s on a known path is 405 with what is allowed",
  async (method) => {
    const answer = await new Promise<{ status: number; allow: string | undefined }>((resolve, reject) => {
      const sent = request(`${server.url}/v1/orders`, { method }, (got) => {
        got.resume();
        resolve({ status: got.statusCode!, allow: got.headers.allow });
      });
      sent.on("error", reject).end();
    });
    expect(answer).toEqual({ status: 405, allow: "DELETE, GET, HEAD, POST" });
  },
);

test("what is missing behind the documentation's path is a problem like any other", async () => {
  const answer = await new Client(server.url).get("/docs/static/nothing.js");
  expect(answer).toMatchObject({ status: 404, body: { code: "not-found" } });
  expect(answer.body.requestId).toBe(answer.headers.get("x-request-id"));
});

test("nobody pays into the account fees, and nobody transfers out of it", async () => {
  const operator = new Client(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "5.00" } });
  const money = { asset: "BRL", amount: "1.00", reference: "r" };
  const tries = [
    { sent: operator.post("/v1/deposits", { ...money, accountId: "fees" }), path: "accountId" },
    { sent: alice.post("/v1/transfers", { ...money, toAccountId: "fees" }), path: "toAccountId" },
    {
      sent: operator.post("/v1/transfers", { ...money, accountId: "fees", toAccountId: "alice" }),
      path: "accountId",
    },
  ];
  for (const { sent, path } of tries) {
    expect(await sent).toMatchObject({ status: 400, seq: null, body: { errors: [{ path }] } });
  }
});

test("a page of history never shows more than the position that it names", async () => {
  const operator = new Client(server.url, ADMIN_KEY);
  const maker = await openTrader(operator, { accountId: "maker", funds: { VIB: "1000" } });
  const taker = await openTrader(operator, { accountId: "taker", funds: { BRL: "1000.00" } });
  const order = { market: "VIB-BRL", type: "limit", price: "1.00", quantity: "1" };
  let trading = true;
  const trade = async () => {
    for (let i = 0; i < 150; i += 1) {
      await maker.post("/v1/orders", { ...order, side: "sell" });
      await taker.post("/v1/orders", { ...order, side: "buy" });
    }
    trading = false;
  };
  const read = async () => {
    while (trading) {
      const { body, seq } = await maker.get("/v1/fills?limit=3");
      for (const fill of body.items) expect(fill.seq).toBeLessThanOrEqual(seq!);
    }
  };
  await Promise.all([trade(), read(), read()]);
});
