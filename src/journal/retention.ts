/** Which segments of a journal nobody will read again, for operators who do not keep them all. */
import { join } from "node:path";
import type { Seq } from "../domain/units.ts";
import type { Disk } from "./disk.ts";
import { listSegments, segmentName } from "./segment.ts";
import { SNAPSHOTS_KEPT, type SnapshotFile } from "./snapshot-store.ts";

/**
 * Removes the segments before all snapshots that are kept, if there are two and the ledger is well past the older:
 * a restart then needs none of them, even if the newer snapshot turns out to be damaged. Gives the numbers of those
 * that were removed.
 *
 * The ledger is synced from time to time only, so a power failure may take back its last steps. Half of the way
 * between two snapshots is far more than that.
 */
export async function removeSegments(
  directory: string,
  disk: Disk,
  { kept, ledgerSeq }: { readonly kept: readonly SnapshotFile[]; readonly ledgerSeq: Seq },
): Promise<readonly number[]> {
  const [newest, oldest] = [kept[0], kept.at(-1)];
  if (kept.length < SNAPSHOTS_KEPT || newest === undefined || oldest === undefined) return [];
  if (ledgerSeq < (oldest.seq + newest.seq) / 2) return [];
  const segments = await listSegments(directory, disk);
  const removed = segments.filter((segment) => segment < oldest.position.segment);
  for (const segment of removed) await disk.remove(join(directory, segmentName(segment)));
  if (removed.length > 0) await disk.syncDirectory(directory);
  return removed;
}
