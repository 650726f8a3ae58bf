/**
 * A segment is one file of the journal: a header of a page, frames, and zeros up to its fixed length. This
 * file knows the header and the names of segments.
 */
import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { EVENT_ENCODING_VERSION } from "../domain/event-codec.ts";
import type { Seq } from "../domain/units.ts";
import type { Disk } from "./disk.ts";
import { EMPTY_FRAME_BYTES, HASH_BYTES } from "./frame.ts";
import { RECORD_VERSION } from "./record.ts";

/**
 * The length of a segment, unless it is the first of a journal. Snapshots stand at the ends of segments, so about as
 * much is replayed at a start: longer ones would make starts longer, shorter ones more files and more snapshots.
 */
export const SEGMENT_BYTES: number = 16 * 1024 * 1024;
/** A first segment is shorter, so that a new exchange need not wait for the disk to fill it with zeros. */
export const FIRST_SEGMENT_BYTES: number = 4 * 1024 * 1024;
/** A page of its own: no later write touches the block that holds it. */
export const SEGMENT_HEADER_BYTES = 4096;
/** Room for the header and for the frame of a clean stop. */
export const SEGMENT_BYTES_MIN: number = SEGMENT_HEADER_BYTES + EMPTY_FRAME_BYTES;
/** No writer makes a longer segment, so that a reader can always hold one whole. */
export const SEGMENT_BYTES_MAX: number = 1024 * 1024 * 1024;

/** Of the id that a journal has for as long as it lives. */
export const JOURNAL_ID_BYTES = 16;

const MAGIC = Buffer.from("PREGAOJ\n", "latin1");
const FORMAT_VERSION = 1;

const HEADER = {
  formatVersion: 8,
  recordVersion: 10,
  eventVersion: 12,
  journalId: 16,
  segment: 32,
  segmentBytes: 36,
  firstSeq: 40,
  crc: 48,
  previousHash: SEGMENT_HEADER_BYTES - HASH_BYTES,
} as const;

export type SegmentHeader = {
  /** Random; the same in all segments of a journal. */
  readonly journalId: Buffer;
  /** Counts up by one, from 1. */
  readonly segment: number;
  readonly segmentBytes: number;
  readonly firstSeq: Seq;
  /** The hash of the last frame of the segment before; for segment 1 that of the journal id. */
  readonly previousHash: Buffer;
};

export function newJournalId(): Buffer {
  return randomBytes(JOURNAL_ID_BYTES);
}

/** The hash that the first frame is chained to, so that no frame of one journal fits another. */
export function genesisHash(journalId: Buffer): Buffer {
  return hash("sha256", journalId, "buffer");
}

/** What the checksums of a journal's frames start from, so that bytes from elsewhere never look like one. */
export function frameCrcSeed(journalId: Buffer): number {
  return crc32(journalId);
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.set(MAGIC, 0);
  bytes.writeUInt16LE(FORMAT_VERSION, HEADER.formatVersion);
  bytes.writeUInt16LE(RECORD_VERSION, HEADER.recordVersion);
  bytes.writeUInt32LE(EVENT_ENCODING_VERSION, HEADER.eventVersion);
  bytes.set(header.journalId, HEADER.journalId);
  bytes.writeUInt32LE(header.segment, HEADER.segment);
  bytes.writeUInt32LE(header.segmentBytes, HEADER.segmentBytes);
  bytes.writeBigUInt64LE(BigInt(header.firstSeq), HEADER.firstSeq);
  bytes.set(header.previousHash, HEADER.previousHash);
  bytes.writeUInt32LE(crc32(bytes), HEADER.crc);
  return bytes;
}

/** Reads a header, or says what is wrong with it. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return "the file is shorter than a segment's header";
  const header = Buffer.from(bytes.subarray(0, SEGMENT_HEADER_BYTES));
  if (header.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) return "this is no segment of a journal";
  const crc = header.readUInt32LE(HEADER.crc);
  header.writeUInt32LE(0, HEADER.crc);
  if (crc32(header) !== crc) return "the checksum of the segment's header does not match";
  const versions = [
    ["the journal's format", header.readUInt16LE(HEADER.formatVersion), FORMAT_VERSION],
    ["its records", header.readUInt16LE(HEADER.recordVersion), RECORD_VERSION],
    ["its events", header.readUInt32LE(HEADER.eventVersion), EVENT_ENCODING_VERSION],
  ] as const;
  for (const [what, version, known] of versions) {
    if (version !== known) return `the version of ${what} is ${version}, and this release reads ${known}`;
  }
  const segmentBytes = header.readUInt32LE(HEADER.segmentBytes);
  if (segmentBytes < SEGMENT_BYTES_MIN || segmentBytes > SEGMENT_BYTES_MAX) {
    return `the segment's length is ${segmentBytes}, which no writer makes it`;
  }
  return {
    journalId: header.subarray(HEADER.journalId, HEADER.journalId + JOURNAL_ID_BYTES),
    segment: header.readUInt32LE(HEADER.segment),
    segmentBytes,
    firstSeq: Number(header.readBigUInt64LE(HEADER.firstSeq)) as Seq,
    previousHash: header.subarray(HEADER.previousHash),
  };
}

const SEGMENT_NAME = /^([0-9]{8})\.segment$/;

export function segmentName(segment: number): string {
  return `${String(segment).padStart(8, "0")}.segment`;
}

/** The numbers of the segments in a directory, rising. Other files are not the journal's. */
export async function listSegments(directory: string, disk: Disk): Promise<readonly number[]> {
  const names = await disk.list(directory);
  const numbers = names.flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}
