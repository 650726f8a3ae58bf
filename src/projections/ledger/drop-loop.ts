/**
 * Lets the ledger go of what the archive has, a batch of rows at a time and with pauses in between, in which batches of
 * commands are written. What fails here stops nothing else: the rows stay, and the next boundary tries again.
 */
import { stackOf } from "../threads.ts";
import type { FromWriter } from "./messages.ts";
import type { Archived, Boundary } from "./retention.ts";
import { reasonToWait } from "./write-loop.ts";

/** The pause after a batch, in times of how long it took: deleting never takes more than a third of the thread. */
const PAUSE_RATIO = 2;
const PAUSE_MS_MIN = 1;

/** What the loop needs of its neighbours. */
type DropLoopNeighbours = {
  readonly retention: {
    advance(boundary: Boundary): void;
    sweep(): boolean;
    readonly isSwept: boolean;
    readonly archived: Archived | null;
  };
  readonly post: (message: FromWriter) => void;
  readonly retryMs: number;
};

export class DropLoop {
  readonly #neighbours: DropLoopNeighbours;
  #boundaries: Boundary[] = [];
  #next: NodeJS.Timeout | undefined;

  constructor(neighbours: DropLoopNeighbours) {
    this.#neighbours = neighbours;
  }

  /** Goes on with what a stop may have left. */
  start(): void {
    if (!this.#neighbours.retention.isSwept) this.#schedule(PAUSE_MS_MIN);
  }

  /**
   * Boundaries rise, and one that is known already is passed over. Each is worked off before the next, so that moving
   * one never takes long.
   */
  drop(boundary: Boundary): void {
    const last = this.#boundaries.at(-1)?.seq ?? this.#neighbours.retention.archived?.seq ?? 0;
    if (boundary.seq > last) this.#boundaries.push(boundary);
    this.#schedule(PAUSE_MS_MIN);
  }

  stop(): void {
    clearTimeout(this.#next);
    this.#next = undefined;
    this.#boundaries = [];
  }

  #schedule(milliseconds: number): void {
    this.#next ??= setTimeout(() => {
      this.#next = undefined;
      this.#step();
    }, milliseconds);
  }

  #step(): void {
    const { post, retryMs } = this.#neighbours;
    const startedAt = performance.now();
    try {
      if (!this.#work()) return;
    } catch (error) {
      if (reasonToWait(error) !== null) {
        this.#schedule(retryMs);
        return;
      }
      this.#boundaries = [];
      post({ kind: "report", report: { kind: "drop-failed", message: stackOf(error) } });
      return;
    }
    this.#schedule(Math.max((performance.now() - startedAt) * PAUSE_RATIO, PAUSE_MS_MIN));
  }

  /** False when there is nothing to do. */
  #work(): boolean {
    const { retention, post } = this.#neighbours;
    if (retention.sweep()) return true;
    const boundary = this.#boundaries[0];
    if (boundary === undefined) return false;
    retention.advance(boundary);
    this.#boundaries.shift();
    post({ kind: "report", report: { kind: "dropped", ...retention.archived! } });
    return true;
  }
}
