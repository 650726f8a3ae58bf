/**
 * Traces of a whole story, over HTTP: what the journal, the ledger and the engine that lives through it once more say
 * of each command is what was heard when it happened.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Committed, Event } from "../../src/domain/events.ts";
import type { AccountIndex, EpochMs, OrderId } from "../../src/domain/units.ts";
import { traceSchema } from "../../src/edge/http/trace-schemas.ts";
import { openLog } from "../../src/edge/log.ts";
import { createServer, type Server } from "../../src/edge/server.ts";
import { Engine } from "../../src/engine/engine.ts";
import { Exchange } from "../../src/exchange.ts";
import { namesOf } from "../../src/projections/changes/directory-names.ts";
import { eventWords } from "../../src/projections/changes/event-words.ts";
import { type Story, stepsOf, story } from "../properties/stories.ts";
import { FEED_EVENTS_MAX, liveThrough, namesIn, snapshotAt } from "../replay/past.ts";
import { ADMIN_KEY, type Body, Client } from "./harness.ts";

const HASH_BYTES = 32;

type Told = {
  readonly directory: string;
  readonly exchange: Exchange;
  readonly server: Server;
  readonly operator: Client;
  /** What was heard live. */
  readonly heard: readonly Committed[];
};

let told: Told;

/** A copy, in which the negative zero that only a test can make is a zero, as it is in the journal. */
const plain = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value));

/** Nearly every kind of command, and trades that were triggered, prevented and uncrossed; the same in every run. */
function theStory() {
  const rich = story(350).filter((it) => it.steps.length > 300 && isRich(it));
  return fc.sample(rich, { seed: 51, numRuns: 1 })[0]!;
}

/** Most stories have few trades; what they have is known from an engine before one is told. */
function isRich(it: Story): boolean {
  const engine = new Engine();
  const kinds = new Set<string>();
  const trades = { all: 0, uncrossed: 0, prevented: 0 };
  for (const { entry } of stepsOf(it)) {
    const events = engine.apply(entry);
    const { kind } = entry.command;
    kinds.add(kind);
    for (const trade of events) {
      if (trade.kind !== "TradeExecuted") continue;
      trades.all += 1;
      if (kind === "ChangeMarket") trades.uncrossed += 1;
      else if (events.some((event) => isPreventedFor(trade.takerAccount, event))) trades.prevented += 1;
    }
  }
  return kinds.size > 12 && trades.all > 35 && Math.min(trades.uncrossed, trades.prevented) > 3;
}

function isPreventedFor(account: AccountIndex, event: Event): boolean {
  return event.kind === "OrderCanceled" && event.reason === "self-trade" && event.account === account;
}

beforeAll(async () => {
  const heard: Committed[] = [];
  const { directory } = await liveThrough(
    theStory(),
    async (closed, place) => {
      if (closed.segment % 4 === 0) await snapshotAt(place, closed, { keepsSegments: true });
    },
    (committed) => void heard.push(plain(committed)),
  );
  told = { directory, heard, ...(await open(directory)) };
}, 60_000);

afterAll(close);

async function open(directory: string) {
  const exchange = await Exchange.open({
    directory,
    feedEventsMax: FEED_EVENTS_MAX,
    diskReserveBytes: 0,
    onReport: () => {},
    onFailure: (error) => {
      throw error;
    },
  });
  const log = openLog("silent");
  const server = await createServer({ adminKey: ADMIN_KEY, host: "127.0.0.1", port: 0, log, version: "0" });
  server.open(exchange);
  return { exchange, server, operator: new Client(await server.listen(), ADMIN_KEY) };
}

async function close(): Promise<void> {
  await told.server.close();
  await told.exchange.close();
}

async function traceOf(id: string, query = ""): Promise<Body> {
  const { status, body } = await told.operator.get(`/v1/trace/${encodeURIComponent(id)}${query}`);
  expect({ id, status, body }).toMatchObject({ status: 200 });
  expect(traceSchema.parse(body)).toEqual(body);
  return body;
}

/** What was heard, in the words in which it is told. */
function heardWords({ events }: Committed): unknown {
  const placedAt = new Map<OrderId, EpochMs>();
  for (const { entry, events: before } of told.heard) {
    for (const event of before) if (event.kind === "OrderPlaced") placedAt.set(event.order, entry.at);
  }
  const names = namesOf(told.exchange.directory);
  return plain(events.map((event) => eventWords(event, names, (order) => placedAt.get(order)!)));
}

/** The exchange that was opened afterwards lives today, and ends at once what the story's orders had of time. */
function wasHeard(seq: number): boolean {
  return seq <= told.heard.length;
}

/** The frame's own bytes say what its hash is: over the hash in front of it and all that it holds. */
function hashAt({ file, offset, bytes }: { file: string; offset: number; bytes: number }) {
  const segment = readFileSync(join(told.directory, "journal", file));
  const hashed = segment.subarray(offset - HASH_BYTES, offset + bytes - HASH_BYTES);
  return {
    computed: createHash("sha256").update(hashed).digest("hex"),
    written: segment.subarray(offset + bytes - HASH_BYTES, offset + bytes).toString("hex"),
  };
}

describe("a trace", () => {
  it("by request id is all that was heard of the command, where it stands, and what the ledger has of it", async () => {
    const kinds = new Set<string>();
    let nextEntry = 1;
    const totals = new Map<string, string>();
    for (const committed of told.heard) {
      const { seq, requestId, traceId, command } = committed.entry;
      const trace = await traceOf(requestId);
      expect(trace).toMatchObject({ kind: "request", eventsMissing: null, nextCursor: null });
      expect(trace.commands).toHaveLength(1);
      const [found] = trace.commands;
      expect(found).toMatchObject({ seq, requestId, traceId, command: { kind: command.kind } });
      expect(found.events).toEqual(heardWords(committed));
      const rejected = committed.events.find(({ kind }) => kind === "CommandRejected");
      expect(found.outcome).toBe(rejected === undefined ? "accepted" : (rejected as Body).reason);
      const { computed, written } = hashAt(found.journal);
      expect({ computed, written }).toEqual({ computed: found.journal.hash, written: found.journal.hash });
      expect(found.journal.firstSeq <= seq && seq <= found.journal.lastSeq).toBe(true);
      const trades = found.events.filter(({ kind }: Body) => kind === "TradeExecuted");
      expect(found.trades).toEqual(trades.map(({ kind: _, ...trade }: Body) => trade));
      for (const entry of found.entries) {
        expect({ entryId: entry.entryId, seq: entry.seq }).toEqual({ entryId: nextEntry, seq });
        nextEntry += 1;
        if (entry.accountId !== null) totals.set(`${entry.accountId} ${entry.asset}`, entry.balanceAfter);
      }
      for (const { kind, accountId, asset, total } of found.events) {
        if (kind !== "WalletChanged") continue;
        const posted = totals.get(`${accountId} ${asset}`);
        if (posted !== undefined)
          expect({ accountId, asset, total: posted }).toEqual({ accountId, asset, total });
      }
      kinds.add(command.kind);
    }
    expect(kinds.size).toBeGreaterThan(12);
    expect(nextEntry).toBeGreaterThan(200);
  }, 60_000);

  it("by trace id is every command that came with it, newest first, page by page", async () => {
    const [{ traceId }] = told.heard
      .map(({ entry }) => entry)
      .filter((entry) => entry.traceId !== null) as Body;
    const expected = told.heard
      .flatMap(({ entry }) => (entry.traceId === traceId ? [entry.seq] : []))
      .reverse();
    const seqs: number[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Body = await traceOf(traceId, `?limit=40${cursor === "" ? "" : `&cursor=${cursor}`}`);
      expect(page.kind).toBe("trace");
      seqs.push(...page.commands.map(({ seq }: Body) => seq));
      for (const { seq, events } of page.commands) expect(events).toEqual(heardWords(told.heard[seq - 1]!));
      cursor = page.nextCursor;
    }
    expect(seqs).toEqual(expected);
  }, 30_000);

  it("by an order is its placing and every later command that touched it", async () => {
    const orders = told.heard.filter(({ events }) => events.some(({ kind }) => kind === "OrderPlaced"));
    for (const { entry } of orders.filter((_, place) => place % 5 === 0)) {
      const { order, commands, kind } = await traceOf(String(entry.seq));
      expect({ kind, seq: commands[0].seq }).toEqual({ kind: "order", seq: entry.seq });
      const touching = told.heard.filter(({ events }) =>
        events.some(
          (event) =>
            event.kind !== "OrderRepeated" &&
            (("order" in event && (event.order as number) === entry.seq) ||
              ("takerOrder" in event && [event.takerOrder, event.makerOrder].includes(entry.seq as never))),
        ),
      );
      const touchedBy = order.touchedBy.map(({ seq }: Body) => seq).filter(wasHeard);
      expect(touchedBy).toEqual(touching.map((each) => each.entry.seq));
      expect(order.touchedBy[0].how).toContain("placed");
      const named = await traceOf(order.id);
      expect(named.order).toEqual(order);
    }
  }, 30_000);

  it("by a trade or an entry is that of the command behind it", async () => {
    const trade = told.heard.findLast(({ events }) => events.some(({ kind }) => kind === "TradeExecuted"))!;
    const { commands } = await traceOf(trade.entry.requestId);
    const { market, tradeId } = commands[0].trades[0];
    expect((await traceOf(`${market}/${tradeId}`)).commands).toEqual(commands);
    for (const { entryId } of commands[0].entries) {
      expect((await traceOf(`entry:${entryId}`)).commands).toEqual(commands);
    }
    expect((await traceOf(`command:${trade.entry.seq}`)).commands).toEqual(commands);
  });
});

/** What an explanation says must follow from the events that were heard, without a look at any book. */
function checkExplanation(fill: Body, { events }: Committed): void {
  const place = events.findIndex(
    (event) =>
      event.kind === "TradeExecuted" && event.trade === fill.tradeId && nameOf(event.market) === fill.market,
  );
  const earlier = events.slice(0, place);
  const [{ count, orders, isWhole }] = fill.ahead;
  expect({ count, isWhole }).toEqual({ count: orders.length, isWhole: true });
  for (const queue of fill.ahead) {
    for (const { traded, prevented, shown, ended, orderId } of queue.orders) {
      const isGone = ended !== null || Number(traded) >= Number(shown) || Number(prevented) > 0;
      expect({ orderId, isGone }).toEqual({ orderId, isGone: true });
    }
  }
  const named = new Set(fill.ahead[0].orders.map(({ orderId }: Body) => orderId));
  const entered = new Set(events.flatMap((event) => (event.kind === "OrderTriggered" ? [event.order] : [])));
  for (const event of earlier) {
    // Whoever traded as a maker before this trade, and was in the book before the command, stood in front of its maker.
    if (event.kind !== "TradeExecuted" || event.takerOrder !== fill.taker.orderId) continue;
    const wasThere = (event.makerOrder as number) < fill.seq && !entered.has(event.makerOrder);
    if (wasThere && fill.command === "PlaceOrder" && event.makerOrder !== fill.maker.orderId)
      expect(named).toContain(event.makerOrder);
  }
  const triggered = new Set(
    earlier.flatMap((event) => (event.kind === "OrderTriggered" ? [event.order as number] : [])),
  );
  for (const { orderId, isTriggered } of [fill.taker, fill.maker]) {
    expect({ orderId, isTriggered }).toEqual({ orderId, isTriggered: triggered.has(orderId) });
    const isTold = fill.text.some((line: string) =>
      line.startsWith(`Order ${orderId} had waited for its trigger`),
    );
    expect({ orderId, isTold }).toEqual({ orderId, isTold: isTriggered });
  }
  for (const party of [fill.taker, fill.maker]) {
    const { before, spent, released, after } = party.holds;
    expect(Number(before) - Number(spent) - Number(released)).toBeCloseTo(Number(after), 6);
  }
  for (const { wallets, accountId } of [fill.taker, fill.maker]) {
    for (const { asset, after } of wallets) {
      const changed = heardWords({ events } as Committed) as Body[];
      const wallet = changed.find(
        (event) => event.kind === "WalletChanged" && event.accountId === accountId && event.asset === asset,
      );
      const { available, held } = wallet ?? after;
      expect(after).toEqual({ available, held });
    }
  }
  expect(fill.text.length).toBeGreaterThan(7);
  expect(fill.text.join(" ")).not.toMatch(/undefined|NaN|null/);
}

function nameOf(market: Body): string {
  return told.exchange.directory.market(market).name;
}

describe("an explanation", () => {
  it("of every trade follows from what was heard: who was in front had gone, and the holds add up", async () => {
    let fills = 0;
    let uncrossed = 0;
    let prevented = 0;
    let triggered = 0;
    for (const committed of told.heard) {
      for (const event of committed.events) {
        if (event.kind !== "TradeExecuted") continue;
        const { explanation } = await traceOf(`${nameOf(event.market)}/${event.trade}`, "?explain=true");
        expect(explanation).toMatchObject({ tradeId: event.trade, seq: committed.entry.seq });
        checkExplanation(explanation, committed);
        fills += 1;
        if (explanation.selfTrade.mode === null) uncrossed += 1;
        if (explanation.selfTrade.canceled.length > 0) prevented += 1;
        if (explanation.taker.isTriggered) triggered += 1;
      }
    }
    expect(fills).toBeGreaterThan(30);
    expect(Math.min(uncrossed, prevented, triggered)).toBeGreaterThan(3);
  }, 60_000);
});

describe("history that has been removed", () => {
  it("is 410, and what only lacks a state to begin from is told without its events", async () => {
    const { directory, heard } = told;
    await close();
    const snapshots = namesIn(directory, "snapshots").map((name) => Number(name.slice(0, 16)));
    const [oldest] = snapshots;
    expect(snapshots.length).toBeGreaterThan(1);
    // As a retention would have left it, but for one segment more than the snapshots need.
    const segments = namesIn(directory, "journal").filter((name) => name.endsWith(".segment"));
    const kept = segments.findLastIndex((name) => firstSeqOf(directory, name) <= oldest!) - 1;
    for (const name of segments.slice(0, kept)) rmSync(join(directory, "journal", name));
    Object.assign(told, await open(directory));
    const first = await told.operator.get("/v1/trace/command:1");
    expect(first).toMatchObject({ status: 410, body: { code: "history-removed" } });
    const firstKept = firstSeqOf(directory, segments[kept]!);
    expect(first.body.detail).toContain(`is ${firstKept}.`);
    const between = await traceOf(`command:${firstKept}`);
    expect(between.eventsMissing).toContain(`from sequence ${oldest}`);
    expect(between.commands[0]).toMatchObject({ seq: firstKept, events: null, eventCount: null });
    const latest = await traceOf(`command:${heard.length}`);
    expect(latest.commands[0].events).toEqual(heardWords(heard.at(-1)!));
  }, 30_000);
});

function firstSeqOf(directory: string, name: string): number {
  return Number(readFileSync(join(directory, "journal", name)).readBigUInt64LE(40));
}
