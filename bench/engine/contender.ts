/** What is compared, as the measurement sees it. */
import type { FlowCommand, Tally } from "./flow.ts";

/** One engine with an empty book. */
export type Contender = {
  /** Makes the commands into what the engine takes; not part of any measurement. */
  prepare(commands: readonly FlowCommand[]): void;
  /** Runs one of the commands that were prepared last, and keeps what it gives. */
  run(place: number): void;
  /** Counts what the commands have brought about; not part of any measurement. */
  countInto(tally: Tally): void;
};

export const CONTENDERS = ["pregao", "big-order-book", "nodejs-order-book"] as const;
/** Ours once more, with every event made into an object. */
export const AS_OBJECTS = "pregao, objects";
export type ContenderName = (typeof CONTENDERS)[number] | typeof AS_OBJECTS;
