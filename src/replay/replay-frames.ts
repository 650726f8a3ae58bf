/** What every replay does with a frame of the journal: apply it, show what it caused, and give that in its encoding. */
import { ByteWriter } from "../domain/codec.ts";
import type { Committed, CommittedFrame } from "../domain/events.ts";
import { encodeRecorded } from "../domain/recorded-codec.ts";
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
      encodeRecorded(writer, entry, engine.log);
      project(outcome);
      committed.push(outcome);
    }
    const outcomes = writer.view();
    publish?.({ committed, hash, outcomes });
    return outcomes;
  };
}

/** The same for who asks only whether the replay comes to what happened: no event is made. */
export function checkFrames(engine: Engine): JournalOptions["replay"] {
  const writer = new ByteWriter();
  return ({ entries }) => {
    writer.clear();
    for (const entry of entries) {
      engine.log.clear();
      engine.execute(entry);
      encodeRecorded(writer, entry, engine.log);
    }
    return writer.view();
  };
}
