/** `pregao verify`: it finds what was tampered with, names it, and leaves everything as it is. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentEnd } from "../../src/journal/disk.ts";
import { type Verified, verify } from "../../src/replay/verify.ts";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../edge/harness.ts";
import { appendBatch, EVERY_COMMAND, openJournal } from "../journal/support.ts";
import { run, temporaryDirectory } from "./command-line.ts";

const SEGMENT = join("journal", "00000001.segment");

let server: RunningServer;
let runningStatus: number | null;
const places = temporaryDirectory();

beforeAll(async () => {
  server = await startServer();
  const operator = new Client(server.url, ADMIN_KEY);
  await operator.patch("/v1/markets/VIB-BRL", { takerFee: "0.001", makerFee: "-0.0002" });
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000.00" } });
  const bob = await openTrader(operator, { accountId: "bob", funds: { VIB: "50" } });
  const terms = { market: "VIB-BRL", type: "limit", price: "9.50" };
  for (let i = 0; i < 8; i += 1) {
    await bob.post("/v1/orders", { ...terms, side: "sell", quantity: "3", clientOrderId: `b-${i}` });
    await alice.post("/v1/orders", { ...terms, side: "buy", quantity: "2" });
  }
  await bob.delete("/v1/orders");
  await operator.post("/v1/withdrawals", { accountId: "bob", asset: "BRL", amount: "5.00", reference: "w" });
  runningStatus = run(["verify", server.directory]).status;
  expect(await server.stop()).toBe(0);
});

afterAll(() => server.dispose());

/** A copy of the data directory, and what stands in each file of it. */
function copy(): string {
  const directory = mkdtempSync(join(places, "data-"));
  cpSync(server.directory, directory, { recursive: true });
  return directory;
}

function contents(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(directory, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(directory, name), "base64")]));
}

/** Verifies, and sees to it that nothing has changed. */
async function verified(directory: string): Promise<Verified> {
  const before = contents(directory);
  const scratch = mkdtempSync(join(places, "scratch-"));
  const result = await verify({ directory, scratch, onProgress: () => {} });
  rmSync(scratch, { recursive: true });
  expect(contents(directory)).toEqual(before);
  return result;
}

async function faultsOf(directory: string): Promise<(string | null)[]> {
  const { checks, damage } = await verified(directory);
  expect(damage).toBe(null);
  return checks.flatMap(({ what, fault }) => (fault === null ? [] : [`${what}: ${fault}`]));
}

test("a whole exchange is found whole, and it is said what was looked at", () => {
  const before = contents(server.directory);
  const { status, stdout, stderr } = run(["verify", server.directory]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/ok +journal +commands 28, frames \d+, segments up to 1, clean stops 1\n/);
  expect(stdout).toMatch(/ok +events +as they were live, trades 11\n/);
  expect(stdout).toMatch(/ok +ledger's rows +\d+ in 20 tables, as computed anew\n/);
  expect(contents(server.directory)).toEqual(before);
});

test("an exchange that runs is left alone, with exit code 3", () => {
  expect(runningStatus).toBe(3);
});

test("a backup is verified where it is, and gets no lock", () => {
  const target = join(places, "backup");
  expect(run(["backup", server.directory, target]).status).toBe(0);
  const before = contents(target);
  expect(run(["verify", target]).status).toBe(0);
  expect(contents(target)).toEqual(before);
});

test.each([
  { place: "is-not-there", why: "ENOENT" },
  { place: "a-file", why: "ENOTDIR" },
])(
  "without a temporary directory nothing is found out, and it is said which to give: $place",
  ({ place, why }) => {
    writeFileSync(join(places, "a-file"), "");
    const temporary = join(places, place);
    const { status, stdout, stderr } = run(["verify", server.directory], { TMPDIR: temporary });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`the temporary directory ${temporary} cannot be used: ${why}`);
    expect(stderr).toContain("TMPDIR");
  },
);

describe("a ledger", () => {
  test.each([
    ["UPDATE entries SET amount = amount + 1 WHERE entry = 5", "rows: entries, entry 5: amount is"],
    ["UPDATE entries SET amount = amount + 1 WHERE entry = 5", "entries: the entries of sequence"],
    ["UPDATE trades SET price = price + 1 WHERE trade = 3", "rows: trades, market 0, trade 3: price is 951"],
    [
      "UPDATE orders SET status = 0 WHERE order_id = (SELECT max(order_id) FROM orders)",
      "rows: orders, order_id",
    ],
    ["UPDATE commands SET request_id = 'x' WHERE seq = 4", "rows: commands, seq 4: request_id is"],
    ["UPDATE balances SET total = total + 100 WHERE account = 1", "balances: account 1 has"],
    ["UPDATE frames SET hash = zeroblob(32) WHERE first_seq = 1", "rows: frames, first_seq 1: hash is 00"],
    ["DELETE FROM transfers WHERE seq = (SELECT max(seq) FROM transfers)", "rows: transfers ends after"],
    ["INSERT INTO order_marks VALUES (9, 9)", "rows: order_marks has more rows than"],
    ["DROP INDEX entries_by_movement", "rows: its tables, views or indexes"],
  ])("whose content was changed is found out: %s", async (sql, fault) => {
    const directory = copy();
    const database = new Database(join(directory, "ledger.sqlite"));
    expect(database.exec(sql)).toBeDefined();
    database.close();
    expect((await faultsOf(directory)).join("\n")).toContain(
      `${fault.startsWith("rows") ? "ledger's " : ""}${fault}`,
    );
  });

  test("whose pages are damaged is found out", async () => {
    const directory = copy();
    const file = join(directory, "ledger.sqlite");
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, bytes.length - 4096 * 3, bytes.length - 4096 * 2));
    expect((await faultsOf(directory)).join("\n")).toMatch(/^ledger/);
  });

  test("that is something else, or not there, is said to be computed anew", async () => {
    const directory = copy();
    writeFileSync(join(directory, "ledger.sqlite"), "something else");
    expect(await faultsOf(directory)).toEqual(["ledger: file is not a database"]);
    rmSync(join(directory, "ledger.sqlite"));
    expect(await faultsOf(directory)).toEqual([]);
  });

  test("that has seen more than the journal has is refused with exit code 4", () => {
    const directory = copy();
    const database = new Database(join(directory, "ledger.sqlite"));
    database.exec("UPDATE cursor SET seq = seq + 1");
    database.close();
    const { status, stderr } = run(["verify", directory]);
    expect(status).toBe(4);
    expect(stderr).toContain("ledger has seen");
  });

  test("that lags behind is compared as far as it has come", async () => {
    const directory = copy();
    const bytes = readFileSync(join(directory, SEGMENT));
    const ahead = await startServer({ directory });
    await new Client(ahead.url, ADMIN_KEY).post("/v1/accounts", { accountId: "carol" });
    expect(await ahead.stop()).toBe(0);
    for (const suffix of ["", "-wal", "-shm"])
      rmSync(join(directory, `ledger.sqlite${suffix}`), { force: true });
    cpSync(join(server.directory, "ledger.sqlite"), join(directory, "ledger.sqlite"));
    expect(readFileSync(join(directory, SEGMENT)).equals(bytes)).toBe(false);
    expect(await faultsOf(directory)).toEqual([]);
  });
});

describe("a journal", () => {
  test("that is damaged is named, with exit code 4", () => {
    const directory = copy();
    const bytes = readFileSync(join(directory, SEGMENT));
    bytes[4800]! ^= 1;
    writeFileSync(join(directory, SEGMENT), bytes);
    const { status, stdout, stderr } = run(["verify", directory]);
    expect(status).toBe(4);
    expect(stdout).toMatch(/^FAULT {2}journal +whole up to sequence \d+\n$/);
    expect(stderr).toMatch(/journal\/00000001\.segment, offset \d+, sequence \d+: /);
  });

  test("whose last frame was cut is whole without it, unless the ledger has seen it", async () => {
    const directory = copy();
    const bytes = readFileSync(join(directory, SEGMENT));
    const end = contentEnd(bytes, 0);
    writeFileSync(join(directory, SEGMENT), Buffer.from(bytes).fill(0, end - 50, end));
    const { checks } = await verified(directory);
    expect(checks[0]).toMatchObject({ what: "journal", fault: null });
    expect(checks[0]!.found).toContain("bytes of a frame that a crash cut, which the next start repairs");
    writeFileSync(join(directory, SEGMENT), Buffer.from(bytes).fill(0, end - 250));
    const cut = await verified(directory);
    expect(cut.damage?.message).toContain("ledger has seen");
  });

  test("that this release decides differently is refused", async () => {
    const directory = mkdtempSync(join(places, "other-"));
    const { journal } = await openJournal(join(directory, "journal"));
    const opening = EVERY_COMMAND.filter(({ kind }) => kind === "OpenAccount");
    for (let i = 0; i < 2; i += 1) await appendBatch(journal, opening);
    await journal.close();
    const { damage } = await verified(directory);
    expect(damage?.message).toContain("replay does not equal what happened live");
  });
});
