/**
 * Plants faults of what leaves the exchange, one at a time and in a copy, and asks of each the test that must notice it:
 * `npm run test:faults:outward`, or with a part of a name for some of them.
 */
import { ProjectCopy } from "./copy.ts";
import { failedTests } from "./failed-tests.ts";
import { OUTWARD_FAULTS } from "./outward-faults.ts";

/** With a fault, what a test waits for may never come. */
const RUN_MS_MAX = 240_000;

const wanted = process.argv[2] ?? "";
const faults = OUTWARD_FAULTS.filter(({ name }) => name.includes(wanted));
const copy = new ProjectCopy();
let missed = 0;
try {
  for (const test of new Set(faults.map((fault) => fault.test))) {
    const found = await ask(test);
    if (found !== null) throw new Error(`tests/${test} fails without a planted fault: ${found}`);
  }
  for (const fault of faults) {
    const found = await copy.planted({ ...fault, file: `src/${fault.file}` }, () => ask(fault.test));
    if (found === null) missed += 1;
    console.log(found === null ? `SURVIVES  ${fault.name}` : `noticed   ${fault.name}: ${found}`);
  }
} finally {
  copy.remove();
}
console.log(`${faults.length - missed} of ${faults.length} faults were noticed`);
process.exitCode = missed === 0 ? 0 : 1;

/** Which test fails, or null if none does. */
async function ask(test: string): Promise<string | null> {
  const failed = await failedTests(copy, [`tests/${test}`], { environment: {}, msMax: RUN_MS_MAX });
  if (failed === null) return "the test never ends";
  return failed[0]?.title ?? null;
}
