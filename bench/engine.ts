/**
 * How fast is the engine, with wallets, holds, fees and events recorded in its log, beside order books that only
 * match, and does it stay so fast when the book is deep? (What events cost as objects is a row of its own.) Expected: 6 × `big-order-book`, 40 × `nodejs-order-book`, and a
 * command in a book of a million orders at most 4 × as dear as in one of ten thousand.
 *
 * npm run bench:engine [-- --rounds 10 --commands 50000 --warm-up 300000 --seed 1]
 */
import { parseArgs } from "node:util";
import { AS_OBJECTS, CONTENDERS, type ContenderName } from "./engine/contender.ts";
import type { Tally } from "./engine/flow.ts";
import { costPlot, duration } from "./engine/plot.ts";
import { ContenderThread } from "./engine/threads.ts";
import { currentCommit, keep, median, percentile, Report } from "./report.ts";

const ACCOUNTS = 1_000;
const DEPTHS = [1_000, 10_000, 100_000, 1_000_000] as const;
const DEPTH = 10_000;
const DEEPEST = 1_000_000;
const SINGLE_COMMANDS = 200_000;
/** In a deep book a command of `nodejs-order-book` takes up to half a millisecond, so it runs a part of the flow. */
const SLOW = { name: "nodejs-order-book", depth: 100_000, part: 20 };
const DUE = { "big-order-book": 6, "nodejs-order-book": 40, p99: 2_000, deeper: 4, bytes: 250 };

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    commands: { type: "string", default: "50000" },
    "warm-up": { type: "string", default: "300000" },
    seed: { type: "string", default: "1" },
  },
});
const [rounds, commands, warmUp, seed] = [values.rounds, values.commands, values["warm-up"], values.seed].map(
  Number,
) as [number, number, number, number];

const commit = currentCommit();
const report = new Report(`${commit}, seed ${seed}, ${count(ACCOUNTS)} accounts`);

/** One contender at one depth, and what has been measured of it. */
type Run = {
  readonly name: ContenderName;
  readonly depth: number;
  readonly thread: ContenderThread;
  readonly bytesPerOrder: number;
  /** The nanoseconds of a command, in the median of each round's pieces. */
  readonly rounds: number[];
};

async function start(name: ContenderName, depth: number): Promise<Run> {
  const commandsMax = depth + warmUp + rounds * commands + SINGLE_COMMANDS;
  const thread = new ContenderThread({ name, depth, seed, accounts: ACCOUNTS, commandsMax });
  const { bytes } = await thread.ask<"fill">({ kind: "fill" });
  await thread.ask<"run">({ kind: "run", commands: partOf(warmUp, name, depth) });
  return { name, depth, thread, bytesPerOrder: bytes / depth, rounds: [] };
}

function partOf(count: number, name: ContenderName, depth: number): number {
  return name === SLOW.name && depth >= SLOW.depth ? Math.ceil(count / SLOW.part) : count;
}

/** All of them take turns, so that whatever else the machine does meets all of them. */
async function takeTurns(runs: readonly Run[]): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, depth, thread, rounds: measured } of runs) {
      const part = partOf(commands, name, depth);
      measured.push(median(await thread.ask<"run">({ kind: "run", commands: part })));
    }
  }
}

async function sayAgreement(runs: readonly Run[]): Promise<boolean> {
  let agreed = true;
  report.say("trades: found by the contender, and due by the flow's own book");
  for (const { name, depth, thread } of runs) {
    const { found, due } = await thread.ask<"tally">({ kind: "tally" });
    const same = found.trades === due.trades && found.lots === due.lots;
    report.say(
      `  ${count(depth).padStart(9)}   ${name.padEnd(18)}   ${told(found)}   ${told(due)}   ${same ? "agree" : "DIFFER"}`,
    );
    agreed &&= same;
  }
  return agreed;
}

function told({ trades, lots }: Tally): string {
  return `${count(trades).padStart(8)} trades of ${count(lots).padStart(10)} lots`;
}

function sayCosts(runs: readonly Run[], of: Of): void {
  report.say("  resting     contender             ns/command   commands/s   ratio   bytes/order");
  for (const { name, depth, rounds, bytesPerOrder } of runs) {
    const ns = median(rounds);
    const cells = [
      count(depth).padStart(9),
      name.padEnd(18),
      ns.toFixed(0).padStart(10),
      count(Math.round(1e9 / ns)).padStart(10),
      ratio(of("pregao", depth), of(name, depth)).toFixed(2).padStart(5),
      bytesPerOrder.toFixed(0).padStart(11),
    ];
    report.say(`  ${cells.join("   ")}`);
  }
}

type Of = (name: ContenderName, depth: number) => Run;

/** The median over the rounds of how many times as long the one takes as the other. */
function ratio(one: Run, other: Run): number {
  return median(one.rounds.map((ns, round) => other.rounds[round]! / ns));
}

/** Gives the p99 of our own single commands, in nanoseconds. */
async function saySingles(runs: readonly Run[]): Promise<number> {
  const clock = clockCost();
  report.say(`single commands: the clock is read once between two, which is ${clock.toFixed(0)} ns of each`);
  let p99 = Number.NaN;
  for (const run of runs) {
    const each = (await run.thread.ask<"single">({ kind: "single", commands: SINGLE_COMMANDS })).sort();
    const [p50, p99Here, p999] = [0.5, 0.99, 0.999].map((share) => duration(percentile(each, share)));
    report.say(
      `  ${count(run.depth).padStart(9)}   ${run.name.padEnd(18)}   p50 ${p50}   p99 ${p99Here}   p99.9 ${p999}`,
    );
    if (run.name === "pregao" && run.depth === DEPTH) p99 = percentile(each, 0.99);
  }
  return p99;
}

/** What reading the clock costs, in nanoseconds, in the median of readings that follow each other. */
function clockCost(): number {
  const gaps = Array.from({ length: 100_000 }, () => {
    const before = performance.now();
    return (performance.now() - before) * 1e6;
  });
  return median(gaps);
}

function count(number: number): string {
  return number.toLocaleString("en");
}

async function main(): Promise<void> {
  const runs: Run[] = [];
  for (const depth of DEPTHS) for (const name of CONTENDERS) runs.push(await start(name, depth));
  runs.push(await start(AS_OBJECTS, DEPTH));
  const of: Of = (name, depth) => runs.find((run) => run.name === name && run.depth === depth)!;
  await takeTurns(runs);
  report.say(
    `costs: ${rounds} rounds of ${count(commands)} commands in turns, after ${count(warmUp)} to warm up; medians; ${SLOW.name} runs a ${SLOW.part}th of them from ${count(SLOW.depth)} orders on`,
  );
  report.say(
    `  pregao has wallets, holds and fees, and records its events; ${AS_OBJECTS} makes each an object besides, as the live exchange does`,
  );
  sayCosts(runs, of);
  const p99 = await saySingles(runs.filter(({ name, depth }) => depth === DEPTH || name === "pregao"));
  const agreed = await sayAgreement(runs);
  const big = ratio(of("pregao", DEPTH), of("big-order-book", DEPTH));
  const nodejs = ratio(of("pregao", DEPTH), of("nodejs-order-book", DEPTH));
  const deeper = ratio(of("pregao", DEPTH), of("pregao", DEEPEST));
  const bytes = of("pregao", DEEPEST).bytesPerOrder;
  const checks = Object.fromEntries([
    [`at least ${DUE["big-order-book"]} × big-order-book: ${big.toFixed(2)}`, big >= DUE["big-order-book"]],
    [
      `at least ${DUE["nodejs-order-book"]} × nodejs-order-book: ${nodejs.toFixed(1)}`,
      nodejs >= DUE["nodejs-order-book"],
    ],
    [`p99 of a command at most ${duration(DUE.p99)}: ${duration(p99)}`, p99 <= DUE.p99],
    [
      `with ${count(DEEPEST)} orders at most ${DUE.deeper} × the cost: ${deeper.toFixed(2)}`,
      deeper <= DUE.deeper,
    ],
    [`at most ${DUE.bytes} bytes an open order: ${bytes.toFixed(0)}`, bytes <= DUE.bytes],
    ["all agree on number and volume of trades", agreed],
  ]);
  report.conclude("engine", checks);
  keep("engine.svg", plotOf(of));
  await Promise.all(runs.map(({ thread }) => thread.stop()));
}

function plotOf(of: Of): string {
  return costPlot(
    "Cost of a command against the depth of the book",
    `pregao with wallets, holds, fees and events recorded; the others match only. Node ${process.version}, ${commit}`,
    CONTENDERS.map((name) => ({
      name,
      points: DEPTHS.map((depth) => [depth, median(of(name, depth).rounds)] as const),
    })),
  );
}

await main();
