/**
 * Plants faults of durability, one at a time and in a copy, and asks the simulator to find each within a
 * thousand seeds: `npm run test:faults:durability`, or with a part of a name for some of them.
 */
import { ProjectCopy } from "./copy.ts";
import { DURABILITY_FAULTS } from "./durability-faults.ts";
import type { Replacement } from "./fault.ts";

const SEEDS = 1_000;
/** A fault may have the simulated exchange run for ever, which finds it as well. */
const RUN_MS_MAX = 300_000;

const wanted = process.argv[2] ?? "";
const faults = DURABILITY_FAULTS.filter(({ name }) => name.includes(wanted));
const copy = new ProjectCopy();
let missed = 0;
try {
  for (const fault of faults) {
    const inCopy: Replacement = { ...fault, file: `src/${fault.file}` };
    const found = await copy.planted(inCopy, ask);
    if (found === null) missed += 1;
    console.log(found === null ? `SURVIVES  ${fault.name}` : `found     ${fault.name}: ${found}`);
  }
} finally {
  copy.remove();
}
console.log(`${faults.length - missed} of ${faults.length} faults were found`);
process.exitCode = missed === 0 ? 0 : 1;

/** Which seed finds something first, and what; null if none does. */
async function ask(): Promise<string | null> {
  const args = ["tests/simulation/simulate.ts", "--seed", "1", "--runs", String(SEEDS), "--first"];
  const told = await copy.run("tsx", args, { environment: {}, msMax: RUN_MS_MAX });
  if (told === null) return "the exchange never ends";
  const failed = /^seed (\d+) FAILS: (.*)$/m.exec(told);
  if (failed !== null) return `by seed ${failed[1]}: ${failed[2]!.slice(0, 160)}`;
  if (!told.includes("lost: 0")) throw new Error(`the simulation could not be run: ${told}`);
  return null;
}
