/** Frames that wait, as the next batch for the writer's thread. */
import type { LedgerFrame, PackedFrames } from "./messages.ts";

/** What one transaction takes at most, a single larger frame excepted. */
export const BATCH_BYTES_MAX = 1024 * 1024;

/** The next batch, and how many frames are in it. Moving one piece costs as much as moving one frame. */
export function pack(waiting: readonly LedgerFrame[]): { batch: PackedFrames; frames: number } {
  let count = 0;
  let bytes = 0;
  while (count < waiting.length) {
    const { length } = waiting[count]!.outcomes;
    if (count > 0 && bytes + length > BATCH_BYTES_MAX) break;
    bytes += length;
    count += 1;
  }
  const outcomes = new Uint8Array(bytes);
  let start = 0;
  const frames = waiting.slice(0, count).map(({ firstSeq, lastSeq, hash, outcomes: own }) => {
    outcomes.set(own, start);
    start += own.length;
    return { firstSeq, lastSeq, hash, outcomeBytes: own.length };
  });
  return { batch: { outcomes, frames }, frames: count };
}
