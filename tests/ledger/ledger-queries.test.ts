import { describe, expect, it } from "vitest";
import type { OrderPlaced } from "../../src/domain/events.ts";
import type { AccountIndex, EpochMs, MarketIndex, OrderId } from "../../src/domain/units.ts";
import { LedgerQueries } from "../../src/projections/ledger/ledger-queries.ts";
import { type Page, takePage } from "../../src/projections/ledger/pages.ts";
import {
  LiveOrders,
  ORDER_UPDATE_TYPES,
  type OrderUpdateType,
} from "../../src/projections/live/live-orders.ts";
import type { OrderRecord } from "../../src/projections/order-record.ts";
import { busyDay } from "./busy-day.ts";
import { openWriter } from "./files.ts";
import { BRL, MARKET, VIB } from "./story.ts";

const LIMIT_MAX = 1_000_000;
const NOBODY = 99 as AccountIndex;

function history(commands = 1_500) {
  const { story, accounts } = busyDay({ commands, seed: 42 });
  const { database, writer } = openWriter();
  writer.apply(story.frames);
  const values = (sql: string, ...values: unknown[]) =>
    database
      .prepare(sql)
      .pluck()
      .all(...values);
  return { story, alice: accounts[0]!, accounts, values, queries: new LedgerQueries(database) };
}

/** All rows of a list, read `limit` at a time. */
function inPages<Row>(
  limit: number,
  read: (page: { limit: number; before: number | null }) => Page<Row>,
): Row[] {
  const rows: Row[] = [];
  for (let before: number | null = null; ; ) {
    const page = read({ limit, before });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    if (page.next === null) return rows;
    expect(page.rows).toHaveLength(limit);
    before = page.next;
  }
}

describe("lists from new to old", () => {
  const times = "seq IN (SELECT seq FROM commands WHERE at >= ? AND at < ?)";

  it("give every row of an account once, whatever the page", () => {
    const { queries, alice: account, values } = history();
    for (const limit of [1, 7, 1_000]) {
      const entries = inPages(limit, (page) => queries.statement({ ...page, account }));
      const all = values("SELECT entry FROM entries WHERE account = ? ORDER BY entry DESC", account);
      expect(entries.map(({ entryId }) => entryId)).toEqual(all);
      const orders = inPages(limit, (page) => queries.orders({ ...page, account, status: "all" }));
      const ids = values("SELECT order_id FROM orders WHERE account = ? ORDER BY 1 DESC", account);
      expect(orders.map(({ order }) => order)).toEqual(ids);
      const fills = inPages(limit, (page) => queries.fills({ ...page, account }));
      const sides =
        "SELECT market || '/' || trade FROM trades WHERE ? IN (maker_account, taker_account) ORDER BY first_entry DESC";
      expect(fills.map(({ market, tradeId }) => `${market}/${tradeId}`)).toEqual(values(sides, account));
      const trades = inPages(limit, (page) => queries.trades({ ...page, market: MARKET }));
      const tradeIds = values("SELECT trade FROM trades WHERE market = 0 ORDER BY trade DESC");
      expect(trades.map(({ tradeId }) => tradeId)).toEqual(tradeIds);
    }
  });

  it("keep to their times: from is inside, to is outside", () => {
    const { queries, alice: account, values, story } = history();
    const start = 1_700_000_000_000;
    const span = story.at - start;
    const at = (share: number) => (start + Math.floor(span * share)) as EpochMs;
    const ranges = [
      { from: at(0.2), to: at(0.3) },
      { from: at(0.9), to: at(0.9) },
      { from: at(0), to: at(1) },
      { from: at(-1), to: at(0) },
      { from: at(0.5), to: (story.at + 1) as EpochMs },
      { from: (story.at + 1) as EpochMs, to: (story.at + 9) as EpochMs },
    ];
    for (const range of ranges) {
      const { from, to } = range;
      const entries = inPages(5, (page) => queries.statement({ ...page, account, ...range }));
      const wanted = `SELECT entry FROM entries WHERE account = ? AND ${times} ORDER BY entry DESC`;
      expect(entries.map(({ entryId }) => entryId)).toEqual(values(wanted, account, from, to));
      const orders = inPages(5, (page) => queries.orders({ ...page, account, status: "all", ...range }));
      const placed = `SELECT order_id FROM orders WHERE account = ? AND order_${times.replace("seq", "id")} ORDER BY 1 DESC`;
      expect(orders.map(({ order }) => order)).toEqual(values(placed, account, from, to));
      const fills = inPages(5, (page) => queries.fills({ ...page, account, ...range }));
      const traded = `SELECT seq FROM trades WHERE ? IN (maker_account, taker_account) AND ${times} ORDER BY first_entry DESC`;
      expect(fills.map(({ seq }) => seq)).toEqual(values(traded, account, from, to));
    }
  });

  it("keep to what is asked for", () => {
    const { queries, alice: account, values } = history();
    const limit = LIMIT_MAX;
    const market = 1 as MarketIndex;
    const ids = "SELECT order_id FROM orders WHERE account = 1";
    const orders = [
      { query: { status: "open" }, sql: `${ids} AND status IN (0, 1, 5)` },
      { query: { status: "closed" }, sql: `${ids} AND status IN (2, 3, 4)` },
      { query: { status: "all", market }, sql: `${ids} AND market = 1` },
      {
        query: { status: "closed", side: "sell", market },
        sql: `${ids} AND status IN (2, 3, 4) AND side = 1 AND market = 1`,
      },
    ] as const;
    for (const { query, sql } of orders) {
      const found = queries.orders({ account, limit, ...query }).rows.map(({ order }) => order);
      expect(found).toEqual(values(`${sql} ORDER BY 1 DESC`));
      expect(found).not.toEqual([]);
    }
    const mine = "SELECT entry FROM entries WHERE account = 1";
    const statements = [
      { query: { asset: BRL }, sql: `${mine} AND asset = 1` },
      { query: { kind: "deposit" }, sql: `${mine} AND kind = 0` },
      { query: { kind: "transfer", asset: BRL }, sql: `${mine} AND kind = 2` },
      { query: { kind: "fee" }, sql: `${mine} AND kind = 4` },
      { query: { kind: "rebate" }, sql: `${mine} AND kind = 5` },
      { query: { kind: "trade", asset: VIB }, sql: `${mine} AND kind = 3 AND asset = 0` },
    ] as const;
    for (const { query, sql } of statements) {
      const found = inPages(3, (page) => queries.statement({ ...page, account, ...query }));
      expect(found.map(({ entryId }) => entryId)).toEqual(values(`${sql} ORDER BY 1 DESC`));
      expect(found).not.toEqual([]);
    }
    const fills = queries.fills({ account, limit, market }).rows;
    expect(fills.length).toBeGreaterThan(0);
    expect(fills.every((fill) => fill.market === market)).toBe(true);
  });

  it("do not shift when more happens between two pages", () => {
    const { story, accounts } = busyDay({ commands: 300, seed: 9 });
    const { database, writer } = openWriter();
    const half = Math.floor(story.frames.length / 2);
    writer.apply(story.frames.slice(0, half));
    const queries = new LedgerQueries(database);
    const account = accounts[0]!;
    const whole = queries.statement({ account, limit: LIMIT_MAX }).rows;
    const first = queries.statement({ account, limit: 5 });
    writer.apply(story.frames.slice(half));
    const rest = queries.statement({ account, limit: LIMIT_MAX, before: first.next });
    expect([...first.rows, ...rest.rows]).toEqual(whole);
  });

  it("are empty for who has none", () => {
    const { queries } = history(10);
    const none = { rows: [], next: null };
    expect(queries.orders({ account: NOBODY, status: "all", limit: 5 })).toEqual(none);
    expect(queries.fills({ account: NOBODY, limit: 5 })).toEqual(none);
    expect(queries.statement({ account: NOBODY, limit: 5 })).toEqual(none);
    expect(queries.trades({ market: 9 as MarketIndex, limit: 5 })).toEqual(none);
    expect(queries.orderByClientId({ account: NOBODY, clientOrderId: "my-1" })).toBeUndefined();
  });
});

describe("an order", () => {
  it("is written out as it was live, at every step", () => {
    const { story } = busyDay({ commands: 800, seed: 21 });
    const { database, writer } = openWriter();
    const queries = new LedgerQueries(database);
    const live = new LiveOrders();
    const latest = new Map<OrderId, OrderRecord>();
    const types = new Set<OrderUpdateType>();
    let position = 0;
    for (const frame of story.frames) {
      const touched = new Set<OrderId>();
      for (; position < frame.lastSeq; position += 1) {
        for (const { type, order } of live.project(story.committed[position]!)) {
          types.add(type);
          touched.add(order.order);
          latest.set(order.order, order);
        }
      }
      writer.apply([frame]);
      for (const order of touched) {
        const { kind, order: _, ...terms } = latest.get(order)!.terms as OrderPlaced;
        expect(kind).toBe("OrderPlaced");
        expect(queries.order(order)!.record).toEqual({ ...latest.get(order)!, terms });
      }
    }
    expect(types).toEqual(new Set(ORDER_UPDATE_TYPES));
    const inMemory = live.ofAccount(1 as AccountIndex, null).map(({ order }) => order);
    const query = { account: 1 as AccountIndex, status: "open", limit: LIMIT_MAX } as const;
    expect(queries.orders(query).rows.map(({ order }) => order)).toEqual(inMemory.reverse());
  });

  it("has all its fills, oldest first, and they make up what it says of itself", () => {
    const { queries, accounts } = history();
    let fillsMax = 0;
    for (const account of accounts) {
      for (const record of queries.orders({ account, status: "all", limit: LIMIT_MAX }).rows) {
        const { fills } = queries.order(record.order)!;
        const seqs = fills.map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        expect(fills.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(record.progress.filledQuantity);
        const paged = inPages(2, (page) => queries.fills({ ...page, account, order: record.order }));
        expect(paged).toEqual(fills.toReversed());
        expect(fills.every(({ side }) => side === record.terms.side)).toBe(true);
        fillsMax = Math.max(fillsMax, fills.length);
      }
    }
    expect(fillsMax).toBeGreaterThan(2);
  });

  it("of another account has no fills for this one", () => {
    const { queries, accounts } = history();
    const theirs = queries.fills({ account: accounts[1]!, limit: 1 }).rows[0]!.orderId;
    expect(queries.fills({ account: accounts[0]!, order: theirs, limit: 5 }).rows).toEqual([]);
  });

  it("is found by the id that its client gave, the latest if there were several", () => {
    const { queries, alice, values } = history();
    for (const id of values(
      "SELECT DISTINCT client_order_id FROM orders WHERE client_order_id IS NOT NULL",
    )) {
      const latest = values("SELECT max(order_id) FROM orders WHERE account = 1 AND client_order_id = ?", id);
      const found = queries.orderByClientId({ account: alice, clientOrderId: String(id) }) ?? null;
      expect(found).toBe(latest[0]);
    }
  });

  it("is found by its client's id in whatever bucket of the index it lies", () => {
    const { queries, alice } = history(20_000);
    const orders = queries.orders({ account: alice, status: "all", limit: LIMIT_MAX }).rows;
    const named = orders.filter(({ terms }) => terms.clientOrderId !== null);
    const latest = new Map(named.toReversed().map(({ terms, order }) => [terms.clientOrderId!, order]));
    for (const [clientOrderId, order] of latest) {
      expect(queries.orderByClientId({ account: alice, clientOrderId })).toBe(order);
    }
  });
});

describe("a page", () => {
  const walk = (fits: (n: number) => boolean) => ({
    raws: Array.from({ length: 10 }, (_, i) => 10 - i),
    position: (n: number) => n,
    read: (n: number) => (fits(n) ? n : undefined),
  });

  const pages = [
    { why: "the last row fits exactly", limit: 10, steps: 99, want: { rows: 10, next: null } },
    { why: "one row is left", limit: 9, steps: 99, want: { rows: 9, next: 2 } },
    { why: "it has looked at enough", limit: 9, steps: 4, want: { rows: 4, next: 7 } },
  ];
  it.each(pages)("ends when $why", ({ limit, steps, want }) => {
    const { rows, next } = takePage(
      walk(() => true),
      limit,
      steps,
    );
    expect({ rows: rows.length, next }).toEqual(want);
  });

  it("that finds nothing within its steps says where to go on", () => {
    expect(
      takePage(
        walk((n) => n === 1),
        1,
        5,
      ),
    ).toEqual({ rows: [], next: 6 });
    expect(
      takePage(
        walk((n) => n === 1),
        1,
        10,
      ),
    ).toEqual({ rows: [1], next: null });
  });
});
