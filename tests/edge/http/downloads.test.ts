/** Files of history say what the pages of the same calls say, oldest first. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readParquet } from "../../ledger/read-parquet.ts";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const MARKET = "VIB-BRL";
const SCALES: Readonly<Record<string, number>> = { VIB: 0, BRL: 2 };
/** Every amount of a Parquet file has so many decimals. */
const PARQUET_DECIMALS = 12;

let server: RunningServer;
let operator: Client;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  await operator.patch(`/v1/markets/${MARKET}`, { takerFee: "0.001" });
  alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "100000", VIB: "1000" } });
  bob = await openTrader(operator, { accountId: "bob", funds: { BRL: "100000", VIB: "1000" } });
  const deposit = { accountId: "alice", asset: "BRL", amount: "1.50" };
  for (const reference of ["-2:3", "plain", "://x"]) {
    await operator.post("/v1/deposits", { ...deposit, reference });
  }
  for (let i = 0; i < 40; i += 1) {
    const [maker, taker] = i % 3 === 0 ? [alice, bob] : [bob, alice];
    const order = {
      market: MARKET,
      type: "limit",
      price: `${100 + (i % 5)}.25`,
      quantity: String(1 + (i % 4)),
    };
    await maker.post("/v1/orders", { ...order, side: "sell" });
    await taker.post("/v1/orders", { ...order, side: "buy" });
  }
});
afterAll(() => server.dispose());

/** All items of a list, oldest first. */
async function pages(client: Client, path: string): Promise<Body[]> {
  const items: Body[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { body } = await client.get(
      `${path}${path.includes("?") ? "&" : "?"}limit=7${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items.reverse();
}

async function file(client: Client, path: string, format: string) {
  const url = `${client.url}${path}${path.includes("?") ? "&" : "?"}format=${format}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${client.key}` } });
  return {
    ...response,
    headers: response.headers,
    status: response.status,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

/** Fields of a file without anything that needs quotes. */
function readCsv(bytes: Uint8Array): Record<string, string>[] {
  const text = new TextDecoder().decode(bytes);
  expect(text.endsWith("\r\n")).toBe(true);
  const [names, ...rows] = text
    .slice(0, -2)
    .split("\r\n")
    .map((line) => line.split(","));
  return rows.map((row) => {
    expect(row).toHaveLength(names!.length);
    return Object.fromEntries(names!.map((name, place) => [name, row[place]!]));
  });
}

/** An item of a page as the texts of a CSV file. */
function asTexts(item: Body): Record<string, string> {
  const text = (name: string, value: unknown) => {
    if (value === null) return "";
    return name === "reference" && /^[-+=@]/.test(String(value)) ? `'${value}` : String(value);
  };
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, text(name, value)]));
}

/** An item of a page as a Parquet file is read back: integers as big integers, amounts with all decimals. */
function asCells(item: Body): Record<string, unknown> {
  const isAmount = /^(amount|balanceAfter|price|quantity|value|fee)$/;
  const cell = (name: string, value: unknown) => {
    if (typeof value === "number") return BigInt(value);
    if (!isAmount.test(name)) return value;
    const [whole, fraction = ""] = String(value).split(".");
    return `${whole}.${fraction.padEnd(PARQUET_DECIMALS, "0")}`;
  };
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, cell(name, value)]));
}

const LISTS = [
  { list: "/v1/statement", client: () => alice },
  { list: "/v1/statement?asset=BRL", client: () => alice },
  { list: "/v1/statement?kind=deposit", client: () => alice },
  { list: "/v1/statement?kind=fee&asset=BRL", client: () => bob },
  { list: "/v1/statement?accountId=bob", client: () => operator },
  { list: "/v1/statement?accountId=fees", client: () => operator },
  { list: "/v1/fills", client: () => alice },
  { list: `/v1/fills?market=${MARKET}&accountId=bob`, client: () => operator },
  { list: `/v1/markets/${MARKET}/trades`, client: () => alice },
];

describe.each(LISTS)("the file of $list", ({ list, client }) => {
  const path = list.includes("?") ? list.replace("?", "/export?") : `${list}/export`;

  it("is the list as CSV", async () => {
    const items = await pages(client(), list);
    const { bytes, headers, status } = await file(client(), path, "csv");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(readCsv(bytes)).toEqual(items.map(asTexts));
    expect(items.length).toBeGreaterThan(2);
  });

  it("is the list as Parquet", async () => {
    const items = await pages(client(), list);
    const { bytes, headers } = await file(client(), path, "parquet");
    expect(headers.get("content-type")).toBe("application/vnd.apache.parquet");
    const { rows, metadata } = await readParquet(bytes);
    expect(rows).toEqual(items.map(asCells));
    const notes = metadata.key_value_metadata;
    expect(notes).toContainEqual({ key: "pregao.throughSeq", value: headers.get("pregao-seq") });
  });
});

it("has amounts in the decimals of their asset, and their sign", async () => {
  const rows = readCsv((await file(alice, "/v1/statement/export", "csv")).bytes);
  for (const { asset, amount } of rows) {
    expect(amount!.split(".")[1]?.length ?? 0).toBe(SCALES[asset!]);
  }
  expect(rows.some(({ amount }) => amount!.startsWith("-"))).toBe(true);
  expect(rows.map(({ reference }) => reference)).toContain("'-2:3");
});

it("keeps to its times: from is inside, to is outside", async () => {
  const items = await pages(alice, "/v1/statement");
  const from = items[10].at;
  const to = items.at(-10).at;
  const inside = items.filter(({ at }) => at >= from && at < to);
  const period = `from=${from}&to=${to}`;
  expect(readCsv((await file(alice, `/v1/statement/export?${period}`, "csv")).bytes)).toEqual(
    inside.map(asTexts),
  );
  const trades = await pages(alice, `/v1/markets/${MARKET}/trades`);
  const [first, last] = [trades[3].at, trades.at(-3).at];
  const within = `/v1/markets/${MARKET}/trades/export?from=${first}&to=${last}`;
  const expected = trades.filter(({ at }) => at >= first && at < last).map(asTexts);
  expect(readCsv((await file(alice, within, "csv")).bytes)).toEqual(expected);
});

it("is a header alone, or a file without rows, when nothing happened", async () => {
  const path = "/v1/fills/export?from=2200-01-01T00:00:00Z";
  const csv = await file(alice, path, "csv");
  expect(new TextDecoder().decode(csv.bytes)).toBe(
    "tradeId,price,quantity,value,role,fee,feeAsset,orderId,market,side,at,seq\r\n",
  );
  const { rows, metadata } = await readParquet((await file(alice, path, "parquet")).bytes);
  expect(rows).toEqual([]);
  expect(metadata.schema.slice(1).map(({ name }) => name)).toContain("feeAsset");
});

it("is called after whose it is and its last command, to be saved and not kept by anybody else", async () => {
  const { headers } = await file(alice, "/v1/statement/export", "csv");
  const seq = headers.get("pregao-seq");
  expect(headers.get("content-disposition")).toBe(`attachment; filename="statement-alice-${seq}.csv"`);
  expect(headers.get("cache-control")).toBe("no-store");
  const head = await alice.send("HEAD", `/v1/markets/${MARKET}/trades/export?format=parquet`, {});
  expect(head.status).toBe(200);
  expect(head.headers.get("content-disposition")).toBe(
    `attachment; filename="trades-${MARKET}-${seq}.parquet"`,
  );
});

it.each([
  { path: "/v1/statement/export?format=xls", status: 400, code: "invalid-request" },
  { path: "/v1/statement/export?format=CSV", status: 400, code: "invalid-request" },
  { path: "/v1/statement/export?limit=7", status: 400, code: "invalid-request" },
  { path: "/v1/statement/export?kind=gift", status: 400, code: "invalid-request" },
  { path: "/v1/statement/export?from=yesterday", status: 400, code: "invalid-request" },
  { path: "/v1/statement/export?to=2026-02-30T00:00:00Z", status: 400, code: "invalid-request" },
  { path: "/v1/statement/export?asset=NONE", status: 404, code: "unknown-asset" },
  { path: "/v1/fills/export?market=NONE", status: 404, code: "unknown-market" },
  { path: "/v1/fills/export?orderId=1", status: 400, code: "invalid-request" },
  { path: "/v1/markets/NONE/trades/export", status: 404, code: "unknown-market" },
])("refuses $path", async ({ path, status, code }) => {
  expect(await alice.get(path)).toMatchObject({ status, body: { code } });
});

it("is whole in spite of what happens while it is read", async () => {
  const answer = await fetch(`${server.url}/v1/statement/export`, {
    headers: { authorization: `Bearer ${alice.key}` },
  });
  const seq = Number(answer.headers.get("pregao-seq"));
  await operator.post("/v1/deposits", {
    accountId: "alice",
    asset: "BRL",
    amount: "9.00",
    reference: "later",
  });
  const rows = readCsv(new Uint8Array(await answer.arrayBuffer()));
  expect(Math.max(...rows.map((row) => Number(row.seq)))).toBeLessThanOrEqual(seq);
  expect(rows.map(({ reference }) => reference)).not.toContain("later");
});
