/**
 * The line of the change stream that a command comes to: the command, its place, what became of it and every event,
 * in the words of the API. It follows from the command and its events alone, so that it is the same, byte for byte,
 * whether it is written as the command happens or from the journal years later.
 */
import { assert } from "../../domain/assert.ts";
import type { Committed } from "../../domain/events.ts";
import type { EpochMs, MarketIndex, OrderId } from "../../domain/units.ts";
import type { Directory } from "../live/directory.ts";
import type { LiveOrders, OrderUpdate } from "../live/live-orders.ts";
import { timeText } from "../unit-text.ts";
import { type CommandNames, commandWords } from "./command-words.ts";
import { namesOf } from "./directory-names.ts";
import { eventWords, type PlacedAt } from "./event-words.ts";

/** A command that is on disk, with what of other orders its line speaks of. */
export type Change = Committed & {
  /** Every order that it touched. */
  readonly orders: readonly OrderUpdate[];
  /** The market of the order that it was to amend; null for one that was not open, and for any other command. */
  readonly amended: MarketIndex | null;
};

/** The outcome of a command that no rule refused. */
export const ACCEPTED = "accepted";

/** To be asked right after the orders have seen the command, and no later. */
export function changeOf(
  { entry, events }: Committed,
  updates: readonly OrderUpdate[],
  orders: Pick<LiveOrders, "get">,
): Change {
  const { command } = entry;
  if (command.kind !== "AmendOrder") return { entry, events, orders: updates, amended: null };
  const touched = updates.find(({ order }) => order.order === command.order)?.order;
  const amended = (touched ?? orders.get(command.order))?.terms.market ?? null;
  return { entry, events, orders: updates, amended };
}

/** Ends with a line feed. */
export function changeLine({ entry, events, orders, amended }: Change, directory: Directory): string {
  const { seq, at, requestId, traceId, command } = entry;
  const names: CommandNames = {
    ...namesOf(directory),
    marketOf: () => (amended === null ? null : directory.market(amended)),
  };
  const rejection = events.find((event) => event.kind === "CommandRejected");
  const placedAt = placingTimes(orders);
  const line = {
    seq,
    at: timeText(at),
    requestId,
    traceId,
    command: { kind: command.kind, ...commandWords(command, names) },
    outcome: rejection === undefined ? ACCEPTED : rejection.reason,
    events: events.map((event) => eventWords(event, names, placedAt)),
  };
  return `${JSON.stringify(line)}\n`;
}

/** One command may touch tens of thousands of orders. */
function placingTimes(updates: readonly OrderUpdate[]): PlacedAt {
  let times: Map<OrderId, EpochMs> | undefined;
  return (named) => {
    times ??= new Map(updates.map(({ order }) => [order.order, order.createdAt]));
    const at = times.get(named);
    assert(at !== undefined, "an order that a command touches is among its updates");
    return at;
  };
}
