/** Measured in a process of its own, as a start is: argv has what and where, standard output gets the figures. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ByteWriter } from "../../src/domain/codec.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import type { Committed } from "../../src/domain/events.ts";
import type { Seq } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { Exchange } from "../../src/exchange.ts";
import { pathsIn } from "../../src/journal/data-directory.ts";
import { chainOutcomes, NO_EVENTS } from "../../src/journal/event-digest.ts";
import { Journal } from "../../src/journal/journal.ts";
import { FEED_EVENTS_MAX_DEFAULT } from "../../src/projections/feeds/feed-log.ts";
import { LiveProjections } from "../../src/projections/live-projections.ts";
import { recover } from "../../src/replay/recover.ts";
import { checkFrames } from "../../src/replay/replay-frames.ts";

/** Seconds a stage, and of the whole. */
export type Stages = {
  readonly journal: number;
  readonly engine: number;
  readonly encoding: number;
  readonly digest: number;
  readonly live: number;
};

export type Measured =
  | {
      readonly kind: "rate";
      readonly seconds: number;
      /** Of all threads together: what a machine that does other things as well cannot change much. */
      readonly processorSeconds: number;
      readonly commands: number;
    }
  | { readonly kind: "stages"; readonly stages: Stages; readonly commands: number }
  | {
      readonly kind: "start";
      readonly seconds: number;
      readonly processorSeconds: number;
      readonly loadMs: number;
      readonly openOrders: number;
      readonly snapshotBytes: number;
      readonly residentBytes: number;
    };

/** Seconds since the start, of the clock and of processors. */
function watch(): () => { readonly seconds: number; readonly processorSeconds: number } {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - startedAt) / 1000, processorSeconds: (user + system) / 1e6 };
  };
}

/** Journal, engine, encoding and digest, as a verification or a snapshot does it. */
async function rate(directory: string): Promise<Measured> {
  const engine = new Engine();
  const took = watch();
  const journal = await Journal.open({
    directory: pathsIn(directory).journal,
    watermarks: [],
    replay: checkFrames(engine),
  });
  const times = took();
  await journal.close();
  return { kind: "rate", ...times, commands: engine.appliedSeq };
}

/** Frame by frame and stage by stage; what is not measured apart is reading, checking and decoding. */
async function stages(directory: string): Promise<Measured> {
  const engine = new Engine();
  const live = new LiveProjections(FEED_EVENTS_MAX_DEFAULT);
  const writer = new ByteWriter();
  const took = { engine: 0, encoding: 0, digest: 0, live: 0 };
  let last = performance.now();
  const lap = (stage: keyof typeof took) => {
    const now = performance.now();
    took[stage] += now - last;
    last = now;
  };
  let digest = NO_EVENTS;
  const startedAt = last;
  const journal = await Journal.open({
    directory: pathsIn(directory).journal,
    watermarks: [],
    replay: ({ entries }) => {
      last = performance.now();
      const committed: Committed[] = entries.map((entry) => ({ entry, events: engine.apply(entry) }));
      lap("engine");
      writer.clear();
      for (const outcome of committed) encodeOutcome(writer, outcome);
      lap("encoding");
      digest = chainOutcomes(digest, writer.view());
      lap("digest");
      for (const outcome of committed) live.project(outcome);
      lap("live");
      return writer.view();
    },
  });
  const whole = performance.now() - startedAt;
  await journal.close();
  // The journal takes the digest once more.
  const rest = whole - took.engine - took.encoding - took.live - 2 * took.digest;
  const seconds = (ms: number) => ms / 1000;
  return {
    kind: "stages",
    commands: engine.appliedSeq,
    stages: {
      journal: seconds(rest),
      engine: seconds(took.engine),
      encoding: seconds(took.encoding),
      digest: seconds(took.digest),
      live: seconds(took.live),
    },
  };
}

/** A start as it is, with the ledger made anew. */
async function ledger(directory: string): Promise<Measured> {
  const took = watch();
  const exchange = await Exchange.open({
    directory,
    feedEventsMax: FEED_EVENTS_MAX_DEFAULT,
    diskReserveBytes: 0,
    onReport: () => {},
    onFailure: (error) => {
      throw error;
    },
  });
  await exchange.ledger.reached(exchange.appliedSeq, 600_000);
  const times = took();
  const commands = exchange.appliedSeq;
  await exchange.close();
  return { kind: "rate", ...times, commands };
}

async function start(directory: string, seq: Seq, frameHash: string): Promise<Measured> {
  let loadMs = Number.NaN;
  const took = watch();
  const { engine, live, journal } = await recover({
    directory,
    ledger: { seq, frameHash },
    feedEventsMax: FEED_EVENTS_MAX_DEFAULT,
    publish: () => {},
    onReport: (report) => {
      if (report.kind === "snapshot-loaded") loadMs = report.ms;
    },
  });
  const times = took();
  const residentBytes = process.memoryUsage().rss;
  await journal.close();
  let openOrders = 0;
  for (const { account } of live.directory.accounts)
    openOrders += live.orders.ofAccount(account, null).length;
  engine.check();
  const snapshots = pathsIn(directory).snapshots;
  const [name] = readdirSync(snapshots).sort().reverse();
  const snapshotBytes = statSync(join(snapshots, name!)).size;
  return { kind: "start", ...times, loadMs, openOrders, snapshotBytes, residentBytes };
}

const [what, directory, seq, frameHash] = process.argv.slice(2) as [string, string, string, string];
const measure = {
  rate: () => rate(directory),
  stages: () => stages(directory),
  ledger: () => ledger(directory),
  start: () => start(directory, Number(seq) as Seq, frameHash),
}[what]!;
process.stdout.write(JSON.stringify(await measure()));
