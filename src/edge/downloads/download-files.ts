/**
 * Rows of history as the files that people take away: the fields that the JSON calls show, in their order and under
 * their names, as CSV or as Parquet.
 */
import { stringify } from "csv-stringify/sync";
import { SCALE_MAX } from "../../domain/market.ts";
import type { HistoryAsked } from "../../projections/ledger/oldest-first.ts";
import {
  type Cell,
  type Column,
  type ColumnType,
  type FileNotes,
  parquetPieces,
  WIDEST_DECIMAL,
} from "../../projections/ledger/parquet.ts";
import type { entryView, fillItem, tradeView } from "../render.ts";

export const FILE_FORMATS = ["csv", "parquet"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export const FILE_TYPES: Readonly<Record<FileFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
};

/** A row as the JSON calls show it. */
export type FileRow = Readonly<Record<string, string | number | null>>;

/** What is in a field: a text that somebody may have chosen is `free`. */
type Field = { readonly type: ColumnType; readonly isOptional?: boolean; readonly isFree?: boolean };
type FieldsOf<View> = { readonly [Name in keyof View]: Field };

const INTEGER: Field = { type: "integer" };
const AMOUNT: Field = { type: WIDEST_DECIMAL };
const TIME: Field = { type: "time" };
const WORD: Field = { type: "text" };

const ENTRY: FieldsOf<ReturnType<typeof entryView>> = {
  entryId: INTEGER,
  transactionId: INTEGER,
  seq: INTEGER,
  at: TIME,
  asset: WORD,
  amount: AMOUNT,
  balanceAfter: AMOUNT,
  kind: WORD,
  orderId: { ...INTEGER, isOptional: true },
  tradeId: { ...INTEGER, isOptional: true },
  reference: { ...WORD, isOptional: true, isFree: true },
  requestId: { ...WORD, isFree: true },
};

const FILL: FieldsOf<ReturnType<typeof fillItem>> = {
  tradeId: INTEGER,
  price: AMOUNT,
  quantity: AMOUNT,
  value: AMOUNT,
  role: WORD,
  fee: AMOUNT,
  feeAsset: WORD,
  orderId: INTEGER,
  market: WORD,
  side: WORD,
  at: TIME,
  seq: INTEGER,
};

const TRADE: FieldsOf<ReturnType<typeof tradeView>> = {
  tradeId: INTEGER,
  price: AMOUNT,
  quantity: AMOUNT,
  value: AMOUNT,
  takerSide: WORD,
  at: TIME,
  seq: INTEGER,
};

const FIELDS: Readonly<Record<HistoryAsked["what"], Readonly<Record<string, Field>>>> = {
  statement: ENTRY,
  fills: FILL,
  trades: TRADE,
};

/** Spreadsheets take a cell that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** The bytes of a file, piece by piece: what is in memory does not depend on how many rows there are. */
export function filePieces(
  file: { readonly what: HistoryAsked["what"]; readonly format: FileFormat; readonly notes: FileNotes },
  pages: AsyncIterable<readonly FileRow[]>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const fields = FIELDS[file.what];
  if (file.format === "csv") return csvPieces(fields, pages);
  const columns = Object.entries(fields).map(([name, field]) => parquetColumn(name, field));
  return parquetPieces(columns, oneByOne(pages), file.notes);
}

async function* csvPieces(
  fields: Readonly<Record<string, Field>>,
  pages: AsyncIterable<readonly FileRow[]>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  yield csvLines([Object.keys(fields)]);
  const columns = Object.entries(fields);
  for await (const rows of pages) {
    if (rows.length === 0) continue;
    yield csvLines(
      rows.map((row) => columns.map(([name, { isFree }]) => (isFree ? plainText(row[name]!) : row[name]!))),
    );
  }
}

function csvLines(rows: (string | number | null)[][]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(stringify(rows, { record_delimiter: "\r\n" }));
}

/** With an apostrophe before it, a spreadsheet shows the text and computes nothing. */
function plainText(cell: FileRow[string]): FileRow[string] {
  return typeof cell === "string" && FORMULA.test(cell) ? `'${cell}` : cell;
}

function parquetColumn(name: string, { type, isOptional = false }: Field): Column<FileRow> {
  const read = type === "time" ? timeCell : typeof type === "object" ? amountCell : sameCell;
  return {
    name,
    type,
    optional: isOptional,
    of: (row) => {
      const cell = row[name]!;
      return cell === null ? null : read(cell);
    },
  };
}

function sameCell(cell: string | number): Cell {
  return cell;
}

function timeCell(cell: string | number): Cell {
  return Date.parse(cell as string);
}

/** What was written with its decimals, exactly. */
function amountCell(cell: string | number): Cell {
  const text = cell as string;
  const point = text.indexOf(".");
  const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
  const scale = point < 0 ? 0 : text.length - point - 1;
  return BigInt(digits) * 10n ** BigInt(SCALE_MAX - scale);
}

async function* oneByOne(pages: AsyncIterable<readonly FileRow[]>): AsyncGenerator<FileRow, void> {
  for await (const rows of pages) yield* rows;
}
