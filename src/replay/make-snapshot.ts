/**
 * Makes the next snapshot: takes up the one before, replays what has been closed since, and proves on the way that
 * the replay comes to what happened live. Nothing of the running exchange is touched, so it can be done in a thread
 * of its own, or by nobody for a while.
 */
import { join } from "node:path";
import type { Seq } from "../domain/units.ts";
import type { Clock } from "../journal/clock.ts";
import { type Disk, nodeDisk } from "../journal/disk.ts";
import type { JournalPosition } from "../journal/frame-walk.ts";
import { type ClosedSegment, closedAt, readJournal } from "../journal/recovery.ts";
import { removeSegments } from "../journal/retention.ts";
import { SEGMENT_HEADER_BYTES } from "../journal/segment.ts";
import type { Sections } from "../journal/snapshot-file.ts";
import { type SnapshotFile, SnapshotStore } from "../journal/snapshot-store.ts";
import { loadNewest, type UnusableSnapshot } from "./load-snapshot.ts";
import { dumpPresent, emptyPresent, type Present, presentDigest, restorePresent } from "./present.ts";
import { replayFrames } from "./replay-frames.ts";

export type SnapshotTask = {
  /** Holds `journal/` and `snapshots/`. */
  readonly directory: string;
  /** The segment at whose end the snapshot is to stand, and what the live exchange had come to there. */
  readonly closed: ClosedSegment;
  /** How far the ledger has come, at least. */
  readonly ledgerSeq: Seq;
  /** Whether segments stay that no restart needs. */
  readonly keepsSegments: boolean;
  /** The last segment that an archive has, none beyond it goes; null if there is no archive. */
  readonly archivedSegment: number | null;
  /** Events that the resumable feeds keep, as those of the running exchange do. */
  readonly feedEventsMax: number;
  /** With less space left than this, no snapshot is written. */
  readonly reserveBytes: number;
};

export type MadeSnapshot =
  | {
      readonly kind: "made";
      readonly seq: Seq;
      readonly fileBytes: number;
      readonly commands: number;
      readonly segmentsRemoved: number;
    }
  | { readonly kind: "no-space"; readonly fileBytes: number };

/** The replay, or a snapshot that was read back, is not what the live exchange was: a fault of ours, or of memory. */
export class SnapshotDiffersError extends Error {
  override readonly name = "SnapshotDiffersError";
}

/** Where a snapshot is made, and who hears of what cannot be used for it. */
export type SnapshotMachine = {
  readonly disk?: Disk;
  readonly clock?: Clock;
  readonly onUnusable: (report: UnusableSnapshot) => void;
};

/** @throws SnapshotDiffersError, and DamagedJournalError for a segment that cannot be read. */
export async function makeSnapshot(task: SnapshotTask, machine: SnapshotMachine): Promise<MadeSnapshot> {
  const { disk = nodeDisk } = machine;
  const store = new SnapshotStore({ directory: join(task.directory, "snapshots"), disk });
  await store.open();
  const { position, sections, commands } = await replayThrough(task, store, machine);
  const fileBytes = SnapshotStore.bytesOf(sections);
  if ((await disk.freeBytes(task.directory)) < fileBytes + task.reserveBytes) {
    return { kind: "no-space", fileBytes };
  }
  const aside = await writeChecked(store, { position, sections }, task.feedEventsMax);
  await store.publish(aside);
  const kept = await store.prune(task.ledgerSeq);
  const { ledgerSeq, keepsSegments, archivedSegment } = task;
  const journal = join(task.directory, "journal");
  const removed = keepsSegments
    ? []
    : await removeSegments(journal, disk, { kept, ledgerSeq, archivedSegment });
  return { kind: "made", seq: aside.seq, fileBytes, commands, segmentsRemoved: removed.length };
}

/** The state at the end of the closed segment, by replay. */
async function replayThrough(
  { directory, closed, feedEventsMax }: SnapshotTask,
  store: SnapshotStore,
  { disk, clock, onUnusable }: SnapshotMachine,
): Promise<{ readonly position: JournalPosition; readonly sections: Sections; readonly commands: number }> {
  const { files } = await store.list();
  const options = { seqMax: (closed.seq - 1) as Seq, feedEventsMax, onUnusable };
  const loaded = await loadNewest(store, files, options);
  const present = loaded?.present ?? emptyPresent(feedEventsMax);
  const before = present.engine.appliedSeq;
  const end = await readJournal({
    directory: join(directory, "journal"),
    watermarks: [],
    start: loaded?.file.position,
    through: closed.segment,
    replay: replayFrames(present),
    disk,
    clock,
  });
  if (end === null)
    throw new SnapshotDiffersError(`segment ${closed.segment} is not in the journal any more`);
  checkSame(closedAt(end), closed);
  // The next segment begins where this one ends; so nothing of this one is needed from here on.
  const position = {
    ...end,
    segment: end.segment + 1,
    offset: SEGMENT_HEADER_BYTES,
    bytes: end.bytes + SEGMENT_HEADER_BYTES,
  };
  return { position, sections: dumpPresent(present), commands: closed.seq - before };
}

function checkSame(replayed: ClosedSegment, live: ClosedSegment): void {
  const same =
    replayed.segment === live.segment &&
    replayed.seq === live.seq &&
    replayed.frameHash === live.frameHash &&
    replayed.eventDigest === live.eventDigest;
  if (same) return;
  const told = `${replayed.seq} with the events ${replayed.eventDigest.slice(0, 16)}`;
  const due = `${live.seq} with the events ${live.eventDigest.slice(0, 16)}`;
  throw new SnapshotDiffersError(
    `replay does not equal what happened live: through segment ${live.segment} it comes to ${told}, and the exchange had come to ${due}`,
  );
}

/** Writes a snapshot aside and reads it back; of one that fails nothing is left to take up space. */
async function writeChecked(
  store: SnapshotStore,
  { position, sections }: { readonly position: JournalPosition; readonly sections: Sections },
  feedEventsMax: number,
): Promise<SnapshotFile> {
  try {
    const aside = await store.writeAside(position, sections);
    await checkReadBack(store, aside, feedEventsMax);
    return aside;
  } catch (error) {
    await store.discardAside().catch(() => {});
    throw error;
  }
}

/** What was written, restored and dumped again, must be what was dumped. */
async function checkReadBack(
  store: SnapshotStore,
  { path, stateDigest }: SnapshotFile,
  feedEventsMax: number,
): Promise<void> {
  const read = await store.read({ path });
  const fault =
    typeof read === "string"
      ? read
      : restoredFault(restorePresent(read.sections, feedEventsMax), stateDigest);
  if (fault === null) return;
  throw new SnapshotDiffersError(`a snapshot that was read back is not what was written: ${fault}`);
}

function restoredFault(again: Present, stateDigest: Buffer): string | null {
  // The dump does not have what follows from it, such as what a level shows in all; the checks count it.
  again.engine.check();
  const same = presentDigest(again).equals(stateDigest);
  return same ? null : "restoring it gives another state";
}
