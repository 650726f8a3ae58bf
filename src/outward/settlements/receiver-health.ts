/**
 * Whether the receiver as a whole answers. While it does not, one attempt at a time asks whether it is back, seldom, so
 * that deliveries are not used up against a closed door; nothing more is taken in hand meanwhile.
 */
import { pauseAfter } from "../pauses.ts";

/** So many failures in a row, of whichever deliveries, and the receiver counts as down. */
const FAILURES_IN_A_ROW = 8;
/** Between the attempts that ask whether it is back. */
const GAPS = { firstMs: 500, longestMs: 5_000 };

export class ReceiverHealth {
  readonly #chance: () => number;
  #failures = 0;
  #nextAt = 0;

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  get isDown(): boolean {
    return this.#failures >= FAILURES_IN_A_ROW;
  }

  /** How many attempts may be under way now. */
  sendingMax(now: number, most: number): number {
    if (now < this.#nextAt) return 0;
    return this.isDown ? 1 : most;
  }

  /** The clock was put back by so much. */
  clockPutBack(milliseconds: number): void {
    this.#nextAt -= milliseconds;
  }

  /** It took a delivery, or refused one in its own words. True if it was down before. */
  answered(): boolean {
    const wasDown = this.isDown;
    this.#failures = 0;
    this.#nextAt = 0;
    return wasDown;
  }

  /** True if it counts as down from now on. `retryAfterMs` is what it asked to be left alone for. */
  failed(now: number, retryAfterMs: number): boolean {
    const wasDown = this.isDown;
    this.#failures += 1;
    if (this.isDown) {
      const whileDown = this.#failures - FAILURES_IN_A_ROW + 1;
      this.#nextAt = now + pauseAfter(whileDown, GAPS, this.#chance());
    }
    this.#nextAt = Math.max(this.#nextAt, now + retryAfterMs);
    return this.isDown && !wasDown;
  }
}
