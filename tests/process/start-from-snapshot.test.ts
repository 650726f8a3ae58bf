/**
 * A process that starts from a snapshot answers as the one that made it: by id and by client id, of wallets and of
 * the book, to keys that were made before, and to a client that sends again what it has no answer for.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openLog } from "../../src/edge/log.ts";
import { createServer } from "../../src/edge/server.ts";
import { Exchange, type ExchangeReport } from "../../src/exchange.ts";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../edge/harness.ts";
import { temporaryDirectory } from "./command-line.ts";

/** Closed by some hundred orders. */
const SEGMENT_BYTES = 64 * 1024;
const ORDERS_AT_ONCE = 50;
const ROUNDS_MAX = 60;

const directory = temporaryDirectory();
const reports: ExchangeReport[] = [];
let keys: readonly string[];
let before: unknown;

const order = (number: number, side: "buy" | "sell") => ({
  market: "VIB-BRL",
  type: "limit",
  side,
  price: `${side === "buy" ? 9 : 11}.${String(number % 90).padStart(2, "0")}`,
  quantity: "3",
  clientOrderId: `${side}-${number}`,
});

/** What there is to see of the exchange, as its traders see it. */
async function seen(url: string): Promise<unknown> {
  const answers: unknown[] = [];
  for (const key of keys) {
    const client = new Client(url, key);
    const paths = ["/v1/orders/by-client-id/buy-3", "/v1/wallets", "/v1/orders?status=open&limit=500"];
    for (const path of paths) answers.push((await client.get(path)).body);
    const [{ orderId }] = (await client.get("/v1/orders?status=open&limit=1")).body.items;
    answers.push((await client.get(`/v1/orders/${orderId}`)).body);
  }
  answers.push((await new Client(url).get("/v1/markets/VIB-BRL/book?depth=500")).body);
  return answers;
}

beforeAll(async () => {
  const log = openLog("silent");
  const server = await createServer({ adminKey: ADMIN_KEY, host: "127.0.0.1", port: 0, log, version: "0" });
  const url = await server.listen();
  const exchange = await Exchange.open({
    directory,
    feedEventsMax: 1_000,
    diskReserveBytes: 0,
    segmentBytes: SEGMENT_BYTES,
    snapshotCommandsMin: 100,
    onReport: (report) => reports.push(report),
    onFailure: (error) => {
      throw error;
    },
  });
  server.open(exchange);
  const operator = new Client(url, ADMIN_KEY);
  const funds = { BRL: "1000000.00", VIB: "100000" };
  const traders = [
    await openTrader(operator, { accountId: "alice", funds }),
    await openTrader(operator, { accountId: "bob", funds }),
  ];
  keys = traders.map(({ key }) => key!);
  const hasSnapshot = () => reports.some(({ kind }) => kind === "snapshot-made");
  for (let round = 0; round < ROUNDS_MAX && !hasSnapshot(); round += 1) {
    const numbers = Array.from({ length: ORDERS_AT_ONCE }, (_, i) => round * ORDERS_AT_ONCE + i);
    const orders = numbers.map((number) => order(number, "buy"));
    for (const trader of traders) await trader.post("/v1/orders/batch", { orders });
    if (round > 2) {
      const cancels = numbers.map((number) => `buy-${number - 2 * ORDERS_AT_ONCE}`);
      for (const id of cancels) {
        const { body } = await traders[0]!.get(`/v1/orders/by-client-id/${id}`);
        await traders[0]!.delete(`/v1/orders/${body.order.orderId}`);
      }
    }
  }
  expect(reports).toContainEqual(expect.objectContaining({ kind: "snapshot-made" }));
  // What comes after the snapshot trades with what came before it.
  await traders[1]!.post("/v1/orders", { ...order(1, "sell"), price: "9.40", quantity: "40" });
  await traders[0]!.post("/v1/orders", order(2, "sell"));
  await server.close();
  before = await openAgain(exchange, server.close);
}, 120_000);

/** Closes the exchange, and looks at it once more through a process that replays all of it. */
async function openAgain(exchange: Exchange, closed: () => Promise<void>): Promise<unknown> {
  await closed();
  await exchange.close();
  for (const end of ["", "-wal", "-shm"]) rmSync(join(directory, `ledger.sqlite${end}`), { force: true });
  const whole = await startServer({ directory });
  try {
    await toldOf(whole, "journal: a segment was read");
    expect(whole.log()).not.toContain("snapshot: was loaded");
    const answers = await seen(whole.url);
    expect(await whole.stop()).toBe(0);
    return answers;
  } finally {
    whole.process.kill("SIGKILL");
  }
}

/** Lines of the log are gathered for a moment before they are written. */
const toldOf = (server: RunningServer, words: string) =>
  vi.waitFor(() => expect(server.log()).toContain(words), { timeout: 5_000 });

describe("a process that starts from a snapshot", () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer({ directory });
  });
  afterAll(() => server.process.kill("SIGKILL"));

  test("says so, and at which sequence the newest one stands", async () => {
    await toldOf(server, "snapshot: was loaded");
    const made = reports.filter(({ kind }) => kind === "snapshot-made").at(-1);
    const { body } = await new Client(server.url, ADMIN_KEY).get("/v1/status");
    expect(made).toMatchObject({ seq: body.snapshotSeq });
    const metrics = (await new Client(server.url).get("/metrics")).body;
    expect(metrics).toContain(`pregao_position_seq{part="snapshot"} ${body.snapshotSeq}`);
    expect(metrics).toContain("pregao_snapshot_failures_total 0");
  });

  test("shows its traders what a replay from the beginning shows them", async () => {
    expect(await seen(server.url)).toEqual(before);
  });

  test("answers an order that is sent again with the one that was placed", async () => {
    const alice = new Client(server.url, keys[0]);
    const known = (await alice.get("/v1/orders/by-client-id/buy-3")).body.order;
    const again = await alice.post("/v1/orders", order(3, "buy"));
    expect([again.status, again.replayed]).toEqual([200, true]);
    expect(again.body.order).toEqual(known);
    const other = await alice.post("/v1/orders", { ...order(3, "buy"), quantity: "4" });
    expect(other.body.code).toBe("duplicate-client-order-id");
  });

  test("goes on, and after a kill stands where it stood", async () => {
    const bob = new Client(server.url, keys[1]);
    const placed = await bob.post("/v1/orders", { ...order(9, "sell"), clientOrderId: "late" });
    expect(placed.status).toBe(201);
    const shown = await seen(server.url);
    server.process.kill("SIGKILL");
    server = await startServer({ directory });
    await toldOf(server, "snapshot: was loaded");
    expect(await seen(server.url)).toEqual(shown);
    const late = await new Client(server.url, keys[1]).get("/v1/orders/by-client-id/late");
    expect(late.body.order.orderId).toBe(placed.body.order.orderId);
  });
});
