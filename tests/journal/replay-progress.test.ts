import { expect, test } from "vitest";
import { seq } from "../../src/domain/units.ts";
import { type Clock, nodeClock } from "../../src/journal/clock.ts";
import type { Frame } from "../../src/journal/frame.ts";
import type { JournalPosition } from "../../src/journal/frame-walk.ts";
import { type ReplayProgress, readJournal } from "../../src/journal/recovery.ts";
import { appendBatch, EVERY_COMMAND, newFastDirectory, openJournal, outcomesOf } from "./support.ts";

const FRAMES = 100;
/** Three of them are begun, each with a header that is as long as three frames. */
const SEGMENT_BYTES = 64 * 1024;
const STEP_MAX = 0.08;

/** A clock by which every frame takes long enough to be told. */
function slowClock(): Clock {
  let now = 0;
  return {
    ...nodeClock,
    elapsed: () => {
      now += 1_000;
      return now;
    },
  };
}

const source = { watermarks: [], replay: ({ entries }: Frame) => outcomesOf(entries) };

/** Which parts of a replay are done, as it tells after every frame. */
async function partsOf(directory: string, start?: JournalPosition): Promise<readonly number[]> {
  const told: ReplayProgress[] = [];
  const onProgress = (progress: ReplayProgress) => void told.push(progress);
  await readJournal({ ...source, directory, start, onProgress, clock: slowClock() });
  return told.map(({ bytesDone, bytesTotal }) => bytesDone / bytesTotal);
}

test("a replay moves on evenly from its start to its end, be most of the last segment zeros or not", async () => {
  const directory = newFastDirectory();
  const { journal } = await openJournal(directory, { segmentBytes: SEGMENT_BYTES });
  for (let frame = 0; frame < FRAMES; frame += 1) await appendBatch(journal, EVERY_COMMAND);
  await journal.close();
  const middle = (await readJournal({ ...source, directory, to: seq(FRAMES * 9) }))!;
  const whole = await partsOf(directory);
  expect(whole.length).toBeGreaterThanOrEqual(FRAMES);
  for (const parts of [whole, await partsOf(directory, middle)]) {
    const steps = parts.map((part, place) => part - (parts[place - 1] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(STEP_MAX);
    expect(parts.at(-1)).toBe(1);
  }
});
