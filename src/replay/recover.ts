/**
 * Rebuilds the present from the past: every frame of the journal goes through the engine and the projections
 * exactly as it did live, and the journal checks by digest that it had the same outcome.
 */
import { ByteWriter } from "../domain/codec.ts";
import type { Committed, CommittedFrame } from "../domain/events.ts";
import { encodeRecorded } from "../domain/recorded-codec.ts";
import type { Engine } from "../engine/engine.ts";
import { Journal, type JournalOptions } from "../journal/journal.ts";

export type RecoverOptions = Omit<JournalOptions, "replay"> & {
  readonly engine: Engine;
  /** Shows the live projections a command, right after it was applied. */
  readonly project: (committed: Committed) => void;
  /** Hands on a frame, whole. */
  readonly publish: (frame: CommittedFrame) => void;
};

/** Opens the journal, repaired if its tail was torn, with the engine and the projections at its end. */
export function recover({ engine, project, publish, ...options }: RecoverOptions): Promise<Journal> {
  const writer = new ByteWriter();
  return Journal.open({
    ...options,
    replay: ({ entries, hash }) => {
      const committed: Committed[] = [];
      writer.clear();
      for (const entry of entries) {
        const outcome = { entry, events: engine.apply(entry) };
        encodeRecorded(writer, entry, engine.log);
        project(outcome);
        committed.push(outcome);
      }
      const outcomes = writer.view();
      if (committed.length > 0) publish({ committed, hash, outcomes });
      return outcomes;
    },
  });
}
