/** Clients that do not read, on real sockets: the exchange goes on, and they lose nothing that they cannot get back. */
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bookOf } from "./book-copy.ts";
import { Client, type Received } from "./client.ts";
import { type Floor, type Member, openFloor } from "./floor.ts";

const MARKET = "VIB-BRL";
const OUTBOX_BYTES_MAX = 128 * 1024;

let floor: Floor;
let alice: Member;
let slow: Client;

beforeEach(async () => {
  const limits = { outboxBytesMax: OUTBOX_BYTES_MAX, missedCommandsMax: 500, bookIntervalMs: 1 };
  floor = await openFloor({ limits });
  alice = floor.member("alice");
  slow = await Client.open(floor.url, { headers: { authorization: `Bearer ${alice.key}` } });
});
afterEach(async () => {
  await slow.close();
  await floor.stop();
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The answer to a subscription names a sequence too. */
const isToldAt = ({ op, seq }: Received, at: number) => op === undefined && seq === at;

/** Orders come and go; what PLENTY of them say is far more than a connection buffers. */
async function traffic(least: number): Promise<void> {
  for (let commands = 0; commands < least; commands += 2) {
    const { entry } = floor.order(alice.account, {
      side: "buy",
      price: 5_000 + (commands % 997),
      quantity: 1,
    });
    if (commands % 3 !== 0) floor.cancel(alice.account, entry.seq);
    if (commands % 100 === 0) await turn();
  }
}

const PLENTY = 40_000;

describe("a stream whose client does not read", () => {
  test("ends as lagged, once, and resuming from there gives what it missed, exactly", async () => {
    const start = floor.appliedSeq();
    await slow.ask({ op: "subscribe", channel: "orders" });
    slow.socket.pause();
    await traffic(PLENTY);
    slow.socket.resume();
    await slow.until((messages) => messages.at(-1)?.type === "lagged", "lagged");
    const lagged = slow.of("orders").at(-1)!;
    expect(lagged).toMatchObject({ accountId: "alice", error: { code: "lagged", status: 503 } });
    const before = slow.of("orders").slice(0, -1);
    expect(before.at(-1)!.seq).toBe(lagged.seq);
    const end = floor.appliedSeq();
    const again = { op: "subscribe", channel: "orders", fromSeq: lagged.seq };
    expect(await slow.ask(again)).toMatchObject({ ok: true });
    const orders = () => slow.of("orders").filter(({ type }) => type !== "lagged");
    await slow.until((messages) => isToldAt(messages.at(-1)!, end), "the rest");
    expect(orders().map(({ seq }) => seq)).toEqual(
      Array.from({ length: end - start }, (_, index) => start + 1 + index),
    );
  });

  test("that only stalls for a moment gets everything without asking", async () => {
    const start = floor.appliedSeq();
    await slow.ask({ op: "subscribe", channel: "wallets" });
    await slow.ask({ op: "subscribe", channel: "orders" });
    for (let stalls = 0; stalls < 20; stalls += 1) {
      slow.socket.pause();
      await traffic(300);
      slow.socket.resume();
      await slow.until((messages) => isToldAt(messages.at(-1)!, floor.appliedSeq()), "the last order");
    }
    const wanted = Array.from({ length: floor.appliedSeq() - start }, (_, index) => start + 1 + index);
    for (const channel of ["orders", "wallets"]) {
      await slow.until(() => slow.of(channel).length === wanted.length, channel);
      expect(slow.of(channel).map(({ seq }) => seq)).toEqual(wanted);
    }
  });

  test("a replay of more than a connection buffers waits for its reader, and delays nobody", async () => {
    const start = floor.appliedSeq();
    await traffic(PLENTY);
    const end = floor.appliedSeq();
    slow.sendText(JSON.stringify({ op: "subscribe", channel: "orders", fromSeq: start }));
    await slow.until((messages) => messages.length > 10);
    slow.socket.pause();
    const other = await Client.open(floor.url);
    for (let pings = 0; pings < 50; pings += 1) await other.ask({ op: "ping" });
    slow.socket.resume();
    await slow.until((messages) => isToldAt(messages.at(-1)!, end), "the end of the replay");
    expect(slow.of("orders")).toHaveLength(end - start);
    await other.close();
  });
});

describe("a book whose client does not read", () => {
  test("is merged, and chains: no gap, and in the end the book as it is", async () => {
    await slow.ask({ op: "subscribe", channel: "book", market: MARKET });
    const fast = await Client.open(floor.url);
    await fast.ask({ op: "subscribe", channel: "book", market: MARKET });
    // The orders fill what the connection buffers, so that the book finds the outbox full.
    await slow.ask({ op: "subscribe", channel: "orders" });
    slow.socket.pause();
    await traffic(PLENTY);
    const { entry } = floor.order(alice.account, { side: "sell", price: 90_000, quantity: 7 });
    const isLast = (message: Received | undefined) =>
      message?.channel === "book" && message.asks?.some(([price]) => price === "900.00");
    await fast.until((messages) => isLast(messages.at(-1)) === true, "the last order");
    slow.socket.resume();
    await slow.until((messages) => messages.slice(-3).some(isLast), "the last order");
    expect(bookOf(slow)).toEqual(bookOf(fast));
    expect(slow.of("book").length).toBeLessThan(fast.of("book").length);
    expect(slow.of("book").at(-1)!.seq).toBeGreaterThanOrEqual(entry.seq);
    await fast.close();
  });
});

describe("a client that asks and does not read the answers", () => {
  test("stops itself: its messages wait, and all are answered once it reads", async () => {
    const asked = 60_000;
    slow.socket.pause();
    for (let id = 0; id < asked; id += 1) {
      slow.sendText(JSON.stringify({ op: "dance", id }));
      if (id % 500 === 0) await turn();
    }
    const other = await Client.open(floor.url);
    for (let pings = 0; pings < 50; pings += 1) await other.ask({ op: "ping" });
    slow.socket.resume();
    await slow.until((messages) => messages.length === asked, "the answers");
    expect(slow.messages.map(({ id }) => id)).toEqual(Array.from({ length: asked }, (_, id) => id));
    await other.close();
  });
});

describe("a client that pings and does not read the pongs", () => {
  test("is ended, and what waits for it stays bounded until then", async () => {
    const connections = new Set<Socket>();
    floor.server.on("connection", (socket) => connections.add(socket));
    const pinging = await Client.open(floor.url);
    const [connection] = connections;
    pinging.socket.pause();
    let waiting = 0;
    for (let pings = 0; pings < 100_000 && !connection!.destroyed; pings += 1) {
      pinging.socket.ping(Buffer.alloc(100));
      if (pings % 500 === 0) await turn();
      waiting = Math.max(waiting, connection!.writableLength);
    }
    expect(connection!.destroyed).toBe(true);
    expect(waiting).toBeLessThan(OUTBOX_BYTES_MAX);
    expect(await slow.ask({ op: "ping" })).toMatchObject({ ok: true });
  });
});
