/**
 * A question about the past: what commands caused, event by event, as the engine brings it about again; and, for one
 * of their trades, how it came to it.
 */
import { assert } from "../domain/assert.ts";
import type { EpochMs, OrderId, Seq } from "../domain/units.ts";
import type { Words } from "../projections/changes/command-words.ts";
import { namesOf } from "../projections/changes/directory-names.ts";
import { eventWords, type PlacedAt } from "../projections/changes/event-words.ts";
import type { FillExplanation } from "../projections/changes/fill-explanation.ts";
import type { TracedTrade } from "../projections/ledger/command-effects.ts";
import type { OrderUpdate } from "../projections/live/live-orders.ts";
import { explainFill } from "./explain-fill.ts";
import { standBefore } from "./fill-before.ts";
import type { PastQuestion } from "./past-question.ts";

type Asked = {
  /** Rising. */
  readonly seqs: readonly Seq[];
  /** Events that are told of all commands together, at most. */
  readonly eventsMax: number;
  /** A trade of one of the commands that is to be explained. */
  readonly fill: TracedTrade | null;
};

export type CommandEffects = {
  readonly seq: Seq;
  /** In the words of the API; those that did not fit are counted only. */
  readonly events: readonly Words[];
  readonly eventCount: number;
};

export type EffectsThen = {
  readonly commands: readonly CommandEffects[];
  readonly explanation: FillExplanation | null;
};

/** Commands that are remembered, and the events of each, at most. */
const REMEMBERED_MAX = 100;
const REMEMBERED_EVENTS_MAX = 200;

/**
 * What was told of late, by sequence. It stays so for ever, and who waits for a delivery asks again and again: to bring
 * the same about each time would begin each time at a snapshot.
 */
const remembered = new Map<Seq, CommandEffects>();

export const effectsThen: PastQuestion<Asked, EffectsThen> = async ({ seqs, eventsMax, fill }, desk) => {
  const commands: CommandEffects[] = [];
  let explanation: FillExplanation | null = null;
  let room = eventsMax;
  for (const seq of seqs) {
    const known = fill?.seq === seq ? undefined : remembered.get(seq);
    if (known !== undefined && known.eventCount <= room) {
      room -= known.eventCount;
      commands.push(known);
      continue;
    }
    const past = await desk.past((seq - 1) as Seq);
    const { present } = past;
    const entry = await past.upcoming(desk.now.seq);
    assert(entry !== null, "a command that is asked about has been");
    const before = fill?.seq === seq ? standBefore(present, entry, fill) : null;
    const told = (await past.next(desk.now.seq))!;
    const { events } = told.committed;
    if (before !== null) explanation = explainFill(before, told.committed, present);
    const names = namesOf(present.live.directory);
    const placedAt = placingTimes(told.updates);
    const shown = events.slice(0, room);
    room -= shown.length;
    const effects = {
      seq,
      events: shown.map((event) => eventWords(event, names, placedAt)),
      eventCount: events.length,
    };
    commands.push(effects);
    remember(effects);
  }
  return { commands, explanation };
};

function remember(effects: CommandEffects): void {
  const { seq, events, eventCount } = effects;
  if (eventCount > REMEMBERED_EVENTS_MAX || events.length < eventCount) return;
  remembered.set(seq, effects);
  if (remembered.size <= REMEMBERED_MAX) return;
  const [oldest] = remembered.keys();
  remembered.delete(oldest!);
}

/** One command may touch tens of thousands of orders. */
function placingTimes(updates: readonly OrderUpdate[]): PlacedAt {
  const times = new Map<OrderId, EpochMs>(updates.map(({ order }) => [order.order, order.createdAt]));
  return (order) => times.get(order)!;
}
