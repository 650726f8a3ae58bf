/**
 * Makes a failing plan short: leaves out parts of what happens, in ever smaller pieces, for as long as something
 * is still found wrong.
 */
import type { Plan, Step } from "./plan.ts";
import { simulate } from "./simulation.ts";

const RUNS_MAX = 1_500;

export async function shortest(plan: Plan): Promise<Plan> {
  let shortestYet = plan;
  let runs = 0;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    runs += 1;
    const { violation } = await simulate({ ...plan, steps });
    if (violation === null) return false;
    shortestYet = { ...plan, steps };
    return true;
  };
  for (let piece = Math.ceil(plan.steps.length / 2); piece >= 1 && runs < RUNS_MAX; ) {
    const before = shortestYet.steps.length;
    for (let from = 0; from < shortestYet.steps.length && runs < RUNS_MAX; ) {
      const { steps } = shortestYet;
      const isShorter = await fails([...steps.slice(0, from), ...steps.slice(from + piece)]);
      if (!isShorter) from += piece;
    }
    // What could not be left out alone often can when something else is gone.
    if (piece > 1 || shortestYet.steps.length === before) piece = piece > 1 ? Math.floor(piece / 2) : 0;
  }
  return shortestYet;
}
