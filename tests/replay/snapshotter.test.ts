import { describe, expect, test } from "vitest";
import { seq } from "../../src/domain/units.ts";
import { nodeClock } from "../../src/journal/clock.ts";
import type { ClosedSegment } from "../../src/journal/recovery.ts";
import type { SnapshotTask } from "../../src/replay/make-snapshot.ts";
import type { FromSnapshotThread } from "../../src/replay/snapshot-worker.ts";
import { type SnapshotReport, Snapshotter } from "../../src/replay/snapshotter.ts";

const closedAt = (segment: number, last: number): ClosedSegment => ({
  segment,
  seq: seq(last),
  frameHash: "",
  eventDigest: "",
});

/** A snapshotter whose threads do nothing until a test speaks for them. */
function watched() {
  const started: { readonly task: SnapshotTask; readonly say: (message: FromSnapshotThread) => void }[] = [];
  const reports: SnapshotReport[] = [];
  const time = { now: 0, stopped: 0 };
  const pauses: { readonly milliseconds: number; end(): void }[] = [];
  const snapshotter = new Snapshotter({
    directory: "/data",
    keepsSegments: true,
    feedEventsMax: 10,
    reserveBytes: 7,
    commandsMin: 100,
    ledgerSeq: () => seq(42),
    clock: {
      ...nodeClock,
      elapsed: () => time.now,
      after: (milliseconds, task) => {
        const pause = { milliseconds, end: task };
        pauses.push(pause);
        return () => {
          pause.end = () => {};
        };
      },
    },
    onReport: (report) => reports.push(report),
    make: (task, say) => {
      started.push({ task, say });
      return {
        stop: async () => {
          time.stopped += 1;
        },
      };
    },
  });
  return { snapshotter, started, reports, time, pauses };
}

const made = (last: number): FromSnapshotThread => ({
  kind: "made",
  seq: seq(last),
  fileBytes: 1,
  commands: 1,
  segmentsRemoved: 0,
});

describe("a snapshot is made", () => {
  test("when a segment is closed and enough has come since the last one, with what the ledger has by then", () => {
    const { snapshotter, started } = watched();
    snapshotter.open(seq(1_000));
    snapshotter.closed(closedAt(3, 1_099));
    expect(started).toEqual([]);
    snapshotter.closed(closedAt(4, 1_100));
    expect(started.map(({ task }) => task)).toEqual([
      {
        directory: "/data",
        keepsSegments: true,
        archivedSegment: null,
        feedEventsMax: 10,
        reserveBytes: 7,
        closed: closedAt(4, 1_100),
        ledgerSeq: 42,
      },
    ]);
  });

  test("of what was closed during the recovery, but not before that is done", () => {
    const { snapshotter, started } = watched();
    snapshotter.closed(closedAt(1, 500));
    snapshotter.closed(closedAt(2, 900));
    expect(started).toEqual([]);
    snapshotter.open(null);
    expect(started.map(({ task }) => task.closed.seq)).toEqual([900]);
  });

  test("one at a time, and then not before four times as long as it took", () => {
    const { snapshotter, started, time, pauses } = watched();
    snapshotter.open(null);
    snapshotter.closed(closedAt(1, 100));
    snapshotter.closed(closedAt(2, 150));
    expect(started).toHaveLength(1);
    time.now = 10;
    started[0]!.say(made(100));
    expect(snapshotter.snapshotSeq).toBe(100);
    expect(pauses.map(({ milliseconds }) => milliseconds)).toEqual([40]);
    snapshotter.closed(closedAt(3, 300));
    snapshotter.closed(closedAt(4, 400));
    expect(started).toHaveLength(1);
    pauses[0]!.end();
    expect(started.map(({ task }) => task.closed.seq)).toEqual([100, 400]);
  });

  test("after the pause with the next segment, if too little has come meanwhile", () => {
    const { snapshotter, started, pauses } = watched();
    snapshotter.open(null);
    snapshotter.closed(closedAt(1, 100));
    started[0]!.say(made(100));
    snapshotter.closed(closedAt(2, 199));
    pauses[0]!.end();
    expect(started).toHaveLength(1);
    snapshotter.closed(closedAt(3, 200));
    expect(started).toHaveLength(2);
  });
});

describe("an operator hears", () => {
  test("that one was made, and how long it took", () => {
    const { snapshotter, started, reports, time } = watched();
    snapshotter.open(null);
    snapshotter.closed(closedAt(1, 100));
    time.now = 30;
    started[0]!.say(made(100));
    expect(reports).toEqual([
      { kind: "snapshot-made", seq: 100, fileBytes: 1, commands: 1, segmentsRemoved: 0, ms: 30 },
    ]);
  });

  test("that one failed, which is counted and tried again with the next segment", () => {
    const { snapshotter, started, reports, pauses } = watched();
    snapshotter.open(null);
    snapshotter.closed(closedAt(1, 100));
    started[0]!.say({ kind: "failed", message: "replay does not equal what happened live" });
    expect(reports).toEqual([
      { kind: "snapshot-failed", message: "replay does not equal what happened live" },
    ]);
    expect([snapshotter.failures, snapshotter.snapshotSeq]).toEqual([1, null]);
    pauses[0]!.end();
    expect(started).toHaveLength(1);
    snapshotter.closed(closedAt(2, 200));
    expect(started).toHaveLength(2);
  });

  test("that there was no space, which is no failure", () => {
    const { snapshotter, started, reports } = watched();
    snapshotter.open(null);
    snapshotter.closed(closedAt(1, 100));
    started[0]!.say({ kind: "no-space", fileBytes: 5 });
    expect(reports).toEqual([{ kind: "snapshot-skipped", fileBytes: 5 }]);
    expect(snapshotter.failures).toBe(0);
  });
});

test("a stop during the pause starts nothing", async () => {
  const { snapshotter, started, pauses } = watched();
  snapshotter.open(null);
  snapshotter.closed(closedAt(1, 100));
  started[0]!.say(made(100));
  snapshotter.closed(closedAt(2, 300));
  await snapshotter.close();
  pauses[0]!.end();
  expect(started).toHaveLength(1);
});

test("a stop ends the thread at work and starts no other", async () => {
  const { snapshotter, started, time } = watched();
  snapshotter.open(null);
  snapshotter.closed(closedAt(1, 100));
  await snapshotter.close();
  expect(time.stopped).toBe(1);
  snapshotter.closed(closedAt(2, 300));
  expect(started).toHaveLength(1);
});
