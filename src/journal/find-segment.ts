/** Finds the segment that a search goes on in, in a journal to which an exchange may be appending: only starts are read. */
import { join } from "node:path";
import { nodeDisk } from "./disk.ts";
import { listSegments, segmentName } from "./segment.ts";

/** The path of the last segment that begins in time, as all before it do; null if none does. */
export async function lastSegmentOf(
  directory: string,
  beginsInTime: (path: string) => Promise<boolean>,
): Promise<string | null> {
  const segments = await listSegments(directory, nodeDisk);
  const path = (place: number) => join(directory, segmentName(segments[place]!));
  let low = 0;
  for (let high = segments.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (await beginsInTime(path(middle))) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : path(low - 1);
}
