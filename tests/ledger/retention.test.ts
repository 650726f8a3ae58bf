/** The ledger lets go of what lies before a boundary, and answers as if it had never had it. */
import { mkdtempSync } from "node:fs";
import { dirname, join } from "node:path";
import type Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { AccountIndex, OrderId, Seq } from "../../src/domain/units.ts";
import { BUCKET_BITS } from "../../src/projections/ledger/buckets.ts";
import { LedgerCheck } from "../../src/projections/ledger/ledger-check.ts";
import { LedgerQueries } from "../../src/projections/ledger/ledger-queries.ts";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import type { Page } from "../../src/projections/ledger/pages.ts";
import {
  type Boundary,
  keptReader,
  Retention,
  RetentionRefusedError,
} from "../../src/projections/ledger/retention.ts";
import type { OrderStatus } from "../../src/projections/order-record.ts";
import { busyDay } from "./busy-day.ts";
import { dump, freshPath, openWriter } from "./files.ts";
import { MARKET, Story } from "./story.ts";

const ALL = 1_000_000;
const OPEN = new Set<OrderStatus>(["open", "partially-filled", "pending"]);

function day(seed = 7, commands = 1_200) {
  const { story, accounts } = busyDay({ commands, seed });
  const path = freshPath();
  const { database, writer } = openWriter(path, 1);
  return { story, accounts, path, database, writer };
}

/** The ends of some frames, as an archive would name them. */
function boundaries(story: Story, count: number): Boundary[] {
  const step = Math.floor(story.frames.length / (count + 1));
  return Array.from({ length: count }, (_, place) => {
    const { lastSeq: seq, hash: frameHash } = story.frames[(place + 1) * step]!;
    return { seq, frameHash };
  });
}

function sweepAll(retention: Retention): void {
  while (retention.sweep()) {}
}

function everything(queries: LedgerQueries, accounts: readonly AccountIndex[]) {
  const page = { limit: ALL };
  return accounts.map((account) => ({
    orders: queries.orders({ ...page, account, status: "all" }).rows,
    statement: queries.statement({ ...page, account }).rows,
    fills: queries.fills({ ...page, account }).rows,
    deposits: queries.statement({ ...page, account, kind: "deposit" }).rows,
  }));
}

describe("behind a boundary", () => {
  it("lists show what came later, and orders that were open there with all their fills", () => {
    const { story, accounts, database, writer } = day();
    writer.apply(story.frames);
    const queries = new LedgerQueries(database);
    const before = everything(queries, accounts);
    const trades = queries.trades({ market: MARKET, limit: ALL }).rows;
    const retention = new Retention(database);
    const [boundary] = boundaries(story, 1);
    const { seq } = boundary!;
    const lastTouched = new Map(
      database.prepare("SELECT order_id, updated_seq FROM orders").raw().all() as [number, number][],
    );
    const isKept = (order: number) => order > seq || lastTouched.get(order)! > seq || isOpen(order);
    const open = before.flatMap(({ orders }) => orders).filter(({ progress }) => OPEN.has(progress.status));
    const openThere = new Set<number>(open.map(({ order }) => order));
    const isOpen = (order: number) => openThere.has(order);
    const expected = before.map((lists) => ({
      orders: lists.orders.filter(({ order }) => isKept(order)),
      statement: lists.statement.filter((entry) => entry.seq > seq),
      fills: lists.fills.filter((fill) => fill.seq > seq),
      deposits: lists.deposits.filter((entry) => entry.seq > seq),
    }));
    const keptBefore = expected.flatMap(({ orders }) => orders).filter(({ order }) => order <= seq);
    expect(keptBefore.length).toBeGreaterThan(3);
    const fillsOf = (order: OrderId) => queries.order(order);
    const fillsBefore = keptBefore.map(({ order }) => fillsOf(order));
    expect(fillsBefore.some((found) => found!.fills.some((fill) => fill.seq <= seq))).toBe(true);

    retention.advance(boundary!);
    const check = () => {
      expect(everything(queries, accounts)).toEqual(expected);
      expect(keptBefore.map(({ order }) => fillsOf(order))).toEqual(fillsBefore);
      const gone = [...lastTouched.keys()].filter((order) => !isKept(order)) as OrderId[];
      expect(gone.length).toBeGreaterThan(50);
      expect(gone.filter((order) => queries.order(order) !== undefined)).toEqual([]);
      expect(queries.trades({ market: MARKET, limit: ALL }).rows).toEqual(
        trades.filter((trade) => trade.seq > seq),
      );
    };
    check();
    let batches = 0;
    for (; retention.sweep(); batches += 1) check();
    expect(batches).toBeGreaterThan(8);
    expect(retention.isSwept).toBe(true);
    expect(retention.archived).toEqual({ seq, at: expect.any(Number) });
    const left = (table: string, column: string, until: number) =>
      database.prepare(`SELECT count(*) FROM ${table} WHERE ${column} <= ?`).pluck().get(until);
    expect(left("orders", "order_id", seq)).toBe(keptBefore.length);
    expect(left("transfers", "seq", seq)).toBe(0);
    expect(left("entries", "seq", seq)).toBe(0);
    const { firstEntry } = keptReader(database)();
    expect(left("settled_entries", "entry", firstEntry - 1)).toBe(0);
    expect(left("settled_entries", "entry", ALL)).toBeGreaterThan(10);
    expect(left("order_marks", "order_id", seq)).toBe(0);
    expect(left("commands", "seq", seq)).toBeLessThan(seq / 2);
  });

  it("pages of any length come to the same lists", () => {
    const { story, accounts, database, writer } = day(8);
    writer.apply(story.frames);
    const retention = new Retention(database);
    for (const boundary of boundaries(story, 2)) {
      retention.advance(boundary);
      sweepAll(retention);
    }
    const queries = new LedgerQueries(database);
    const [account] = accounts as [AccountIndex];
    const inPages = <Row>(read: (before: number | null) => Page<Row>): Row[] => {
      const rows: Row[] = [];
      for (let before: number | null = null; ; ) {
        const page = read(before);
        rows.push(...page.rows);
        if (page.next === null) return rows;
        before = page.next;
      }
    };
    const whole = everything(queries, [account])[0]!;
    const status = "all";
    expect(inPages((before) => queries.orders({ account, limit: 3, before, status }))).toEqual(whole.orders);
    expect(inPages((before) => queries.statement({ account, limit: 7, before }))).toEqual(whole.statement);
    expect(inPages((before) => queries.fills({ account, limit: 2, before }))).toEqual(whole.fills);
  });

  it("times find what is kept of the time before the boundary", () => {
    const { story, accounts, database, writer } = day(9);
    writer.apply(story.frames);
    const queries = new LedgerQueries(database);
    const account = accounts[0]!;
    const [boundary] = boundaries(story, 1);
    const all = queries.orders({ account, limit: ALL, status: "all" }).rows;
    const retention = new Retention(database);
    retention.advance(boundary!);
    sweepAll(retention);
    const kept = queries.orders({ account, limit: ALL, status: "all" }).rows;
    const from = kept.at(-1)!.createdAt;
    const to = kept.at(-3)!.createdAt;
    expect(all.length).toBeGreaterThan(kept.length);
    expect(queries.orders({ account, limit: ALL, status: "all", from, to }).rows).toEqual(
      kept.filter(({ createdAt }) => createdAt >= from && createdAt < to),
    );
  });
});

it("the same rows stay, however many boundaries there were and whenever they came", () => {
  const { story, path, writer, database } = day(11);
  const marks = boundaries(story, 3);
  const retention = new Retention(database);
  let next = 0;
  for (const frame of story.frames) {
    writer.apply([frame]);
    // Each boundary comes some time after its frame, and the next before the rows of the last are all gone.
    if (next < marks.length && frame.lastSeq > marks[next]!.seq + 20) {
      retention.advance(marks[next]!);
      retention.sweep();
      next += 1;
    }
  }
  expect(next).toBe(3);
  sweepAll(retention);

  const other = day(11);
  other.writer.apply(story.frames);
  const atOnce = new Retention(other.database);
  atOnce.advance(marks[2]!);
  sweepAll(atOnce);
  expect(dump(path)).toEqual(dump(other.path));
});

describe("of the outbox", () => {
  const numbersIn = (database: Database.Database) =>
    database.prepare("SELECT settlement FROM settlements ORDER BY settlement").pluck().all() as number[];

  it("goes what arrived long ago and lies before the boundary, and the rest stays with its numbers", () => {
    const { story, database, writer } = day(15);
    writer.apply(story.frames);
    const all = numbersIn(database);
    const [first, second, third] = boundaries(story, 3) as [Boundary, Boundary, Boundary];
    const lastAt = (boundary: Boundary) =>
      database
        .prepare("SELECT max(settlement) FROM settlements WHERE seq <= ?")
        .pluck()
        .get(boundary.seq) as number;
    const [before, behind] = [lastAt(first), lastAt(second)];
    expect(behind).toBeGreaterThan(before + 10);
    const retention = new Retention(database);
    const dropTo = (boundary: Boundary, arrivedSettlement: number) => {
      retention.advance({ ...boundary, arrivedSettlement });
      sweepAll(retention);
      return numbersIn(database)[0];
    };
    // All have arrived, and only those before the boundary go.
    expect(dropTo(first, behind + 5)).toBe(before + 1);
    // What was said to have arrived goes with the boundary that comes to it.
    expect(dropTo(second, 0)).toBe(behind + 1);
    expect(dropTo(third, 0)).toBe(behind + 6);
    expect(numbersIn(database)).toEqual(all.slice(behind + 5));
  });

  it("nothing goes that has not arrived", () => {
    const { story, database, writer } = day(16);
    writer.apply(story.frames);
    const all = numbersIn(database);
    expect(all.length).toBeGreaterThan(50);
    const retention = new Retention(database);
    for (const [place, boundary] of boundaries(story, 2).entries()) {
      retention.advance({ ...boundary, arrivedSettlement: place });
      sweepAll(retention);
    }
    expect(numbersIn(database)).toEqual(all.slice(1));
  });
});

it("stretches of request ids go with the last of their commands, and never the one that is being written", () => {
  const story = new Story();
  story.market();
  const account = story.account("alice");
  const width = 2 ** BUCKET_BITS;
  const refuseUpTo = (seq: number) => {
    while (story.seq < seq) {
      story.refuse();
      if (story.seq % 1_000 === 0) story.frame();
    }
    story.frame();
  };
  refuseUpTo(width + 50);
  const order = story.place({ account, side: "buy", price: 100, quantity: 3 });
  refuseUpTo(3 * width - 1);
  const { database, writer } = openWriter();
  writer.apply(story.frames);
  const retention = new Retention(database);
  const { lastSeq: seq, hash: frameHash } = story.frames.at(-1)!;
  retention.advance({ seq, frameHash });
  sweepAll(retention);
  const buckets = () => database.prepare("SELECT bucket FROM request_ranges ORDER BY bucket").pluck().all();
  // The first has nothing any more, the second the open order, and the third is the one that is being written.
  expect(buckets()).toEqual([1, 2]);
  refuseUpTo(3 * width + 10);
  writer.apply(story.frames.slice(-1));
  expect(buckets()).toEqual([1, 2, 3]);
  const [placed] = new LedgerQueries(database).commands([order]);
  expect(new LedgerQueries(database).commandsOfRequest(placed!.requestId)).toEqual([placed]);
});

it("a ledger that has let go of everything that it may is what the events come to", () => {
  const { story, path, writer, database } = day(17);
  writer.apply(story.frames);
  const retention = new Retention(database);
  for (const [place, boundary] of boundaries(story, 2).entries()) {
    retention.advance({ ...boundary, arrivedSettlement: 20 + place });
    sweepAll(retention);
  }
  const findings = () => {
    const check = LedgerCheck.open(path, mkdtempSync(join(dirname(path), "check-")));
    if (!(check instanceof LedgerCheck)) throw new Error(`no ledger to check: ${check}`);
    for (const frame of story.frames) check.feed(frame);
    const faults = check.findings([], { all: true }).map(({ what, fault }) => ({ what, fault }));
    check.close();
    return faults.find(({ what }) => what === "ledger's rows")?.fault;
  };
  expect(findings()).toBeNull();
  database.exec("DELETE FROM settlements WHERE settlement = 30");
  expect(findings()).toContain("settlements, settlement 31");
});

it("goes on after a stop in the middle of the sweep", () => {
  const { story, path, writer, database } = day(12);
  writer.apply(story.frames);
  const first = new Retention(database);
  first.advance(boundaries(story, 1)[0]!);
  first.sweep();
  first.sweep();
  database.close();
  const again = openWriter(path);
  const second = new Retention(again.database);
  expect(second.isSwept).toBe(false);
  sweepAll(second);
  const other = day(12);
  other.writer.apply(story.frames);
  const whole = new Retention(other.database);
  whole.advance(boundaries(story, 1)[0]!);
  sweepAll(whole);
  expect(dump(path)).toEqual(dump(other.path));
});

it("what comes after the boundary is written as if nothing had been dropped", () => {
  const { story, accounts, database, writer } = day(13);
  const half = Math.floor(story.frames.length / 2);
  writer.apply(story.frames.slice(0, half));
  const { lastSeq: seq, hash: frameHash } = story.frames[half - 10]!;
  const retention = new Retention(database);
  retention.advance({ seq, frameHash });
  sweepAll(retention);
  new LedgerWriter(database).apply(story.frames.slice(half));
  const whole = day(13);
  whole.writer.apply(story.frames);
  const [kept, all] = [new LedgerQueries(database), new LedgerQueries(whole.database)];
  const statements = (queries: LedgerQueries) =>
    everything(queries, accounts).map(({ statement }) => statement.filter((entry) => entry.seq > seq));
  expect(statements(kept)).toEqual(statements(all));
});

it("another history than the ledger's is refused, and so is going back", () => {
  const { story, database, writer } = day(14);
  writer.apply(story.frames);
  const [first, second] = boundaries(story, 2) as [Boundary, Boundary];
  const retention = new Retention(database);
  const foreign = { seq: first.seq, frameHash: "ab".repeat(32) };
  expect(() => retention.advance(foreign)).toThrow(RetentionRefusedError);
  const inFrame = { seq: (first.seq - 1) as Seq, frameHash: first.frameHash };
  if (story.frames.every(({ lastSeq }) => lastSeq !== inFrame.seq)) {
    expect(() => retention.advance(inFrame)).toThrow(RetentionRefusedError);
  }
  const beyond = { seq: (story.seq + 1) as Seq, frameHash: first.frameHash };
  expect(() => retention.advance(beyond)).toThrow(RetentionRefusedError);
  expect(retention.archived).toBeNull();
  retention.advance(second);
  expect(() => retention.advance(first)).toThrow(RetentionRefusedError);
  expect(retention.archived!.seq).toBe(second.seq);
});
