import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Seq } from "../../src/domain/units.ts";
import { Ledger, LedgerBehindError, type LedgerOptions } from "../../src/projections/ledger/ledger.ts";
import type { LedgerReport } from "../../src/projections/ledger/messages.ts";
import { busyDay } from "./busy-day.ts";
import { dump, freshPath } from "./files.ts";

async function open(path: string, options: Partial<LedgerOptions> = {}) {
  const faults: Error[] = [];
  const reports: LedgerReport[] = [];
  const ledger = await Ledger.open({
    path,
    onFault: (fault) => faults.push(fault),
    onReport: (report) => reports.push(report),
    ...options,
  });
  onTestFinished(() => ledger.close());
  return { ledger, faults, reports };
}

describe("feeding", () => {
  it("goes on from the cursor: what the file has is passed over", async () => {
    const path = freshPath();
    const { story } = busyDay({ commands: 300, seed: 1 });
    const half = story.frames.slice(0, 20);
    const first = await open(path);
    expect(first.ledger.cursor).toEqual({ seq: 0, frameHash: null });
    for (const frame of half) first.ledger.feed(frame);
    await first.ledger.close();

    const second = await open(path);
    const { lastSeq, hash } = half.at(-1)!;
    expect(second.ledger.cursor).toEqual({ seq: lastSeq, frameHash: hash });
    for (const frame of story.frames) second.ledger.feed(frame);
    await second.ledger.reached(story.seq);
    await second.ledger.close();

    const alone = freshPath();
    const third = await open(alone);
    for (const frame of story.frames) third.ledger.feed(frame);
    await third.ledger.close();
    expect(dump(path)).toEqual(dump(alone));
    expect([...first.faults, ...second.faults, ...third.faults]).toEqual([]);
  });

  it("leaves the bytes to the caller, who may use them again at once", async () => {
    const { story } = busyDay({ commands: 30, seed: 2 });
    const { ledger, faults } = await open(freshPath());
    for (const frame of story.frames) {
      const outcomes = frame.outcomes.slice();
      ledger.feed({ ...frame, outcomes });
      outcomes.fill(255);
    }
    await ledger.reached(story.seq);
    expect(faults).toEqual([]);
  });

  it("passes over a frame without commands", async () => {
    const { story } = busyDay({ commands: 10, seed: 2 });
    const { ledger, faults } = await open(freshPath());
    for (const frame of story.frames) ledger.feed(frame);
    const firstSeq = (story.seq + 1) as Seq;
    ledger.feed({ firstSeq, lastSeq: story.seq, hash: "closing", outcomes: new Uint8Array() });
    await ledger.reached(story.seq);
    expect(ledger.appliedSeq).toBe(story.seq);
    expect(faults).toEqual([]);
  });

  it("faults at a gap, once", async () => {
    const { story } = busyDay({ commands: 30, seed: 2 });
    const { ledger, faults } = await open(freshPath());
    ledger.feed(story.frames[0]!);
    ledger.feed(story.frames[2]!);
    ledger.feed(story.frames[4]!);
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining("was fed")]);
  });

  it("faults when the journal is another than the one that the file was made from", async () => {
    const path = freshPath();
    const { story } = busyDay({ commands: 30, seed: 2 });
    const first = await open(path);
    for (const frame of story.frames) first.ledger.feed(frame);
    await first.ledger.close();
    const { ledger, faults } = await open(path);
    ledger.feed({ ...story.frames.at(-1)!, hash: "another" });
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining("another journal")]);
  });

  it("faults when the outcomes are damaged, and reads go on", async () => {
    const { story } = busyDay({ commands: 30, seed: 2 });
    const { ledger, faults } = await open(freshPath());
    const [frame] = story.frames;
    ledger.feed({ ...frame!, outcomes: frame!.outcomes.slice(0, -1) });
    await expect(ledger.reached(frame!.lastSeq)).rejects.toThrow(LedgerBehindError);
    expect(faults).toHaveLength(1);
    const { result, seq } = await ledger.trades({ market: 0 as never, limit: 1 });
    expect([result, seq]).toEqual([{ rows: [], next: null }, 0]);
  });

  it("shows when it is too far behind, and when there is room again", async () => {
    const { story } = busyDay({ commands: 300, seed: 2 });
    const { ledger } = await open(freshPath(), { backlogBytesMax: 1_000 });
    expect(ledger.saturated).toBe(false);
    for (const frame of story.frames) ledger.feed(frame);
    expect(ledger.saturated).toBe(true);
    expect(ledger.backlogBytes).toBeGreaterThan(1_000);
    expect(ledger.lag).toBe(story.seq);
    await ledger.room();
    expect(ledger.saturated).toBe(false);
    await ledger.reached(story.seq);
    expect([ledger.backlogBytes, ledger.lag]).toEqual([0, 0]);
  });
});

describe("reads after writes", () => {
  it("wait until the ledger shows what they must see, and do not wait for a batch's time", async () => {
    const { story, accounts } = busyDay({ commands: 100, seed: 4 });
    const { ledger } = await open(freshPath(), { batchMs: 60_000 });
    for (const frame of story.frames) {
      ledger.feed(frame);
      await ledger.reached(frame.lastSeq);
      const { result, seq } = await ledger.statement({ account: accounts[0]!, limit: 1 });
      expect(result.rows[0]?.seq ?? 0).toBeLessThanOrEqual(seq);
      expect(seq).toBe(frame.lastSeq);
    }
    const { result: orders } = await ledger.orders({ account: accounts[0]!, status: "all", limit: 1_000 });
    expect(orders.rows.length).toBeGreaterThan(10);
    const { order, terms } = orders.rows.find((record) => record.terms.clientOrderId !== null)!;
    const clientOrderId = terms.clientOrderId!;
    expect((await ledger.order(order))?.record).toEqual(orders.rows.find((row) => row.order === order));
    expect(await ledger.orderByClientId({ account: terms.account, clientOrderId })).toBe(order);
  });

  it("give up in time", async () => {
    const { ledger } = await open(freshPath());
    await expect(ledger.reached(1 as Seq, 20)).rejects.toThrow("has not reached 1 within 20 ms");
  });

  it("end with the ledger", async () => {
    const { ledger } = await open(freshPath());
    const waiting = ledger.reached(1 as Seq).catch((error: Error) => error);
    await ledger.close();
    expect(await waiting).toBeInstanceOf(LedgerBehindError);
    await expect(ledger.order(1 as never)).rejects.toThrow(LedgerBehindError);
  });
});

describe("a file that cannot be used", () => {
  const files = [
    { why: "it is no database", spoil: (path: string) => writeFileSync(path, "not a database".repeat(500)) },
    {
      why: "it is of an earlier version",
      spoil: (path: string) =>
        new Database(path).exec("PRAGMA application_id = 0x50726567; PRAGMA user_version = 1"),
    },
    {
      why: "it is of a later version",
      spoil: (path: string) =>
        new Database(path).exec("PRAGMA application_id = 0x50726567; PRAGMA user_version = 99"),
    },
    {
      why: "it belongs to somebody else",
      spoil: (path: string) => new Database(path).exec("CREATE TABLE notes (text TEXT)"),
    },
  ];
  it.each(files)("is moved aside because $why", async ({ spoil }) => {
    const path = freshPath();
    spoil(path);
    const { ledger, reports } = await open(path);
    expect(ledger.cursor).toEqual({ seq: 0, frameHash: null });
    expect(reports).toEqual([{ kind: "moved-aside", to: expect.any(String), why: expect.any(String) }]);
    const [report] = reports;
    expect(report?.kind === "moved-aside" && existsSync(report.to)).toBe(true);
  });

  it("is not moved because it cannot be reached", async () => {
    const path = `${freshPath()}/missing/ledger.sqlite`;
    await expect(Ledger.open({ path, onFault: () => undefined })).rejects.toThrow("cannot be opened");
  });

  it("is not one that was never there", async () => {
    const path = freshPath();
    const { ledger, reports } = await open(path);
    await ledger.close();
    expect(reports).toEqual([]);
    expect(readdirSync(dirname(path))).toEqual(["ledger.sqlite"]);
  });
});
