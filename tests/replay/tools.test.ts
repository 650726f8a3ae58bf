/** What the operator's tools make of a journal with snapshots, kept whole or from a snapshot on. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Database from "better-sqlite3";
import { beforeAll, describe, expect, test } from "vitest";
import { Exchange } from "../../src/exchange.ts";
import { SnapshotStore } from "../../src/journal/snapshot-store.ts";
import { type Verified, verify } from "../../src/replay/verify.ts";
import { startServer } from "../edge/harness.ts";
import { run, temporaryDirectory } from "../process/command-line.ts";
import { copyOf, liveThrough, longStory, namesIn, newestIn, snapshotAt } from "./past.ts";

const places = temporaryDirectory();
/** With every segment, and with none that lies before the older of two snapshots. */
let whole: string;
let trimmed: string;

beforeAll(async () => {
  const past = await liveThrough(longStory());
  whole = past.directory;
  for (const closed of past.closed.slice(2, 4)) await snapshotAt(whole, closed);
  const exchange = await Exchange.open({
    directory: whole,
    feedEventsMax: 1,
    diskReserveBytes: 0,
    snapshotCommandsMin: 1_000_000,
    onReport: () => {},
    onFailure: (error) => expect.fail(error.message),
  });
  await exchange.close();
  trimmed = copyOf(whole);
  await snapshotAt(trimmed, past.closed.at(-1)!, { ledgerSeq: past.ledger.seq, keepsSegments: false });
  expect(namesIn(trimmed, "journal")[0]).not.toBe("00000001.segment");
});

async function verified(directory: string): Promise<Verified> {
  const scratch = mkdtempSync(join(places, "scratch-"));
  return verify({ directory, scratch, onProgress: () => {} });
}

async function faultsOf(directory: string): Promise<string> {
  const { checks, damage } = await verified(directory);
  expect(damage).toBe(null);
  return checks.flatMap(({ what, fault }) => (fault === null ? [] : [`${what}: ${fault}`])).join("\n");
}

describe("verify", () => {
  test("finds every snapshot to be the state that the replay comes to", async () => {
    const { checks } = await verified(whole);
    expect(checks.filter(({ fault }) => fault !== null)).toEqual([]);
    expect(checks.find(({ what }) => what === "snapshots")?.found).toBe("2, each the state at its sequence");
  });

  test("names a snapshot with a flipped bit", async () => {
    const directory = copyOf(whole);
    const bytes = readFileSync(newestIn(directory));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(newestIn(directory), bytes);
    expect(await faultsOf(directory)).toMatch(/^snapshots: .*\.snapshot: the digest of its sections/);
  });

  test("names a whole snapshot that is another state", async () => {
    const directory = copyOf(whole);
    const store = new SnapshotStore({ directory: join(directory, "snapshots") });
    const { files } = await store.list();
    const [later, earlier] = [files[0]!, files[1]!];
    const other = await store.read(earlier);
    if (typeof other === "string") throw new Error(other);
    await store.publish(await store.writeAside(later.position, other.sections));
    expect(await faultsOf(directory)).toContain(`is not the state at sequence ${later.seq}`);
  });

  test("goes on from a snapshot where the segments before it are gone", async () => {
    const { checks, damage } = await verified(trimmed);
    expect(damage).toBe(null);
    expect(checks.filter(({ fault }) => fault !== null)).toEqual([]);
    expect(checks[0]?.found).toMatch(/^from sequence \d+ on, commands \d+/);
    expect(checks.find(({ what }) => what === "ledger's rows")?.found).toMatch(/^not compared/);
    const directory = copyOf(trimmed);
    const database = new Database(join(directory, "ledger.sqlite"));
    database.exec("UPDATE balances SET total = total + 1 WHERE account = 1");
    database.close();
    expect(await faultsOf(directory)).toMatch(/^balances: account 1 has/);
  });

  test("names a ledger that nothing can make anew, for a start would refuse it", async () => {
    const directory = copyOf(trimmed);
    writeFileSync(join(directory, "ledger.sqlite"), "something else");
    expect(await faultsOf(directory)).toMatch(
      /^ledger: file is not a database, and the journal begins behind \d+/,
    );
    rmSync(join(directory, "ledger.sqlite"));
    expect(await faultsOf(directory)).toMatch(/^ledger: there is none, and the journal begins behind \d+/);
    expect(run(["serve", "--port", "0", "--data", directory]).status).toBe(4);
  });

  test("refuses a journal whose beginning nothing covers", async () => {
    const directory = copyOf(trimmed);
    rmSync(join(directory, "snapshots"), { recursive: true });
    expect((await verified(directory)).damage?.message).toContain("the segment is missing");
  });
});

describe("backup", () => {
  test("of a journal that begins at a snapshot can be verified and started", async () => {
    const target = join(places, "backup");
    const { status, stdout } = run(["backup", trimmed, target]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/journal: sequences [1-9]\d+ to \d+, [\s\S]*snapshots: 2\n/);
    expect(run(["verify", target])).toMatchObject({ status: 0, stderr: "" });
    const server = await startServer({ directory: target });
    expect(await server.stop()).toBe(0);
  });

  test("of a journal that begins at a snapshot needs the ledger, and leaves nothing without it", () => {
    const directory = copyOf(trimmed);
    rmSync(join(directory, "ledger.sqlite"));
    const target = join(places, "no-ledger");
    const { status, stderr } = run(["backup", directory, target]);
    expect(status).toBe(1);
    expect(stderr).toContain("no snapshot that the ledger has come to");
    expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, false]);
  });

  test("leaves a damaged snapshot out", async () => {
    const directory = copyOf(whole);
    const bytes = readFileSync(newestIn(directory));
    bytes[bytes.length - 9]! ^= 1;
    writeFileSync(newestIn(directory), bytes);
    const target = join(places, "without");
    expect(run(["backup", directory, target]).status).toBe(0);
    const left = namesIn(directory, "snapshots").filter((name) => name !== basename(newestIn(directory)));
    expect(namesIn(target, "snapshots")).toEqual(left);
  });
});

describe("journal", () => {
  const lines = (args: readonly string[]) => run(["journal", ...args]).stdout.split("\n");

  test("says the same of a command whether it begins before it or at a snapshot", () => {
    const all = lines([whole, "--json"]).filter((line) => line !== "");
    const [snapshot] = namesIn(whole, "snapshots");
    const from = Number.parseInt(snapshot!, 10) + 1;
    const late = lines([whole, "--json", "--from", `${from}`]).filter((line) => line !== "");
    expect(late.length).toBeGreaterThan(100);
    const decided = (text: string) => {
      const { price, quantity, market, priceTicks, quantityLots, ...rest } = JSON.parse(text);
      // Of an order that was not open at the snapshot nobody knows the market any more.
      return rest.kind === "AmendOrder" ? rest : { ...rest, price, quantity, market };
    };
    expect(late.map(decided)).toEqual(all.slice(from - 1).map(decided));
  });

  test("begins at the oldest snapshot where the segments before it are gone, and says so", () => {
    const { status, stdout, stderr } = run(["journal", trimmed]);
    expect(status).toBe(0);
    const [oldest] = namesIn(trimmed, "snapshots");
    const seq = Number.parseInt(oldest!, 10);
    expect(stderr).toBe(`the journal begins behind sequence ${seq}\n`);
    expect(stdout).toMatch(new RegExp(`^# segment \\d+, .*\\n# frame .*\\n +${seq + 1} `));
  });

  test("shows all that stands before a segment that is missing, or behind it, and names it", () => {
    const directory = copyOf(whole);
    rmSync(join(directory, "journal", "00000002.segment"));
    const [first] = namesIn(directory, "snapshots");
    for (const from of [1, Number.parseInt(first!, 10) + 1]) {
      const { status, stdout, stderr } = run(["journal", directory, "--from", `${from}`]);
      expect(status).toBe(4);
      expect(stdout).toMatch(new RegExp(`^# segment \\d+, .*\\n# frame .*\\n +${from} `));
      expect(stderr).toMatch(/00000002\.segment, offset 0, sequence \d+: the segment is missing/);
    }
  });
});
