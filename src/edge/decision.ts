/**
 * What became of a command, as far as its sender is concerned: it took effect, or it was refused, by the rules
 * at a position in the journal or before it got one.
 */
import type { Seq } from "../domain/units.ts";
import type { Answer, Taken, Turnaway } from "./exchange-port.ts";
import { Refusal } from "./problems.ts";

export type Refused = { readonly refusal: Refusal; readonly seq: Seq | null };

const OUTCOME_UNKNOWN =
  "The journal failed while the command was on its way. Its outcome is unknown: look it up before sending it again.";

export function decisionOf(answer: Answer): Taken | Refused {
  if ("turnedAway" in answer) return { refusal: turnedAway(answer.turnedAway), seq: null };
  const { entry, events } = answer.committed;
  const first = events[0];
  if (first?.kind !== "CommandRejected") return answer;
  return { refusal: new Refusal(first.reason), seq: entry.seq };
}

export function turnedAway(turnaway: Turnaway): Refusal {
  return new Refusal(turnaway, turnaway === "journal-failed" ? OUTCOME_UNKNOWN : undefined);
}
