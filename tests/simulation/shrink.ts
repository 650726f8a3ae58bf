/**
 * Makes a failing plan short: leaves out parts of what happens, in ever smaller pieces, then of what is sent
 * together, for as long as the same is still found wrong.
 */
import type { Plan, Step } from "./plan.ts";
import { simulate } from "./simulation.ts";

const RUNS_MAX = 1_500;

export async function shortest(plan: Plan, violation: string): Promise<Plan> {
  let shortestYet = plan;
  let runs = 0;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    runs += 1;
    const again = (await simulate({ ...plan, steps })).violation;
    if (again === null || kindOf(again) !== kindOf(violation)) return false;
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
  for (let at = 0; at < shortestYet.steps.length; at += 1) {
    for (let place = 0; runs < RUNS_MAX; ) {
      const fewer = withoutIntent(shortestYet.steps, at, place);
      if (fewer === null) break;
      if (!(await fails(fewer))) place += 1;
    }
  }
  return shortestYet;
}

/** How many commands the clients of a plan send. */
export function commandsIn({ steps }: Plan): number {
  return steps.reduce((sum, step) => sum + (step.kind === "act" ? step.intents.length : 0), 0);
}

/** Null if there is no such intent, or no other beside it. */
function withoutIntent(steps: readonly Step[], at: number, place: number): readonly Step[] | null {
  const step = steps[at]!;
  if (step.kind !== "act" || step.intents.length < 2 || place >= step.intents.length) return null;
  const fewer = { ...step, intents: step.intents.filter((_, each) => each !== place) };
  return steps.map((each) => (each === step ? fewer : each));
}

/** What is wrong without the numbers, which differ from plan to plan. */
function kindOf(violation: string): string {
  return violation.split("\n")[0]!.replaceAll(/\d+/g, "").slice(0, 60);
}
