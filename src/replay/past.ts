/**
 * The past again, command by command, of an exchange that may be running: the state as it was right after a sequence,
 * from the nearest snapshot at or before it or from the first frame, and from there on every command with what it
 * caused. It only reads, and never beyond what its caller says is durable.
 *
 * The way on is a pull: between two commands it can be left for as long as one likes, and no more than a segment and
 * a frame are held beside the state.
 */
import { ByteWriter } from "../domain/codec.ts";
import type { Sequenced } from "../domain/commands.ts";
import type { Committed } from "../domain/events.ts";
import type { AsOf } from "../domain/past.ts";
import { encodeRecorded } from "../domain/recorded-codec.ts";
import type { EpochMs, Seq } from "../domain/units.ts";
import { nodeClock } from "../journal/clock.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { isMissing, nodeDisk } from "../journal/disk.ts";
import { DurableReader, SegmentRemovedError } from "../journal/durable-reader.ts";
import type { Frame } from "../journal/frame.ts";
import { listSegments } from "../journal/segment.ts";
import { seqAtTime } from "../journal/seq-at-time.ts";
import type { SnapshotFile } from "../journal/snapshot-store.ts";
import type { OrderUpdate } from "../projections/live/live-orders.ts";
import { loadNewest } from "./load-snapshot.ts";
import { PastError } from "./past-error.ts";
import { emptyPresent, type Present } from "./present.ts";
import { type StoredSnapshots, storedSnapshots } from "./stored-snapshots.ts";

/** How long the event loop of who replays may wait. */
const TURN_MS = 50;

/** Nobody resumes feeds of the past; but a log that forgets at every command takes longer than the commands. */
const FEED_EVENTS = 10_000;

/** What there is when a question is taken up: the last command that is durable, and the time. */
export type Now = { readonly seq: Seq; readonly at: EpochMs };

/** How far a reading may go, and what gives it up. */
type Way = { readonly durableSeq: Seq; readonly signal?: AbortSignal };

/** A command of the past, and what it caused. */
type PastCommand = {
  readonly committed: Committed;
  /** Every order that it touched. */
  readonly updates: readonly OrderUpdate[];
};

export class Past {
  /** The engine and all live projections, as they were; changed by each command that is read. */
  readonly present: Present;
  readonly #reader: DurableReader;
  readonly #directory: string;
  readonly #outcomes = new ByteWriter();
  #frame: Frame | undefined;
  /** How many of the frame's commands have been applied. */
  #applied = 0;
  #at: EpochMs;

  /** The state from which the way to a sequence is the shortest: that of a snapshot, or before the first command. @throws PastError */
  static async nearest(directory: string, seq: Seq): Promise<Past> {
    const kept = await keptIn(directory);
    const options = { seqMax: seq, feedEventsMax: FEED_EVENTS, onUnusable: () => {} };
    const start = await loadNewest(kept.store, kept.files, options);
    if (start === null && kept.isCut) throw removedBefore(kept);
    return new Past(directory, start);
  }

  private constructor(directory: string, start: { file: SnapshotFile; present: Present } | null) {
    this.present = start?.present ?? emptyPresent(FEED_EVENTS);
    const { engine, live } = this.present;
    if (start !== null) live.stand(engine.appliedSeq, engine.standing());
    this.#directory = directory;
    this.#reader = new DurableReader({ directory: pathsIn(directory).journal, start: start?.file.position });
    this.#at = this.#reader.lastAt;
  }

  /** The last command that the state has seen. */
  get seq(): Seq {
    return this.present.engine.appliedSeq;
  }

  /** Its time; zero before the first. */
  get at(): EpochMs {
    return this.#at;
  }

  /** The next command, before it is applied; null if it is beyond `durableSeq`. @throws PastError */
  async upcoming(durableSeq: Seq): Promise<Sequenced | null> {
    if (this.seq >= durableSeq) return null;
    const frame = this.#frame ?? (await this.#nextFrame(durableSeq));
    return frame?.entries[this.#applied] ?? null;
  }

  /** Applies the next command and tells of it; null if it is beyond `durableSeq`. @throws PastError */
  async next(durableSeq: Seq): Promise<PastCommand | null> {
    if (this.seq >= durableSeq) return null;
    const frame = this.#frame ?? (await this.#nextFrame(durableSeq));
    return frame === null ? null : this.#step(frame);
  }

  /** Goes on until right after a sequence. An abort leaves it between two commands. @throws PastError */
  async goTo(seq: Seq, { durableSeq, signal }: Way): Promise<void> {
    if (seq > durableSeq) throw new PastError({ kind: "after-now", seq: durableSeq });
    signal?.throwIfAborted();
    let turnStartedAt = nodeClock.elapsed();
    while (this.seq < seq) {
      await this.next(seq);
      if (nodeClock.elapsed() - turnStartedAt <= TURN_MS) continue;
      await nodeClock.turn();
      signal?.throwIfAborted();
      turnStartedAt = nodeClock.elapsed();
    }
  }

  async #nextFrame(durableSeq: Seq): Promise<Frame | null> {
    const frame = await this.#reader.next(durableSeq).catch(async (error: unknown) => {
      if (error instanceof SegmentRemovedError) throw removedBefore(await keptIn(this.#directory));
      throw error;
    });
    if (frame === null) return null;
    this.#frame = frame;
    this.#applied = 0;
    this.#outcomes.clear();
    return frame;
  }

  #step(frame: Frame): PastCommand {
    const { engine, live } = this.present;
    const entry = frame.entries[this.#applied]!;
    const committed = { entry, events: engine.apply(entry) };
    encodeRecorded(this.#outcomes, entry, engine.log);
    const updates = live.project(committed);
    this.#at = entry.at;
    this.#applied += 1;
    if (this.#applied === frame.entries.length) {
      this.#reader.witness(this.#outcomes.view());
      this.#frame = undefined;
    }
    return { committed, updates };
  }
}

/** The last sequence at or before a moment. @throws PastError for one that was not yet, or is not kept any more */
export async function seqAsOf(directory: string, asOf: AsOf, now: Now): Promise<Seq> {
  if ("seq" in asOf) {
    if (asOf.seq > now.seq) throw new PastError({ kind: "after-now", seq: now.seq });
    if (asOf.seq < 1) throw new PastError({ kind: "before-the-beginning" });
    return asOf.seq as Seq;
  }
  if (asOf.at > now.at) throw new PastError({ kind: "after-now", seq: now.seq });
  const { journal } = pathsIn(directory);
  const sought = { directory: journal, at: asOf.at as EpochMs, durableSeq: now.seq };
  // A segment may be removed once it was listed; what is listed then is without it.
  const again = (error: Error) => (isMissing(error) ? seqAtTime(sought) : Promise.reject(error));
  const found = await seqAtTime(sought).catch(again);
  if (found !== null) return found;
  const kept = await keptIn(directory);
  if (!kept.isCut) throw new PastError({ kind: "before-the-beginning" });
  const oldest = kept.files.at(-1);
  if (oldest !== undefined && oldest.position.lastAt <= asOf.at) return oldest.seq;
  throw removedBefore(kept);
}

/** The snapshots, and whether the journal's first segments have been removed. */
type Kept = StoredSnapshots & { readonly isCut: boolean };

/** Snapshots from which the journal cannot be read on are left out. */
async function keptIn(directory: string): Promise<Kept> {
  const { store, files, damaged } = await storedSnapshots(directory);
  const [firstSegment = 1] = await listSegments(pathsIn(directory).journal, nodeDisk);
  const usable = files.filter(({ position }) => position.segment >= firstSegment);
  return { store, files: usable, damaged, isCut: firstSegment > 1 };
}

function removedBefore({ files }: Kept): PastError {
  return new PastError({ kind: "removed", oldestSeq: files.at(-1)?.seq ?? null });
}
