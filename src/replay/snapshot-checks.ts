/** Compares the snapshots of a data directory, each read whole, with what a replay of the journal comes to at their places. */
import { AssertionError } from "../domain/assert.ts";
import { DecodeError } from "../domain/codec.ts";
import type { ClosedSegment } from "../journal/recovery.ts";
import type { SnapshotFile } from "../journal/snapshot-store.ts";
import { FEED_EVENTS_MIN } from "../projections/feeds/feed-log.ts";
import { PackedFeed } from "../projections/feeds/packed-feed.ts";
import type { LoadedSnapshot } from "./load-snapshot.ts";
import { type Present, presentDigest } from "./present.ts";
import type { StoredSnapshots } from "./stored-snapshots.ts";

/** One line of a result: what was looked at, how much of it, and what is wrong, if anything is. */
export type Check = { readonly what: string; readonly found: string; readonly fault: string | null };

/** How much of the feeds a snapshot holds: as many events as were configured when it was made. */
type FeedExtent = Pick<PackedFeed, "oldestSeq" | "events">;

export class SnapshotChecks {
  readonly #files: readonly SnapshotFile[];
  readonly #count: number;
  readonly #extents = new Map<number, FeedExtent>();
  readonly #faults: string[] = [];
  /** The sequences of those that are the state there. */
  readonly #same = new Set<number>();
  readonly #differing: string[] = [];

  static async read({ store, files, damaged }: StoredSnapshots): Promise<SnapshotChecks> {
    const checks = new SnapshotChecks({ files, damaged });
    for (const file of files) {
      const read = await store.read(file);
      const extent = typeof read === "string" ? read : extentOf(read.sections.feed);
      if (typeof extent === "string") checks.#faults.push(`${file.path}: ${extent}`);
      else checks.#extents.set(file.seq, extent);
    }
    return checks;
  }

  private constructor({ files, damaged }: Pick<StoredSnapshots, "files" | "damaged">) {
    this.#files = files;
    this.#count = files.length + damaged.length;
    this.#faults.push(...damaged.map(({ path, what }) => `${path}: ${what}`));
  }

  /** What a replay has to keep of the feeds, to come to what each of them has. */
  get feedEventsMax(): number {
    return Math.max(FEED_EVENTS_MIN, ...[...this.#extents.values()].map(({ events }) => events));
  }

  /** A snapshot stands where a segment ends. */
  compare({ seq, frameHash }: ClosedSegment, present: Present): void {
    const file = this.#files.find((stored) => stored.seq === seq);
    const extent = this.#extents.get(seq);
    if (file === undefined || extent === undefined) return;
    const { oldestSeq } = extent;
    const isSame =
      oldestSeq >= present.live.feed.oldestSeq &&
      presentDigest(present, oldestSeq).equals(file.stateDigest) &&
      file.position.hash.toString("hex") === frameHash;
    if (isSame) this.#same.add(seq);
    else this.#differing.push(`${file.path} is not the state at sequence ${seq}`);
  }

  /** The one from which the replay began is known to be what it says it is, and no more. */
  result(start: Pick<LoadedSnapshot, "file"> | null): Check {
    const what = "snapshots";
    const faults = [...this.#faults, ...this.#differing];
    for (const { path, seq } of this.#files) {
      const isKnown = this.#same.has(seq) || seq === start?.file.seq || !this.#extents.has(seq);
      if (!isKnown && this.#differing.length === 0) faults.push(`${path} stands at no end of a segment`);
    }
    const began = start === null ? "" : `; the replay began with the one at ${start.file.seq}`;
    const found =
      this.#count === 0 ? "there is none" : `${this.#count}, each the state at its sequence${began}`;
    if (faults.length === 0) return { what, found, fault: null };
    return { what, found: `${this.#count}`, fault: faults.join("; ") };
  }
}

function extentOf(feed: Uint8Array<ArrayBuffer>): FeedExtent | string {
  try {
    const { oldestSeq, events } = new PackedFeed(feed);
    return { oldestSeq, events };
  } catch (error) {
    if (error instanceof DecodeError || error instanceof AssertionError) return error.message;
    throw error;
  }
}
