/**
 * Bytes that no writer made: random ones, mutated ones, and forged ones whose checksums are right. Whatever they
 * are, reading them gives commands or one of the two stated errors, soon and without taking memory for what
 * is not there.
 */
import { hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ByteReader, ByteWriter, DecodeError } from "../../src/domain/codec.ts";
import type { Request } from "../../src/domain/commands.ts";
import { type EpochMs, seq } from "../../src/domain/units.ts";
import { contentEnd } from "../../src/journal/disk.ts";
import { DamagedJournalError } from "../../src/journal/errors.ts";
import {
  EMPTY_FRAME_BYTES,
  type FrameHeader,
  HASH_BYTES,
  readEntries,
  readFrameHeader,
} from "../../src/journal/frame.ts";
import { readRecord, writeRecord } from "../../src/journal/record.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  frameCrcSeed,
  SEGMENT_HEADER_BYTES,
} from "../../src/journal/segment.ts";
import { appendBatch, EVERY_COMMAND, newFastDirectory, openJournal, sequenced } from "./support.ts";

const RECORDS = sequenced(EVERY_COMMAND, 1).map(encoded);
const HEADER_BYTES = 36;
const HEADER_CRC = 32;
const PAYLOAD_BYTES = 4;
const COUNT = 24;

function encoded(entry: Request): Buffer {
  const writer = new ByteWriter(64);
  writeRecord(writer, entry);
  return Buffer.from(writer.view());
}

/** What may happen to bytes on their way, and what somebody may do to them on purpose. */
type Change = (bytes: Buffer) => Buffer;
const place = fc.nat(2 ** 20);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(
    ([at, bits]): Change =>
      (bytes) => {
        if (bytes.length > 0) bytes[at % bytes.length]! ^= bits;
        return bytes;
      },
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 12 })).map(
    ([at, added]): Change =>
      (bytes) => {
        const cut = at % (bytes.length + 1);
        return Buffer.concat([bytes.subarray(0, cut), added, bytes.subarray(cut)]);
      },
  ),
  fc.tuple(place, fc.nat(40)).map(
    ([at, count]): Change =>
      (bytes) => {
        const from = at % (bytes.length + 1);
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + count)]);
      },
  ),
  // The longest integer that there is, wherever a count or a length may stand.
  place.map(
    (at): Change =>
      (bytes) => {
        const from = at % (bytes.length + 1);
        return Buffer.concat([
          bytes.subarray(0, from),
          Buffer.from("ffffffffffffff0f", "hex"),
          bytes.subarray(from),
        ]);
      },
  ),
);
const changes = fc.array(change, { minLength: 1, maxLength: 4 });
function mutated(bytes: Buffer, all: readonly Change[]): Buffer {
  return all.reduce<Buffer>((made, each) => each(made), Buffer.from(bytes));
}

/** The record, or undefined for bytes that are none. Any other error is passed on. */
function read<T>(reading: () => T): T | undefined {
  try {
    return reading();
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

describe("the bytes of a record", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((random) => Buffer.from(random)),
    fc.tuple(fc.constantFrom(...RECORDS), changes).map(([record, all]) => mutated(record, all)),
  );

  test("are a command that is written in the same way, or a DecodeError", () => {
    let commands = 0;
    fc.assert(
      fc.property(bytes, (given) => {
        const reader = new ByteReader(given);
        const request = read(() => readRecord(reader));
        if (request === undefined) return;
        commands += 1;
        expect(encoded(request).equals(given.subarray(0, reader.offset))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    // Or else nothing but refusals would have been looked at.
    expect(commands).toBeGreaterThan(100);
  });

  test("that announce a billion of anything end with the bytes, not with the memory", () => {
    const before = process.memoryUsage().heapUsed;
    const many = Buffer.from("8094ebdc03", "hex");
    for (const record of RECORDS) {
      for (let at = 0; at < record.length; at += 1) {
        const given = Buffer.concat([record.subarray(0, at), many, record.subarray(at)]);
        read(() => readRecord(new ByteReader(given)));
      }
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 2 ** 20);
  });
});

describe("the bytes of a frame", () => {
  const header = fc.record({
    payloadBytes: fc.nat(400),
    firstSeq: fc.constant(seq(1)),
    at: fc.constant(1 as EpochMs),
    count: fc.oneof(fc.nat(30), fc.constantFrom(2 ** 31, 2 ** 32 - 1)),
    epoch: fc.constant(0),
  }) satisfies fc.Arbitrary<FrameHeader>;

  test("are its records, or a DecodeError, however many its header promises", () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((random) => Buffer.from(random)),
      changes.map((all) => mutated(Buffer.concat(RECORDS.slice(0, 5)), all)),
    );
    fc.assert(
      fc.property(header, payload, (promised, content) => {
        const frame = Buffer.concat([Buffer.alloc(HEADER_BYTES), content]);
        const entries = read(() => readEntries(frame, 0, promised));
        if (entries !== undefined) expect(entries).toHaveLength(promised.count);
      }),
      { numRuns: 5_000 },
    );
  });

  test("without a header that checks are no frame, wherever one is looked for", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(120), fc.nat(), (random, offset, crcSeed) => {
        expect(readFrameHeader(Buffer.from(random), offset, crcSeed)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});

test("the bytes of a segment's header are one, or a sentence that says why not", () => {
  const whole = encodeSegmentHeader({
    journalId: Buffer.alloc(16, 7),
    segment: 1,
    segmentBytes: 16 * 1024,
    firstSeq: seq(1),
    previousHash: Buffer.alloc(HASH_BYTES),
  });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 5_000 }).map((random) => Buffer.from(random)),
    changes.map((all) => mutated(whole, all)),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const decoded = decodeSegmentHeader(given);
      if (typeof decoded === "string") expect(decoded).not.toBe("");
      else expect(given.subarray(0, SEGMENT_HEADER_BYTES).equals(whole)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

describe("a journal on disk", () => {
  const directory = newFastDirectory();
  const file = join(directory, "00000001.segment");
  let whole: Buffer;
  let contentBytes: number;

  beforeAll(async () => {
    const { journal } = await openJournal(directory);
    for (let from = 0; from < EVERY_COMMAND.length; from += 6) {
      await appendBatch(journal, EVERY_COMMAND.slice(from, from + 6));
    }
    await journal.close();
    whole = readFileSync(file);
    contentBytes = contentEnd(whole, 0);
  });

  /** How reading it ended; any other error is passed on. */
  async function opened(bytes: Buffer): Promise<"read" | "refused"> {
    writeFileSync(file, bytes);
    try {
      const { journal, frames } = await openJournal(directory, {
        watermarks: [{ holder: "the ledger", seq: seq(EVERY_COMMAND.length), frameHash: null }],
      });
      await journal.close();
      expect(frames.flatMap(({ entries }) => entries)).toHaveLength(EVERY_COMMAND.length);
      return "read";
    } catch (error) {
      if (error instanceof DamagedJournalError) return "refused";
      throw error;
    }
  }

  test("that was changed anywhere is read whole, or refused as damaged", async () => {
    const ends = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(changes, async (all) => {
        const content = mutated(whole.subarray(0, contentBytes), all);
        const bytes = Buffer.alloc(whole.length);
        content.copy(bytes);
        ends[await opened(bytes)] += 1;
      }),
      { numRuns: 300 },
    );
    expect(ends.refused).toBeGreaterThan(100);
  });

  test("whose frames were forged with right checksums is refused for what they say", async () => {
    const crcSeed = frameCrcSeed(whole.subarray(16, 32));
    const forged = fc.record({
      payload: changes.map((all) => mutated(Buffer.concat(RECORDS.slice(0, 6)), all)),
      payloadBytes: fc.option(fc.constantFrom(0, 1, 12_000, 2 ** 31, 2 ** 32 - 1), { nil: undefined }),
      count: fc.constantFrom(0, 1, 5, 7, 2 ** 32 - 1),
    });
    await fc.assert(
      fc.asyncProperty(forged, async ({ payload, payloadBytes, count }) => {
        const bytes = Buffer.from(whole);
        const first = bytes.subarray(SEGMENT_HEADER_BYTES);
        const frame = Buffer.alloc(EMPTY_FRAME_BYTES + payload.length);
        first.copy(frame, 0, 0, HEADER_BYTES);
        payload.copy(frame, HEADER_BYTES);
        frame.writeUInt32LE(payloadBytes ?? payload.length, PAYLOAD_BYTES);
        frame.writeUInt32LE(count, COUNT);
        seal(frame, bytes.subarray(SEGMENT_HEADER_BYTES - HASH_BYTES, SEGMENT_HEADER_BYTES), crcSeed);
        frame.copy(first);
        expect(await opened(bytes)).toBe("refused");
      }),
      { numRuns: 300 },
    );
  });
});

/** Gives a frame the checksums and the hash that its bytes ask for, as FORMAT.md says. */
function seal(frame: Buffer, previousHash: Buffer, crcSeed: number): void {
  frame.writeUInt32LE(crc32(frame.subarray(0, HEADER_CRC), crcSeed), HEADER_CRC);
  const trailer = frame.subarray(frame.length - (EMPTY_FRAME_BYTES - HEADER_BYTES));
  const payload = frame.subarray(HEADER_BYTES, frame.length - trailer.length);
  trailer.writeUInt32LE(crc32(payload, crcSeed), 0);
  const hashed = Buffer.concat([previousHash, frame.subarray(0, frame.length - HASH_BYTES)]);
  hash("sha256", hashed, "buffer").copy(trailer, trailer.length - HASH_BYTES);
}
