/**
 * Runs simulations, one seed after another: `npm run simulate -- --seed 1 --runs 1000`. A seed that finds
 * something wrong is shown with the shortest trace to it, and the exit code is 1.
 *
 * `--trace` shows all that happens, `--first` ends at the first seed that fails, without its shortest trace.
 */
import { parseArgs } from "node:util";
import { addCounts, COUNTED, type Counts, noCounts } from "./counts.ts";
import { type Plan, planOf } from "./plan.ts";
import { commandsIn, shortest } from "./shrink.ts";
import { type Result, simulate } from "./simulation.ts";

/** Between two lines that say how far it has come. */
const PROGRESS_MS = 10_000;
/** Of a trace that is still long, the end says most. */
const TRACE_LINES_MAX = 200;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1000" },
    trace: { type: "boolean", default: false },
    first: { type: "boolean", default: false },
  },
});
const first = wholeNumber("seed", values.seed);
const runs = wholeNumber("runs", values.runs);
const sum = noCounts();
const failed: number[] = [];
const startedAt = performance.now();
let saidAt = startedAt;
for (let seed = first; seed < first + runs; seed += 1) {
  const plan = planOf(seed);
  const { violation, counts } = await watched(plan, values.trace ? console.log : undefined);
  addCounts(sum, counts);
  if (violation !== null) {
    failed.push(seed);
    console.log(`seed ${seed} FAILS: ${violation}`);
    if (values.first) break;
    await explain(plan, violation);
  }
  if (performance.now() - saidAt > PROGRESS_MS) {
    saidAt = performance.now();
    console.log(`${seed - first + 1} of ${runs} seeds, ${failed.length} failed`);
  }
}
summarise(sum);
process.exitCode = failed.length === 0 ? 0 : 1;

/** A promise that nobody waits for may break too. */
async function watched(plan: Plan, onLine?: (line: string) => void): Promise<Result> {
  let unheard: unknown;
  const hear = (error: unknown) => {
    unheard ??= error;
  };
  process.on("unhandledRejection", hear);
  try {
    const result = await simulate(plan, onLine);
    const violation = result.violation ?? (unheard === undefined ? null : `nobody heard of ${unheard}`);
    return { ...result, violation };
  } finally {
    process.off("unhandledRejection", hear);
  }
}

async function explain(plan: Plan, violation: string): Promise<void> {
  const short = await shortest(plan, violation);
  const lines: string[] = [];
  await simulate(short, (line) => lines.push(line));
  const commands = `${commandsIn(short)} of ${commandsIn(plan)} commands`;
  console.log(`  of its ${plan.steps.length} steps ${short.steps.length} are enough, with ${commands}:`);
  if (lines.length > TRACE_LINES_MAX) console.log(`  (${lines.length - TRACE_LINES_MAX} lines before)`);
  for (const line of lines.slice(-TRACE_LINES_MAX)) console.log(`  ${line}`);
  console.log(`  again: npm run simulate -- --seed ${plan.seed} --runs 1 --trace`);
  const what = JSON.stringify(violation.split("\n")[0]);
  console.log(`  a test from now on: { seed: ${plan.seed}, what: ${what} } in tests/simulation/seeds.ts`);
}

function summarise(counts: Counts): void {
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`${runs} seeds from ${first} in ${seconds.toFixed(1)} s, ${failed.length} failed`);
  for (const name of COUNTED) console.log(`${counts[name].toLocaleString("en").padStart(13)}  ${name}`);
  console.log(failed.length === 0 ? "lost: 0" : `seeds that failed: ${failed.join(" ")}`);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} is a whole number, and not ${text}`);
}
