/**
 * The short way of what comes most often: a plain limit order that rests at once or is filled whole by plain ones,
 * and a cancel of a plain order. It does what the handlers in `commands/` do for such an order, with the same rows in
 * the log and the same state behind it, and knows no rule that they do not know. What it spares is the looking: at
 * traits that are not there, at lists of changes of which there is one, and the calls that lead there. Whatever is not
 * plain it leaves alone, and has changed nothing. That both ways do the same is held by every scenario and every random
 * story, which go both ways and compare (`tests/engine/general-way.ts`).
 */
import type { Sequenced } from "../../domain/commands.ts";
import { orderIdOf } from "../../domain/units.ts";
import type { State } from "../state.ts";
import { cancelPlain } from "./cancel-plain.ts";
import { placePlain } from "./place-plain.ts";
import { admits, isPlain } from "./plain-order.ts";

/** Whether the command has gone the short way, all that it changed recorded; if not, nothing has changed. */
export function wentShortWay(state: State, { seq, command }: Sequenced): boolean {
  if (command.kind === "CancelOrder") return cancelPlain(state, command);
  if (command.kind !== "PlaceOrder" || !isPlain(command)) return false;
  const place = state.markets[command.market]!;
  return admits(state, place, command) && placePlain(state, place, orderIdOf(seq), command);
}
