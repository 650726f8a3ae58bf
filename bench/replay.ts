/**
 * How fast does the past come back: by replay, and from a snapshot? Expected: 500,000 commands/s through journal,
 * engine and digest, whether or not clients name their orders; and 1,000,000 open orders of 100,000 accounts in 3 s.
 *
 * npm run bench:replay [-- --commands 1000000 --orders 1000000 --accounts 100000 --rounds 3 --seed 1]
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FEED_EVENTS_MAX_DEFAULT } from "../src/projections/feeds/feed-log.ts";
import { makeSnapshot } from "../src/replay/make-snapshot.ts";
import { NODE_OPTIONS } from "./load/exchange-process.ts";
import type { Measured, Stages } from "./replay/measured.ts";
import { resting, trading, type Written, write } from "./replay/past.ts";
import { currentCommit, median, Report } from "./report.ts";

const TRADERS = 1_000;
const DEPTH = 10_000;
const DUE = { commandsPerSecond: 500_000, startSeconds: 3 };

const { values } = parseArgs({
  options: {
    commands: { type: "string", default: "1000000" },
    orders: { type: "string", default: "1000000" },
    accounts: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
  },
});
const [commands, orders, accounts, rounds, seed] = [
  values.commands,
  values.orders,
  values.accounts,
  values.rounds,
  values.seed,
].map(Number) as [number, number, number, number, number];

const report = new Report(`${currentCommit()}, seed ${seed}`);

const count = (number: number) => Math.round(number).toLocaleString("en-US");
const mib = (bytes: number) => `${count(bytes / 2 ** 20)} MiB`;

function measured<K extends Measured["kind"]>(
  kind: K,
  what: string,
  ...rest: readonly (string | number)[]
): Extract<Measured, { kind: K }> {
  const file = fileURLToPath(new URL("./replay/measured.ts", import.meta.url));
  const args = [...NODE_OPTIONS, "--import", "tsx", file, what, ...rest.map(String)];
  const output = execFileSync(process.execPath, args, { encoding: "utf8" });
  const found = JSON.parse(output) as Measured;
  if (found.kind !== kind) throw new Error(`a ${found.kind} was measured and not a ${kind}`);
  return found as Extract<Measured, { kind: K }>;
}

const NAMING = { named: "all orders with client ids", unnamed: "no order with a client id" } as const;

function sayReplay(directory: string, written: Written, naming: keyof typeof NAMING): number {
  report.say(
    `replay: ${count(written.commands)} commands, ${mib(written.bytes)}, ${count(TRADERS)} accounts, a book of ${count(DEPTH)} orders, ${NAMING[naming]}; each round in a new process`,
  );
  const runs = Array.from({ length: rounds }, () => measured("rate", "rate", directory));
  const rates = runs.map(({ seconds, commands: replayed }) => replayed / seconds);
  const perProcessor = runs.map(({ processorSeconds, commands: replayed }) => replayed / processorSeconds);
  report.say(
    `  journal, engine and digest   ${rates.map(count).join("   ")}   median ${count(median(rates))} commands/s`,
  );
  report.say(
    `  a second of all processors     ${perProcessor.map(count).join("   ")}   median ${count(median(perProcessor))} commands`,
  );
  return median(rates);
}

const STAGES: Readonly<Record<keyof Stages, string>> = {
  journal: "reading, checking and decoding",
  engine: "engine",
  encoding: "encoding of events",
  digest: "digest of events",
  live: "live projections",
};

function sayStages(directory: string): void {
  const runs = Array.from({ length: rounds }, () => measured("stages", "stages", directory));
  const replayed = runs[0]!.commands;
  const seconds = (stage: keyof Stages) => median(runs.map(({ stages }) => stages[stage]));
  const names = Object.keys(STAGES) as (keyof Stages)[];
  const whole = names.reduce((sum, stage) => sum + seconds(stage), 0);
  report.say("  stage                            commands/s   share of all");
  for (const stage of names) {
    const share = `${((100 * seconds(stage)) / whole).toFixed(0)} %`;
    report.say(
      `  ${STAGES[stage].padEnd(30)} ${count(replayed / seconds(stage)).padStart(12)} ${share.padStart(14)}`,
    );
  }
  report.say(`  ${"all of a start but the ledger".padEnd(30)} ${count(replayed / whole).padStart(12)}`);
  const ledger = measured("rate", "ledger", directory);
  const waited = `${(100 * (1 - whole / ledger.seconds)).toFixed(0)} % of it for the ledger`;
  report.say(
    `  ${"with a ledger made anew".padEnd(30)} ${count(ledger.commands / ledger.seconds).padStart(12)}   ${waited}`,
  );
}

async function sayStart(directory: string): Promise<number> {
  const written = await write(directory, resting(orders, accounts, seed));
  const startedAt = performance.now();
  const made = await makeSnapshot(
    {
      directory,
      closed: written.closed!,
      ledgerSeq: written.seq,
      keepsSegments: true,
      archivedSegment: null,
      feedEventsMax: FEED_EVENTS_MAX_DEFAULT,
      reserveBytes: 0,
    },
    { onUnusable: () => {} },
  );
  const makeSeconds = (performance.now() - startedAt) / 1000;
  if (made.kind !== "made") throw new Error("there is no space for a snapshot");
  report.say(
    `start from a snapshot: ${count(orders)} open orders with client ids, ${count(accounts)} accounts with keys; each round in a new process`,
  );
  report.say(
    `  made in ${makeSeconds.toFixed(1)} s by a replay of ${count(made.commands)} commands, proof included`,
  );
  const runs = Array.from({ length: rounds }, () =>
    measured("start", "start", directory, written.seq, written.frameHash),
  );
  const tail = written.seq - made.seq;
  for (const { seconds, processorSeconds, loadMs, openOrders, snapshotBytes, residentBytes } of runs) {
    report.say(
      `  ready in ${seconds.toFixed(2)} s (${processorSeconds.toFixed(2)} s of processors): ${(loadMs / 1000).toFixed(2)} s for the snapshot of ${mib(snapshotBytes)}, the rest for ${count(tail)} commands behind it; ${count(openOrders)} orders open, ${mib(residentBytes)} resident`,
    );
  }
  return median(runs.map(({ seconds }) => seconds));
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "pregao-replay-"));
  try {
    const checks: Record<string, boolean> = {};
    for (const naming of ["unnamed", "named"] as const) {
      const flow = join(directory, naming);
      mkdirSync(flow);
      const options = { commands, depth: DEPTH, accounts: TRADERS, seed, named: naming === "named" };
      const rate = sayReplay(flow, await write(flow, trading(options)), naming);
      const due = `${count(DUE.commandsPerSecond)} commands/s through journal, engine and digest`;
      checks[`${due}, ${NAMING[naming]}`] = rate >= DUE.commandsPerSecond;
      if (naming === "named") sayStages(flow);
    }
    const full = join(directory, "full");
    mkdirSync(full);
    const seconds = await sayStart(full);
    checks[`ready from a snapshot in ${DUE.startSeconds} s`] = seconds <= DUE.startSeconds;
    report.conclude("replay", checks);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
