/** The file of deliveries: what makes it unusable, what goes in time, and a thread that ends. */

import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import { seq } from "../../../src/domain/units.ts";
import { pathsIn } from "../../../src/journal/data-directory.ts";
import type { SettlementsReport } from "../../../src/outward/settlements/messages.ts";
import { newSecret } from "../../../src/outward/settlements/secrets.ts";
import { Settlements } from "../../../src/outward/settlements/settlements.ts";
import {
  copyStore,
  RECORDED,
  type Recorded,
  Store,
  settlementsFromOf,
} from "../../../src/outward/settlements/store.ts";
import { OutboxFile, until } from "./outbox-file.ts";

const DAY_MS = 24 * 3_600_000;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const belongs = { from: seq(5), appliedSeq: 100 };

function delivery(settlement: number, status: Recorded, endedAt: number | null) {
  return { settlement, status, attempts: 1, failures: 0, nextAt: null, endedAt };
}

describe("a file", () => {
  it("goes on with what it has", () => {
    const { directory } = new OutboxFile();
    expect(settlementsFromOf(directory)).toBeNull();
    const { store } = Store.open(directory, belongs);
    store.saveTaken(7);
    store.saveSeen(seq(100));
    store.close();
    const again = Store.open(directory, belongs);
    expect({ taken: again.store.taken, moved: again.moved }).toEqual({ taken: 7, moved: null });
    expect(settlementsFromOf(directory)).toBe(5);
    again.store.close();
  });

  it.each([
    { what: "of another outbox", belongs: { from: seq(6), appliedSeq: 100 }, why: "begin at sequence 5" },
    {
      what: "that knows more than the journal",
      belongs: { from: seq(5), appliedSeq: 98 },
      why: "the journal ends at 98",
    },
  ])("$what is moved aside, and a new one begun", ({ belongs: other, why }) => {
    const { directory } = new OutboxFile();
    const { store } = Store.open(directory, belongs);
    store.saveTaken(7);
    store.saveSeen(seq(99));
    store.close();
    const fresh = Store.open(directory, other);
    expect(fresh.moved?.why).toContain(why);
    expect(fresh.store.taken).toBe(0);
    expect(readdirSync(directory).some((name) => name.startsWith("settlements.sqlite.damaged-"))).toBe(true);
    fresh.store.close();
  });

  it("that is none is moved aside, and says nothing of where deliveries begin", () => {
    const { directory } = new OutboxFile();
    writeFileSync(
      pathsIn(directory).settlements,
      "this is no database, however long one reads in it".repeat(100),
    );
    expect(settlementsFromOf(directory)).toBeNull();
    const { store, moved } = Store.open(directory, belongs);
    expect(moved).not.toBeNull();
    store.close();
  });

  it("can be copied while it is written", async () => {
    const [from, to] = [new OutboxFile().directory, new OutboxFile().directory];
    expect(await copyStore(from, to)).toBe(false);
    const { store } = Store.open(from, belongs);
    store.saveTaken(7);
    expect(await copyStore(from, to)).toBe(true);
    store.saveTaken(8);
    store.close();
    const copy = Store.open(to, belongs);
    expect(copy.store.taken).toBe(7);
    copy.store.close();
  });

  it("keeps what arrived for 14 days, and what is dead or pending for ever", () => {
    const { store } = Store.open(new OutboxFile().directory, belongs);
    const now = 100 * DAY_MS;
    const rows = [
      delivery(1, RECORDED.dead, 0),
      delivery(2, RECORDED.delivered, now - 15 * DAY_MS),
      delivery(3, RECORDED.pending, null),
      delivery(4, RECORDED.delivered, now - 14 * DAY_MS - 1),
      delivery(5, RECORDED.delivered, now - 14 * DAY_MS + 1),
      delivery(6, RECORDED.delivered, now - 15 * DAY_MS),
    ];
    for (const row of rows) store.save({ delivery: row, attempt: null });
    for (let pass = 0; pass < 5; pass += 1) store.prune(now, 2);
    const left = rows.filter(({ settlement }) => store.find(settlement) !== undefined);
    // What arrived out of turn goes when those before it do.
    expect(left.map(({ settlement }) => settlement)).toEqual([1, 3, 5, 6]);
    for (let pass = 0; pass < 5; pass += 1) store.prune(now + DAY_MS, 2);
    expect([1, 3, 5, 6].filter((settlement) => store.find(settlement) !== undefined)).toEqual([1, 3]);
    store.saveTaken(6);
    expect(store.arrivedUpTo).toBe(0);
    store.save({ delivery: delivery(1, RECORDED.delivered, 0), attempt: null });
    store.prune(now, 2);
    store.prune(now, 2);
    expect(store.arrivedUpTo).toBe(2);
    store.save({ delivery: delivery(3, RECORDED.delivered, 0), attempt: null });
    for (let pass = 0; pass < 3; pass += 1) store.prune(now, 2);
    expect(store.arrivedUpTo).toBe(6);
    store.close();
  });
});

it("a thread that ends is started again, says so, and goes on where it was", async () => {
  const file = new OutboxFile();
  const arrived: unknown[] = [];
  const service = createServer((request, response) => {
    arrived.push(request.headers["idempotency-key"]);
    response.end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => service.once("listening", resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
  const reports: SettlementsReport[] = [];
  const settlements = await Settlements.open({
    directory: file.directory,
    from: seq(1),
    appliedSeq: 1000,
    receiver: { url, token: null, secrets: [newSecret()], allowed: ["127.0.0.1"], timeoutMs: 5_000 },
    failuresMax: 3,
    onReport: (report) => reports.push(report),
  });
  cleanups.push(
    () => settlements.close(),
    () => service.close(),
    () => service.closeAllConnections(),
  );
  file.add([[1, 2]]);
  await until(() => settlements.figures.delivered === 1);
  const store = new Database(pathsIn(file.directory).settlements);
  store.exec("ALTER TABLE position RENAME TO gone");
  await until(() => reports.some(({ kind }) => kind === "settlements-restarted"));
  await expect(settlements.redriveAll()).rejects.toThrow("cannot be asked now");
  store.exec("ALTER TABLE gone RENAME TO position");
  store.close();
  file.add([[3, 4]]);
  await until(() => settlements.figures.delivered === 2);
  expect(arrived).toEqual(["VIB-BRL/1", "VIB-BRL/2"]);
  expect(settlements.figures).toMatchObject({ attempts: { delivered: 2 }, pending: 0 });
  expect(settlements.figures.restarts).toBeGreaterThan(0);
});
