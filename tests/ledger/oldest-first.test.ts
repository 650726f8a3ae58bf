/** History from old to new is what the pages tell from new to old, turned round. */
import { describe, expect, it } from "vitest";
import type { AssetIndex, EpochMs, MarketIndex, Seq } from "../../src/domain/units.ts";
import { LedgerQueries } from "../../src/projections/ledger/ledger-queries.ts";
import {
  type HistoryAsked,
  HistoryMovedError,
  type HistoryRow,
  OldestFirst,
} from "../../src/projections/ledger/oldest-first.ts";
import { Retention } from "../../src/projections/ledger/retention.ts";
import { MARK_EVERY } from "../../src/projections/ledger/schema.ts";
import { ENTRY_KINDS } from "../../src/projections/ledger/words.ts";
import { busyDay } from "./busy-day.ts";
import { openWriter } from "./files.ts";
import { BRL, MARKET } from "./story.ts";

const ALL = 1_000_000;
const SECOND_MARKET = 1 as MarketIndex;

function history() {
  const { story, accounts } = busyDay({ commands: 1_500, seed: 11 });
  const { database, writer } = openWriter();
  const half = Math.floor(story.frames.length / 2);
  writer.apply(story.frames.slice(0, half));
  const apply = () => writer.apply(story.frames.slice(half));
  const account = accounts[0]!;
  const queries = new LedgerQueries(database);
  const boundary = (share: number) => {
    const { lastSeq: seq, hash: frameHash } = story.frames[Math.floor(half * share)]!;
    return { seq, frameHash };
  };
  const lastSeq = () => database.prepare("SELECT seq FROM cursor").pluck().get() as Seq;
  return { story, database, queries, account, apply, boundary, lastSeq };
}

type World = ReturnType<typeof history>;

/** The same from the pages, as they are now. */
function fromPages({ queries }: World, asked: HistoryAsked, period: { from?: EpochMs; to?: EpochMs } = {}) {
  const page = { ...period, limit: ALL };
  if (asked.what === "trades") return queries.trades({ ...asked, limit: ALL }).rows.toReversed();
  if (asked.what === "fills") return queries.fills({ ...asked, ...page }).rows.toReversed();
  return queries.statement({ ...asked, ...page }).rows.toReversed();
}

function open(world: World, asked: HistoryAsked, period: object = {}, rowsMax?: number) {
  const whole = { from: null, to: null, throughSeq: world.lastSeq(), ...period };
  return new OldestFirst(world.database, asked, whole, rowsMax);
}

function rest(reading: OldestFirst, rowsMax = 1_000): HistoryRow[] {
  const rows: HistoryRow[] = [];
  for (let piece = reading.next(); piece !== null; piece = reading.next()) {
    expect(piece.length).toBeLessThanOrEqual(rowsMax);
    rows.push(...piece);
  }
  return rows;
}

const LISTS: readonly HistoryAsked[] = [
  { what: "statement", account: 1, asset: null, kind: null },
  { what: "statement", account: 1, asset: BRL, kind: null },
  { what: "statement", account: 0, asset: null, kind: null },
  ...ENTRY_KINDS.map((kind) => ({ what: "statement", account: 1, asset: null, kind })),
  { what: "statement", account: 1, asset: BRL, kind: "deposit" },
  { what: "fills", account: 1, market: null },
  { what: "fills", account: 1, market: SECOND_MARKET },
  { what: "trades", market: MARKET },
  { what: "trades", market: SECOND_MARKET },
] as unknown as HistoryAsked[];

it("has every row once, whatever the piece", () => {
  const world = history();
  for (const asked of LISTS) {
    const expected = fromPages(world, asked);
    for (const rowsMax of [1, 7, 1_000]) {
      expect(rest(open(world, asked, {}, rowsMax), rowsMax)).toEqual(expected);
    }
  }
  expect(fromPages(world, LISTS[0]!).length).toBeGreaterThan(4 * MARK_EVERY);
});

it("keeps to its times: from is inside, to is outside", () => {
  const world = history();
  for (const asked of LISTS) {
    const all = fromPages(world, asked);
    const at = (share: number) => all[Math.floor((all.length - 1) * share)]?.at ?? (0 as EpochMs);
    const ranges: [EpochMs, EpochMs][] = [
      [at(0.2), at(0.7)],
      [at(0.5), at(0.5)],
      [at(0), (at(1) + 1) as EpochMs],
      [0 as EpochMs, at(0)],
      [(at(1) + 1) as EpochMs, (at(1) + 9) as EpochMs],
    ];
    for (const [from, to] of ranges) {
      const expected = all.filter((row) => row.at >= from && row.at < to);
      expect(rest(open(world, asked, { from, to }, 50), 50)).toEqual(expected);
    }
  }
});

it("has nothing that comes after the command at which it was opened, however long it is read", () => {
  const world = history();
  const lists = LISTS.map((asked) => ({
    expected: fromPages(world, asked),
    reading: open(world, asked, { to: Number.MAX_SAFE_INTEGER }, 9),
  }));
  const before = lists.map(({ reading }) => reading.next()!);
  world.apply();
  for (const [place, { expected, reading }] of lists.entries()) {
    expect([...before[place]!, ...rest(reading, 9)]).toEqual(expected);
  }
  expect(fromPages(world, LISTS[0]!).length).toBeGreaterThan(lists[0]!.expected.length);
});

describe("when history moves to the archive", () => {
  it("begins where the kept rows begin, and says that it does", () => {
    const world = history();
    const expected = LISTS.map((asked) => fromPages(world, asked));
    const boundary = world.boundary(0.5);
    new Retention(world.database).advance(boundary);
    for (const [place, asked] of LISTS.entries()) {
      const reading = open(world, asked, { from: 0 });
      expect(reading.archived?.seq).toBe(boundary.seq);
      expect(rest(reading)).toEqual(expected[place]!.filter(({ seq }) => seq > boundary.seq));
    }
  });

  it("fails rather than leave out what it had still to read, and goes on where nothing is missing", () => {
    const world = history();
    const expected = LISTS.map((asked) => fromPages(world, asked));
    const readings = LISTS.map((asked) => open(world, asked, {}, 40));
    const far = LISTS.map((asked) => open(world, asked, {}, 40));
    const boundary = world.boundary(0.5);
    const read = far.map((reading) => {
      const rows: HistoryRow[] = [];
      for (let piece = reading.next(); piece !== null; piece = reading.next()) {
        rows.push(...piece);
        if ((piece.at(-1)?.seq ?? 0) > boundary.seq) break;
      }
      return rows;
    });
    const retention = new Retention(world.database);
    retention.advance(boundary);
    while (retention.sweep()) {}
    for (const reading of readings) expect(() => reading.next()).toThrow(HistoryMovedError);
    for (const [place, reading] of far.entries()) {
      expect([...read[place]!, ...rest(reading, 40)]).toEqual(expected[place]);
    }
  });
});

it("looks at a bounded number of rows for a piece, whether they fit or not", () => {
  const world = history();
  const many = 30_000;
  world.database.exec(`
    INSERT INTO markets SELECT 2, 'X-BRL', 5, base, tick_units, tick_scale, lot_units, lot_scale, base_minor_per_lot,
      maker_fee, taker_fee, price_band, reference_price, status FROM markets WHERE market = 0;
    INSERT INTO accounts (account, account_id, status) VALUES (50, 'many', 0);
    INSERT INTO balances VALUES (50, 5, 0, 1000000 + ${many}, ${many});
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
    INSERT INTO entries SELECT 1000000 + i, 50, 5, 1, 1, i, 3, NULL, 2, 1, CASE i WHEN 1 THEN NULL ELSE 999999 + i END FROM n;
    INSERT INTO entry_marks SELECT 50, 5, entry FROM entries WHERE account = 50 AND entry % ${MARK_EVERY} = 0;
    UPDATE cursor SET next_entry = 2000000;
  `);
  const asked = { what: "statement", account: 50, asset: 5 as AssetIndex, kind: "rebate" } as HistoryAsked;
  const reading = open(world, asked);
  expect(Array.from({ length: 4 }, () => reading.next())).toEqual([[], [], [], null]);
});
