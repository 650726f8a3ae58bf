/** An archive in a directory: what it holds is what the journal and the ledger had, row by row. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Archiver, type ArchiverOptions } from "../../../src/outward/archive/archiver.ts";
import { DirectoryTarget } from "../../../src/outward/archive/directory-target.ts";
import type { ArchivedRange } from "../../../src/outward/archive/manifest.ts";
import type { Target } from "../../../src/outward/archive/target.ts";
import { readParquet } from "../../ledger/read-parquet.ts";
import { expectedRows } from "./expected-rows.ts";
import { openExchange, scratchDirectory, trade, tradeIn } from "./trading.ts";

const past = mkdtempSync(join(tmpdir(), "pregao-past-"));

beforeAll(() => tradeIn(past, 1_500));

afterAll(() => rmSync(past, { recursive: true }));

/** A copy of the past, to be damaged or gone on with. */
function pastDirectory(): string {
  const directory = scratchDirectory();
  cpSync(past, directory, { recursive: true });
  return directory;
}

function archiverOf(directory: string, target: Target, more: Partial<ArchiverOptions> = {}): Archiver {
  return new Archiver({ directory, target, reserveBytes: 0, ...more });
}

/** A directory with a past and its archive, brought up to date. */
async function archived() {
  const directory = pastDirectory();
  const place = scratchDirectory();
  const target = new DirectoryTarget(place);
  const run = (await archiverOf(directory, target).run())!;
  const home = join(place, readdirSync(place)[0]!);
  const ranges: ArchivedRange[] = JSON.parse(readFileSync(join(home, "manifest.json"), "utf8")).ranges;
  return { directory, place, target, run, home, ranges };
}

function filesBelow(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    .sort();
}

it("holds every closed segment as it is, and every row of its commands", async () => {
  const { directory, home, ranges, run } = await archived();
  expect(ranges.length).toBeGreaterThan(2);
  expect(run.ranges).toBe(ranges.length);
  const last = ranges.at(-1)!.lastSeq;
  const database = new Database(join(directory, "ledger.sqlite"), { readonly: true });
  const found: Record<string, unknown[]> = { commands: [], orders: [], trades: [], entries: [] };
  let next = 1;
  for (const { firstSeq, lastSeq, segment, objects } of ranges) {
    expect(firstSeq).toBe(next);
    next = lastSeq + 1;
    expect(objects.map(({ kind }) => kind)).toEqual(["segment", "commands", "orders", "trades", "entries"]);
    for (const { kind, key, bytes, sha256, rows: count } of objects) {
      const content = readFileSync(join(home, key));
      expect([content.length, createHash("sha256").update(content).digest("hex")]).toEqual([bytes, sha256]);
      if (kind === "segment") {
        const name = `${String(segment).padStart(8, "0")}.segment`;
        expect(content.equals(readFileSync(join(directory, "journal", name)))).toBe(true);
        continue;
      }
      const { rows } = await readParquet(content);
      expect(rows.length).toBe(count);
      found[kind]!.push(...rows);
    }
  }
  const expected = expectedRows(database, last);
  database.close();
  expect(expected.orders!.length).toBeGreaterThan(200);
  expect(expected.trades!.length).toBeGreaterThan(200);
  for (const [kind, rows] of Object.entries(expected)) {
    const key = (row: object) =>
      JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value));
    const sorted = (some: readonly object[]) => some.map(key).sort();
    expect(sorted(found[kind] as object[])).toEqual(sorted(rows));
  }
  expect(filesBelow(home)).toEqual(
    ["manifest.json", ...ranges.flatMap(({ objects }) => objects.map(({ key }) => key))].sort(),
  );
});

it("is added to, and what is in it already is left alone", async () => {
  const { directory, target, home, ranges } = await archived();
  const before = filesBelow(home);
  const again = (await archiverOf(directory, target).run())!;
  expect([again.ranges, again.bytes]).toEqual([0, 0]);
  await tradeIn(directory, 1_000, 2);
  const more = (await archiverOf(directory, target).run())!;
  expect(more.ranges).toBeGreaterThan(1);
  const names = filesBelow(home);
  expect(names.length).toBe(before.length + more.objects);
  const all: ArchivedRange[] = JSON.parse(readFileSync(join(home, "manifest.json"), "utf8")).ranges;
  expect(all.slice(0, ranges.length)).toEqual(ranges);
  expect(more.manifest.last).toEqual(all.at(-1));
});

it("comes out the same, whatever call of the target was the last before a crash", async () => {
  const directory = pastDirectory();
  const whole = scratchDirectory();
  const due = await countingCalls(directory, whole);
  const expected = contents(whole);
  expect(due).toBeGreaterThan(30);
  for (let last = 1; last < due; last += 7) {
    const cut = scratchDirectory();
    const target = new DirectoryTarget(cut);
    await expect(archiverOf(directory, dyingAfter(target, last)).run()).rejects.toThrow("killed");
    for (const key of namedObjects(cut)) expect(existsSync(join(cut, key))).toBe(true);
    await archiverOf(directory, target).run();
    expect(contents(cut)).toEqual(expected);
  }
});

/** How many calls of the target a run takes. */
async function countingCalls(directory: string, place: string): Promise<number> {
  let calls = 0;
  const target = wrapped(new DirectoryTarget(place), () => {
    calls += 1;
  });
  await archiverOf(directory, target).run();
  return calls;
}

function dyingAfter(target: Target, last: number): Target {
  let calls = 0;
  return wrapped(target, () => {
    calls += 1;
    if (calls > last) throw new Error("killed");
  });
}

function wrapped(target: Target, before: () => void): Target {
  return {
    name: target.name,
    size: async (key) => {
      before();
      return target.size(key);
    },
    read: async (key, range) => {
      before();
      return target.read(key, range);
    },
    write: async (key, bytes) => {
      before();
      await target.write(key, bytes);
    },
    upload: async (key, file, told) => {
      before();
      await target.upload(key, file, told);
    },
  };
}

function contents(place: string): Record<string, string> {
  const names = filesBelow(place);
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(place, name)))
        .digest("hex"),
    ]),
  );
}

/** What the manifest names, below the target's directory. */
function namedObjects(place: string): string[] {
  const [journalId] = existsSync(place) ? readdirSync(place) : [];
  const path = join(place, journalId ?? "", "manifest.json");
  if (journalId === undefined || !existsSync(path)) return [];
  const ranges: ArchivedRange[] = JSON.parse(readFileSync(path, "utf8")).ranges;
  return ranges.flatMap(({ objects }) => objects.map(({ key }) => join(journalId, key)));
}

it("an object that is damaged on its way is not named", async () => {
  const directory = pastDirectory();
  const place = scratchDirectory();
  const inner = new DirectoryTarget(place);
  const damaging: Target = {
    ...wrapped(inner, () => {}),
    upload: async (key, file, told) => {
      await inner.upload(key, file, told);
      if (!key.includes("/trades/")) return;
      const bytes = readFileSync(join(place, key));
      bytes[10]! ^= 1;
      writeFileSync(join(place, key), bytes);
    },
  };
  await expect(archiverOf(directory, damaging).run()).rejects.toThrow(
    /was written and read back: its SHA-256 is/,
  );
  expect(namedObjects(place)).toEqual([]);
  // The next run finds it, and puts it right.
  await archiverOf(directory, inner).run();
  expect(namedObjects(place).length).toBeGreaterThan(4);
});

it("a journal that ends before the archive does, or went its own way there, is refused at once", async () => {
  const { directory, target } = await archived();
  const restored = scratchDirectory();
  cpSync(directory, restored, { recursive: true });
  await tradeIn(directory, 1_000, 2);
  await archiverOf(directory, target).run();
  // As it was restored, and before it has closed as many segments as the archive has.
  await expect(archiverOf(restored, target).run()).rejects.toThrow(/ends before that/);
  const { last } = (await archiverOf(directory, target).run())!.manifest;
  const exchange = await openExchange(restored);
  while (newestSegment(restored) <= last!.segment) await trade(exchange, 50, 3);
  await exchange.close();
  // The segment that is open is enough to see it.
  expect(newestSegment(restored)).toBe(last!.segment + 1);
  await expect(archiverOf(restored, target).run()).rejects.toThrow(/has another history than this journal/);
});

function newestSegment(directory: string): number {
  return Math.max(...readdirSync(join(directory, "journal")).map((name) => Number.parseInt(name, 10) || 0));
}

it("another history under the same journal is refused, and a segment that is not whole", async () => {
  const { directory, target, home } = await archived();
  const manifest = join(home, "manifest.json");
  const text = readFileSync(manifest, "utf8");
  const contentsOf = JSON.parse(text) as { ranges: { endHash: string }[] };
  contentsOf.ranges = contentsOf.ranges.slice(0, -1);
  contentsOf.ranges.at(-1)!.endHash = "00".repeat(32);
  writeFileSync(manifest, JSON.stringify(contentsOf));
  await expect(archiverOf(directory, target).run()).rejects.toThrow(/has another history than this journal/);

  writeFileSync(manifest, text.slice(0, 100));
  await expect(archiverOf(directory, target).run()).rejects.toThrow(/is no JSON/);

  rmSync(manifest);
  const segment = join(directory, "journal", "00000001.segment");
  const bytes = readFileSync(segment);
  bytes[5_000]! ^= 1;
  writeFileSync(segment, bytes);
  await expect(archiverOf(directory, target).run()).rejects.toThrow(/00000001.segment/);
  expect(existsSync(manifest)).toBe(false);
});
