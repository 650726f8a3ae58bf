/** How the sequencer waits, as a type, so that a simulation can take its place; and how it does so in Node. */
export type Timers = {
  /** Milliseconds since some moment; setting the machine's clock does not change them. */
  elapsed(): number;
  /** Runs a task when the present turn of the event loop has brought all it brings. */
  soon(task: () => void): void;
  /** Runs a task after so long, and gives what calls it off. */
  after(milliseconds: number, task: () => void): () => void;
};

export const nodeTimers: Timers = {
  elapsed: () => performance.now(),
  soon: (task) => void setImmediate(task),
  after(milliseconds, task) {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  },
};
