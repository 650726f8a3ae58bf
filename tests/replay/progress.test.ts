import { expect, test } from "vitest";
import { seq } from "../../src/domain/units.ts";
import { nodeClock } from "../../src/journal/clock.ts";
import { ProgressMeter } from "../../src/replay/progress.ts";

test("a recovery tells once a second how far it is, and at which rate since the last time", () => {
  let now = 0;
  const meter = new ProgressMeter({ ...nodeClock, elapsed: () => now });
  const at = (ms: number, last: number, bytesDone: number) => {
    now = ms;
    return meter.measure({ seq: seq(last), bytesDone, bytesTotal: 1_000 });
  };
  expect(at(50, 100, 10)).toBeNull();
  expect(at(999, 900, 90)).toBeNull();
  expect(at(1_000, 1_100, 110)).toEqual({ seq: 1_100, percent: 11, commandsPerSecond: 1_000 });
  expect(at(1_500, 2_000, 200)).toBeNull();
  expect(at(3_000, 5_100, 999)).toEqual({ seq: 5_100, percent: 99, commandsPerSecond: 2_000 });
  expect(at(4_000, 5_100, 1_200)).toEqual({ seq: 5_100, percent: 100, commandsPerSecond: 0 });
});
