/**
 * What a crash leaves behind the last whole frame: part of a frame that nobody was ever told of. It is kept
 * aside, reported, and overwritten with zeros, so that the journal goes on where it was whole.
 */
import { basename, dirname, join } from "node:path";
import type { Seq } from "../domain/units.ts";
import type { Clock } from "./clock.ts";
import { type Disk, isFull, writeZeros } from "./disk.ts";
import { DamagedJournalError, JournalFailedError } from "./errors.ts";
import { FRAME_MAGIC, readFrameHeader } from "./frame.ts";

export type TornTail = {
  readonly file: string;
  readonly offset: number;
  /** From the offset to the last byte that is not zero; empty if only zeros were cut off. */
  readonly bytes: Buffer;
  /** False if the file is shorter than its segment. */
  readonly complete: boolean;
  readonly what: string;
};

type Found = {
  readonly file: string;
  readonly bytes: Buffer;
  readonly offset: number;
  readonly end: number;
  readonly complete: boolean;
  readonly nextSeq: Seq;
  readonly what: string;
  readonly crcSeed: number;
};

/**
 * Tells a torn tail from damage: a frame is only begun when all before it are durable, so the header of
 * another frame anywhere behind the bad one proves that the bad one was once whole.
 */
export function checkTail({ file, bytes, offset, end, complete, nextSeq, what, crcSeed }: Found): TornTail {
  for (let at = offset + 1; ; at += 1) {
    at = bytes.indexOf(FRAME_MAGIC, at);
    if (at < 0 || at >= end) break;
    if (readFrameHeader(bytes, at, crcSeed) === undefined) continue;
    const behind = `${what}, and a frame follows at offset ${at}`;
    throw new DamagedJournalError({ file, offset, seq: nextSeq, what: behind });
  }
  return { file, offset, bytes: Buffer.from(bytes.subarray(offset, end)), complete, what };
}

/**
 * Puts the tail into quarantine and zeros in its place; returns the file that keeps it, if there were bytes to keep.
 *
 * @throws JournalFailedError if the disk cannot take that: the tail is as it was, or in quarantine, and the next start repairs it
 */
export async function repairTail(
  tail: TornTail,
  options: { readonly segmentBytes: number; readonly disk: Disk; readonly clock: Clock },
): Promise<string | null> {
  try {
    const { segmentBytes, disk, clock } = options;
    const kept = tail.bytes.length > 0 ? await quarantine(tail, disk, clock) : null;
    await cutTail(tail, segmentBytes, disk);
    return kept;
  } catch (error) {
    const doing = `repairing the torn tail of ${basename(tail.file)}`;
    const remedy = "Nothing that was acknowledged is lost. Free some space on this disk and start again.";
    throw new JournalFailedError(doing, error, isFull(error) ? remedy : undefined);
  }
}

/** Puts zeros in the tail's place, durably, and fills up the file if it is shorter than its segment. */
export async function cutTail(tail: TornTail, segmentBytes: number, disk: Disk): Promise<void> {
  const file = await disk.open(tail.file, "update");
  try {
    const to = tail.complete ? tail.offset + tail.bytes.length : segmentBytes;
    await writeZeros(disk, file, { from: tail.offset, to });
    await disk.sync(file);
  } finally {
    await disk.close(file);
  }
}

async function quarantine(tail: TornTail, disk: Disk, clock: Clock): Promise<string> {
  const journal = dirname(tail.file);
  const directory = join(journal, "quarantine");
  await disk.makeDirectory(directory);
  const time = new Date(clock.now()).toISOString().replaceAll(":", "-");
  const kept = join(directory, `${basename(tail.file)}-${tail.offset}-${time}.tail`);
  const file = await disk.open(kept, "create-new");
  try {
    await disk.writeAside(file, tail.bytes, 0);
    await disk.sync(file);
  } finally {
    await disk.close(file);
  }
  await disk.syncDirectory(directory);
  await disk.syncDirectory(journal);
  return kept;
}
