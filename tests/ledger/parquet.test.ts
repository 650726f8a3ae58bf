/** Rows become a Parquet file that another reader understands, exactly, and group by group. */
import { expect, it } from "vitest";
import {
  type Cell,
  type Column,
  decimalCell,
  type FileNotes,
  parquetPieces,
  WIDEST_DECIMAL,
} from "../../src/projections/ledger/parquet.ts";
import { readParquet } from "./read-parquet.ts";

async function written<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>, notes?: FileNotes) {
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetPieces(columns, rows, notes)) pieces.push(piece);
  return { pieces, ...(await readParquet(Buffer.concat(pieces))) };
}

function column(name: string, type: Column<Cell[]>["type"], place: number, optional = false): Column<Cell[]> {
  return { name, type, optional, of: (row) => row[place]! };
}

it("each kind of column gives back what was put in, to the last digit", async () => {
  const columns = [
    column("id", "integer", 0),
    column("at", "time", 1),
    column("text", "text", 2, true),
    column("amount", WIDEST_DECIMAL, 3, true),
    column("cents", { decimal: 2 }, 4),
    column("flag", "flag", 5),
  ];
  const largest = 10n ** 38n - 1n;
  const { rows, metadata } = await written<Cell[]>(
    columns,
    [
      [Number.MAX_SAFE_INTEGER, 0, "ação 🙂", largest, -1n, true],
      [-1, 1_700_000_000_123, null, -largest, 12_345n, false],
      [0, 4_102_444_800_000, "", null, 0n, true],
    ],
    { what: "a test" },
  );
  expect(rows).toEqual([
    {
      id: 9_007_199_254_740_991n,
      at: "1970-01-01T00:00:00.000Z",
      text: "ação 🙂",
      amount: `${"9".repeat(26)}.${"9".repeat(12)}`,
      cents: "-0.01",
      flag: true,
    },
    {
      id: -1n,
      at: "2023-11-14T22:13:20.123Z",
      text: null,
      amount: `-${"9".repeat(26)}.${"9".repeat(12)}`,
      cents: "123.45",
      flag: false,
    },
    { id: 0n, at: "2100-01-01T00:00:00.000Z", text: "", amount: null, cents: "0.00", flag: true },
  ]);
  expect(metadata.key_value_metadata).toEqual([{ key: "what", value: "a test" }]);
  expect(metadata.schema.slice(1).map(({ logical_type: is }) => is)).toEqual([
    undefined,
    { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    { type: "STRING" },
    { type: "DECIMAL", precision: 38, scale: 12 },
    { type: "DECIMAL", precision: 38, scale: 2 },
    undefined,
  ]);
});

it("many rows come in pieces that are read as they are taken", async () => {
  const many = 40_000;
  let read = 0;
  function* rows(): Generator<number> {
    for (; read < many; read += 1) yield read;
  }
  const columns: Column<number>[] = [{ name: "n", type: "integer", of: (n) => n }];
  const pieces: Uint8Array[] = [];
  const readBefore: number[] = [];
  for await (const piece of parquetPieces(columns, rows())) {
    pieces.push(piece);
    readBefore.push(read);
  }
  const { rows: back, metadata } = await readParquet(Buffer.concat(pieces));
  expect(back.map(({ n }) => Number(n))).toEqual(Array.from({ length: many }, (_, n) => n));
  expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([16_384, 16_384, 7_232]);
  // The row that completes a group is the last that is read before its piece is given.
  expect(readBefore).toEqual([16_383, 32_767, many]);
});

it("a file without rows is a file", async () => {
  const { rows, metadata } = await written([column("id", "integer", 0)], []);
  expect(rows).toEqual([]);
  expect(metadata.schema.map(({ name }) => name)).toEqual(["rows", "id"]);
});

it.each([
  { why: "a null where none may be", of: null, type: "integer" as const, says: "the column x holds no null" },
  { why: "39 digits", of: 10n ** 38n, type: WIDEST_DECIMAL, says: "x cannot hold" },
  { why: "more than 64 bits", of: 2n ** 63n, type: "integer" as const, says: "out of range" },
])("$why is refused", async ({ of, type, says }) => {
  await expect(written([column("x", type, 0)], [[of]])).rejects.toThrow(says);
});

it("a number of steps becomes the units of a wider scale, though the product passes 2^53", () => {
  const step = { units: 5, scale: 1 };
  expect(decimalCell(3, step, { decimal: 4 })).toBe(15_000n);
  expect(decimalCell(Number.MAX_SAFE_INTEGER, step, WIDEST_DECIMAL)).toBe(
    9_007_199_254_740_991n * 5n * 10n ** 11n,
  );
  expect(decimalCell(null, step, WIDEST_DECIMAL)).toBeNull();
  expect(() => decimalCell(1, step, { decimal: 0 })).toThrow("room");
});
