/** The engine and the projections that live in memory, as they stand after a command; to bytes and back. */
import type { Seq } from "../domain/units.ts";
import { Engine } from "../engine/engine.ts";
import { type Sections, sectionPieces, stateDigestOf } from "../journal/snapshot-file.ts";
import { LiveProjections } from "../projections/live-projections.ts";

export type Present = { readonly engine: Engine; readonly live: LiveProjections };

export function emptyPresent(feedEventsMax: number): Present {
  return { engine: new Engine(), live: new LiveProjections(feedEventsMax) };
}

/** What a snapshot of it holds; of the feeds all that is kept, or what came after a sequence. */
export function dumpPresent({ engine, live }: Present, feedAfter?: Seq): Sections {
  return { engine: engine.dump(), ...live.dump(feedAfter) };
}

/** The state digest that a snapshot of it has: equal states have equal ones. */
export function presentDigest(present: Present, feedAfter?: Seq): Buffer {
  return stateDigestOf(sectionPieces(dumpPresent(present, feedAfter)));
}

/** @throws DecodeError for sections that this release does not understand. */
export function restorePresent({ engine: dumped, ...dumps }: Sections, feedEventsMax: number): Present {
  const engine = Engine.restore(dumped);
  const live = new LiveProjections(feedEventsMax);
  live.restore({ ...dumps, appliedSeq: engine.appliedSeq });
  return { engine, live };
}
