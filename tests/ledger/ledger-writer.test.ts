import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import type { Minor } from "../../src/domain/units.ts";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import type { FromWriter } from "../../src/projections/ledger/messages.ts";
import { openForWriting } from "../../src/projections/ledger/schema.ts";
import { WriteLoop } from "../../src/projections/ledger/write-loop.ts";
import { busyDay } from "./busy-day.ts";
import { dump, freshPath, openWriter } from "./files.ts";
import { BRL, Story, VIB } from "./story.ts";

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

  it("can all be read by name", () => {
    const { database, writer } = openWriter();
    writer.apply(story.frames);
    const views = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck();
    for (const view of views.all()) {
      expect(database.prepare(`SELECT * FROM ${view}`).all(), String(view)).not.toEqual([]);
    }
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
