/**
 * Finds the snapshot from which a replay goes on: the newest that may be used and is whole. One that is damaged
 * is told and passed over, for the one before it and the journal say the same; it is never half used.
 */
import { AssertionError } from "../domain/assert.ts";
import { DecodeError } from "../domain/codec.ts";
import type { Seq } from "../domain/units.ts";
import type { SnapshotFile, SnapshotStore } from "../journal/snapshot-store.ts";
import { type Present, restorePresent } from "./present.ts";

/** What an operator should hear of a snapshot that cannot be used. */
export type UnusableSnapshot = {
  readonly kind: "snapshot-unusable";
  readonly file: string;
  readonly what: string;
};

export type LoadedSnapshot = { readonly file: SnapshotFile; readonly present: Present };

/** The state at the newest whole snapshot that is not beyond `seqMax`, or null if there is none. */
export async function loadNewest(
  store: SnapshotStore,
  files: readonly SnapshotFile[],
  options: {
    readonly seqMax: Seq;
    readonly feedEventsMax: number;
    readonly onUnusable: (report: UnusableSnapshot) => void;
  },
): Promise<LoadedSnapshot | null> {
  for (const file of files) {
    if (file.seq > options.seqMax) continue;
    const present = await load(store, file, options.feedEventsMax);
    if (typeof present !== "string") return { file, present };
    options.onUnusable({ kind: "snapshot-unusable", file: file.path, what: present });
  }
  return null;
}

async function load(
  store: SnapshotStore,
  file: SnapshotFile,
  feedEventsMax: number,
): Promise<Present | string> {
  const snapshot = await store.read(file);
  if (typeof snapshot === "string") return snapshot;
  try {
    const present = restorePresent(snapshot.sections, feedEventsMax);
    const { appliedSeq } = present.engine;
    return appliedSeq === file.seq
      ? present
      : `it stands at ${file.seq} and holds the state of ${appliedSeq}`;
  } catch (error) {
    if (error instanceof DecodeError || error instanceof AssertionError) return error.message;
    throw error;
  }
}
