/**
 * Decides when the next snapshot is made, and has it made by a thread that takes nothing from the running exchange
 * but some of a processor. One is made at a time; a stop ends the thread, which loses nothing but its work.
 */
import type { Seq } from "../domain/units.ts";
import { type Clock, nodeClock } from "../journal/clock.ts";
import type { ClosedSegment } from "../journal/recovery.ts";
import { EXTENSION, startThread } from "../projections/threads.ts";
import type { UnusableSnapshot } from "./load-snapshot.ts";
import type { SnapshotTask } from "./make-snapshot.ts";
import type { FromSnapshotThread } from "./snapshot-worker.ts";

/** Fewer commands than this since the last snapshot are not worth one: a start replays so many in a second or two. */
const COMMANDS_MIN = 250_000;
/**
 * The pause after a snapshot, in times of how long it took: snapshots never take more than a fifth of a processor.
 * Half of one was measured to slow orders down on a machine with two, in spite of its low priority, since the garbage
 * of a thread is collected at that of the process. A longer pause shows in the time of the next start.
 */
const PAUSE_RATIO = 4;

export type SnapshotReport =
  | UnusableSnapshot
  | {
      readonly kind: "snapshot-made";
      readonly seq: Seq;
      readonly fileBytes: number;
      readonly commands: number;
      readonly segmentsRemoved: number;
      readonly ms: number;
    }
  | { readonly kind: "snapshot-skipped"; readonly fileBytes: number }
  | { readonly kind: "snapshot-failed"; readonly message: string };

/** A snapshot that is being made. */
export type Making = { stop(): Promise<void> };

/** Has a snapshot made, and says what comes of it; the last is `made`, `no-space` or `failed`. */
export type SnapshotMaker = (task: SnapshotTask, hear: (message: FromSnapshotThread) => void) => Making;

export type SnapshotterOptions = Omit<SnapshotTask, "closed" | "ledgerSeq" | "archivedSegment"> & {
  readonly ledgerSeq: () => Seq;
  readonly archivedSegment?: (() => number | null) | undefined;
  readonly onReport: (report: SnapshotReport) => void;
  readonly commandsMin?: number | undefined;
  readonly make: SnapshotMaker;
  readonly clock?: Clock | undefined;
};

export class Snapshotter {
  readonly #options: SnapshotterOptions;
  readonly #clock: Clock;
  #snapshotSeq: Seq | null = null;
  #failures = 0;
  #making: Making | undefined;
  /** The last segment of which it was heard that it is closed, until a snapshot of it is begun. */
  #closed: ClosedSegment | undefined;
  /** Calls off the end of the pause after a snapshot. */
  #callOffPause: (() => void) | undefined;
  #isOpen = false;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? nodeClock;
  }

  /** The newest snapshot that there is. */
  get snapshotSeq(): Seq | null {
    return this.#snapshotSeq;
  }

  /** Snapshots that came to something else than the live exchange, or could not be made. */
  get failures(): number {
    return this.#failures;
  }

  /** A segment is full: perhaps it is time for a snapshot. */
  closed(closed: ClosedSegment): void {
    this.#closed = closed;
    this.#consider();
  }

  /** From now on snapshots are made, the first beyond the newest one that there is; what was heard before counts. */
  open(snapshotSeq: Seq | null): void {
    this.#snapshotSeq = snapshotSeq;
    this.#isOpen = true;
    this.#consider();
  }

  /** Makes no more snapshots, and gives up the one that is being made. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#callOffPause?.();
    await this.#making?.stop();
  }

  #consider(): void {
    const closed = this.#closed;
    const { commandsMin = COMMANDS_MIN, make } = this.#options;
    if (!this.#isOpen || closed === undefined) return;
    if (this.#making !== undefined || this.#callOffPause !== undefined) return;
    if (closed.seq - (this.#snapshotSeq ?? 0) < commandsMin) return;
    // One that fails is not tried again before the next segment.
    this.#closed = undefined;
    const { directory, keepsSegments, feedEventsMax, reserveBytes } = this.#options;
    const startedAt = this.#clock.elapsed();
    const ledgerSeq = this.#options.ledgerSeq();
    const archivedSegment = this.#options.archivedSegment?.() ?? null;
    const policy = { keepsSegments, archivedSegment, feedEventsMax, reserveBytes };
    const task = { directory, ...policy, closed, ledgerSeq };
    this.#making = make(task, (message) => this.#hear(message, this.#clock.elapsed() - startedAt));
  }

  /** The pause is over; what was closed meanwhile does not wait for another segment. */
  #goOn(): void {
    this.#callOffPause = undefined;
    this.#consider();
  }

  #hear(message: FromSnapshotThread, took: number): void {
    const { onReport } = this.#options;
    if (message.kind === "snapshot-unusable") {
      onReport(message);
      return;
    }
    this.#making = undefined;
    this.#callOffPause = this.#clock.after(took * PAUSE_RATIO, () => this.#goOn());
    if (message.kind === "made") {
      const { kind: _, ...made } = message;
      this.#snapshotSeq = message.seq;
      onReport({ kind: "snapshot-made", ...made, ms: Math.round(took) });
    } else if (message.kind === "no-space") {
      onReport({ kind: "snapshot-skipped", fileBytes: message.fileBytes });
    } else {
      this.#failures += 1;
      onReport({ kind: "snapshot-failed", message: message.message });
    }
  }
}

export function makeInThread(task: SnapshotTask, hear: (message: FromSnapshotThread) => void): Making {
  const thread = startThread(new URL(`./snapshot-worker${EXTENSION}`, import.meta.url), task);
  let isDone = false;
  const tell = (message: FromSnapshotThread) => {
    if (isDone) return;
    isDone = message.kind !== "snapshot-unusable";
    hear(message);
  };
  thread.on("message", tell);
  thread.on("error", ({ message }) => tell({ kind: "failed", message }));
  thread.on("exit", () => tell({ kind: "failed", message: "the thread has ended without a result" }));
  thread.unref();
  return {
    stop: async () => {
      isDone = true;
      await thread.terminate();
    },
  };
}
