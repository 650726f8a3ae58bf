/**
 * Does the exchange hold 5,000 durable orders a second, and what does all that it does cost against a server
 * that does nothing? Expected: a p99 of a few milliseconds, and about half of a bare Fastify echo.
 *
 * npm run bench:rps [-- --seconds 30 --rate 5000 --rounds 9 --round-seconds 6 --warm-up 5 --seed 1]
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ClosedLoopResult, CONNECTIONS, closedLoop, tradingRequests } from "./load/closed-loop.ts";
import {
  BATCH_CONNECTIONS,
  BATCH_ORDERS,
  batchEntry,
  SOCKET_WINDOW,
  SOCKETS,
  socketEntry,
} from "./load/entries.ts";
import { ADMIN_KEY, newDataDirectory, startExchange } from "./load/exchange-process.ts";
import { flow } from "./load/flow.ts";
import { HttpClient } from "./load/http-client.ts";
import { OpenLoop, type OpenLoopResult } from "./load/open-loop.ts";
import { isWhole, type Proof, prove, saySums } from "./load/proof.ts";
import { type ServerProcess, startServer } from "./load/server-process.ts";
import { openTraders, type Trader } from "./load/traders.ts";
import { currentCommit, median, percentile, Report } from "./report.ts";

const ACCOUNTS = 1_000;
const OPEN_LOOP_CONNECTIONS = 256;
const PERCENTILES = [
  ["p50", 0.5],
  ["p99", 0.99],
  ["p99.9", 0.999],
  ["max", 1],
] as const;
const DUE = { rate: 5_000, p99: 10, ratio: 0.4, readyMs: 1_000 };

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    rate: { type: "string", default: String(DUE.rate) },
    rounds: { type: "string", default: "9" },
    "round-seconds": { type: "string", default: "6" },
    "warm-up": { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
  },
});
const [seconds, rate, rounds, roundSeconds, warmUpSeconds, seed] = [
  values.seconds,
  values.rate,
  values.rounds,
  values["round-seconds"],
  values["warm-up"],
  values.seed,
].map(Number) as [number, number, number, number, number, number];

const report = new Report(currentCommit());

type OpenLoopRun = OpenLoopResult & { readonly acknowledgedInAll: readonly number[] };

/** The warm-up is the same flow before it counts: a server is compiled by what it does. */
async function runOpenLoop(server: ServerProcess, traders: readonly Trader[]): Promise<OpenLoopRun> {
  const client = new HttpClient(server.url, OPEN_LOOP_CONNECTIONS);
  const orders = flow(seed, traders.length);
  const warmUp = await new OpenLoop(client, traders).run(orders, rate, warmUpSeconds);
  const cpuBefore = server.cpuSeconds();
  const result = await new OpenLoop(client, traders).run(orders, rate, seconds);
  const cpu = (server.cpuSeconds() - cpuBefore) / result.seconds;
  client.close();
  report.say(`open loop: ${rate} orders/s asked for ${seconds} s, ${traders.length} accounts, seed ${seed}`);
  report.say(
    `  warm-up        ${warmUpSeconds} s before, p99 ${percentile(warmUp.latencies, 0.99).toFixed(2)} ms, errors ${warmUp.errors}`,
  );
  report.say(
    `  achieved       ${(result.orders / result.seconds).toFixed(0)} orders/s, and ${result.cancels} cancels`,
  );
  for (const [name, share] of PERCENTILES) {
    report.say(`  ${name.padEnd(14)} ${percentile(result.latencies, share).toFixed(2)} ms`);
  }
  report.say(`  errors         ${result.errors} ${JSON.stringify(Object.fromEntries(result.errorKinds))}`);
  report.say(`  cancels late   ${result.cancelsTooLate} (filled meanwhile, answered 409)`);
  report.say(`  server CPU     ${(cpu * 100).toFixed(0)} % of one core`);
  return { ...result, acknowledgedInAll: [...warmUp.acknowledged, ...result.acknowledged] };
}

type Turn = { readonly exchange: ClosedLoopResult; readonly echo: ClosedLoopResult };

async function runClosedLoop(server: ServerProcess, traders: readonly Trader[]): Promise<Turn[]> {
  const echo = await startServer([process.execPath, "--import", "tsx", "bench/load/echo-server.ts"], {});
  const requests = tradingRequests(traders);
  const turns: Turn[] = [];
  report.say(`closed loop: ${CONNECTIONS} connections, ${rounds} rounds of ${roundSeconds} s each, in turns`);
  await closedLoop(echo.url, requests, 2);
  await closedLoop(server.url, requests, 2);
  for (let round = 1; round <= rounds; round += 1) {
    const turn = {
      echo: await closedLoop(echo.url, requests, roundSeconds),
      exchange: await closedLoop(server.url, requests, roundSeconds),
    };
    turns.push(turn);
    report.say(`  round ${round}  exchange ${told(turn.exchange)}`);
    report.say(`           echo     ${told(turn.echo)}   ratio ${ratioOf(turn).toFixed(3)}`);
  }
  await echo.stop();
  return turns;
}

/** What the other ways in carry, in turns of the closed loop's length. */
async function runOtherEntries(server: ServerProcess, traders: readonly Trader[]): Promise<void> {
  const ways = [
    [`batches of ${BATCH_ORDERS}, ${BATCH_CONNECTIONS} connections`, batchEntry],
    [`WebSocket, ${SOCKETS} sockets with ${SOCKET_WINDOW} orders on their way each`, socketEntry],
  ] as const;
  report.say("other ways in, durable orders a second");
  for (const [way, enter] of ways) {
    await enter(server.url, traders, 2);
    const { ordersPerSecond, errors } = await enter(server.url, traders, roundSeconds);
    report.say(`  ${ordersPerSecond.toFixed(0).padStart(6)}/s  ${way}, errors ${errors}`);
  }
}

function told({ perSecond, p50, p99, p999, errors }: ClosedLoopResult): string {
  return `${perSecond.toFixed(0).padStart(6)}/s  p50 ${p50} ms  p99 ${p99} ms  p99.9 ${p999} ms  errors ${errors}`;
}

function ratioOf({ exchange, echo }: Turn): number {
  return exchange.perSecond / echo.perSecond;
}

function sayProof(proof: Proof): void {
  report.say("proof");
  report.say(`  acknowledged orders missing from the ledger: ${proof.missing} of ${proof.acknowledged}`);
  report.say(
    `  of these have traded: ${proof.traded}; in all ${proof.orders} orders and ${proof.trades} trades`,
  );
  saySums(proof, report);
  report.say(
    `  replayed ${proof.replayed} commands in ${proof.replaySeconds.toFixed(2)} s to the same digest`,
  );
  report.say(`  ${proof.digest}`);
}

async function books(server: ServerProcess): Promise<string> {
  const answer = await fetch(`${server.url}/v1/markets/VIB-BRL/book?depth=1000`);
  return answer.text();
}

async function main(): Promise<void> {
  const directory = newDataDirectory();
  try {
    const server = await startExchange(directory);
    report.say(`ready after ${server.readyMs.toFixed(0)} ms on an empty data directory`);
    const setup = new HttpClient(server.url, 32);
    const traders = await openTraders(setup, ADMIN_KEY, ACCOUNTS);
    setup.close();
    const open = await runOpenLoop(server, traders);
    const turns = await runClosedLoop(server, traders);
    const ratio = median(turns.map(ratioOf));
    report.say(`  median ratio to the echo ${ratio.toFixed(3)}`);
    await runOtherEntries(server, traders);
    const before = await books(server);
    const code = await server.stop();
    const proof = await prove(directory, open.acknowledgedInAll);
    sayProof(proof);
    const again = await startExchange(directory);
    const same = (await books(again)) === before;
    report.say(
      `  stopped with exit code ${code}; started again in ${again.readyMs.toFixed(0)} ms; the book is ${same ? "the same" : "DIFFERENT"}`,
    );
    await again.stop();
    const p99 = percentile(open.latencies, 0.99);
    const held = open.errors === 0 && open.orders / open.seconds >= rate * 0.99;
    const checks = {
      [`${rate} orders/s held without error`]: held,
      [`p99 at most ${DUE.p99} ms`]: p99 <= DUE.p99,
      [`ratio at least ${DUE.ratio}`]: ratio >= DUE.ratio,
      [`ready within ${DUE.readyMs} ms`]: server.readyMs <= DUE.readyMs,
      proven: isWhole(proof) && same,
    };
    report.conclude("rps", checks);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
