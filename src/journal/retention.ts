/** Which segments of a journal nobody will read again, for operators who do not keep them all. */
import { join } from "node:path";
import type { Seq } from "../domain/units.ts";
import type { Disk } from "./disk.ts";
import { listSegments, segmentName } from "./segment.ts";
import { SNAPSHOTS_KEPT, type SnapshotFile } from "./snapshot-store.ts";

/**
 * Removes the segments before all snapshots that are kept, if there are two and the ledger has come to the older:
 * a restart then needs none of them, even if the newer snapshot turns out to be damaged. The first goes first, so
 * that a crash leaves a journal without gaps. Gives the numbers of those that were removed.
 */
export async function removeSegments(
  directory: string,
  disk: Disk,
  { kept, ledgerSeq }: { readonly kept: readonly SnapshotFile[]; readonly ledgerSeq: Seq },
): Promise<readonly number[]> {
  const oldest = kept.at(-1);
  if (kept.length < SNAPSHOTS_KEPT || oldest === undefined || oldest.seq > ledgerSeq) return [];
  const segments = await listSegments(directory, disk);
  const removed = segments.filter((segment) => segment < oldest.position.segment);
  for (const segment of removed) await disk.remove(join(directory, segmentName(segment)));
  if (removed.length > 0) await disk.syncDirectory(directory);
  return removed;
}
