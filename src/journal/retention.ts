/** Which segments of a journal nobody will read again, for operators who do not keep them all. */
import { join } from "node:path";
import type { Seq } from "../domain/units.ts";
import type { Disk } from "./disk.ts";
import { listSegments, segmentName } from "./segment.ts";
import { SNAPSHOTS_KEPT, type SnapshotFile } from "./snapshot-store.ts";

/**
 * Removes the segments before two snapshots that the ledger has come to: a restart then needs none of them, even
 * if one of the two turns out to be damaged. Where there is an archive, it must have them. The first goes first, and
 * for good before the next one goes, so that a crash leaves a journal without gaps.
 * Gives the numbers of those that were removed.
 */
export async function removeSegments(
  directory: string,
  disk: Disk,
  {
    kept,
    ledgerSeq,
    archivedSegment,
  }: {
    readonly kept: readonly SnapshotFile[];
    readonly ledgerSeq: Seq;
    /** The last segment that an archive has; null if none is kept. */
    readonly archivedSegment: number | null;
  },
): Promise<readonly number[]> {
  const usable = kept.filter(({ seq }) => seq <= ledgerSeq);
  const older = usable[SNAPSHOTS_KEPT - 1];
  if (older === undefined) return [];
  const segments = await listSegments(directory, disk);
  const last = Math.min(older.position.segment - 1, archivedSegment ?? Number.POSITIVE_INFINITY);
  const removed = segments.filter((segment) => segment <= last);
  for (const segment of removed) {
    await disk.remove(join(directory, segmentName(segment)));
    await disk.syncDirectory(directory);
  }
  return removed;
}
