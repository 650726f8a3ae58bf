/** Rows of numbers as columns: written row by row, a column for each field, and read back in place. */
import type { ColumnReader, ColumnWriter } from "../domain/columns.ts";

/** What is kept of a row as numbers, in the order of its columns. */
type Fields<Row> = Readonly<Record<string, (row: Row) => number>>;

/** The columns of these fields, each as it is kept. */
export type NumberColumns<F> = Readonly<Record<keyof F, ArrayLike<number>>>;

/** Takes so many rows one by one, and then writes their columns. */
export class NumberTable<Row> {
  readonly #fields: readonly ((row: Row) => number)[];
  readonly #columns: readonly Float64Array[];
  #count = 0;

  constructor(fields: Fields<Row>, rows: number) {
    this.#fields = Object.values(fields);
    this.#columns = this.#fields.map(() => new Float64Array(rows));
  }

  add(row: Row): void {
    const fields = this.#fields;
    for (let field = 0; field < fields.length; field += 1) {
      this.#columns[field]![this.#count] = fields[field]!(row);
    }
    this.#count += 1;
  }

  write(writer: ColumnWriter): void {
    for (const column of this.#columns) writer.numbers(column);
  }
}

/** Reads what a `NumberTable` of the same fields wrote, all columns of one length. @throws DecodeError */
export function readColumns<F extends Fields<never>>(reader: ColumnReader, fields: F): NumberColumns<F> {
  let rows: number | undefined;
  const read: Record<string, ArrayLike<number>> = {};
  for (const name of Object.keys(fields)) {
    const column = reader.numbers(rows);
    read[name] = column;
    rows ??= column.length;
  }
  return read as NumberColumns<F>;
}

/** The first row of a rising column whose number is above a bound, or `to` if no row before it has one. */
export function firstAbove(
  column: ArrayLike<number>,
  bound: number,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
