/** The engine and the projections that live in memory, as they stand after a command; to bytes and back. */
import { Engine } from "../engine/engine.ts";
import type { Sections } from "../journal/snapshot-file.ts";
import { LiveProjections } from "../projections/live-projections.ts";

export type Present = { readonly engine: Engine; readonly live: LiveProjections };

export function emptyPresent(feedEventsMax: number): Present {
  return { engine: new Engine(), live: new LiveProjections(feedEventsMax) };
}

export function dumpPresent({ engine, live }: Present): Sections {
  return { engine: engine.dump(), ...live.dump() };
}

/** @throws DecodeError for sections that this release does not understand. */
export function restorePresent({ engine: dumped, ...dumps }: Sections, feedEventsMax: number): Present {
  const { engine, live } = { engine: Engine.restore(dumped), live: new LiveProjections(feedEventsMax) };
  live.restore({ ...dumps, appliedSeq: engine.appliedSeq });
  return { engine, live };
}
