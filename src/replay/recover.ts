/**
 * Rebuilds the present from the past: from the newest snapshot that can be used, and then every frame of the
 * journal behind it goes through the engine and the projections exactly as it did live, while the journal checks
 * by digest that it had the same outcome.
 *
 * The ledger is fed by the replay, so a snapshot that it has not come to cannot be used: what lies between would
 * never reach it.
 */
import type { CommittedFrame } from "../domain/events.ts";
import type { Seq } from "../domain/units.ts";
import { type Clock, nodeClock } from "../journal/clock.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { Journal, type JournalOptions, type JournalReport } from "../journal/journal.ts";
import { SnapshotStore } from "../journal/snapshot-store.ts";
import type { Watermark } from "../journal/watermarks.ts";
import { loadNewest, type UnusableSnapshot } from "./load-snapshot.ts";
import { emptyPresent, type Present } from "./present.ts";
import { ProgressMeter, type RecoveryProgress } from "./progress.ts";
import { replayFrames } from "./replay-frames.ts";
import { snapshotWatermark } from "./stored-snapshots.ts";

export type RecoveryReport =
  | JournalReport
  | UnusableSnapshot
  | { readonly kind: "snapshot-loaded"; readonly file: string; readonly seq: Seq; readonly ms: number }
  | ({ readonly kind: "recovering" } & RecoveryProgress);

export type RecoverOptions = Omit<
  JournalOptions,
  "directory" | "watermarks" | "replay" | "start" | "onReport" | "onProgress"
> & {
  /** Holds `journal/` and `snapshots/`. */
  readonly directory: string;
  /** How far the ledger has come. */
  readonly ledger: Omit<Watermark, "holder">;
  readonly feedEventsMax: number;
  /** Hands on a frame, whole. */
  readonly publish: (frame: CommittedFrame) => void;
  readonly onReport: (report: RecoveryReport) => void;
};

export type Recovered = Present & {
  readonly journal: Journal;
  /** The newest snapshot that there is. */
  readonly snapshotSeq: Seq | null;
};

/** Opens the journal, repaired if its tail was torn, with the engine and the projections at its end. */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { directory, ledger, feedEventsMax, publish, onReport, ...journalOptions } = options;
  const { disk, clock = nodeClock } = options;
  const store = new SnapshotStore({ directory: pathsIn(directory).snapshots, disk });
  await store.open();
  const { files, damaged } = await store.list();
  for (const { path, what } of damaged) onReport({ kind: "snapshot-unusable", file: path, what });
  const startedAt = clock.elapsed();
  const loaded = await loadNewest(store, files, { seqMax: ledger.seq, feedEventsMax, onUnusable: onReport });
  const present = loaded?.present ?? emptyPresent(feedEventsMax);
  if (loaded !== null) {
    const { path, seq } = loaded.file;
    onReport({ kind: "snapshot-loaded", file: path, seq, ms: Math.round(clock.elapsed() - startedAt) });
  }
  const journal = await Journal.open({
    ...journalOptions,
    directory: pathsIn(directory).journal,
    watermarks: [{ holder: "the ledger", ...ledger }, ...files.map(snapshotWatermark)],
    start: loaded?.file.position,
    replay: replayFrames(present, publish),
    onReport,
    onProgress: progressTo(onReport, clock),
  });
  const { engine, live } = present;
  live.stand(engine.appliedSeq, engine.standing());
  return { engine, live, journal, snapshotSeq: files[0]?.seq ?? null };
}

function progressTo(onReport: RecoverOptions["onReport"], clock: Clock): JournalOptions["onProgress"] {
  const meter = new ProgressMeter(clock);
  return (progress) => {
    const told = meter.measure(progress);
    if (told !== null) onReport({ kind: "recovering", ...told });
  };
}
