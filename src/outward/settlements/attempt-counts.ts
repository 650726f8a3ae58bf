/** Attempts counted by what they came to. */
import { ATTEMPT_OUTCOMES, type AttemptOutcome } from "../../domain/settlements.ts";

export type AttemptCounts = Record<AttemptOutcome, number>;

export function attemptCounts(countOf: (outcome: AttemptOutcome) => number): AttemptCounts {
  const counts = ATTEMPT_OUTCOMES.map((outcome) => [outcome, countOf(outcome)]);
  return Object.fromEntries(counts) as AttemptCounts;
}
