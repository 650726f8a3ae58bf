/**
 * A snapshot as bytes: where in the journal it stands, and the states that were dumped there, one section each.
 * The layout is SNAPSHOT.md's, and this file alone knows it. What a section holds is its owner's.
 */
import { createHash, hash } from "node:crypto";
import { EVENT_ENCODING_VERSION } from "../domain/event-codec.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import { HASH_BYTES } from "./frame.ts";
import type { JournalPosition } from "./frame-walk.ts";
import { RECORD_VERSION } from "./record.ts";
import { JOURNAL_ID_BYTES } from "./segment.ts";

/** What is dumped, and the number by which each is known; a number never changes its meaning. */
export const SECTIONS = { engine: 1, orders: 2, directory: 3, feed: 4 } as const;
export type SectionName = keyof typeof SECTIONS;
const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];

/** The states at one place of the journal, in canonical bytes. */
export type Sections = Readonly<Record<SectionName, Uint8Array<ArrayBuffer>>>;

export type SnapshotHeader = {
  readonly position: JournalPosition;
  /** SHA-256 over all sections: equal states have equal ones. */
  readonly stateDigest: Buffer;
  /** Of the whole file. */
  readonly fileBytes: number;
};

export const SNAPSHOT_HEADER_BYTES = 256;
export const SECTION_HEADER_BYTES = 16;

const MAGIC = Buffer.from("PREGAOS\n", "latin1");
const FORMAT_VERSION = 1;
const SECTION_VERSION = 1;

const HEADER = {
  formatVersion: 8,
  recordVersion: 10,
  eventVersion: 12,
  journalId: 16,
  seq: 32,
  lastAt: 40,
  segment: 48,
  offset: 52,
  journalBytes: 56,
  frameHash: 64,
  eventDigest: 96,
  fileBytes: 128,
  closed: 136,
  stateDigest: SNAPSHOT_HEADER_BYTES - 2 * HASH_BYTES,
  hash: SNAPSHOT_HEADER_BYTES - HASH_BYTES,
} as const;

/** Everything behind the header: each section with its own header, filled up with zeros to a multiple of eight. */
export function sectionPieces(sections: Sections): readonly Uint8Array[] {
  return SECTION_NAMES.flatMap((name) => {
    const content = sections[name];
    const header = Buffer.alloc(SECTION_HEADER_BYTES);
    header.writeUInt32LE(SECTIONS[name], 0);
    header.writeUInt32LE(SECTION_VERSION, 4);
    header.writeBigUInt64LE(BigInt(content.length), 8);
    return [header, content, new Uint8Array(paddingOf(content.length))];
  });
}

/** The digest of the states, which is the one in the header of their snapshot. */
export function stateDigestOf(pieces: readonly Uint8Array[]): Buffer {
  const sum = createHash("sha256");
  for (const piece of pieces) sum.update(piece);
  return sum.digest();
}

export function encodeSnapshotHeader({ position, stateDigest, fileBytes }: SnapshotHeader): Buffer {
  const bytes = Buffer.alloc(SNAPSHOT_HEADER_BYTES);
  bytes.set(MAGIC, 0);
  bytes.writeUInt16LE(FORMAT_VERSION, HEADER.formatVersion);
  bytes.writeUInt16LE(RECORD_VERSION, HEADER.recordVersion);
  bytes.writeUInt32LE(EVENT_ENCODING_VERSION, HEADER.eventVersion);
  bytes.set(position.journalId, HEADER.journalId);
  bytes.writeBigUInt64LE(BigInt(position.nextSeq - 1), HEADER.seq);
  bytes.writeBigUInt64LE(BigInt(position.lastAt), HEADER.lastAt);
  bytes.writeUInt32LE(position.segment, HEADER.segment);
  bytes.writeUInt32LE(position.offset, HEADER.offset);
  bytes.writeBigUInt64LE(BigInt(position.bytes), HEADER.journalBytes);
  bytes.set(position.hash, HEADER.frameHash);
  bytes.set(position.eventDigest, HEADER.eventDigest);
  bytes.writeBigUInt64LE(BigInt(fileBytes), HEADER.fileBytes);
  bytes.writeUInt8(position.closed ? 1 : 0, HEADER.closed);
  bytes.set(stateDigest, HEADER.stateDigest);
  bytes.set(hash("sha256", bytes.subarray(0, HEADER.hash), "buffer"), HEADER.hash);
  return bytes;
}

/** Reads a header, or says what is wrong with it. */
export function decodeSnapshotHeader(bytes: Buffer): SnapshotHeader | string {
  if (bytes.length < SNAPSHOT_HEADER_BYTES) return "the file is shorter than a snapshot's header";
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return "this is no snapshot";
  const sum = hash("sha256", bytes.subarray(0, HEADER.hash), "buffer");
  if (!sum.equals(bytes.subarray(HEADER.hash, SNAPSHOT_HEADER_BYTES)))
    return "the header's hash does not match";
  const versions = [
    ["a snapshot's format", bytes.readUInt16LE(HEADER.formatVersion), FORMAT_VERSION],
    ["the journal's records", bytes.readUInt16LE(HEADER.recordVersion), RECORD_VERSION],
    ["the journal's events", bytes.readUInt32LE(HEADER.eventVersion), EVENT_ENCODING_VERSION],
  ] as const;
  for (const [what, version, known] of versions) {
    if (version !== known) return `the version of ${what} is ${version}, and this release reads ${known}`;
  }
  const copy = (offset: number, length: number) => Buffer.from(bytes.subarray(offset, offset + length));
  return {
    position: {
      journalId: copy(HEADER.journalId, JOURNAL_ID_BYTES),
      segment: bytes.readUInt32LE(HEADER.segment),
      offset: bytes.readUInt32LE(HEADER.offset),
      nextSeq: (Number(bytes.readBigUInt64LE(HEADER.seq)) + 1) as Seq,
      lastAt: Number(bytes.readBigUInt64LE(HEADER.lastAt)) as EpochMs,
      hash: copy(HEADER.frameHash, HASH_BYTES),
      eventDigest: copy(HEADER.eventDigest, HASH_BYTES),
      closed: bytes.readUInt8(HEADER.closed) === 1,
      bytes: Number(bytes.readBigUInt64LE(HEADER.journalBytes)),
    },
    stateDigest: copy(HEADER.stateDigest, HASH_BYTES),
    fileBytes: Number(bytes.readBigUInt64LE(HEADER.fileBytes)),
  };
}

/** The section that begins with this header, its length and what follows it; or what is wrong with it. */
export function decodeSectionHeader(
  bytes: Buffer,
): { readonly name: SectionName; readonly length: number; readonly padding: number } | string {
  const number = bytes.readUInt32LE(0);
  const version = bytes.readUInt32LE(4);
  const name = SECTION_NAMES.find((known) => SECTIONS[known] === number);
  if (name === undefined || version !== SECTION_VERSION) {
    return `this release does not read section ${number} in its version ${version}`;
  }
  const length = Number(bytes.readBigUInt64LE(8));
  return { name, length, padding: paddingOf(length) };
}

/** All sections, or null if one is missing. */
export function completeSections(found: Partial<Sections>): Sections | null {
  return SECTION_NAMES.every((name) => found[name] !== undefined) ? (found as Sections) : null;
}

function paddingOf(length: number): number {
  return (8 - (length % 8)) % 8;
}
