/** Downloads that are longer than what fits anywhere: slow readers, those who leave, too many at once, and an end midway. */
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DownloadThread } from "../../../src/edge/downloads/download-thread.ts";
import {
  DOWNLOADS_MAX,
  DOWNLOADS_PER_ACCOUNT_MAX,
  Downloads,
} from "../../../src/edge/downloads/downloads.ts";
import { readParquet } from "../../ledger/read-parquet.ts";
import { ADMIN_KEY } from "../harness.ts";
import { type LongHistory, openLongHistory } from "./long-history.ts";

/** More than the buffers of a connection hold, of either list. */
const ROWS = 120_000;
const STATEMENT = "/v1/statement/export?accountId=alice";

let history: LongHistory;
beforeAll(async () => {
  history = await openLongHistory(ROWS);
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => history.dispose());

/** An answer whose body is not read until somebody does. */
async function begin(path: string, key = ADMIN_KEY, url = history.url): Promise<IncomingMessage> {
  const request = get(url + path, { agent: false, headers: { authorization: `Bearer ${key}` } });
  request.on("error", () => {});
  const [answer] = (await once(request, "response")) as [IncomingMessage];
  // One that is cut off says so to whoever reads it, too.
  answer.on("error", () => {});
  return answer;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of answer.setEncoding("utf8")) text += piece;
  return text;
}

/** The numbers of the trades in a file. */
async function tradesOf(file: Buffer, format: "csv" | "parquet"): Promise<number[]> {
  if (format === "parquet") return (await readParquet(file)).rows.map(({ tradeId }) => Number(tradeId));
  const lines = file.toString().trimEnd().split("\r\n").slice(1);
  return lines.map((line) => Number(line.split(",", 1)[0]));
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await isSo()).toBe(true), { timeout: 5_000, interval: 120 });
}

async function underWay(): Promise<number> {
  const text = await (await fetch(`${history.url}/metrics`)).text();
  return Number(/^pregao_downloads (\d+)$/m.exec(text)![1]);
}

describe("a slow reader", () => {
  it.each([
    { format: "csv", rows: 300_000 },
    { format: "parquet", rows: 40_000 },
  ] as const)("has a piece or two of $format in memory, and gets the whole", async ({ format, rows }) => {
    const { path, throughSeq, dispose } = await openLongHistory(rows);
    const asked = vi.spyOn(DownloadThread.prototype, "next");
    const socket = { setTimeout: vi.fn(), timeout: 60_000, resetAndDestroy: vi.fn() };
    const downloads = new Downloads(path);
    const opened = await downloads.open(
      {
        list: { what: "trades", market: 0 as never },
        format,
        from: null,
        to: null,
        throughSeq,
        assets: [0, 1].map((asset) => ({ asset: asset as never, name: `A${asset}`, scale: 2 })),
        markets: [
          {
            market: 0,
            quote: 1,
            tickSize: { units: 1, scale: 2 },
            lotSize: { units: 1, scale: 0 },
          } as never,
        ],
      },
      { account: null, socket: socket as unknown as Socket },
    );
    if (!("stream" in opened)) throw new Error("it was refused");
    const pieces: Buffer[] = [];
    for await (const piece of opened.stream) {
      pieces.push(piece as Buffer);
      expect(asked.mock.calls.length).toBeLessThanOrEqual(pieces.length + 2);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pieces.length).toBeGreaterThan(format === "csv" ? rows / 1_001 : rows / 16_385);
    expect(await tradesOf(Buffer.concat(pieces), format)).toEqual(
      Array.from({ length: rows }, (_, i) => i + 1),
    );
    // The connection may be silent while a piece is made, and for as long as ever while the client does not read.
    expect(socket.setTimeout.mock.calls.slice(0, 3)).toEqual([[0], [60_000], [0]]);
    expect(socket.setTimeout.mock.lastCall).toEqual([60_000]);
    expect(socket.resetAndDestroy).not.toHaveBeenCalled();
    expect(downloads.count).toBe(0);
    await downloads.close();
    await dispose();
  });

  it("stands in nobody's way, and its client gets all rows in their order when it goes on", async () => {
    const slow = await begin(STATEMENT);
    const quick = await textOf(await begin(STATEMENT));
    await until(async () => (await underWay()) === 1);
    expect(await textOf(slow)).toBe(quick);
    const lines = quick.trimEnd().split("\r\n").slice(1);
    expect(lines).toHaveLength(ROWS);
    const isInOrder = lines.every((line, place) => {
      const [entryId, , , , asset, amount, balanceAfter] = line.split(",");
      const total = ((place + 1) / 100).toFixed(2);
      return (
        entryId === String(1_001 + place) && asset === "GOLD" && amount === "0.01" && balanceAfter === total
      );
    });
    expect(isInOrder).toBe(true);
  });
});

describe("too many at once", () => {
  it("are refused to an account, until one of its own has ended", async () => {
    const mine = await Promise.all(
      Array.from({ length: DOWNLOADS_PER_ACCOUNT_MAX }, () => begin("/v1/statement/export", history.key)),
    );
    expect(mine.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    const refused = await begin("/v1/fills/export", history.key);
    expect(refused).toMatchObject({ statusCode: 429, headers: { "retry-after": "1" } });
    expect(JSON.parse(await textOf(refused))).toMatchObject({ code: "too-many-downloads" });
    mine[0]!.destroy();
    await until(async () => (await underWay()) === 1);
    const again = await begin("/v1/fills/export", history.key);
    expect(again.statusCode).toBe(200);
    await textOf(again);
    mine[1]!.destroy();
  });

  it("are refused to everybody", async () => {
    const all = await Promise.all(Array.from({ length: DOWNLOADS_MAX }, () => begin(STATEMENT)));
    const refused = await begin("/v1/statement/export", history.key);
    expect(refused.statusCode).toBe(503);
    expect(JSON.parse(await textOf(refused))).toMatchObject({ code: "overloaded" });
    for (const each of all) each.destroy();
    await until(async () => (await underWay()) === 0);
  });
});

it("ends as cut off when it cannot be finished, and leaves its place to the next", async () => {
  const next = vi.spyOn(DownloadThread.prototype, "next");
  const answer = await begin(STATEMENT);
  next.mockRejectedValueOnce(new Error("the disk is gone"));
  await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
  const whole = await textOf(await begin("/v1/statement/export?accountId=alice&kind=deposit"));
  expect(whole.trimEnd().split("\r\n")).toHaveLength(1);
});

it("ends for the client as cut off when the server stops, and does not hold it up", async () => {
  const { url, server, dispose } = await openLongHistory(ROWS);
  const answer = await begin(STATEMENT, ADMIN_KEY, url);
  const startedAt = Date.now();
  const closed = server.close();
  await expect(textOf(answer)).rejects.toMatchObject({ code: "ECONNRESET" });
  await closed;
  expect(Date.now() - startedAt).toBeLessThan(3_000);
  await dispose();
});
