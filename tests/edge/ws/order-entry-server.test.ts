/** Orders by a socket of the built server: durable when they are answered, and the same in every other view. */
import { expect, test } from "vitest";
import { ADMIN_KEY, Client as Http, openTrader, startServer } from "../harness.ts";
import { Client } from "./client.ts";

const FUNDS = { BRL: "1000000.00", VIB: "10000" };
const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "100.00", quantity: "5" };

const open = ({ url, key }: Http) =>
  Client.open(`${url.replace("http://", "ws://")}/v1/ws`, { headers: { authorization: `Bearer ${key}` } });

test("what a socket was told is what REST shows, also after the process was killed at once", async () => {
  const server = await startServer();
  const operator = new Http(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: FUNDS });
  const socket = await open(alice);
  const placed = await socket.ask({ op: "place", ...ORDER, clientOrderId: "mine" });
  expect((await alice.get(`/v1/orders/${placed.seq}`)).body).toEqual({ order: placed.order, fills: [] });
  const amended = await socket.ask({ op: "amend", orderId: placed.order.orderId, price: "101" });
  expect((await alice.get("/v1/orders/by-client-id/mine")).body.order).toEqual(amended.order);
  const other = await socket.ask({ op: "place", ...ORDER });
  const canceled = await socket.ask({ op: "cancel", orderId: other.order.orderId });
  const again = await socket.ask({ op: "cancel", orderId: other.order.orderId });
  expect(again).toMatchObject({ ok: false, seq: canceled.seq + 1, error: { code: "order-not-open" } });
  const metrics = (await operator.get("/metrics")).body;
  expect(metrics).toContain('pregao_http_requests_total{method="WS",route="/v1/ws place",status="201"} 2');
  expect(metrics).toContain('pregao_http_requests_total{method="WS",route="/v1/ws cancel",status="409"} 1');

  for (let id = 0; id < 100; id += 1) socket.sendText(JSON.stringify({ op: "place", id, ...ORDER }));
  await socket.until((messages) => messages.length >= 5 + 20);
  server.process.kill("SIGKILL");
  await socket.closed;
  await server.stop();

  const second = await startServer({ directory: server.directory });
  const back = new Http(second.url, alice.key);
  for (const { ok, order } of socket.messages.filter(({ id }) => typeof id === "number")) {
    expect(ok).toBe(true);
    expect((await back.get(`/v1/orders/${order.orderId}`)).body.order).toEqual(order);
  }
  expect((await back.get("/v1/orders/by-client-id/mine")).body.order).toEqual(amended.order);
  await second.dispose();
});

test("each answer to an order is a line of the log, under the request's id", async () => {
  const server = await startServer();
  const alice = await openTrader(new Http(server.url, ADMIN_KEY), { accountId: "alice", funds: FUNDS });
  const socket = await open(alice);
  const placed = await socket.ask({ op: "place", ...ORDER, clientOrderId: "secretive" });
  const { requestId } = placed.order as unknown as { requestId: string };
  const refused = await socket.ask({ op: "place", ...ORDER, price: 1 });
  await socket.close();
  expect(await server.stop()).toBe(0);
  const lines = server
    .log()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const logged = (id: string) => lines.filter((line) => line.requestId === id);
  expect(logged(requestId)).toMatchObject([{ method: "WS", route: "/v1/ws place", status: 201 }]);
  expect(logged(refused.error.requestId)).toMatchObject([{ route: "/v1/ws place", status: 400 }]);
  expect(server.log()).not.toContain("secretive");
  await server.dispose();
});
