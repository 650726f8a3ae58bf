/**
 * Time that only passes when nothing else is left to do. All that waits stands in one queue, by the time at
 * which it is due and then by its age, so that the same seed gives the same order. What belongs to a process
 * that has ended never happens.
 */
import { setImmediate as microtasksDone } from "node:timers/promises";
import type { Clock } from "../../src/journal/clock.ts";
import type { Timers } from "../../src/sequencer/timers.ts";

/** A process, or what outlives them all. */
export type Life = { readonly alive: boolean };

type Due = {
  readonly at: number;
  readonly age: number;
  readonly life: Life;
  readonly task: () => void;
  calledOff: boolean;
};

/** When the simulated world begins, in milliseconds since 1970. */
const BEGINNING = 1_700_000_000_000;
/** Between two looks at the clock that measures how long a turn takes. */
const LOOK_MS = 7;

export class VirtualTime {
  /** A heap: none is due before its parent. */
  readonly #queue: Due[] = [];
  #nowUs = 0;
  #ages = 0;
  #jumpedMs = 0;
  #looks = 0;

  /** Microseconds since the world began. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** What a clock on the wall shows, which may jump. */
  get wallMs(): number {
    return BEGINNING + Math.floor(this.#nowUs / 1_000) + this.#jumpedMs;
  }

  jump(milliseconds: number): void {
    this.#jumpedMs += milliseconds;
  }

  after(microseconds: number, life: Life, task: () => void): () => void {
    const due: Due = { at: this.#nowUs + microseconds, age: this.#ages, life, task, calledOff: false };
    this.#ages += 1;
    this.#push(due);
    return () => {
      due.calledOff = true;
    };
  }

  pause(microseconds: number, life: Life): Promise<void> {
    return new Promise((resolve) => this.after(microseconds, life, resolve));
  }

  /** Lets happen what is due, one by one, until somebody says that it is done; false if nothing is left before. */
  async run(isDone: () => boolean): Promise<boolean> {
    await microtasksDone();
    while (!isDone()) {
      const due = this.#pop();
      if (due === undefined) return false;
      if (due.calledOff || !due.life.alive) continue;
      this.#nowUs = due.at;
      due.task();
      await microtasksDone();
    }
    return true;
  }

  clockOf(life: Life): Clock {
    return {
      now: () => this.wallMs,
      elapsed: () => {
        this.#looks += 1;
        return this.#looks * LOOK_MS;
      },
      pause: (milliseconds) => this.pause(milliseconds * 1_000, life),
      turn: () => this.pause(0, life),
      after: (milliseconds, task) => this.after(milliseconds * 1_000, life, task),
    };
  }

  timersOf(life: Life): Timers {
    return {
      elapsed: () => this.#nowUs / 1_000,
      soon: (task) => void this.after(0, life, task),
      after: (milliseconds, task) => this.after(milliseconds * 1_000, life, task),
    };
  }

  #push(due: Due): void {
    const queue = this.#queue;
    let place = queue.length;
    queue.push(due);
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!isBefore(due, queue[parent]!)) break;
      queue[place] = queue[parent]!;
      place = parent;
    }
    queue[place] = due;
  }

  #pop(): Due | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && isBefore(queue[child + 1]!, queue[child]!)) child += 1;
      if (!isBefore(queue[child]!, last)) break;
      queue[place] = queue[child]!;
      place = child;
    }
    queue[place] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.age < b.age);
}
