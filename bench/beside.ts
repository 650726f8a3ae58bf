/**
 * What do those beside the trading cost the traders? Orders come at a steady rate, in turns alone and beside
 * questions about the past, followers of the change stream, downloads, and deliveries to a wallet service. What
 * else the machine has to do takes processor time in any case, so a process that only computes is there to compare with.
 *
 * npm run bench:beside [-- --rate 2000 --seconds 6 --rounds 5 --seed 1 --beside spinner,past]
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Says, Told } from "./beside/companion.ts";
import { ADMIN_KEY, newDataDirectory, startExchange } from "./load/exchange-process.ts";
import { flow } from "./load/flow.ts";
import { HttpClient } from "./load/http-client.ts";
import { OpenLoop } from "./load/open-loop.ts";
import type { ServerProcess } from "./load/server-process.ts";
import { openTraders, type Trader } from "./load/traders.ts";
import { currentCommit, median, percentile, Report } from "./report.ts";

const ACCOUNTS = 1_000;
const CONNECTIONS = 128;
const WARM_UP_SECONDS = 8;
/** Before each turn the work of the one before comes to its end. */
const PAUSE_MS = 1_500;

/** What is done beside the trading, and what it is counted in. */
const BESIDE = {
  spinner: "5 ms of one core, computing",
  past: "answers as of a moment of the past, one after another",
  followers: "lines of the change stream, by 3 followers",
  comers: "readers of the change stream who have come to the present from 1,000 commands ago, 3 at a time",
  download: "rows of the market's trades as CSV, one download after another",
  wallet: "settlements, taken by the wallet service at once",
} as const;
type Beside = keyof typeof BESIDE;

const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "2000" },
    seconds: { type: "string", default: "6" },
    rounds: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    beside: { type: "string", default: Object.keys(BESIDE).join(",") },
  },
});
const KINDS = values.beside.split(",") as Beside[];
const [rate, seconds, rounds, seed] = [values.rate, values.seconds, values.rounds, values.seed].map(
  Number,
) as [number, number, number, number];

const report = new Report(currentCommit());

/** An exchange with a flow of orders of its own. */
class Floor {
  readonly server: ServerProcess;
  readonly #traders: readonly Trader[];
  readonly #client: HttpClient;
  readonly #orders = flow(seed, ACCOUNTS);

  static async open(directory: string, environment: NodeJS.ProcessEnv): Promise<Floor> {
    const server = await startExchange(directory, environment);
    const client = new HttpClient(server.url, CONNECTIONS);
    const floor = new Floor(server, client, await openTraders(client, ADMIN_KEY, ACCOUNTS));
    await floor.trade(WARM_UP_SECONDS);
    return floor;
  }

  private constructor(server: ServerProcess, client: HttpClient, traders: readonly Trader[]) {
    this.server = server;
    this.#client = client;
    this.#traders = traders;
  }

  async trade(long: number): Promise<Turn> {
    const before = this.server.cpuSeconds();
    const result = await new OpenLoop(this.#client, this.#traders).run(this.#orders, rate, long);
    if (result.errors > 0)
      throw new Error(`orders failed: ${JSON.stringify(Object.fromEntries(result.errorKinds))}`);
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(result.latencies, share)) as [number, number];
    return { p50, p99, cpu: (this.server.cpuSeconds() - before) / result.seconds, done: 0 };
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.server.stop();
  }
}

type Turn = {
  readonly p50: number;
  readonly p99: number;
  /** Cores that the exchange has used, all of its threads. */
  readonly cpu: number;
  /** How often the work beside it was done, a second. */
  readonly done: number;
};

class Companion {
  readonly #child: ChildProcess;
  /** Where it listens itself, if it does. */
  readonly url: string;

  static async start(kind: Beside, url: string): Promise<Companion> {
    const child = fork("bench/beside/companion.ts", [kind, url, ADMIN_KEY], {
      execArgv: ["--import", "tsx"],
    });
    const [said] = (await once(child, "message")) as [{ ready: string }];
    return new Companion(child, said.ready);
  }

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  async beside(trading: () => Promise<Turn>): Promise<Turn> {
    this.#tell("go");
    await once(this.#child, "message");
    const turn = await trading();
    this.#tell("halt");
    const [said] = (await once(this.#child, "message")) as [Extract<Says, { done: number }>];
    return { ...turn, done: said.done / seconds };
  }

  close(): void {
    this.#child.disconnect();
  }

  #tell(told: Told): void {
    this.#child.send(told);
  }
}

function told({ p50, p99, cpu, done }: Turn): string {
  const work = done === 0 ? "" : `  ${done.toFixed(0)}/s`;
  return `p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  server ${(cpu * 100).toFixed(0)} %${work}`;
}

function middle(turns: readonly Turn[]): Turn {
  const of = (field: keyof Turn) => median(turns.map((turn) => turn[field]));
  return { p50: of("p50"), p99: of("p99"), cpu: of("cpu"), done: of("done") };
}

async function main(directories: readonly [string, string]): Promise<void> {
  const wallet = await Companion.start("wallet", "");
  const floor = await Floor.open(directories[0], {});
  const delivering = await Floor.open(directories[1], {
    PREGAO_WALLET_URL: wallet.url,
    PREGAO_WALLET_ALLOW: "127.0.0.1",
  });
  const companions = new Map<Beside, Companion>([["wallet", wallet]]);
  for (const kind of KINDS)
    if (kind !== "wallet") companions.set(kind, await Companion.start(kind, floor.server.url));

  const alone: Turn[] = [];
  const beside = new Map(KINDS.map((kind) => [kind, [] as Turn[]]));
  report.say(
    `${rate} orders/s for ${seconds} s a turn, ${rounds} rounds, ${ACCOUNTS} accounts, seed ${seed}; all on the same cores`,
  );
  for (let round = 1; round <= rounds; round += 1) {
    await pause();
    alone.push(await floor.trade(seconds));
    report.say(`  round ${round}  ${"alone".padEnd(10)} ${told(alone.at(-1)!)}`);
    for (const [kind, turns] of beside) {
      await pause();
      const place = kind === "wallet" ? delivering : floor;
      turns.push(await companions.get(kind)!.beside(() => place.trade(seconds)));
      report.say(`           ${kind.padEnd(10)} ${told(turns.at(-1)!)}`);
    }
  }
  for (const companion of companions.values()) companion.close();
  await floor.close();
  await delivering.close();

  report.say("medians");
  report.say(`  ${"alone".padEnd(10)} ${told(middle(alone))}`);
  for (const [kind, turns] of beside)
    report.say(`  ${kind.padEnd(10)} ${told(middle(turns))}  (${BESIDE[kind]})`);
  const computing = middle(beside.get("spinner")!).p99;
  report.conclude(
    "beside",
    Object.fromEntries(
      KINDS.filter((kind) => kind !== "spinner").map((kind) => [
        `${kind}: p99 at most twice that beside a process that only computes`,
        middle(beside.get(kind)!).p99 <= 2 * computing,
      ]),
    ),
  );
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

const directories = [newDataDirectory(), newDataDirectory()] as const;
try {
  await main(directories);
} finally {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}
