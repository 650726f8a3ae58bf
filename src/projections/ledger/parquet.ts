/**
 * Rows as a Parquet file, piece by piece: one group of rows is in memory at a time, however many there are.
 * Numbers are exact: ids are 64-bit integers, amounts decimals of a scale that the column names, times are
 * timestamps in UTC. What a column cannot hold is refused, never rounded.
 */
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { assert } from "../../domain/assert.ts";
import type { Decimal } from "../../domain/decimal.ts";
import { SCALE_MAX } from "../../domain/market.ts";

/** The rows that are in memory at a time: some 10 MiB of them, and a tenth of a second of work. */
const GROUP_ROWS = 16_384;

/** The digits of a decimal: the most that readers of the format agree on, in 16 bytes. */
const DECIMAL_DIGITS = 38;
const DECIMAL_BYTES = 16;
const DECIMAL_END = 10n ** BigInt(DECIMAL_DIGITS);

/** How a column is stored: `decimal` names the digits behind the point. */
export type ColumnType = "integer" | "text" | "time" | "flag" | { readonly decimal: number };

/**
 * A cell: flags are booleans, integers and times (milliseconds since 1970) are safe integers, a decimal is a number of units of
 * its column's scale, which `decimalCell` makes.
 */
export type Cell = number | bigint | string | boolean | null;

export type Column<Row> = {
  readonly name: string;
  readonly type: ColumnType;
  /** Only such a column may hold null. */
  readonly optional?: boolean;
  readonly of: (row: Row) => Cell;
};

/** The scale that fits every asset, tick and lot size there can be. */
export const WIDEST_DECIMAL = { decimal: SCALE_MAX } as const;

/** A number of steps (or of units of 10^-scale: a step of one unit) as a decimal cell; null stays null. */
export function decimalCell(steps: number | null, step: Decimal, { decimal }: { readonly decimal: number }) {
  if (steps === null) return null;
  assert(step.scale <= decimal, "a decimal column has room for the digits of what it holds");
  return BigInt(steps) * BigInt(step.units) * 10n ** BigInt(decimal - step.scale);
}

/** What a file says of itself beside its rows. */
export type FileNotes = Readonly<Record<string, string>>;

/**
 * The bytes of a file, to be written one behind the other. The source is read as fast as the pieces are taken;
 * whoever takes no more of them ends the reading.
 *
 * @throws RangeError for a cell that its column cannot hold.
 */
export async function* parquetPieces<Row>(
  columns: readonly Column<Row>[],
  rows: Iterable<Row> | AsyncIterable<Row>,
  notes: FileNotes = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const bytes = new ByteWriter();
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "rows", num_children: columns.length }, ...columns.map(elementOf)],
    kvMetadata: Object.entries(notes).map(([key, value]) => ({ key, value })),
    createdBy: "pregao",
  });
  let group = columns.map((): Cell[] => []);
  for await (const row of rows) {
    for (const [place, column] of columns.entries()) group[place]!.push(cellOf(column, row));
    if (group[0]!.length < GROUP_ROWS) continue;
    await writeGroup(file, columns, group);
    group = columns.map(() => []);
    yield takeBytes(bytes);
  }
  if (group[0]!.length > 0) await writeGroup(file, columns, group);
  await file.finish();
  yield takeBytes(bytes);
}

async function writeGroup<Row>(
  file: ParquetWriter,
  columns: readonly Column<Row>[],
  group: readonly Cell[][],
): Promise<void> {
  const columnData = columns.map(({ name }, place) => ({ name, data: group[place]!, offsetIndex: false }));
  await file.write({ columnData, rowGroupSize: GROUP_ROWS });
}

/** What has been written since the last time, in memory of its own: the writer goes on in its buffer. */
function takeBytes(writer: ByteWriter): Uint8Array<ArrayBuffer> {
  const taken = writer.getBytes().slice();
  writer.index = 0;
  return taken;
}

function elementOf<Row>({ name, type, optional = false }: Column<Row>): SchemaElement {
  const repetition_type = optional ? "OPTIONAL" : "REQUIRED";
  if (type === "integer") return { name, type: "INT64", repetition_type };
  if (type === "flag") return { name, type: "BOOLEAN", repetition_type };
  if (type === "text") {
    const logical_type = { type: "STRING" } as const;
    return { name, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type, repetition_type };
  }
  if (type === "time") {
    const logical_type = { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" } as const;
    return { name, type: "INT64", converted_type: "TIMESTAMP_MILLIS", logical_type, repetition_type };
  }
  const digits = { precision: DECIMAL_DIGITS, scale: type.decimal };
  return {
    name,
    type: "FIXED_LEN_BYTE_ARRAY",
    type_length: DECIMAL_BYTES,
    converted_type: "DECIMAL",
    logical_type: { type: "DECIMAL", ...digits },
    ...digits,
    repetition_type,
  };
}

function cellOf<Row>({ name, type, optional = false, of }: Column<Row>, row: Row): Cell {
  const cell = of(row);
  if (cell === null) {
    if (!optional) throw new RangeError(`the column ${name} holds no null`);
    return null;
  }
  if (type === "text" || type === "flag") return cell;
  const whole = typeof cell === "bigint" ? cell : BigInt(cell);
  if (whole <= -DECIMAL_END || whole >= DECIMAL_END) throw new RangeError(`${name} cannot hold ${whole}`);
  return whole;
}
