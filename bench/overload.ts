/**
 * What becomes of an exchange that is asked for twice what it can do? Expected: as many orders a second as ever,
 * 503 with `Retry-After` for the rest, nothing acknowledged that is not in the ledger, and within five seconds
 * after the flood the latency from before it.
 *
 * npm run bench:overload [-- --seconds 30 --connections 6000 --capacity-seconds 5 --seed 1]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONNECTIONS, closedLoop, tradingRequests } from "./load/closed-loop.ts";
import { flow } from "./load/flow.ts";
import { HttpClient } from "./load/http-client.ts";
import { OpenLoop, type OpenLoopResult } from "./load/open-loop.ts";
import { prove } from "./load/proof.ts";
import { type ServerProcess, startServer } from "./load/server-process.ts";
import { openTraders, type Trader } from "./load/traders.ts";
import { currentCommit, machine, percentile } from "./report.ts";

const ADMIN_KEY = "bench-operator-key-0001";
const ACCOUNTS = 1_000;
/** What the exchange is asked for, in shares of what it can do. */
const OVERLOAD = 2;
/** Far below what it can do: the latency that a trader knows. */
const CALM = { rate: 1_000, connections: 64, seconds: 5 };
/** After the flood the calm is watched in parts of so many seconds. */
const PART_SECONDS = 1;
const PARTS = 10;
const DUE = { normalAgainSeconds: 5, times: 3, leastMs: 50 };
/** What may be answered besides what was asked for: refused in time, or 409 to a cancel that came too late. */
const RIGHT_REFUSALS = ["429", "503"];

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    connections: { type: "string", default: "6000" },
    "capacity-seconds": { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
  },
});
const [seconds, connections, capacitySeconds, seed] = [
  values.seconds,
  values.connections,
  values["capacity-seconds"],
  values.seed,
].map(Number) as [number, number, number, number];

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { start: string } };
const START = scripts.start.split(" ");

const lines: string[] = [];
function say(line: string): void {
  lines.push(line);
  process.stdout.write(`${line}\n`);
}

type Load = { readonly rate: number; readonly connections: number; readonly seconds: number };

/** An open loop with connections of its own. */
async function load(
  { url }: ServerProcess,
  traders: readonly Trader[],
  { rate, connections: most, seconds: long }: Load,
): Promise<OpenLoopResult> {
  const client = new HttpClient(url, most);
  const result = await new OpenLoop(client, traders, { givesUp: true }).run(
    flow(seed, traders.length),
    rate,
    long,
  );
  client.close();
  return result;
}

function told({ latencies, errorKinds }: OpenLoopResult): string {
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(latencies, share).toFixed(1));
  return `p50 ${p50} ms  p99 ${p99} ms  refused or failed ${JSON.stringify(Object.fromEntries(errorKinds))}`;
}

function sayFlood(flood: OpenLoopResult, rate: number): void {
  const perSecond = (count: number) => `${(count / seconds).toFixed(0).padStart(6)}/s`;
  say(
    `flood: ${rate} orders/s asked for ${seconds} s, ${connections} connections, which are never more than that`,
  );
  say(`  acknowledged   ${perSecond(flood.acknowledged.length)}`);
  for (const [kind, count] of flood.errorKinds) say(`  ${kind.padEnd(14)} ${perSecond(count)}`);
  say(`  never sent     ${perSecond(flood.unsent)}  (every connection was waiting)`);
  say(`  cancels late   ${flood.cancelsTooLate} (filled meanwhile, answered 409)`);
  say(
    `  latency        p50 ${percentile(flood.latencies, 0.5).toFixed(0)} ms  p99 ${percentile(flood.latencies, 0.99).toFixed(0)} ms  max ${percentile(flood.latencies, 1).toFixed(0)} ms`,
  );
  say(`  over after     ${flood.seconds.toFixed(1)} s, the last answers included`);
}

/** In how many seconds the latency is as it was; infinite if it never is. */
async function watchRecovery(
  server: ServerProcess,
  traders: readonly Trader[],
  limitMs: number,
): Promise<{ readonly seconds: number; readonly acknowledged: readonly number[] }> {
  const acknowledged: number[] = [];
  let normalAfter = Number.POSITIVE_INFINITY;
  for (let part = 1; part <= PARTS; part += 1) {
    const result = await load(server, traders, { ...CALM, seconds: PART_SECONDS });
    acknowledged.push(...result.acknowledged);
    say(`  second ${String(part).padStart(2)}      ${told(result)}`);
    const isNormal = result.errors === 0 && percentile(result.latencies, 0.99) <= limitMs;
    if (isNormal) normalAfter = Math.min(normalAfter, part * PART_SECONDS);
  }
  return { seconds: normalAfter, acknowledged };
}

async function run(directory: string): Promise<Readonly<Record<string, boolean>>> {
  const server = await startServer([...START, "--data", directory, "--port", "0"], {
    PREGAO_ADMIN_KEY: ADMIN_KEY,
  });
  const setup = new HttpClient(server.url, 32);
  const traders = await openTraders(setup, ADMIN_KEY, ACCOUNTS);
  setup.close();
  await closedLoop(server.url, tradingRequests(traders), 2);
  const { perSecond: capacity } = await closedLoop(server.url, tradingRequests(traders), capacitySeconds);
  say(
    `capacity ${capacity.toFixed(0)} orders/s, a closed loop of ${CONNECTIONS} connections for ${capacitySeconds} s`,
  );
  const calm = await load(server, traders, CALM);
  say(`calm: ${CALM.rate} orders/s for ${CALM.seconds} s`);
  say(`  before         ${told(calm)}`);
  const rate = Math.ceil(capacity * OVERLOAD);
  const flood = await load(server, traders, { rate, connections, seconds });
  sayFlood(flood, rate);
  say("calm again");
  const limitMs = Math.max(DUE.leastMs, DUE.times * percentile(calm.latencies, 0.99));
  const recovery = await watchRecovery(server, traders, limitMs);
  const code = await server.stop();
  const proof = await prove(directory, [
    ...calm.acknowledged,
    ...flood.acknowledged,
    ...recovery.acknowledged,
  ]);
  say(
    `proof: acknowledged orders missing from the ledger: ${proof.missing} of ${proof.acknowledged}; exit code ${code}`,
  );
  for (const { asset, sum, negative } of proof.sums) {
    say(`  ${asset}: all entries sum to ${sum}, balances below zero: ${negative}`);
  }
  const wrong = [...flood.errorKinds.keys()].filter((kind) => !RIGHT_REFUSALS.includes(kind));
  const isWhole = proof.missing === 0 && proof.sums.every(({ sum, negative }) => sum === 0 && negative === 0);
  return {
    "every answer right, or 429 or 503 with Retry-After": wrong.length === 0 && isWhole,
    [`normal again (p99 at most ${limitMs.toFixed(0)} ms) within ${DUE.normalAgainSeconds} s`]:
      recovery.seconds <= DUE.normalAgainSeconds,
    "at least half of the capacity while flooded": flood.acknowledged.length / flood.seconds >= capacity / 2,
  };
}

say(`machine ${machine()}`);
say(`commit ${currentCommit()}`);
mkdirSync("data", { recursive: true });
const directory = mkdtempSync(join("data", "bench-"));
try {
  const checks = await run(directory);
  for (const [what, met] of Object.entries(checks)) say(`${met ? "met   " : "MISSED"} ${what}`);
  mkdirSync("bench/results", { recursive: true });
  writeFileSync("bench/results/overload.txt", `${lines.join("\n")}\n`);
  if (Object.values(checks).includes(false)) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
