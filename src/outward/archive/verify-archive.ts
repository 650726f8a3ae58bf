/** Reads an archive back, all of it or some ranges, and says what in it is not what the manifest promises. */
import type { ArchivedRange, Manifest } from "./manifest.ts";
import { copyFault } from "./read-back.ts";
import type { Target } from "./target.ts";

export type ArchiveFault = { readonly key: string; readonly fault: string };

export type VerifiedArchive = {
  readonly ranges: number;
  readonly objects: number;
  readonly bytes: number;
  readonly faults: readonly ArchiveFault[];
};

export async function verifyArchive(
  manifest: Manifest,
  target: Target,
  onProgress: (lastSeq: number, object: string) => void,
): Promise<VerifiedArchive> {
  let [ranges, objects, bytes] = [0, 0, 0];
  const faults: ArchiveFault[] = [];
  for await (const range of manifest.rangesAfter(-1)) {
    ranges += 1;
    for (const object of range.objects) {
      onProgress(range.lastSeq, object.key);
      objects += 1;
      bytes += object.bytes;
      const key = manifest.keyOf(object.key);
      const fault = await copyFault(target, { ...object, key });
      if (fault !== null) faults.push({ key, fault });
    }
  }
  return { ranges, objects, bytes, faults };
}

/** The first fault of a range, or null if all of it can be read back. */
export async function rangeFault(
  { objects }: ArchivedRange,
  manifest: Manifest,
  target: Target,
): Promise<ArchiveFault | null> {
  for (const object of objects) {
    const key = manifest.keyOf(object.key);
    const fault = await copyFault(target, { ...object, key });
    if (fault !== null) return { key, fault };
  }
  return null;
}
