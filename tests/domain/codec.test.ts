import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ByteReader,
  ByteWriter,
  DecodeError,
  integer,
  list,
  nullable,
  oneOf,
  signed,
  text,
} from "../../src/domain/codec.ts";
import { decodeOutcomes, encodeOutcome, type Outcome } from "../../src/domain/event-codec.ts";
import type { Committed, Event } from "../../src/domain/events.ts";
import { AMOUNT_MAX } from "../../src/domain/units.ts";
import { anyEvent, anyText, committed, EVENTS, signedWhole, whole } from "./event-arbitraries.ts";

function encode(outcomes: readonly Committed[]): Uint8Array {
  const writer = new ByteWriter(1);
  for (const outcome of outcomes) encodeOutcome(writer, outcome);
  return writer.view().slice();
}

function encodeDecoded({ events, commandKind, ...entry }: Outcome): Committed {
  return { entry: { ...entry, command: { kind: commandKind } as never }, events };
}

function outcomeOf({ entry: { command, ...entry }, events }: Committed): Outcome {
  return { ...entry, commandKind: command.kind, events };
}

function decoded(bytes: Uint8Array): Outcome[] | undefined {
  return readOrUndefined(() => [...decodeOutcomes(bytes)]);
}

/** What reading gives, or undefined for damaged bytes; anything but a `DecodeError` is passed on. */
function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function bytesOf(write: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter(1);
  write(writer);
  return [...writer.view()];
}

const ONES = (count: number) => Array.from({ length: count }, () => 0xff);

describe("an integer", () => {
  test.each([
    { value: 0, bytes: [0], why: "the least" },
    { value: 127, bytes: [0x7f], why: "the last of one byte" },
    { value: 128, bytes: [0x80, 1], why: "the first of two" },
    { value: 16_383, bytes: [0xff, 0x7f], why: "the last of two" },
    { value: 16_384, bytes: [0x80, 0x80, 1], why: "the first of three" },
    { value: 2 ** 31 - 1, bytes: [0xff, 0xff, 0xff, 0xff, 7], why: "the last that bit operations know" },
    { value: 2 ** 31, bytes: [0x80, 0x80, 0x80, 0x80, 8], why: "the first that they do not" },
    { value: 2 ** 32, bytes: [0x80, 0x80, 0x80, 0x80, 16], why: "more than 32 bits" },
    { value: 2 ** 49 - 1, bytes: [...ONES(6), 0x7f], why: "the last of seven bytes" },
    { value: AMOUNT_MAX, bytes: [...ONES(7), 15], why: "the largest" },
  ])("$value is written $bytes: $why", ({ value, bytes }) => {
    expect(bytesOf((writer) => writer.integer(value))).toEqual(bytes);
    expect(new ByteReader(Uint8Array.from(bytes)).integer()).toBe(value);
  });

  test.each([
    { bytes: [], why: "nothing" },
    { bytes: [0x80], why: "an end too soon" },
    { bytes: [0x80, 0], why: "a padded zero" },
    { bytes: [0xff, 0], why: "a padded 127" },
    { bytes: [0x80, 0x80, 0], why: "padded twice" },
    { bytes: [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 16], why: "2^53" },
    { bytes: [...ONES(7), 0x7f], why: "2^56 - 1" },
    { bytes: [...ONES(8), 1], why: "nine bytes" },
    { bytes: [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], why: "nine bytes, padded" },
  ])("is never read from $bytes: $why", ({ bytes }) => {
    expect(() => new ByteReader(Uint8Array.from(bytes)).integer()).toThrow(DecodeError);
  });

  test.each([{ value: -1 }, { value: 0.5 }, { value: Number.NaN }, { value: AMOUNT_MAX + 1 }])(
    "$value is never written",
    ({ value }) => expect(() => new ByteWriter().integer(value)).toThrow("does not hold"),
  );

  test("is read as it was written, and one written later follows", () => {
    fc.assert(
      fc.property(fc.array(whole<number>()), (values) => {
        const bytes = bytesOf((writer) => values.forEach((value) => void writer.integer(value)));
        const reader = new ByteReader(Uint8Array.from(bytes));
        expect(values.map(() => reader.integer())).toEqual(values);
        expect(reader.done).toBe(true);
      }),
    );
  });
});

describe("a signed integer", () => {
  test.each([
    { value: 0, bytes: [0], why: "the smallest in size" },
    { value: -1, bytes: [1], why: "the first below zero" },
    { value: 1, bytes: [2], why: "the first above it" },
    { value: 63, bytes: [0x7e], why: "the last of one byte" },
    { value: -64, bytes: [0x7f], why: "the last of one byte below zero" },
    { value: 64, bytes: [0x80, 1], why: "the first of two bytes" },
    { value: -65, bytes: [0x81, 1], why: "the first of two bytes below zero" },
    {
      value: 2 ** 30,
      bytes: [0x80, 0x80, 0x80, 0x80, 8],
      why: "the first whose double needs more than 31 bits",
    },
    { value: 2 ** 52 - 1, bytes: [0xfe, ...ONES(6), 15], why: "the largest" },
    { value: -(2 ** 52), bytes: [...ONES(7), 15], why: "the least" },
  ])("$value is written $bytes: $why", ({ value, bytes }) => {
    expect(bytesOf((writer) => signed().write(writer, value))).toEqual(bytes);
    expect(signed().read(new ByteReader(Uint8Array.from(bytes)))).toBe(value);
  });

  test.each([
    { value: 2 ** 52, why: "above the largest" },
    { value: -(2 ** 52) - 1, why: "below the least" },
    { value: AMOUNT_MAX, why: "the largest amount" },
    { value: -AMOUNT_MAX, why: "the largest amount, below zero" },
    { value: 0.5, why: "a half, whose double is whole" },
    { value: -0.5, why: "a half below zero" },
    { value: Number.NaN, why: "no number" },
    { value: Number.NEGATIVE_INFINITY, why: "no end" },
  ])("$value is never written: $why", ({ value }) => {
    expect(() => signed().write(new ByteWriter(), value)).toThrow("does not hold");
  });

  test.each([
    { bytes: [], why: "nothing" },
    { bytes: [0x80], why: "an end too soon" },
    { bytes: [0x81, 0], why: "a padded one" },
    { bytes: [...ONES(7), 0x1f], why: "2^53 and more" },
  ])("is never read from $bytes: $why", ({ bytes }) => {
    expect(() => signed().read(new ByteReader(Uint8Array.from(bytes)))).toThrow(DecodeError);
  });

  test.each([
    { codec: signed(), what: "signed" },
    { codec: integer(), what: "unsigned" },
  ])("zero has one encoding, whatever its sign, and is read without one: $what", ({ codec }) => {
    expect(bytesOf((writer) => codec.write(writer, -0))).toEqual([0]);
    expect(codec.read(new ByteReader(Uint8Array.of(0)))).toBe(0);
  });

  test("is read as it was written, and its encoding is the only one", () => {
    fc.assert(
      fc.property(signedWhole<number>(), fc.uint8Array({ minLength: 1, maxLength: 8 }), (value, bytes) => {
        const written = bytesOf((writer) => signed().write(writer, value));
        expect(signed().read(new ByteReader(Uint8Array.from(written)))).toBe(value);
        const reader = new ByteReader(bytes);
        const read = readOrUndefined(() => signed().read(reader));
        if (read === undefined) return;
        expect(bytesOf((writer) => signed().write(writer, read))).toEqual([
          ...bytes.subarray(0, reader.offset),
        ]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a text", () => {
  test.each([
    { value: "", bytes: [0], why: "nothing" },
    { value: "ab", bytes: [4, 97, 98], why: "a byte a unit" },
    { value: "ÿ", bytes: [2, 255], why: "the last that fits a byte" },
    { value: "Ā", bytes: [3, 0, 1], why: "the first that does not" },
    { value: "aĀ", bytes: [5, 97, 0, 0, 1], why: "two bytes a unit if one unit needs them" },
    { value: "\ud83d\ude00", bytes: [5, 0x3d, 0xd8, 0x00, 0xde], why: "a pair of surrogates" },
    { value: "\ud800", bytes: [3, 0x00, 0xd8], why: "half a pair is kept as it is" },
  ])("$value is written $bytes: $why", ({ value, bytes }) => {
    expect(bytesOf((writer) => writer.text(value))).toEqual(bytes);
    expect(new ByteReader(Uint8Array.from(bytes)).text()).toBe(value);
  });

  test.each([
    { bytes: [], why: "nothing" },
    { bytes: [4, 97], why: "a unit too few" },
    { bytes: [3, 0], why: "half a unit too few" },
    { bytes: [...ONES(7), 15], why: "a length that no memory has" },
    { bytes: [1], why: "wide, though empty" },
    { bytes: [3, 97, 0], why: "wide, though every unit fits a byte" },
  ])("is never read from $bytes: $why", ({ bytes }) => {
    expect(() => new ByteReader(Uint8Array.from(bytes)).text()).toThrow(DecodeError);
  });

  test("is read as it was written, whatever its units", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const bytes = bytesOf((writer) => writer.text(value));
        expect(new ByteReader(Uint8Array.from(bytes)).text()).toBe(value);
      }),
    );
  });
});

describe("the smaller codecs", () => {
  test.each([
    { codec: nullable(text), bytes: [2], why: "neither null nor a value" },
    { codec: oneOf(["a", "b"]), bytes: [2], why: "a word after the last" },
    { codec: list(text), bytes: [2, 0], why: "an item too few" },
    { codec: list(text), bytes: [...ONES(7), 15], why: "more items than bytes" },
  ])("refuse $bytes: $why", ({ codec, bytes }) => {
    expect(() => codec.read(new ByteReader(Uint8Array.from(bytes)))).toThrow(DecodeError);
  });

  test("a word outside its list is never written", () => {
    expect(() => oneOf(["a", "b"]).write(new ByteWriter(), "c" as "a")).toThrow("does not hold");
  });
});

describe("the canonical encoding of outcomes", () => {
  for (const [kind, event] of Object.entries<fc.Arbitrary<Event>>(EVENTS)) {
    test(`${kind} is read as it was written, and its encoding is the only one`, () => {
      fc.assert(
        fc.property(committed(event.map((each) => [each])), (outcome) => {
          const bytes = encode([outcome]);
          const read = [...decodeOutcomes(bytes)];
          expect(read).toEqual([outcomeOf(outcome)]);
          expect(encode(read.map(encodeDecoded))).toEqual(bytes);
        }),
        { numRuns: 200 },
      );
    });
  }

  const frame = fc.array(committed(fc.array(anyEvent, { maxLength: 4 })), { minLength: 1, maxLength: 3 });

  test("many outcomes follow each other without anything between them", () => {
    fc.assert(
      fc.property(frame, (outcomes) => {
        expect([...decodeOutcomes(encode(outcomes))]).toEqual(outcomes.map(outcomeOf));
      }),
    );
  });

  test("an encoding that is cut anywhere is damaged, and is never read as something else", () => {
    fc.assert(
      fc.property(committed(fc.array(anyEvent, { maxLength: 4 })), (outcome) => {
        const bytes = encode([outcome]);
        for (let length = 1; length < bytes.length; length += 1) {
          expect(decoded(bytes.subarray(0, length)), `the first ${length} bytes`).toBeUndefined();
        }
      }),
    );
  });

  test("bytes that are not as they were written are damaged, or are themselves an encoding", () => {
    const change = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(frame, change, (outcomes, changes) => {
        const bytes = encode(outcomes);
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        const read = decoded(bytes);
        if (read !== undefined) expect(encode(read.map(encodeDecoded))).toEqual(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test("random bytes are damaged, or are themselves an encoding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const read = decoded(bytes);
        if (read !== undefined) expect(encode(read.map(encodeDecoded))).toEqual(bytes);
      }),
      { numRuns: 3000 },
    );
  });
});
