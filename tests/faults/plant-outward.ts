/**
 * Plants faults of what leaves the exchange, one at a time and in a copy, and asks of each the test that must notice it:
 * `npm run test:faults:outward`, or with a part of a name for some of them.
 */
import { readFileSync, rmSync } from "node:fs";
import { ProjectCopy } from "./copy.ts";
import { OUTWARD_FAULTS } from "./outward-faults.ts";

/** With a fault, what a test waits for may never come. */
const RUN_MS_MAX = 240_000;

type Results = {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
};

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
  const output = copy.path("tests/.output/results.json");
  rmSync(output, { force: true });
  const told = await copy.run("vitest", ["run", `tests/${test}`], { environment: {}, msMax: RUN_MS_MAX });
  if (told === null) return "the test never ends";
  const { testResults } = JSON.parse(readFileSync(output, "utf8")) as Results;
  for (const { name, message, assertionResults } of testResults) {
    // A file that could not be loaded has failed, though none of its tests ran: the fault is no valid code.
    if (assertionResults.length === 0) throw new Error(`${name} could not be loaded: ${message}`);
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed !== undefined) return failed.title;
  }
  return null;
}
