/**
 * The thread that keeps an archive up to date: a run, a pause, the next run. What fails is tried again with growing
 * pauses for as long as the process lives; nothing waits for it.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Seq } from "../../domain/units.ts";
import { pathsIn } from "../../journal/data-directory.ts";
import { DirectoryInUseError, lockDataDirectory } from "../../journal/lock.ts";
import type { Boundary } from "../../projections/ledger/retention.ts";
import { messageOf, NICENESS, yieldToOrders } from "../../projections/threads.ts";
import { pauseAfter } from "../pauses.ts";
import { type ArchiveRun, Archiver } from "./archiver.ts";
import { droppable } from "./droppable.ts";
import type { ArchivedRange } from "./manifest.ts";
import { type ArchivePlace, openTarget } from "./place.ts";

/** The longest pause after a failure. */
const PAUSE_MS_MAX = 600_000;
/** After so many runs in which the ledger let go of nothing more, it is told again: it may have failed at it. */
const STANDSTILL_RUNS = 30;

export type ArchiveTask = {
  /** The data directory. */
  readonly directory: string;
  readonly place: ArchivePlace;
  readonly reserveBytes: number;
  /** Null to keep everything in the ledger. */
  readonly retentionDays: number | null;
  readonly intervalMs: number;
};

export type FromArchiveThread =
  /** The archive has everything up to here; said after every range, and after every run that did not fail. */
  | { readonly kind: "stands"; readonly seq: Seq; readonly segment: number }
  | {
      readonly kind: "archived";
      readonly seq: Seq;
      readonly ranges: number;
      readonly objects: number;
      readonly bytes: number;
      readonly ms: number;
    }
  /** The ledger may let go of all up to here. */
  | { readonly kind: "droppable"; readonly boundary: Boundary }
  | { readonly kind: "archive-failed"; readonly message: string };

const task = workerData as ArchiveTask;
const port = parentPort!;
const post = (message: FromArchiveThread) => port.postMessage(message);
const target = openTarget(task.place, task.directory);
const { directory, reserveBytes } = task;
const archiver = new Archiver({
  directory,
  target,
  reserveBytes,
  onArchived: (range) => tellStanding(range),
});
let failures = 0;
/** Beyond this the ledger has been told of nothing; what it was told of is not read back again. */
let toldSeq = 0;
/** What the ledger had let go of at the last run, and the runs since it was told something or came further. */
let droppedSeq = 0;
let standstill = 0;

yieldToOrders(NICENESS.snapshots);
await run();

async function run(): Promise<void> {
  try {
    await runLocked();
    failures = 0;
  } catch (error) {
    // Somebody archives by hand, which comes to the same.
    if (!(error instanceof DirectoryInUseError)) {
      failures += 1;
      post({ kind: "archive-failed", message: messageOf(error) });
    }
  }
  const { intervalMs } = task;
  const pauses = { firstMs: intervalMs, longestMs: PAUSE_MS_MAX };
  const pause = failures === 0 ? intervalMs : pauseAfter(failures, pauses, Math.random());
  setTimeout(() => void run(), pause);
}

async function runLocked(): Promise<void> {
  const lock = lockDataDirectory(pathsIn(directory).archiveWork);
  try {
    const startedAt = performance.now();
    const done = await archiver.run();
    if (done === null) return;
    const { last } = done.manifest;
    if (last !== undefined) tellStanding(last);
    if (done.ranges > 0) {
      const { ranges, objects, bytes } = done;
      const ms = Math.round(performance.now() - startedAt);
      post({ kind: "archived", seq: last!.lastSeq as Seq, ranges, objects, bytes, ms });
    }
    await tellDroppable(done);
  } finally {
    lock.release();
  }
}

function tellStanding({ lastSeq, segment }: ArchivedRange): void {
  post({ kind: "stands", seq: lastSeq as Seq, segment });
}

async function tellDroppable({ manifest, ledger }: ArchiveRun): Promise<void> {
  const { retentionDays } = task;
  if (retentionDays === null || isOnItsWay(ledger.droppedSeq)) return;
  const now = Date.now();
  for await (const boundary of droppable({ manifest, target, ledger, retentionDays, now })) {
    post({ kind: "droppable", boundary });
    toldSeq = boundary.seq;
    standstill = 0;
  }
}

/** Whether the ledger still has to let go of what it was told of, and comes on with that. */
function isOnItsWay(seq: number): boolean {
  standstill = seq === droppedSeq ? standstill + 1 : 0;
  droppedSeq = seq;
  return seq < toldSeq && standstill < STANDSTILL_RUNS;
}
