/**
 * Tables as columns of numbers and texts, for states of millions of rows: a column is written and read at the
 * speed of memory, in the narrowest form that holds all of its values. What is written is canonical: equal
 * columns have equal bytes, and every column begins at a multiple of eight so that it can be read in place.
 */
import { assert } from "./assert.ts";
import { DecodeError, textOf } from "./codec.ts";

/** How the values of a column are kept. A number never changes its meaning. */
const FORM = { constant: 0, bytes: 1, integers: 2, doubles: 3, narrowTexts: 4, wideTexts: 5 } as const;

/** Every header and every column begins at a multiple of it. */
const ALIGNMENT = 8;
const COUNT_MAX = 2 ** 31 - 1;

/** Columns are written as they lie in memory. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

type Numbers = ArrayLike<number>;

export class ColumnWriter {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  constructor() {
    assert(LITTLE_ENDIAN, "the processor is little-endian, as the columns are");
  }

  /** What has been written, as a copy of its own. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  numbers(values: Numbers): void {
    const form = formOf(values);
    this.#header(form, values.length);
    if (form === FORM.constant) {
      if (values.length > 0) this.#append(doublesOf([values[0]!]));
    } else if (form === FORM.bytes) this.#append(Uint8Array.from(values));
    else if (form === FORM.integers) this.#append(Int32Array.from(values));
    else this.#append(doublesOf(values));
  }

  /** A byte a UTF-16 unit if all fit, else two for each; null is told from the empty text. */
  texts(values: readonly (string | null)[]): void {
    const lengths = new Int32Array(values.length);
    let units = 0;
    let wide = false;
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row]!;
      if (value === null) continue;
      lengths[row] = value.length + 1;
      units += value.length;
      wide ||= isWide(value);
    }
    this.numbers(lengths);
    this.#header(wide ? FORM.wideTexts : FORM.narrowTexts, units);
    const codes = wide ? new Uint16Array(units) : new Uint8Array(units);
    let at = 0;
    for (const value of values) {
      if (value === null) continue;
      for (let i = 0; i < value.length; i += 1) codes[at++] = value.charCodeAt(i);
    }
    this.#append(codes);
  }

  #header(form: number, count: number): void {
    assert(count <= COUNT_MAX, "a column's length fits its header");
    this.#append(new Uint32Array([form, count]));
  }

  #append(values: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array): void {
    const padded = paddedLength(values.byteLength);
    if (this.#length + padded > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + padded));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.#length);
    this.#length += padded;
  }
}

/** Reads what a `ColumnWriter` wrote, in the same order; whatever it cannot have written is a `DecodeError`. */
export class ColumnReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #offset = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    assert(LITTLE_ENDIAN, "the processor is little-endian, as the columns are");
    assert(bytes.byteOffset % ALIGNMENT === 0, "columns lie at multiples of eight");
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** All that was written must have been read. */
  end(): void {
    if (!this.isAtEnd) throw new DecodeError(`bytes are left over at ${this.#offset}`);
  }

  /** The next column, which must have so many rows if that is said. Perhaps a view into the bytes that are read. */
  doubles(rows?: number): Float64Array<ArrayBuffer> {
    const column = this.#numbers(rows);
    return column instanceof Float64Array ? column : Float64Array.from(column);
  }

  /** The next column as it is kept, for who reads few of its rows. */
  numbers(rows?: number): ArrayLike<number> {
    return this.#numbers(rows);
  }

  integers(rows?: number): Int32Array<ArrayBuffer> {
    const column = this.#numbers(rows);
    if (column instanceof Int32Array) return column;
    const converted = Int32Array.from(column);
    if (column instanceof Float64Array && column.some((value, row) => value !== converted[row])) {
      throw new DecodeError(`a number in front of ${this.#offset} is no integer of 32 bits`);
    }
    return converted;
  }

  bytes(rows?: number): Uint8Array<ArrayBuffer> {
    const column = this.#numbers(rows);
    if (column instanceof Uint8Array) return column;
    const converted = Uint8Array.from(column);
    if (column.some((value, row) => value !== converted[row])) {
      throw new DecodeError(`a number in front of ${this.#offset} is no byte`);
    }
    return converted;
  }

  texts(rows?: number): Texts {
    const lengths = this.integers(rows);
    const { form, count } = this.#header();
    if (form !== FORM.narrowTexts && form !== FORM.wideTexts) {
      throw new DecodeError(`no texts in front of ${this.#offset}`);
    }
    const bytes = this.#take(form === FORM.wideTexts ? count * 2 : count);
    if (form === FORM.narrowTexts) return new Texts(lengths, bytes);
    return new Texts(lengths, new Uint16Array(bytes.buffer, bytes.byteOffset, count));
  }

  #numbers(
    rows: number | undefined,
  ): Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
    const { form, count } = this.#header();
    if (rows !== undefined && rows !== count) {
      throw new DecodeError(`a column has ${count} rows and not ${rows} at ${this.#offset}`);
    }
    if (form === FORM.bytes) return this.#take(count);
    if (form === FORM.integers) return this.#view(Int32Array, count);
    if (form === FORM.doubles) return this.#view(Float64Array, count);
    if (form !== FORM.constant) throw new DecodeError(`no column of numbers at ${this.#offset}`);
    if (count === 0) return new Uint8Array(0);
    const value = this.#view(Float64Array, 1)[0]!;
    return (value & 255) === value ? new Uint8Array(count).fill(value) : new Float64Array(count).fill(value);
  }

  #view<T>(
    Kind: { new (buffer: ArrayBuffer, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
    count: number,
  ): T {
    const bytes = this.#take(count * Kind.BYTES_PER_ELEMENT);
    return new Kind(bytes.buffer, bytes.byteOffset, count);
  }

  #header(): { readonly form: number; readonly count: number } {
    const [form, count] = this.#view(Uint32Array, 2);
    return { form: form!, count: count! };
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const start = this.#offset;
    if (start + paddedLength(length) > this.#bytes.length) throw new DecodeError(`the bytes end at ${start}`);
    this.#offset += paddedLength(length);
    return this.#bytes.subarray(start, start + length);
  }
}

/** A column of texts, each made only when it is asked for. */
export class Texts {
  readonly #lengths: Int32Array<ArrayBuffer>;
  readonly #codes: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  /** Where each row's units begin. */
  readonly #starts: Uint32Array<ArrayBuffer>;

  constructor(
    lengths: Int32Array<ArrayBuffer>,
    codes: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>,
    starts: Uint32Array<ArrayBuffer> = startsOf(lengths, codes.length),
  ) {
    this.#lengths = lengths;
    this.#codes = codes;
    this.#starts = starts;
  }

  get count(): number {
    return this.#lengths.length;
  }

  at(row: number): string | null {
    const length = this.#lengths[row]! - 1;
    if (length < 0) return null;
    const start = this.#starts[row]!;
    return textOf(this.#codes, start, length);
  }

  /** A text that must be there. */
  given(row: number): string {
    const text = this.at(row);
    if (text === null) throw new DecodeError(`a text is missing in row ${row}`);
    return text;
  }

  /** The same in memory of its own, for who keeps it longer than the bytes that it was read from. */
  copy(): Texts {
    return new Texts(this.#lengths.slice(), this.#codes.slice(), this.#starts);
  }
}

/** Where each row's units begin; a row's length is one more than its text's, and 0 for none. */
function startsOf(lengths: Int32Array, units: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(lengths.length);
  let start = 0;
  for (let row = 0; row < lengths.length; row += 1) {
    starts[row] = start;
    if (lengths[row]! > 0) start += lengths[row]! - 1;
  }
  if (start !== units) throw new DecodeError(`texts have ${units} units, and their lengths say ${start}`);
  return starts;
}

function formOf(values: Numbers): number {
  const first = values[0];
  let constant = true;
  let bytes = true;
  let integers = true;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    if (constant && value !== first) constant = false;
    if (bytes && (value & 255) !== value) bytes = false;
    if (integers && (value | 0) !== value) integers = false;
    if (!constant && !integers) return FORM.doubles;
  }
  if (constant) return FORM.constant;
  if (bytes) return FORM.bytes;
  return integers ? FORM.integers : FORM.doubles;
}

/** Of the two zeros that doubles have, one is written. */
function doublesOf(values: Numbers): Float64Array {
  const doubles = new Float64Array(values.length);
  for (let row = 0; row < values.length; row += 1) doubles[row] = values[row]! + 0;
  return doubles;
}

function isWide(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 255) return true;
  return false;
}

function paddedLength(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
