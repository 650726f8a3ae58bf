/** What the journal, and what stands above it, asks of time, as a type, so that a simulation can take its place; and the same of Node's. */
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

export type Clock = {
  /** Milliseconds since 1970. They may jump either way: whoever needs time that only rises sees to it. */
  now(): number;
  /** Milliseconds since some moment, which only ever rise. */
  elapsed(): number;
  /** Resolves after so long. */
  pause(milliseconds: number): Promise<void>;
  /** Resolves when the event loop has done what waits for it. */
  turn(): Promise<void>;
  /** Runs a task after so long, unless the process ends before, and gives what calls it off. */
  after(milliseconds: number, task: () => void): () => void;
};

export const nodeClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  pause: (milliseconds) => pause(milliseconds),
  turn: () => nextTurn(),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
