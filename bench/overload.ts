/**
 * What becomes of an exchange that is asked for twice what it can do? Expected: as many orders a second as ever,
 * 503 with `Retry-After` for the rest, nothing acknowledged that is not in the ledger, and within five seconds
 * after the flood the latency from before it.
 *
 * npm run bench:overload [-- --seconds 30 --connections 6000 --capacity-seconds 5 --seed 1]
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { CONNECTIONS, closedLoop, tradingRequests } from "./load/closed-loop.ts";
import { ADMIN_KEY, newDataDirectory, startExchange } from "./load/exchange-process.ts";
import { flow } from "./load/flow.ts";
import { HttpClient } from "./load/http-client.ts";
import { OpenLoop, type OpenLoopResult } from "./load/open-loop.ts";
import { isWhole, prove, saySums } from "./load/proof.ts";
import type { ServerProcess } from "./load/server-process.ts";
import { openTraders, type Trader } from "./load/traders.ts";
import { currentCommit, percentile, Report } from "./report.ts";

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

const report = new Report(currentCommit());

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
  report.say(
    `flood: ${rate} orders/s asked for ${seconds} s, ${connections} connections, which are never more than that`,
  );
  report.say(`  acknowledged   ${perSecond(flood.acknowledged.length)}`);
  for (const [kind, count] of flood.errorKinds) report.say(`  ${kind.padEnd(14)} ${perSecond(count)}`);
  report.say(`  never sent     ${perSecond(flood.unsent)}  (every connection was waiting)`);
  report.say(`  cancels late   ${flood.cancelsTooLate} (filled meanwhile, answered 409)`);
  report.say(
    `  latency        p50 ${percentile(flood.latencies, 0.5).toFixed(0)} ms  p99 ${percentile(flood.latencies, 0.99).toFixed(0)} ms  max ${percentile(flood.latencies, 1).toFixed(0)} ms`,
  );
  report.say(`  over after     ${flood.seconds.toFixed(1)} s, the last answers included`);
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
    report.say(`  second ${String(part).padStart(2)}      ${told(result)}`);
    const isNormal = result.errors === 0 && percentile(result.latencies, 0.99) <= limitMs;
    if (isNormal) normalAfter = Math.min(normalAfter, part * PART_SECONDS);
  }
  return { seconds: normalAfter, acknowledged };
}

async function run(directory: string): Promise<Readonly<Record<string, boolean>>> {
  const server = await startExchange(directory);
  const setup = new HttpClient(server.url, 32);
  const traders = await openTraders(setup, ADMIN_KEY, ACCOUNTS);
  setup.close();
  await closedLoop(server.url, tradingRequests(traders), 2);
  const { perSecond: capacity } = await closedLoop(server.url, tradingRequests(traders), capacitySeconds);
  report.say(
    `capacity ${capacity.toFixed(0)} orders/s, a closed loop of ${CONNECTIONS} connections for ${capacitySeconds} s`,
  );
  const calm = await load(server, traders, CALM);
  report.say(`calm: ${CALM.rate} orders/s for ${CALM.seconds} s`);
  report.say(`  before         ${told(calm)}`);
  const rate = Math.ceil(capacity * OVERLOAD);
  const flood = await load(server, traders, { rate, connections, seconds });
  sayFlood(flood, rate);
  report.say("calm again");
  const limitMs = Math.max(DUE.leastMs, DUE.times * percentile(calm.latencies, 0.99));
  const recovery = await watchRecovery(server, traders, limitMs);
  const code = await server.stop();
  const proof = await prove(directory, [
    ...calm.acknowledged,
    ...flood.acknowledged,
    ...recovery.acknowledged,
  ]);
  report.say(
    `proof: acknowledged orders missing from the ledger: ${proof.missing} of ${proof.acknowledged}; exit code ${code}`,
  );
  saySums(proof, report);
  const wrong = [...flood.errorKinds.keys()].filter((kind) => !RIGHT_REFUSALS.includes(kind));
  return {
    "every answer right, or 429 or 503 with Retry-After": wrong.length === 0 && isWhole(proof),
    [`normal again (p99 at most ${limitMs.toFixed(0)} ms) within ${DUE.normalAgainSeconds} s`]:
      recovery.seconds <= DUE.normalAgainSeconds,
    "at least half of the capacity while flooded": flood.acknowledged.length / flood.seconds >= capacity / 2,
  };
}

const directory = newDataDirectory();
try {
  report.conclude("overload", await run(directory));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
