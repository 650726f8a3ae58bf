/**
 * Whether there is more to do than one thread can: the turns of the event loop have become long. A timer that
 * should fire in every turn says when the last one began; a request that is looked at long after that has
 * others in front of it that could not be served in time either.
 *
 * Not `@fastify/under-pressure`: it refuses everything or nothing for a second at a time. Here each turn serves
 * what it can in time and refuses the rest, so that an overloaded exchange goes on at its capacity.
 */

const TICK_MS = 20;
/** What a turn may take beyond the timer's own time. */
const DELAY_MS_MAX = 200;
/** One late turn alone may be a pause of the machine, or one command that does very much. */
const LATE_TURNS = 2;

export class LoopDelay {
  readonly #timer: NodeJS.Timeout;
  #turnAt: number;
  #lateTurns = 0;

  constructor() {
    this.#turnAt = performance.now();
    this.#timer = setInterval(() => this.turn(performance.now()), TICK_MS).unref();
  }

  /** A new turn has begun. */
  turn(now: number): void {
    this.#lateTurns = now - this.#turnAt > TICK_MS + DELAY_MS_MAX ? this.#lateTurns + 1 : 0;
    this.#turnAt = now;
  }

  /** Whether what comes now had better be refused. */
  isBehind(now: number): boolean {
    return this.#lateTurns >= LATE_TURNS && now - this.#turnAt > TICK_MS + DELAY_MS_MAX;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
