/** What every replay does with a frame of the journal: apply it, show what it caused, and give that in its encoding. */
import { ByteWriter } from "../domain/codec.ts";
import type { Committed, CommittedFrame } from "../domain/events.ts";
import { encodeRecorded } from "../domain/recorded-codec.ts";
import type { Engine } from "../engine/engine.ts";
import type { JournalOptions } from "../journal/journal.ts";
import type { Present } from "./present.ts";

/** `publish` hands on a frame, whole, once all of it is applied and projected. */
export function replayFrames(
  { engine, live }: Present,
  publish?: (frame: CommittedFrame) => void,
): JournalOptions["replay"] {
  const writer = new ByteWriter();
  return ({ entries, hash }) => {
    const committed: Committed[] = [];
    writer.clear();
    for (const entry of entries) {
      const outcome = { entry, events: engine.apply(entry) };
      encodeRecorded(writer, entry, engine.log);
      live.projectDumped(outcome);
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
