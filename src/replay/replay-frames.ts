/** What every replay does with a frame of the journal: apply it, show what it caused, and give that in its encoding. */
import { ByteWriter } from "../domain/codec.ts";
import { encodeOutcome } from "../domain/event-codec.ts";
import type { Committed, CommittedFrame } from "../domain/events.ts";
import type { Engine } from "../engine/engine.ts";
import type { JournalOptions } from "../journal/journal.ts";

export type Replaying = {
  readonly engine: Engine;
  /** Shows projections a command, right after it was applied. */
  readonly project: (committed: Committed) => void;
  /** Hands on a frame, whole. */
  readonly publish?: (frame: CommittedFrame) => void;
};

export function replayFrames({ engine, project, publish }: Replaying): JournalOptions["replay"] {
  const writer = new ByteWriter();
  return ({ entries, hash }) => {
    const committed: Committed[] = [];
    writer.clear();
    for (const entry of entries) {
      const outcome = { entry, events: engine.apply(entry) };
      encodeOutcome(writer, outcome);
      project(outcome);
      committed.push(outcome);
    }
    const outcomes = writer.view();
    publish?.({ committed, hash, outcomes });
    return outcomes;
  };
}
