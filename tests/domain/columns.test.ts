import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../../src/domain/codec.ts";
import { ColumnReader, ColumnWriter } from "../../src/domain/columns.ts";

function written(write: (writer: ColumnWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new ColumnWriter();
  write(writer);
  return writer.take();
}

const HEADER_BYTES = 8;

describe("a column of numbers", () => {
  test.each([
    { values: [], bytes: 0, why: "nothing" },
    { values: [7, 7, 7, 7, 7], bytes: 8, why: "one value for all" },
    { values: [0, 255, 3], bytes: 8, why: "a byte each, and zeros up to eight" },
    { values: [0, 256, 3], bytes: 16, why: "32 bits each" },
    { values: [-1, 2], bytes: 8, why: "32 bits each, below zero too" },
    { values: [2 ** 31, 0], bytes: 16, why: "doubles" },
    { values: [0.5, -Infinity], bytes: 16, why: "doubles" },
  ])("of $values takes $bytes bytes: $why", ({ values, bytes }) => {
    const column = written((writer) => writer.numbers(values));
    expect(column.length).toBe(HEADER_BYTES + bytes);
    const reader = new ColumnReader(column);
    expect([...reader.doubles(values.length)]).toEqual(values);
    reader.end();
  });

  test("is read as integers or bytes only if it is of such", () => {
    const column = (values: readonly number[]) =>
      new ColumnReader(written((writer) => writer.numbers(values)));
    expect([...column([1, 300]).integers()]).toEqual([1, 300]);
    expect([...column([1, 200]).bytes()]).toEqual([1, 200]);
    expect(() => column([1, 2 ** 40]).integers()).toThrowError(DecodeError);
    expect(() => column([1, 300]).bytes()).toThrowError(DecodeError);
    expect(() => column([1, 2]).doubles(3)).toThrowError(DecodeError);
  });

  test("knows one zero", () => {
    expect(written((writer) => writer.numbers([-0, 0.5]))).toEqual(
      written((writer) => writer.numbers([0, 0.5])),
    );
    expect(written((writer) => writer.numbers([-0]))).toEqual(written((writer) => writer.numbers([0])));
  });
});

test("columns of any numbers and texts are read back as they were written, one behind the other", () => {
  const text = fc.option(fc.string({ unit: "binary", maxLength: 200 }));
  fc.assert(
    fc.property(fc.array(fc.array(text)), fc.array(fc.array(fc.integer())), (texts, numbers) => {
      const bytes = written((writer) => {
        for (const column of texts) writer.texts(column);
        for (const column of numbers) writer.numbers(column);
      });
      const reader = new ColumnReader(bytes);
      for (const column of texts) {
        const read = reader.texts(column.length);
        expect(column.map((_, row) => read.at(row))).toEqual(column);
        expect(column.map((_, row) => read.copy().at(row))).toEqual(column);
      }
      for (const column of numbers) expect([...reader.integers()]).toEqual(column);
      reader.end();
    }),
  );
});

test("columns that are cut anywhere are damaged", () => {
  const bytes = written((writer) => {
    writer.texts(["a", null, "wide ☕", ""]);
    writer.numbers([1, 2, 3]);
  });
  for (let length = 0; length < bytes.length; length += 1) {
    const reader = new ColumnReader(bytes.slice(0, length));
    expect(() => {
      reader.texts();
      reader.numbers();
      reader.end();
    }, `${length} bytes`).toThrowError(DecodeError);
  }
});
