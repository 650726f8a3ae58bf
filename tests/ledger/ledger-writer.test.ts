import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import {
  type EpochMs,
  type Lots,
  type Minor,
  type PartsPerMillion,
  seq,
  type Ticks,
} from "../../src/domain/units.ts";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import type { FromWriter } from "../../src/projections/ledger/messages.ts";
import { openForWriting } from "../../src/projections/ledger/schema.ts";
import { WriteLoop } from "../../src/projections/ledger/write-loop.ts";
import { busyDay } from "./busy-day.ts";
import { dump, freshPath, openWriter } from "./files.ts";
import { BRL, MARKET, Story, VIB } from "./story.ts";

function unbalanced(database: Database.Database): unknown[] {
  return database.prepare("SELECT seq, asset FROM entries GROUP BY 1, 2 HAVING sum(amount) <> 0").all();
}

describe("the rows of a trade", () => {
  const story = new Story();
  story.market();
  const [alice, bob] = [story.account("alice"), story.account("bob")];
  story.deposit(alice, VIB, 1_000, "vault-1");
  story.deposit(bob, BRL, 5_000, "bank-1");
  const ask = story.place({ account: alice, side: "sell", price: 100, quantity: 10, clientOrderId: "my-1" });
  const fills = [
    { maker: { account: alice, order: ask }, price: 100, quantity: 4, takerFee: 2, makerFee: 1 },
  ];
  const bid = story.place({ account: bob, side: "buy", price: 101, quantity: 4, fills });
  story.cancel(alice, ask);
  story.transfer(bob, alice, VIB, 10, "gift");
  story.withdraw(alice, BRL, 300, "bank-2");
  story.refuse();
  story.frame();

  it("say who gave what to whom, in pairs that sum to zero", () => {
    const { database, writer } = openWriter();
    writer.apply(story.frames);
    const entries = database
      .prepare(
        `SELECT account_id || ' ' || amount_minor || ' ' || asset || ' ' || kind || ' = ' || balance_minor
         FROM readable_entries ORDER BY entry`,
      )
      .pluck();
    expect(entries.all()).toEqual([
      "(outside) -1000 VIB deposit = -1000",
      "alice 1000 VIB deposit = 1000",
      "(outside) -5000 BRL deposit = -5000",
      "bob 5000 BRL deposit = 5000",
      "alice -40 VIB trade = 960",
      "bob 40 VIB trade = 40",
      "bob -400 BRL trade = 4600",
      "alice 400 BRL trade = 400",
      "bob -2 BRL fee = 4598",
      "fees 2 BRL fee = 2",
      "alice -1 BRL fee = 399",
      "fees 1 BRL fee = 3",
      "bob -10 VIB transfer = 30",
      "alice 10 VIB transfer = 970",
      "alice -300 BRL withdrawal = 99",
      "(outside) 300 BRL withdrawal = -4700",
    ]);
    expect(unbalanced(database)).toEqual([]);
  });

  it("leave orders as far as they came, and every command with its outcome", () => {
    const { database, writer } = openWriter();
    writer.apply(story.frames);
    const orders = database
      .prepare("SELECT order_id, status, reason, filled_lots FROM readable_orders")
      .all();
    expect(orders).toEqual([
      { order_id: ask, status: "canceled", reason: "requested", filled_lots: 4 },
      { order_id: bid, status: "filled", reason: null, filled_lots: 4 },
    ]);
    const last = database.prepare("SELECT * FROM readable_commands ORDER BY seq DESC LIMIT 1").get();
    expect(last).toMatchObject({ kind: "PlaceOrder", refused: "insufficient-funds", seq: story.seq });
    const { frame_hash } = last as { frame_hash: string };
    expect(frame_hash).toBe(story.frames[0]?.hash);
    expect(writer.cursor).toEqual({ seq: story.seq, frameHash: story.frames[0]?.hash });
  });

  it("give a rebate out of the taker's fee, and fees keep the rest", () => {
    const rebated = new Story();
    rebated.market();
    const [maker, taker] = [rebated.account("alice"), rebated.account("bob")];
    rebated.deposit(maker, VIB, 1_000);
    rebated.deposit(taker, BRL, 5_000);
    const order = rebated.place({ account: maker, side: "sell", price: 100, quantity: 5 });
    const terms = { maker: { account: maker, order }, price: 100, quantity: 4 };
    const fills = [{ ...terms, takerFee: 3, makerFee: -2 }];
    rebated.place({ account: taker, side: "buy", price: 100, quantity: 4, fills });
    const { database, writer } = openWriter();
    writer.apply([rebated.frame()]);
    const entries = database
      .prepare(
        `SELECT account_id || ' ' || amount_minor || ' ' || kind || ' = ' || balance_minor || ' of ' || order_id
         FROM readable_entries WHERE kind IN ('fee', 'rebate') ORDER BY entry`,
      )
      .pluck();
    expect(entries.all()).toEqual([
      `bob -3 fee = 4597 of ${order + 1}`,
      `fees 3 fee = 3 of ${order + 1}`,
      `alice 2 rebate = 402 of ${order}`,
      `fees -2 rebate = 1 of ${order}`,
    ]);
    expect(unbalanced(database)).toEqual([]);
    const trades = database.prepare("SELECT taker_fee, maker_fee FROM readable_trades").all();
    expect(trades).toEqual([{ taker_fee: 3, maker_fee: -2 }]);
  });

  it("can all be read by name", () => {
    const { database, writer } = openWriter();
    writer.beginOutbox(seq(1));
    writer.apply(story.frames);
    const views = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck();
    for (const view of views.all()) {
      expect(database.prepare(`SELECT * FROM ${view}`).all(), String(view)).not.toEqual([]);
    }
  });
});

describe("the rows of orders that are more than a price and a quantity", () => {
  const story = new Story();
  story.market();
  const alice = story.account("alice");
  const stop = story.place({
    account: alice,
    side: "sell",
    price: 90,
    quantity: 10,
    terms: { type: "stop-limit", triggerPrice: 95 as Ticks },
  });
  const trailing = story.place({
    account: alice,
    side: "buy",
    price: 0,
    quantity: 1,
    terms: {
      type: "trailing-stop",
      price: null,
      trailingOffset: 7 as Ticks,
      quantity: null,
      quoteQuantity: 900 as Minor,
    },
  });
  const iceberg = story.place({
    account: alice,
    side: "sell",
    price: 110,
    quantity: 50,
    terms: { displayQuantity: 5 as Lots },
  });
  const first = story.frame();
  const entering = { account: alice, side: "sell", market: MARKET } as const;
  story.trigger({ ...entering, order: stop, left: 10 }, []);
  story.amend({ ...entering, order: iceberg, left: 40 }, { price: 111, quantity: 40, keepsPlace: false });
  story.place({
    account: alice,
    side: "buy",
    price: 90,
    quantity: 4,
    prevents: [{ maker: stop, quantity: 4, makerEnds: false }],
    terms: { selfTradePrevention: "decrement" },
  });
  const second = story.frame();

  const row = {
    reason: null,
    trigger_price_ticks: null,
    trailing_offset_ticks: null,
    display_lots: null,
    budget_minor: null,
    prevented_lots: 0,
  };
  const rows = (database: Database.Database) =>
    database
      .prepare(
        `SELECT type, status, reason, price_ticks, quantity_lots, budget_minor, trigger_price_ticks,
           trailing_offset_ticks, display_lots, prevented_lots FROM readable_orders ORDER BY order_id`,
      )
      .all();
  const waiting = {
    ...row,
    type: "trailing-stop",
    status: "pending",
    price_ticks: null,
    quantity_lots: null,
    trailing_offset_ticks: 7,
    budget_minor: 900,
  };
  const stopped = { ...row, type: "stop-limit", price_ticks: 90, quantity_lots: 10, trigger_price_ticks: 95 };
  const hidden = { ...row, type: "limit", status: "open", display_lots: 5 };
  const ends = [
    { ...stopped, status: "open", prevented_lots: 4 },
    waiting,
    { ...hidden, price_ticks: 111, quantity_lots: 40 },
    {
      ...row,
      type: "limit",
      status: "canceled",
      reason: "self-trade",
      price_ticks: 90,
      quantity_lots: 4,
      prevented_lots: 4,
    },
  ];

  it("say how they wait, what they show, and what has become of them", () => {
    const { database, writer } = openWriter();
    writer.apply([first]);
    expect(rows(database)).toEqual([
      { ...stopped, status: "pending" },
      waiting,
      { ...hidden, price_ticks: 110, quantity_lots: 50 },
    ]);
    writer.apply([second]);
    expect(rows(database)).toEqual(ends);
    expect(trailing).toBe(stop + 1);
  });

  it("say the same when it all happens within one batch", () => {
    const { database, writer } = openWriter();
    writer.apply([first, second]);
    expect(rows(database)).toEqual(ends);
  });
});

describe("the rows of markets and accounts", () => {
  it("say their settings as they are now", () => {
    const story = new Story();
    story.market();
    const alice = story.account("alice");
    story.did("ChangeMarket", [
      {
        kind: "MarketChanged",
        market: MARKET,
        status: "auction",
        makerFee: -200 as PartsPerMillion,
        takerFee: 500 as PartsPerMillion,
        priceBand: 100_000 as PartsPerMillion,
      },
    ]);
    story.setCancelAfter(alice, 1_700_000_000_000 as EpochMs);
    const { database, writer } = openWriter();
    writer.apply([story.frame()]);
    expect(database.prepare("SELECT * FROM readable_markets").get()).toMatchObject({
      status: "auction",
      maker_fee: -200,
      taker_fee: 500,
      price_band: 100_000,
      reference_price_ticks: 100,
    });
    const deadline = database.prepare("SELECT cancel_after FROM readable_accounts WHERE account = ?").pluck();
    expect(deadline.get(alice)).toBe("2023-11-14T22:13:20.000Z");
    story.setCancelAfter(alice, null);
    writer.apply([story.frame()]);
    expect(deadline.get(alice)).toBeNull();
  });
});

describe("a batch", () => {
  it("gives the same rows however the frames are cut, and after the file was deleted", () => {
    const { story } = busyDay({ commands: 600, seed: 7 });
    const dumps = [1, 13, story.frames.length].map((framesMax) => {
      const path = freshPath();
      const { database } = openForWriting(path);
      const writer = new LedgerWriter(database);
      for (let at = 0; at < story.frames.length; at += framesMax) {
        writer.apply(story.frames.slice(at, at + framesMax));
      }
      expect(unbalanced(database)).toEqual([]);
      writer.close();
      return dump(path);
    });
    expect(dumps[1]).toEqual(dumps[0]);
    expect(dumps[2]).toEqual(dumps[0]);
    expect(dumps[0]?.orders?.length).toBeGreaterThan(100);
  });

  it("is in the file whole or not at all, and can be tried again", () => {
    const { story } = busyDay({ commands: 60, seed: 3 });
    const { database, writer } = openWriter();
    const [first, ...rest] = story.frames;
    writer.apply([first!]);
    const before = writer.cursor;
    const last = rest.at(-1)!;
    const cut = { ...last, outcomes: last.outcomes.slice(0, -1) };
    expect(() => writer.apply([...rest.slice(0, -1), cut])).toThrow();
    expect(writer.cursor).toEqual(before);
    expect(database.prepare("SELECT max(seq) FROM commands").pluck().get()).toBe(before.seq);
    writer.apply(rest);
    expect(writer.cursor.seq).toBe(story.seq);
  });

  it("is lost whole when the end of the log is lost: the cursor is never ahead of its rows", () => {
    const { story } = busyDay({ commands: 200, seed: 5 });
    const { database, writer } = openWriter();
    for (const frame of story.frames) writer.apply([frame]);
    const log = readFileSync(`${database.name}-wal`);
    const copy = freshPath();
    const seen = new Set<number>();
    for (let kept = 0; kept <= log.length; kept += Math.ceil(log.length / 40)) {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(copy + suffix, { force: true });
      copyFileSync(database.name, copy);
      writeFileSync(`${copy}-wal`, log.subarray(0, kept));
      const { database: found } = openForWriting(copy);
      const { seq } = new LedgerWriter(found).cursor;
      expect(found.prepare("SELECT coalesce(max(seq), 0) FROM commands").pluck().get()).toBe(seq);
      expect(unbalanced(found)).toEqual([]);
      const again = new LedgerWriter(found);
      again.apply(story.frames.filter(({ firstSeq }) => firstSeq > seq));
      expect(again.cursor.seq).toBe(story.seq);
      seen.add(seq);
      again.close();
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  it("does not go in if the engine's wallets and the entries disagree", () => {
    const story = new Story();
    story.market();
    const alice = story.account("alice");
    story.deposit(alice, BRL, 100);
    const wallet = { kind: "WalletChanged", account: alice, asset: BRL, held: 0 as Minor } as const;
    story.did("CancelOrder", [{ ...wallet, available: 101 as Minor }]);
    const { writer } = openWriter();
    expect(() => writer.apply([story.frame()])).toThrow("entries sum to what its wallet holds");
    expect(writer.cursor.seq).toBe(0);
  });

  it("keeps the largest amount exactly, as an integer", () => {
    const story = new Story();
    story.market();
    const alice = story.account("alice");
    story.deposit(alice, BRL, Number.MAX_SAFE_INTEGER);
    const { database, writer } = openWriter();
    writer.apply([story.frame()]);
    const entry = database.prepare("SELECT amount, typeof(amount) AS type FROM entries WHERE account = 1");
    expect(entry.get()).toEqual({ amount: Number.MAX_SAFE_INTEGER, type: "integer" });
  });
});

describe("a full disk", () => {
  it("is waited out, and writing goes on in order", async () => {
    const { story } = busyDay({ commands: 400, seed: 11 });
    const { database, writer } = openWriter();
    const messages: FromWriter[] = [];
    const post = (message: FromWriter) => messages.push(message);
    const loop = new WriteLoop({ writer, post, retryMs: 5 });
    const pages = database.pragma("page_count", { simple: true });
    database.pragma(`max_page_count = ${pages}`);
    loop.apply(story.frames);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(messages).toEqual([{ kind: "report", report: { kind: "waiting", because: "disk-full" } }]);
    expect(writer.cursor.seq).toBe(0);
    database.pragma("max_page_count = 100000");
    await vi.waitFor(() => expect(messages).toHaveLength(3));
    expect(messages.slice(1)).toEqual([
      { kind: "report", report: { kind: "resumed" } },
      { kind: "applied", seq: story.seq },
    ]);
    expect(unbalanced(database)).toEqual([]);
  });

  it("is like a file that somebody holds by hand", async () => {
    const { story } = busyDay({ commands: 40, seed: 11 });
    const { database, writer } = openWriter();
    const messages: FromWriter[] = [];
    database.pragma("busy_timeout = 1");
    const holder = new Database(database.name);
    holder.exec("BEGIN IMMEDIATE");
    const loop = new WriteLoop({ writer, post: (message) => messages.push(message), retryMs: 5 });
    loop.apply(story.frames);
    expect(messages).toEqual([{ kind: "report", report: { kind: "waiting", because: "locked" } }]);
    holder.close();
    await vi.waitFor(() => expect(messages.at(-1)).toEqual({ kind: "applied", seq: story.seq }));
  });

  it("and nothing else is tried again", async () => {
    const messages: FromWriter[] = [];
    let tries = 0;
    const apply = () => {
      tries += 1;
      throw new Database.SqliteError("disk I/O error", "SQLITE_IOERR_WRITE");
    };
    const writer = { apply, cursor: { seq: 0 as never } };
    new WriteLoop({ writer, post: (message) => messages.push(message), retryMs: 1 }).apply([]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(tries).toBe(1);
    expect(messages.map(({ kind }) => kind)).toEqual(["fault"]);
  });
});
