/**
 * Plants faults in the engine, one at a time and in a copy, and asks the scenarios and the random stories
 * whether they notice. A fault that nobody notices, or not the scenario of its rule, is a failure:
 * `npm run test:faults`, or with a part of a name for some of them.
 */
import { readFileSync, rmSync } from "node:fs";
import { nameOfClaim } from "../scenarios/language.ts";
import { ProjectCopy } from "./copy.ts";
import type { Fault } from "./fault.ts";
import { MARKET_FAULTS } from "./market-faults.ts";
import { MATCHING_FAULTS } from "./matching-faults.ts";
import { SETTLEMENT_FAULTS } from "./settlement-faults.ts";

/** A fault may have the engine run for ever. */
const RUN_MS_MAX = 120_000;
/** The same stories every time: what they notice once, they notice again. */
const STORIES = { PREGAO_STORIES: "400", PREGAO_SEED: "1", PREGAO_SHRINK: "0" };

type Noticed = {
  readonly scenarios: readonly string[];
  readonly byStories: boolean;
  readonly hangs: boolean;
};

type Results = {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
};

const wanted = process.argv[2] ?? "";
const faults = [...MATCHING_FAULTS, ...MARKET_FAULTS, ...SETTLEMENT_FAULTS].filter(({ name }) =>
  name.includes(wanted),
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
  const output = copy.path("tests/.output/results.json");
  rmSync(output, { force: true });
  const told = await copy.run("vitest", ["run", "tests/scenarios", "tests/properties"], {
    environment: STORIES,
    msMax: RUN_MS_MAX,
  });
  if (told === null) return { scenarios: [], byStories: false, hangs: true };
  return noticedIn(JSON.parse(readFileSync(output, "utf8")) as Results);
}

function noticedIn({ testResults }: Results): Noticed {
  const failed = testResults.flatMap(({ name, message, assertionResults }) => {
    // A file that could not be loaded has failed, though none of its tests ran: the fault is no valid code.
    if (assertionResults.length === 0) throw new Error(`${name} could not be loaded: ${message}`);
    return assertionResults.filter(({ status }) => status === "failed").map(({ title }) => ({ name, title }));
  });
  const scenarios = failed.filter(({ name }) => name.includes("/scenarios/"));
  return {
    scenarios: scenarios.map(({ title }) => nameOfClaim(title).slice(0, -".txt".length)),
    byStories: failed.some(({ name }) => name.includes("/properties/")),
    hangs: false,
  };
}
