/** The snapshots of a data directory for whoever only looks at it: nothing is made, and nothing removed. */
import { existsSync } from "node:fs";
import { type Seq, seq } from "../domain/units.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { nodeDisk } from "../journal/disk.ts";
import { listSegments } from "../journal/segment.ts";
import { type DamagedSnapshot, type SnapshotFile, SnapshotStore } from "../journal/snapshot-store.ts";
import type { Watermark } from "../journal/watermarks.ts";
import { FEED_EVENTS_MIN } from "../projections/feeds/feed-log.ts";
import { type LoadedSnapshot, loadNewest } from "./load-snapshot.ts";

export type StoredSnapshots = {
  readonly store: SnapshotStore;
  /** The newest first. */
  readonly files: readonly SnapshotFile[];
  readonly damaged: readonly DamagedSnapshot[];
};

export async function storedSnapshots(directory: string): Promise<StoredSnapshots> {
  const place = pathsIn(directory).snapshots;
  const store = new SnapshotStore({ directory: place });
  return existsSync(place) ? { store, ...(await store.list()) } : { store, files: [], damaged: [] };
}

/**
 * Where a reading of the journal begins: at its beginning, which is null, or at a snapshot. That is the newest before
 * `from`; or the oldest there is, if the segments before it are not kept any more.
 */
export async function readingStart(
  directory: string,
  { store, files }: Pick<StoredSnapshots, "store" | "files">,
  { from, feedEventsMax = FEED_EVENTS_MIN }: { readonly from: Seq; readonly feedEventsMax?: number },
): Promise<LoadedSnapshot | null> {
  const options = { feedEventsMax, onUnusable: () => {} };
  const before = await loadNewest(store, files, { ...options, seqMax: seq(from - 1) });
  if (before !== null) return before;
  const [firstSegment] = await listSegments(pathsIn(directory).journal, nodeDisk);
  if (firstSegment === undefined || firstSegment === 1) return null;
  return loadNewest(store, [...files].reverse(), { ...options, seqMax: seq(Number.MAX_SAFE_INTEGER) });
}

/** A snapshot proves that the journal once reached it. */
export function snapshotWatermark({ path, seq: stood, position }: SnapshotFile): Watermark {
  // A frame of a clean stop holds no sequence, so its hash is not that of the frame which holds this one.
  const frameHash = position.closed ? null : position.hash.toString("hex");
  return { holder: `the snapshot ${path}`, seq: stood, frameHash };
}
