/**
 * Plants faults in the engine, one at a time and in a copy, and asks the scenarios and the random stories
 * whether they notice. A fault that nobody notices, or not the scenario of its rule, is a failure:
 * `npm run test:faults`, or with a part of a name for some of them.
 */
import { nameOfClaim } from "../scenarios/language.ts";
import { ProjectCopy } from "./copy.ts";
import { failedTests } from "./failed-tests.ts";
import type { Fault } from "./fault.ts";
import { MARKET_FAULTS } from "./market-faults.ts";
import { MATCHING_FAULTS } from "./matching-faults.ts";
import { SETTLEMENT_FAULTS } from "./settlement-faults.ts";
import { SHORT_WAY_FAULTS } from "./short-way-faults.ts";

/** A fault may have the engine run for ever. */
const RUN_MS_MAX = 120_000;
/** The same stories every time: what they notice once, they notice again. */
const STORIES = { PREGAO_STORIES: "400", PREGAO_SEED: "1", PREGAO_SHRINK: "0" };

type Noticed = {
  readonly scenarios: readonly string[];
  readonly byStories: boolean;
  readonly hangs: boolean;
};

const wanted = process.argv[2] ?? "";
const faults = [...MATCHING_FAULTS, ...MARKET_FAULTS, ...SETTLEMENT_FAULTS, ...SHORT_WAY_FAULTS].filter(
  ({ name }) => name.includes(wanted),
);
const copy = new ProjectCopy();
let missed = 0;
try {
  const sound = await ask();
  if (isNoticed(sound)) throw new Error("the tests fail without a planted fault");
  for (const fault of faults) {
    const inCopy = { ...fault, file: `src/engine/${fault.file}` };
    const verdict = judge(fault, await copy.planted(inCopy, ask));
    console.log(verdict);
    if (!verdict.startsWith("noticed")) missed += 1;
  }
} finally {
  copy.remove();
}
console.log(`${faults.length - missed} of ${faults.length} faults were noticed`);
process.exitCode = missed === 0 ? 0 : 1;

function judge({ name, scenario }: Fault, noticed: Noticed): string {
  const { scenarios, byStories, hangs } = noticed;
  if (!isNoticed(noticed)) return `SURVIVES  ${name}`;
  if (hangs) return `noticed   ${name}: the engine never ends`;
  const stories = byStories ? "the stories" : "not the stories";
  const by = `${scenarios.length} scenarios, ${stories}`;
  if (scenario !== null && !scenarios.includes(scenario))
    return `MISSED    ${name}: by ${by}, but not by ${scenario}`;
  return `noticed   ${name}: by ${by}`;
}

function isNoticed({ scenarios, byStories, hangs }: Noticed): boolean {
  return scenarios.length > 0 || byStories || hangs;
}

/** Runs the scenarios and the stories in the copy. */
async function ask(): Promise<Noticed> {
  const failed = await failedTests(copy, ["tests/scenarios", "tests/properties"], {
    environment: STORIES,
    msMax: RUN_MS_MAX,
  });
  if (failed === null) return { scenarios: [], byStories: false, hangs: true };
  const scenarios = failed.filter(({ file }) => file.includes("/scenarios/"));
  return {
    scenarios: scenarios.map(({ title }) => nameOfClaim(title).slice(0, -".txt".length)),
    byStories: failed.some(({ file }) => file.includes("/properties/")),
    hangs: false,
  };
}
