/**
 * Plain data to bytes and back, described once for both directions. A codec is a pair of functions; records
 * and tagged unions are built from tables of fields, so a layout is read, and changed, in one place. What
 * is written is canonical: one value has one encoding.
 */
import { AssertionError, assert } from "./assert.ts";

/** The bytes ended or hold what no writer writes. They are damaged, or of a later version. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** How a `T` is written and read. */
export type Codec<T> = {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
};

/** Bytes that grow at the end; used again after `clear`. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 64 * 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** What has been written; valid until the next write or `clear`. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Seven bits a byte, lowest first: small numbers are short. */
  integer(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "an encoded integer is safe and not negative");
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    const bytes = this.#bytes;
    let rest = value;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) bytes[this.#length++] = (rest % 128) | 128;
    for (; rest > 127; rest >>>= 7) bytes[this.#length++] = (rest & 127) | 128;
    bytes[this.#length++] = rest;
  }

  /** UTF-16 units, or a byte a unit if all fit, behind a count whose lowest bit says which. */
  text(value: string): void {
    const start = this.#length;
    const { length } = value;
    this.integer(length * 2);
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    const bytes = this.#bytes;
    let codes = 0;
    let at = this.#length;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      codes |= code;
      bytes[at++] = code;
    }
    this.#length = at;
    if (codes <= 255) return;
    // Nearly all texts are narrow; this one is written over again.
    this.#length = start;
    this.#wideText(value);
  }

  #wideText(value: string): void {
    this.integer(value.length * 2 + 1);
    if (this.#length + value.length * 2 > this.#bytes.length) this.#grow(value.length * 2);
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      this.#bytes[this.#length++] = code & 255;
      this.#bytes[this.#length++] = code >>> 8;
    }
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Characters that are made into a text at once. */
const TEXT_PIECE = 64;
/**
 * Plain arrays of every length up to that, used again and again: a text is made of one in half of the time that a
 * view into the bytes takes.
 */
const PIECES: readonly number[][] = Array.from({ length: TEXT_PIECE + 1 }, (_, length) =>
  new Array<number>(length).fill(0),
);

/** The text of so many codes, each a unit. */
export function textOf(codes: Uint8Array | Uint16Array, start: number, length: number): string {
  if (length > TEXT_PIECE) {
    const half = length >> 1;
    return textOf(codes, start, half) + textOf(codes, start + half, length - half);
  }
  const piece = PIECES[length]!;
  for (let i = 0; i < length; i += 1) piece[i] = codes[start + i]!;
  return String.fromCharCode.apply(null, piece);
}

/** Reads what a `ByteWriter` wrote; every reading past the end is a `DecodeError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw new DecodeError(`the bytes end at ${this.#offset}`);
    this.#offset += 1;
    return value;
  }

  integer(): number {
    const first = this.#bytes[this.#offset];
    if (first === undefined || first > 127) return this.#longInteger();
    this.#offset += 1;
    return first;
  }

  #longInteger(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const part = this.byte();
      value += (part & 127) * factor;
      if (part < 128) {
        if (part === 0 && factor > 1) throw new DecodeError(`an integer is padded at ${this.#offset}`);
        break;
      }
      if (factor >= 2 ** 49) throw new DecodeError(`an integer is too long at ${this.#offset}`);
    }
    if (!Number.isSafeInteger(value)) throw new DecodeError(`an integer is too large at ${this.#offset}`);
    return value;
  }

  text(): string {
    const header = this.integer();
    const length = Math.floor(header / 2);
    const wide = header % 2 === 1;
    if (this.#offset + (wide ? length * 2 : length) > this.#bytes.length) {
      throw new DecodeError(`a text runs past the end at ${this.#offset}`);
    }
    if (wide) return this.#wideText(length);
    this.#offset += length;
    return textOf(this.#bytes, this.#offset - length, length);
  }

  #wideText(length: number): string {
    let value = "";
    let highest = 0;
    for (let i = 0; i < length; i += 1) {
      const low = this.byte();
      const high = this.byte();
      highest |= high;
      value += String.fromCharCode(low + high * 256);
    }
    if (highest === 0) throw new DecodeError(`a text is padded at ${this.#offset}`);
    return value;
  }
}

/** A safe integer that is not negative, under the unit that the reader expects. */
export function integer<T extends number = number>(): Codec<T> {
  return {
    write: (writer, value) => writer.integer(value),
    read: (reader) => reader.integer() as T,
  };
}

/**
 * An integer from -2^52 up to 2^52 - 1: twice its size, one less if it is below zero. Zero is written in one way,
 * whatever sign a double may give it, and is read without one.
 */
export function signed<T extends number = number>(): Codec<T> {
  return {
    write: (writer, value) => {
      // Twice a half is whole as well, and would be read as another number.
      assert(Number.isSafeInteger(value), "an encoded integer is safe");
      writer.integer(value < 0 ? -2 * value - 1 : 2 * value);
    },
    read: (reader) => {
      const twice = reader.integer();
      return (twice % 2 === 0 ? twice / 2 : -(twice + 1) / 2) as T;
    },
  };
}

export const text: Codec<string> = {
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text(),
};

export const boolean: Codec<boolean> = {
  write: (writer, value) => writer.byte(value ? 1 : 0),
  read: (reader) => {
    const value = reader.byte();
    if (value > 1) throw new DecodeError(`neither true nor false at ${reader.offset}`);
    return value === 1;
  },
};

/** One of a fixed list; its place is what is written, so a list may only grow at its end. */
export function oneOf<const T extends string>(values: readonly T[]): Codec<T> {
  return {
    write: (writer, value) => {
      const place = values.indexOf(value);
      assert(place >= 0, "an encoded word is in its list");
      writer.byte(place);
    },
    read: (reader) => {
      const value = values[reader.byte()];
      if (value === undefined) throw new DecodeError(`an unknown word at ${reader.offset}`);
      return value;
    },
  };
}

export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (writer, value) => {
      writer.byte(value === null ? 0 : 1);
      if (value !== null) codec.write(writer, value);
    },
    read: (reader) => (boolean.read(reader) ? codec.read(reader) : null),
  };
}

export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    write: (writer, values) => {
      writer.integer(values.length);
      for (const value of values) codec.write(writer, value);
    },
    read: (reader) => {
      const count = reader.integer();
      const values: T[] = [];
      for (let i = 0; i < count; i += 1) values.push(codec.read(reader));
      return values;
    },
  };
}

/** The fields of a record, in the order in which they are written. */
export type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> };

/** A record: its fields one after another, in the table's order, with nothing between them. */
export function record<T extends object>(fields: Fields<T>): Codec<T> {
  return compile<T>(fields, null);
}

type Kinded = { readonly kind: string };
type Bare<T extends Kinded, K extends T["kind"]> = Omit<Extract<T, { readonly kind: K }>, "kind">;

/** For every kind of a union its tag, which is never given to another kind, and its fields. */
export type Kinds<T extends Kinded> = {
  readonly [K in T["kind"]]: readonly [tag: number, Fields<Bare<T, K>>];
};

/** A union told apart by `kind`: one byte for the tag, then the fields of that kind. */
export function tagged<T extends Kinded>(kinds: Kinds<T>): Codec<T> {
  type Entry = { readonly tag: number; readonly codec: Codec<T> };
  const byKind = new Map<string, Entry>();
  const byTag: Codec<T>[] = [];
  for (const [kind, [tag, fields]] of Object.entries(kinds) as [string, [number, Fields<object>]][]) {
    assert(byTag[tag] === undefined && tag > 0 && tag < 256, "a tag fits a byte and is given once");
    const codec = compile<T>(fields, kind);
    byKind.set(kind, { tag, codec });
    byTag[tag] = codec;
  }
  return {
    write: (writer, value) => {
      const entry = byKind.get(value.kind);
      if (entry === undefined) throw new AssertionError(`the kind ${value.kind} has an encoding`);
      writer.byte(entry.tag);
      entry.codec.write(writer, value);
    },
    read: (reader) => {
      const codec = byTag[reader.byte()];
      if (codec === undefined) throw new DecodeError(`an unknown tag at ${reader.offset - 1}`);
      return codec.read(reader);
    },
  };
}

/**
 * The functions of a table of fields, made as straight code: a loop over names costs several times as much,
 * and gives objects that share no shape. The code is made of the tables' own names, never of data.
 */
function compile<T>(fields: object, kind: string | null): Codec<T> {
  const names = Object.keys(fields).map((name) => JSON.stringify(name));
  const constants = names.map((_, i) => `const codec${i} = codecs[${i}];`);
  const writes = names.map((name, i) => `codec${i}.write(writer, value[${name}]);`);
  const reads = names.map((name, i) => `${name}: codec${i}.read(reader)`);
  if (kind !== null) reads.unshift(`kind: ${JSON.stringify(kind)}`);
  const source = `"use strict"; ${constants.join(" ")} return {
    write(writer, value) { ${writes.join(" ")} },
    read(reader) { return { ${reads.join(", ")} }; },
  };`;
  return new Function("codecs", source)(Object.values(fields)) as Codec<T>;
}
