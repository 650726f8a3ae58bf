/** The feeds of the built server: what HTTP acknowledges, the sockets tell, across restarts and crashes too. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, Client as Http, openTrader, type RunningServer, startServer } from "../harness.ts";
import { bookOf } from "./book-copy.ts";
import { Client, type Received as WsMessage } from "./client.ts";

const MARKET = "VIB-BRL";
const CHANNELS = ["orders", "fills", "wallets"];
const FUNDS = { BRL: "10000000000.00", VIB: "1000000000" };

let server: RunningServer;
let operator: Http;
let alice: Http;
let bob: Http;

beforeAll(async () => {
  server = await startServer();
  operator = new Http(server.url, ADMIN_KEY);
  alice = await openTrader(operator, { accountId: "alice", funds: FUNDS });
  bob = await openTrader(operator, { accountId: "bob", funds: FUNDS });
});
afterAll(() => server.dispose());

const socketOf = (http: string) => `${http.replace("http://", "ws://")}/v1/ws`;

function open({ url, key }: { readonly url: string; readonly key?: string | undefined }): Promise<Client> {
  return Client.open(socketOf(url), key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
}

async function order(trader: Http, side: "buy" | "sell", price: string, quantity = "1") {
  const { status, body, seq } = await trader.post("/v1/orders", {
    market: MARKET,
    side,
    type: "limit",
    price,
    quantity,
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { body, seq: seq! };
}

async function lastSeq(): Promise<number> {
  const { body } = await operator.get("/v1/status");
  return body.appliedSeq;
}

describe("the feeds of a running server", () => {
  test("tell what HTTP answers, at the same sequence and in the same words", async () => {
    const alices = await open(alice);
    for (const channel of CHANNELS)
      expect(await alices.ask({ op: "subscribe", channel })).toMatchObject({ ok: true });
    const anybody = await open({ url: server.url });
    await anybody.ask({ op: "subscribe", channel: "trades", market: MARKET });
    await anybody.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 10 });
    const maker = await order(alice, "sell", "100.00", "5");
    const taker = await order(bob, "buy", "100.00", "2");
    await alices.until(() => alices.of("orders").length === 2 && alices.of("wallets").length === 3);
    expect(alices.of("orders")[0]).toEqual({
      channel: "orders",
      type: "placed",
      seq: maker.seq,
      order: maker.body.order,
    });
    expect(alices.of("orders")[1]).toMatchObject({
      type: "partially-filled",
      seq: taker.seq,
      order: (await alice.get(`/v1/orders/${maker.seq}`)).body.order,
    });
    const [fill] = (await alice.get("/v1/fills")).body.items;
    expect(alices.of("fills")).toEqual([{ channel: "fills", type: "fill", ...fill }]);
    const wallet = (await alice.get("/v1/wallets/BRL")).body;
    expect(alices.of("wallets")).toContainEqual({
      channel: "wallets",
      type: "wallet",
      seq: taker.seq,
      ...wallet,
      cause: "trade",
    });
    await anybody.until(() => anybody.of("trades").length === 1 && anybody.of("book").length > 1);
    const { value: _, ...trade } = (await alice.get(`/v1/markets/${MARKET}/trades`)).body.items[0];
    expect(anybody.of("trades")).toEqual([{ channel: "trades", market: MARKET, type: "trade", ...trade }]);
    await alice.delete(`/v1/orders/${maker.seq}`);
    await alices.until((messages) => messages.some(({ type }) => type === "canceled"));
    for (const client of [alices, anybody]) await client.close();
  });

  test("revoking a key closes its sockets", async () => {
    const made = await operator.post("/v1/accounts/bob/keys", { name: "short", scopes: ["read"] });
    const bobs = await open({ url: server.url, key: made.body.key });
    expect((await operator.delete(`/v1/keys/${made.body.keyId}`)).status).toBeLessThan(300);
    expect(await bobs.closed).toMatchObject({ code: 1008 });
    const { status } = await bob.get("/v1/wallets");
    expect(status).toBe(200);
  });

  test("other paths cannot be upgraded, and the server goes on", async () => {
    await expect(Client.open(`${server.url.replace("http", "ws")}/v1/markets`)).rejects.toThrow("400");
    await expect(Client.open(`${server.url.replace("http", "ws")}/v1/nothing`)).rejects.toThrow(/40[04]/);
    expect((await alice.get("/v1/markets")).status).toBe(200);
  });

  test("messages of any bytes are answered or end their socket, and the server goes on", async () => {
    const survivor = await open({ url: server.url });
    for (let tries = 0; tries < 50; tries += 1) {
      const client = await open({ url: server.url });
      client.socket.send(randomBytes(1 + tries * 20), { binary: tries % 2 === 0 });
      client.socket.send(randomBytes(100).toString("latin1"));
      client.socket.close();
      await client.closed;
    }
    expect(await survivor.ask({ op: "ping" })).toMatchObject({ ok: true });
    await survivor.close();
  });
});

describe("a client that does not read", () => {
  test("is told that it lags, resumes without a loss, and its book has no gap; others do not notice", async () => {
    const carol = await openTrader(operator, { accountId: "carol", funds: FUNDS });
    const start = await lastSeq();
    const slow = await open(carol);
    await slow.ask({ op: "subscribe", channel: "book", market: MARKET });
    await slow.ask({ op: "subscribe", channel: "wallets" });
    await slow.ask({ op: "subscribe", channel: "orders" });
    slow.socket.pause();
    await traffic(carol, 12_000);
    const end = await lastSeq();
    slow.socket.resume();
    await slow.until((messages) =>
      messages.some(({ channel, type }) => channel === "orders" && type === "lagged"),
    );
    const lagged = slow.messages.filter(({ channel, type }) => channel === "orders" && type === "lagged");
    expect(lagged).toMatchObject([{ accountId: "carol", error: { code: "lagged" } }]);
    const answer = await slow.ask({ op: "subscribe", channel: "orders", fromSeq: lagged[0]!.seq });
    expect(answer).toMatchObject({ ok: true });
    await slow.until((messages) => isTold(messages.at(-1)!, "orders", end));
    const told = slow.of("orders").filter(({ type }) => type !== "lagged");
    expect(told.length).toBe(end - start);
    expect(told.findIndex(({ seq }, index) => seq !== start + 1 + index)).toBe(-1);
    const mark = await order(carol, "buy", "1.00");
    await slow.until((messages) =>
      messages.some(({ channel, seq }) => channel === "book" && seq >= mark.seq),
    );
    const bids = [...bookOf(slow).bids].sort(([a], [b]) => Number(b) - Number(a));
    expect(bids).toEqual((await alice.get(`/v1/markets/${MARKET}/book?depth=1000`)).body.bids);
    await slow.close();
  });
});

/** The answer to a subscription names its channel and a sequence too. */
const isTold = ({ op, channel, seq }: WsMessage, wanted: string, at: number) =>
  op === undefined && channel === wanted && seq === at;

/** Orders that come and go, with long names, so that their messages are long too. */
async function traffic(trader: Http, orders: number): Promise<void> {
  let placed = 0;
  const lane = async () => {
    for (placed += 1; placed <= orders; placed += 1) {
      const price = `${40 + (placed % 20)}.${String(placed % 100).padStart(2, "0")}`;
      const clientOrderId = `${"n".repeat(50)}-${placed}`;
      const terms = { market: MARKET, side: "buy", type: "limit", price, quantity: "1", clientOrderId };
      const { status, body } = await trader.post("/v1/orders", terms);
      if (status !== 201) throw new Error(`an order was answered ${status}`);
      await trader.delete(`/v1/orders/${body.order.orderId}`);
    }
  };
  await Promise.all(Array.from({ length: 64 }, lane));
}

describe("after a restart", () => {
  test.each(["SIGTERM", "SIGKILL"] as const)("by %s every feed resumes from before it", async (signal) => {
    const first = await startServer();
    const dora = await openTrader(new Http(first.url, ADMIN_KEY), { accountId: "dora", funds: FUNDS });
    const erin = await openTrader(new Http(first.url, ADMIN_KEY), { accountId: "erin", funds: FUNDS });
    const live = await open(dora);
    const topics = [...CHANNELS.map((channel) => ({ channel })), { channel: "trades", market: MARKET }];
    for (const topic of topics) await live.ask({ op: "subscribe", ...topic });
    const from = (await live.ask({ op: "subscribe", channel: "book", market: MARKET })).seq;
    for (let round = 0; round < 20; round += 1) {
      await order(dora, "sell", "50.00", "2");
      await order(erin, "buy", "50.00", "2");
    }
    await live.until(() => live.of("fills").length === 20 && live.of("wallets").length >= 60);
    first.process.kill(signal);
    const { code } = await live.closed;
    expect(code).toBe(signal === "SIGTERM" ? 1001 : 1006);
    await first.stop();

    const second = await startServer({ directory: first.directory });
    const resumed = await open({ url: second.url, key: dora.key });
    for (const topic of topics) {
      expect(await resumed.ask({ op: "subscribe", ...topic, fromSeq: from })).toMatchObject({ ok: true });
    }
    for (const { channel } of topics) {
      await resumed.until(() => resumed.of(channel).length >= live.of(channel).length, channel);
      expect(resumed.of(channel)).toEqual(live.of(channel));
    }
    await resumed.close();
    await second.dispose();
  });

  test("no more is kept than is configured", async () => {
    const small = await startServer({ env: { PREGAO_FEED_EVENTS: "20" } });
    const http = new Http(small.url, ADMIN_KEY);
    const fred = await openTrader(http, { accountId: "fred", funds: FUNDS });
    for (let orders = 0; orders < 30; orders += 1) await order(fred, "buy", "1.00");
    const client = await open(fred);
    const refused = await client.ask({ op: "subscribe", channel: "orders", fromSeq: 0 });
    expect(refused).toMatchObject({ ok: false, error: { code: "resume-too-old", status: 410 } });
    const { oldestSeq } = refused.error;
    expect(oldestSeq).toBeGreaterThan(0);
    expect(await client.ask({ op: "subscribe", channel: "orders", fromSeq: oldestSeq })).toMatchObject({
      ok: true,
    });
    await client.until(() => client.of("orders").length === 10);
    await client.close();
    await small.dispose();
  });
});
