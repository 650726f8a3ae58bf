/**
 * A frame is one batch of commands: header, records, trailer, as FORMAT.md lays them out. This file turns
 * batches into frames and back and knows nothing of files.
 *
 * The hash of the frame before stands directly in front of every frame, be it in that frame's trailer or at
 * the end of the segment's header, so that one pass over contiguous bytes gives the chained hash.
 */
import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert } from "../domain/assert.ts";
import { ByteReader, type ByteWriter, DecodeError } from "../domain/codec.ts";
import type { Sequenced } from "../domain/commands.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import { readRecord, writeRecord } from "./record.ts";

/** A whole frame is never longer. */
export const FRAME_BYTES_MAX = 512 * 1024;
const FRAME_HEADER_BYTES = 36;
const FRAME_TRAILER_BYTES = 68;
/** The length of a frame without records, such as the one that a clean stop appends. */
export const EMPTY_FRAME_BYTES: number = FRAME_HEADER_BYTES + FRAME_TRAILER_BYTES;
export const HASH_BYTES = 32;

/** The first bytes of every frame. */
export const FRAME_MAGIC: Buffer = Buffer.from("PgFr", "latin1");

const HEADER = { payloadBytes: 4, firstSeq: 8, at: 16, count: 24, epoch: 28, crc: 32 } as const;
/** Within the trailer. */
const TRAILER = { payloadCrc: 0, eventDigest: 4, hash: 36 } as const;

/** What a frame's header says. */
export type FrameHeader = {
  readonly payloadBytes: number;
  readonly firstSeq: Seq;
  /** Zero in the frame that a clean stop appends. */
  readonly count: number;
  readonly at: EpochMs;
  readonly epoch: number;
};

/** A frame that was read back. */
export type Frame = {
  readonly firstSeq: Seq;
  readonly at: EpochMs;
  readonly epoch: number;
  readonly entries: readonly Sequenced[];
  /** Its chained hash, 64 hexadecimal characters. */
  readonly hash: string;
  readonly segment: number;
  /** In bytes from the start of the segment. */
  readonly offset: number;
};

/** What the journal knows before it writes a frame. */
export type FrameContext = {
  readonly firstSeq: Seq;
  readonly at: EpochMs;
  readonly epoch: number;
  readonly previousHash: Buffer;
  /** The digest of all events up to the frame before. */
  readonly eventDigest: Buffer;
  readonly crcSeed: number;
};

/** Encodes a batch. The bytes are the writer's own and valid until it is used again. */
export function encodeFrame(
  writer: ByteWriter,
  entries: readonly Sequenced[],
  context: FrameContext,
): { readonly bytes: Buffer; readonly hash: Buffer } {
  writer.clear();
  skip(writer, HASH_BYTES + FRAME_HEADER_BYTES);
  for (const entry of entries) writeRecord(writer, entry);
  const payloadBytes = writer.length - HASH_BYTES - FRAME_HEADER_BYTES;
  skip(writer, FRAME_TRAILER_BYTES);
  const view = writer.view();
  const hashed = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  hashed.set(context.previousHash, 0);
  const bytes = hashed.subarray(HASH_BYTES);
  assert(bytes.length <= FRAME_BYTES_MAX, "a batch fits a frame");

  const { firstSeq, at, epoch, crcSeed } = context;
  writeHeader(bytes, { payloadBytes, firstSeq, count: entries.length, at, epoch }, crcSeed);
  const trailer = bytes.subarray(FRAME_HEADER_BYTES + payloadBytes);
  const payload = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + payloadBytes);
  trailer.writeUInt32LE(crc32(payload, crcSeed), TRAILER.payloadCrc);
  trailer.set(context.eventDigest, TRAILER.eventDigest);
  const frameHash = hash("sha256", hashed.subarray(0, hashed.length - HASH_BYTES), "buffer");
  trailer.set(frameHash, TRAILER.hash);
  return { bytes, hash: frameHash };
}

/** Reads the header at an offset, or undefined if none that checks stands there. */
export function readFrameHeader(bytes: Buffer, offset: number, crcSeed: number): FrameHeader | undefined {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return undefined;
  if (bytes.compare(FRAME_MAGIC, 0, FRAME_MAGIC.length, offset, offset + FRAME_MAGIC.length) !== 0) {
    return undefined;
  }
  const header = bytes.subarray(offset, offset + FRAME_HEADER_BYTES);
  if (crc32(header.subarray(0, HEADER.crc), crcSeed) !== header.readUInt32LE(HEADER.crc)) return undefined;
  return {
    payloadBytes: header.readUInt32LE(HEADER.payloadBytes),
    firstSeq: Number(header.readBigUInt64LE(HEADER.firstSeq)) as Seq,
    at: Number(header.readBigUInt64LE(HEADER.at)) as EpochMs,
    count: header.readUInt32LE(HEADER.count),
    epoch: header.readUInt32LE(HEADER.epoch),
  };
}

/** The length of a whole frame. */
export function frameBytes({ payloadBytes }: FrameHeader): number {
  return EMPTY_FRAME_BYTES + payloadBytes;
}

/** Says what is wrong with the frame behind a header that checks, or undefined if it is whole. */
export function frameFault(
  bytes: Buffer,
  offset: number,
  { payloadBytes }: FrameHeader,
  crcSeed: number,
): string | undefined {
  const payloadOffset = offset + FRAME_HEADER_BYTES;
  const trailer = payloadOffset + payloadBytes;
  const payloadCrc = crc32(bytes.subarray(payloadOffset, trailer), crcSeed);
  if (payloadCrc !== bytes.readUInt32LE(trailer + TRAILER.payloadCrc)) {
    return "the checksum of the frame's payload does not match";
  }
  const hashed = bytes.subarray(offset - HASH_BYTES, trailer + TRAILER.hash);
  const frameHash = hash("sha256", hashed, "buffer");
  const differs = bytes.compare(
    frameHash,
    0,
    HASH_BYTES,
    trailer + TRAILER.hash,
    trailer + FRAME_TRAILER_BYTES,
  );
  return differs === 0 ? undefined : "the frame's hash does not match";
}

/** The digest and the hash in the trailer of a whole frame; copies, so that the segment can be let go. */
export function readTrailer(
  bytes: Buffer,
  offset: number,
  { payloadBytes }: FrameHeader,
): { readonly eventDigest: Buffer; readonly hash: Buffer } {
  const trailer = offset + FRAME_HEADER_BYTES + payloadBytes;
  return {
    eventDigest: Buffer.from(bytes.subarray(trailer + TRAILER.eventDigest, trailer + TRAILER.hash)),
    hash: Buffer.from(bytes.subarray(trailer + TRAILER.hash, trailer + FRAME_TRAILER_BYTES)),
  };
}

/** The commands of a whole frame; a `DecodeError` if its payload is not exactly its records. */
export function readEntries(bytes: Buffer, offset: number, header: FrameHeader): readonly Sequenced[] {
  const payloadOffset = offset + FRAME_HEADER_BYTES;
  const reader = new ByteReader(bytes.subarray(payloadOffset, payloadOffset + header.payloadBytes));
  const entries: Sequenced[] = [];
  for (let i = 0; i < header.count; i += 1) {
    const { requestId, traceId, command } = readRecord(reader);
    entries.push({ seq: (header.firstSeq + i) as Seq, at: header.at, requestId, traceId, command });
  }
  if (!reader.done) throw new DecodeError(`bytes are left over at ${reader.offset}`);
  return entries;
}

function writeHeader(frame: Buffer, header: FrameHeader, crcSeed: number): void {
  frame.set(FRAME_MAGIC, 0);
  frame.writeUInt32LE(header.payloadBytes, HEADER.payloadBytes);
  frame.writeBigUInt64LE(BigInt(header.firstSeq), HEADER.firstSeq);
  frame.writeBigUInt64LE(BigInt(header.at), HEADER.at);
  frame.writeUInt32LE(header.count, HEADER.count);
  frame.writeUInt32LE(header.epoch, HEADER.epoch);
  frame.writeUInt32LE(crc32(frame.subarray(0, HEADER.crc), crcSeed), HEADER.crc);
}

function skip(writer: ByteWriter, bytes: number): void {
  for (let i = 0; i < bytes; i += 1) writer.byte(0);
}
