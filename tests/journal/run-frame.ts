/** What the sequencer does with a frame: it is appended, the engine applies it, and the journal hears what came of it. */
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Sequenced } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { LiveProjections } from "../../src/projections/live-projections.ts";

type Running = { readonly engine: Engine; readonly live?: LiveProjections };

/** Applies entries, and gives what they cause in the encoding over which digests are taken. */
export function outcomesOf({ engine, live }: Running, entries: readonly Sequenced[]): Uint8Array {
  const writer = new ByteWriter();
  for (const entry of entries) {
    const outcome = { entry, events: engine.apply(entry) };
    encodeOutcome(writer, outcome);
    live?.project(outcome);
  }
  return writer.view();
}

/** Gives the hash of the frame. */
export async function runFrame(
  journal: Journal,
  running: Running,
  entries: readonly Sequenced[],
): Promise<string> {
  const frameHash = await journal.append(entries);
  journal.witness(outcomesOf(running, entries));
  return frameHash;
}
