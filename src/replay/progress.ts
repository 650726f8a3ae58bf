/** How far a recovery is, measured now and then: a line a second says enough. */
import type { Seq } from "../domain/units.ts";
import type { Clock } from "../journal/clock.ts";
import type { ReplayProgress } from "../journal/recovery.ts";

export type RecoveryProgress = {
  /** The last sequence that has been replayed. */
  readonly seq: Seq;
  /** Of the bytes that are to be replayed, from 0 to 100. */
  readonly percent: number;
  readonly commandsPerSecond: number;
};

const EVERY_MS = 1_000;

export class ProgressMeter {
  readonly #clock: Clock;
  #toldAt: number;
  #toldSeq: Seq | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#toldAt = clock.elapsed();
  }

  /** What is to be told, or null if that is too soon. */
  measure({ seq, bytesDone, bytesTotal }: ReplayProgress): RecoveryProgress | null {
    this.#toldSeq ??= seq;
    const now = this.#clock.elapsed();
    const ms = now - this.#toldAt;
    if (ms < EVERY_MS) return null;
    const percent = Math.floor((100 * Math.min(bytesDone, bytesTotal)) / Math.max(bytesTotal, 1));
    const commandsPerSecond = Math.round(((seq - this.#toldSeq) * 1_000) / ms);
    this.#toldAt = now;
    this.#toldSeq = seq;
    return { seq, percent, commandsPerSecond };
  }
}
