import { readFileSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Sequenced } from "../../src/domain/commands.ts";
import { accountIndex, assetIndex, epochMs, minor, seq } from "../../src/domain/units.ts";
import { chainOutcomes, NO_EVENTS } from "../../src/journal/event-digest.ts";
import { encodeFrame } from "../../src/journal/frame.ts";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  frameCrcSeed,
  genesisHash,
} from "../../src/journal/segment.ts";
import { outcomesOf } from "./support.ts";

const FORMAT = new URL("../../src/journal/FORMAT.md", import.meta.url);
const EXAMPLE = /(?<=<!-- worked example -->\n\n```text\n)[\s\S]*?(?=```)/;

test("the worked example of the format is what is written", () => {
  const format = readFileSync(FORMAT, "utf8");
  const example = workedExample();
  if (process.env.UPDATE === "1") writeFileSync(FORMAT, format.replace(EXAMPLE, example));
  expect(EXAMPLE.exec(format)?.[0]).toBe(example);
});

describe("a segment's header", () => {
  const header = {
    journalId: Buffer.alloc(16, 7),
    segment: 1,
    segmentBytes: 5 * 1024,
    firstSeq: seq(1),
    previousHash: Buffer.alloc(32),
  };

  test("of a version or a length that this release does not write is refused by name", () => {
    const encoded = (change: (bytes: Buffer) => void) => {
      const bytes = encodeSegmentHeader(header);
      change(bytes);
      bytes.writeUInt32LE(0, 48);
      bytes.writeUInt32LE(crc32(bytes), 48);
      return bytes;
    };
    const later = encoded((bytes) => bytes.writeUInt16LE(2, 8));
    expect(decodeSegmentHeader(later)).toBe(
      "the version of the journal's format is 2, and this release reads 1",
    );
    const events = encoded((bytes) => bytes.writeUInt32LE(99, 12));
    expect(decodeSegmentHeader(events)).toMatch("the version of its events is 99");
    const tiny = encoded((bytes) => bytes.writeUInt32LE(100, 36));
    expect(decodeSegmentHeader(tiny)).toMatch("the segment's length is 100");
    expect(decodeSegmentHeader(encodeSegmentHeader(header))).toEqual(header);
  });
});

/** A journal of one deposit and a clean stop. */
function workedExample(): string {
  const journalId = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
  const previousHash = genesisHash(journalId);
  const crcSeed = frameCrcSeed(journalId);
  const header = encodeSegmentHeader({
    journalId,
    segment: 1,
    segmentBytes: 4 * 1024 * 1024,
    firstSeq: seq(1),
    previousHash,
  });
  const at = epochMs(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const entry: Sequenced = {
    seq: seq(1),
    at,
    requestId: "01KDYEQ1KE0000000000000001",
    traceId: null,
    command: {
      kind: "DepositFunds",
      account: accountIndex(1),
      asset: assetIndex(0),
      amount: minor(100_000),
      reference: "wire-1",
    },
  };
  const writer = new ByteWriter();
  const context = { firstSeq: seq(1), at, epoch: 0, previousHash, eventDigest: NO_EVENTS, crcSeed };
  const first = encodeFrame(writer, [entry], context);
  const firstBytes = Buffer.from(first.bytes);
  const eventDigest = chainOutcomes(NO_EVENTS, outcomesOf([entry]));
  const last = encodeFrame(writer, [], {
    ...context,
    firstSeq: seq(2),
    previousHash: first.hash,
    eventDigest,
  });
  const segment = Buffer.concat([header, firstBytes, last.bytes]);
  return `${dump(segment, 0, 64)}...   zeros\n${dump(segment, 4064, segment.length)}`;
}

function dump(bytes: Buffer, from: number, to: number): string {
  let text = "";
  for (let offset = from; offset < to; offset += 16) {
    const row = bytes.subarray(offset, Math.min(offset + 16, to));
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    text += `${String(offset).padStart(4)}  ${hex.padEnd(47)}  ${letters}\n`;
  }
  return text;
}
