/** The archive of a running exchange lets its ledger go of what was read back, and clients are told what is gone. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { ulid, ulidToUUID } from "ulid";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  type AccountIndex,
  type AssetIndex,
  lots,
  type MarketIndex,
  minor,
  ticks,
} from "../../../src/domain/units.ts";
import { openLog } from "../../../src/edge/log.ts";
import { createServer } from "../../../src/edge/server.ts";
import type { Exchange, ExchangeReport } from "../../../src/exchange.ts";
import { type ArchiveReport, ArchiveService } from "../../../src/outward/archive/archive-service.ts";
import { verify } from "../../../src/replay/verify.ts";
import { ADMIN_KEY, type Body, Client } from "../../edge/harness.ts";
import { PLAIN_TERMS } from "../../plain-order.ts";
import { openExchange, scratchDirectory, submit, trade, tradeIn } from "./trading.ts";

/** Everything that is archived is old enough. */
const AT_ONCE = 0;
/** All settlements up to this number arrived long ago. */
const ARRIVED = 100;

function serviceOf(
  { directory, place }: { readonly directory: string; readonly place: string },
  exchange: () => Exchange | undefined,
  retentionDays: number | null,
): {
  readonly service: ArchiveService;
  readonly reports: ArchiveReport[];
  /** The ends of what the ledger was told to let go of. */
  readonly dropped: number[];
} {
  const reports: ArchiveReport[] = [];
  const dropped: number[] = [];
  const service = new ArchiveService(
    {
      directory,
      place: { kind: "directory", directory: place },
      reserveBytes: 0,
      retentionDays,
      intervalMs: 50,
    },
    {
      drop: (boundary) => {
        dropped.push(boundary.seq);
        exchange()?.ledger.drop({ ...boundary, arrivedSettlement: ARRIVED });
      },
      onReport: (report) => reports.push(report),
    },
  );
  onTestFinished(() => service.close());
  return { service, reports, dropped };
}

async function served(exchange: Exchange): Promise<Client> {
  const log = openLog("silent");
  const server = await createServer({ adminKey: ADMIN_KEY, host: "127.0.0.1", port: 0, log, version: "0" });
  onTestFinished(() => server.close());
  const url = await server.listen();
  server.open(exchange);
  return new Client(url, ADMIN_KEY);
}

it("history that has moved is said to have moved, open orders stay, and the ledger is verified as it is", async () => {
  const directory = scratchDirectory();
  const place = scratchDirectory();
  let exchange: Exchange | undefined;
  const { service, reports } = serviceOf({ directory, place }, () => exchange, AT_ONCE);
  const heard: ExchangeReport[] = [];
  exchange = await openExchange(directory, { archive: service, onReport: (report) => heard.push(report) });
  exchange.ledger.beginOutbox();
  await trade(exchange, 300);
  const patient = await placeTwo(exchange);
  await trade(exchange, 1_500, 2);
  service.open();
  const client = await served(exchange);
  const { ledger } = exchange;
  const archivedSeq = () => exchange!.positions.archivedSeq ?? 0;
  await vi.waitFor(() => {
    expect(archivedSeq()).toBeGreaterThan(1_000);
    expect(ledger.archived?.seq).toBe(archivedSeq());
  }, 30_000);
  const { seq, at } = ledger.archived!;
  const before = { seq: seq + 1, at: new Date(at).toISOString() };
  expect((await client.get("/v1/status")).body).toMatchObject({ archivedSeq: seq, oldestSeq: seq + 1 });

  for (const path of ["/v1/statement", "/v1/fills", "/v1/orders"]) {
    const pages = await allPages(client, `${path}?accountId=trader-1&limit=50`);
    expect(pages.slice(0, -1).filter((page) => "archivedBefore" in page)).toEqual([]);
    expect(pages.at(-1).archivedBefore).toEqual(before);
    const items: Body[] = pages.flatMap(({ items: some }) => some);
    const position = (item: Body) => item.seq ?? item.orderId;
    const old = items.filter((item) => position(item) <= seq);
    // What is older is an order that was open there: it is still, or it has ended since.
    const ended = old.filter(({ status }) => !["open", "partially-filled"].includes(status));
    expect(ended.filter(({ updatedAt }) => !(updatedAt >= before.at))).toEqual([]);
    const recent = await client.get(`${path}?accountId=trader-1&from=${new Date(at + 1).toISOString()}`);
    expect(recent.body.archivedBefore).toBeUndefined();
  }
  const trades = await allPages(client, "/v1/markets/BTC-USD/trades?limit=100");
  expect(trades.at(-1).archivedBefore).toEqual(before);
  expect(trades.flatMap(({ items }) => items).filter((item: Body) => item.seq <= seq)).toEqual([]);

  for (const list of ["/v1/statement", "/v1/fills", "/v1/markets/BTC-USD/trades"]) {
    const path = `${list}/export?format=csv${list.endsWith("trades") ? "" : "&accountId=trader-1"}`;
    const file = await client.get(path);
    expect(file.headers.get("pregao-archived-before")).toBe(`seq=${seq + 1}, at="${before.at}"`);
    const [names, ...lines] = (file.body as string)
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
    const seqs = lines.map((line) => Number(line[names!.indexOf("seq")]));
    expect(seqs.length).toBeGreaterThan(0);
    expect(seqs.filter((each) => each <= seq)).toEqual([]);
    const reaching = await client.get(`${path}&from=${before.at}`);
    expect([reaching.status, reaching.body.code]).toEqual([410, "history-archived"]);
    const ended = await client.get(`${path}&to=${before.at}`);
    expect([ended.status, ended.body.code]).toEqual([410, "history-archived"]);
    const recent = await client.get(`${path}&from=${new Date(at + 1).toISOString()}`);
    expect([recent.status, recent.headers.get("pregao-archived-before")]).toEqual([200, null]);
  }

  const gone = await client.get(`/v1/statement?accountId=trader-1&to=${before.at}`);
  expect([gone.status, gone.body.code]).toEqual([410, "history-archived"]);
  expect(gone.body.detail).toContain(`up to sequence ${seq}, ${before.at}`);
  const order = await client.get(`/v1/orders/30?accountId=trader-1`);
  expect([order.status, order.body.code]).toEqual([410, "history-archived"]);
  const canceled = await client.delete(`/v1/orders/30?accountId=trader-1`);
  expect([canceled.status, canceled.body.code]).toEqual([410, "history-archived"]);
  expect((await client.get(`/v1/orders/${exchange.appliedSeq + 5}?accountId=trader-1`)).status).toBe(404);
  const kept = await client.get(`/v1/orders/${patient}?accountId=patient`);
  expect([kept.status, kept.body.order.status]).toEqual([200, "open"]);
  const [page] = await allPages(client, "/v1/orders?accountId=patient");
  expect(page.items.map((item: Body) => item.orderId)).toEqual([patient]);
  const again = await client.post("/v1/orders", { ...PATIENT, accountId: "patient" });
  expect([again.status, again.body.order.orderId]).toEqual([200, patient]);
  const hasty = { ...PATIENT, accountId: "patient", clientOrderId: "hasty" };
  const placed = await client.post("/v1/orders", hasty);
  expect([placed.status, placed.body.code]).toEqual([410, "history-archived"]);
  expect(Number(placed.headers.get("pregao-seq"))).toBe(exchange.appliedSeq);
  const previewed = await client.post("/v1/orders/preview", hasty);
  expect([previewed.status, previewed.body.code]).toEqual([410, "history-archived"]);
  const batch = await client.post("/v1/orders/batch", { orders: [hasty] });
  expect([batch.status, batch.body.results[0].code]).toEqual([200, "history-archived"]);
  const { body: contract } = await client.get("/openapi.json");
  for (const path of ["/v1/orders", "/v1/orders/preview"]) {
    expect(Object.keys(contract.paths[path].post.responses)).toContain("410");
  }

  const finished = await allPages(client, "/operations?userId=trader-1&operationStatus=FINISHED");
  expect(finished.at(-1).archivedBefore).toEqual(before);
  const past = ulid(at - 1);
  const moved = ["30", `${outlived(directory, seq)}`, "command:30", "entry:30", "BTC-USD%2F1", past].map(
    (id) => `/v1/trace/${id}`,
  );
  for (const path of [...moved, `/operations/trader-1%7C${ulidToUUID(past)}`]) {
    const { status, body } = await client.get(path);
    expect({ path, status, code: body.code }).toEqual({ path, status: 410, code: "history-archived" });
  }
  const never = ["9000", "command:9000", "entry:900000", "BTC-USD%2F90000", ulid(at + 1)];
  for (const path of [
    ...never.map((id) => `/v1/trace/${id}`),
    `/operations/trader-1%7C${ulidToUUID(ulid(at + 1))}`,
  ]) {
    expect({ path, status: (await client.get(path)).status }).toEqual({ path, status: 404 });
  }
  expect((await client.get(`/v1/trace/${patient}`)).body.kind).toBe("order");
  const [lasting] = (await client.get(`/v1/trace/command:${outlived(directory, seq)}`)).body.commands;
  const counts = { trades: [], tradeCount: null, entries: [], entryCount: null };
  expect(lasting).toMatchObject({ ...counts, effectsMissing: gone.body.detail });
  expect(lasting.events.map(({ kind }: Body) => kind)).toContain("TradeExecuted");
  const untraced = await client.get(`/v1/trace/${"ab".repeat(16)}`);
  expect([untraced.status, untraced.body.detail]).toEqual([
    404,
    expect.stringContaining(`above sequence ${seq};`),
  ]);

  expect(reports.filter(({ kind }) => kind !== "archived")).toEqual([]);
  expect(heard.filter(({ kind }) => kind === "drop-failed")).toEqual([]);
  expect(heard.filter(({ kind }) => kind === "dropped").length).toBeGreaterThan(1);
  await service.close();
  await exchange.close();
  exchange = undefined;
  const { firstSettlement, settledBefore } = remainsIn(directory, seq);
  expect([firstSettlement, settledBefore]).toEqual([ARRIVED + 1, 0]);
  const { checks } = await verify({ directory, scratch: scratchDirectory(), onProgress: () => {} });
  expect(checks.filter(({ fault }) => fault !== null)).toEqual([]);
  const rows = checks.find(({ what }) => what === "ledger's rows")!;
  expect(rows.found).toContain(`what lies up to sequence ${seq} has moved to the archive`);
});

/** An order that is gone, though its command is still there: it traded with one that was open at the boundary. */
function outlived(directory: string, seq: number): number {
  const database = new Database(join(directory, "ledger.sqlite"), { readonly: true });
  const takers = `SELECT max(taker_order) FROM trades JOIN old_orders ON maker_order = order_id
    WHERE taker_order <= ? AND taker_order NOT IN (SELECT order_id FROM old_orders)`;
  const order = database.prepare(takers).pluck().get(seq);
  database.close();
  expect(order).toBeGreaterThan(0);
  return order as number;
}

/** The first number in the outbox, and what is left of the references up to a command. */
function remainsIn(directory: string, seq: number) {
  const database = new Database(join(directory, "ledger.sqlite"), { readonly: true });
  const settled =
    "SELECT count(*) FROM settled_entries WHERE entry NOT IN (SELECT entry FROM entries WHERE seq > ?)";
  const settledBefore = database.prepare(settled).pluck().get(seq);
  const firstSettlement = database.prepare("SELECT min(settlement) FROM settlements").pluck().get();
  database.close();
  return { firstSettlement, settledBefore };
}

const PATIENT = {
  market: "BTC-USD",
  side: "buy",
  type: "limit",
  price: "0.05",
  quantity: "0.007",
  clientOrderId: "patient",
};

/** Of an account that does nothing else: one that stays open, since nobody trades at its price, and one that is canceled. */
async function placeTwo(exchange: Exchange): Promise<number> {
  const account = 5 as AccountIndex;
  const deposit = { account, asset: 3 as AssetIndex, amount: minor(1_000_000), reference: "all" };
  await submit(exchange, { kind: "OpenAccount", accountId: "patient", name: null });
  await submit(exchange, { kind: "DepositFunds", ...deposit });
  const terms = {
    kind: "PlaceOrder",
    ...PLAIN_TERMS,
    account,
    market: 1 as MarketIndex,
    side: "buy",
    price: ticks(1),
    quantity: lots(7),
  } as const;
  await submit(exchange, { ...terms, clientOrderId: "patient" });
  await submit(exchange, { ...terms, clientOrderId: "hasty" });
  const { order } = exchange.orders.byClientId(account, "hasty")!;
  await submit(exchange, { kind: "CancelOrder", account, order });
  return exchange.orders.byClientId(account, "patient")!.order;
}

async function allPages(client: Client, path: string): Promise<Body[]> {
  const pages: Body[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { body, status } = await client.get(cursor === "" ? path : `${path}&cursor=${cursor}`);
    expect(status).toBe(200);
    pages.push(body);
    cursor = body.nextCursor;
  }
  return pages;
}

it("nothing is let go of that cannot be read back", async () => {
  const directory = scratchDirectory();
  const place = scratchDirectory();
  await tradeIn(directory, 1_500);
  let exchange: Exchange | undefined = await openExchange(directory);
  onTestFinished(() => exchange?.close());
  const first = serviceOf({ directory, place }, () => exchange, null);
  first.service.open();
  await vi.waitFor(() => expect(first.reports.map(({ kind }) => kind)).toEqual(["archived"]), 20_000);
  await first.service.close();
  const home = join(place, readdirSync(place)[0]!);
  const entries = readdirSync(join(home, "entries")).sort();
  expect(entries.length).toBeGreaterThan(1);
  const damaged = join(home, "entries", entries[1]!);
  const bytes = readFileSync(damaged);
  bytes[100]! ^= 1;
  writeFileSync(damaged, bytes);

  const second = serviceOf({ directory, place }, () => exchange, AT_ONCE);
  second.service.open();
  await vi.waitFor(() => expect(second.reports.length).toBeGreaterThan(0), 20_000);
  const [report] = second.reports;
  expect(report).toEqual({ kind: "archive-failed", message: expect.stringContaining(entries[1]!) });
  expect(second.service.failures).toBeGreaterThan(0);
  // What lies before the damaged copy is whole, and goes; nothing from there on does.
  const boundary = Number(entries[0]!.slice(17, 33));
  await vi.waitFor(() => expect(exchange!.ledger.archived?.seq).toBe(boundary));
  await second.service.close();
  expect(second.dropped).toEqual([boundary]);
  await exchange.close();
  exchange = undefined;
});

it("what the ledger was told and did not come to is told again", async () => {
  const directory = scratchDirectory();
  const place = scratchDirectory();
  await tradeIn(directory, 1_500);
  const exchange = await openExchange(directory);
  onTestFinished(() => exchange.close());
  let isDeaf = true;
  const { service, dropped } = serviceOf(
    { directory, place },
    () => (isDeaf ? undefined : exchange),
    AT_ONCE,
  );
  service.open();
  await vi.waitFor(() => {
    expect(dropped.length).toBeGreaterThan(1);
    expect(dropped.at(-1)).toBe(service.archivedSeq);
  }, 20_000);
  isDeaf = false;
  await vi.waitFor(() => expect(exchange.ledger.archived?.seq).toBe(service.archivedSeq), 20_000);
  await service.close();
});
