/**
 * What Prometheus may read. Counting happens on every answer, so it is a plain addition; names and labels
 * are put to the numbers only when somebody asks for them.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { SettlementFigures } from "../domain/settlements.ts";
import type { Positions } from "./exchange-port.ts";
import { fullBucket, RateLimit } from "./guard/rate-limit.ts";
import { addSettlementMetrics } from "./settlement-metrics.ts";

/** The answers of one route, by status. */
export type Tally = Map<number, number>;

export type Metrics = {
  /** A new tally for a route; to be asked for once a route. */
  tally(route: { readonly method: string; readonly path: string }): Tally;
  /** A figure that is asked for when somebody reads the metrics. */
  gauge(figure: { readonly name: string; readonly help: string; readonly read: () => number }): void;
  /** How long a command took from the door to its answer. */
  observeCommand(seconds: number): void;
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
};

type RouteTally = { readonly method: string; readonly path: string; readonly tally: Tally };

const DURATION = "pregao_command_duration_seconds";
const COMMAND_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/**
 * Anybody may ask, as often as they like, and writing the text takes a millisecond: who asks more often than
 * any monitor gets the last one again.
 */
const TEXTS_PER_SECOND = 10;

export function createMetrics(
  positions: () => Positions | undefined,
  settlements: () => SettlementFigures | undefined = () => undefined,
): Metrics {
  const registry = new Registry();
  const routes: RouteTally[] = [];
  collectDefaultMetrics({ register: registry });
  registry.registerMetric(requestCounter(routes));
  registry.registerMetric(positionGauge(positions));
  registry.registerMetric(snapshotFailureCounter(positions));
  registry.registerMetric(archiveFailureCounter(positions));
  addSettlementMetrics(registry, settlements);
  const seconds = new Durations();
  return {
    tally: ({ method, path }) => {
      const tally: Tally = new Map();
      routes.push({ method, path, tally });
      return tally;
    },
    gauge: ({ name, help, read }) => {
      registry.registerMetric(
        new Gauge({
          name,
          help,
          registers: [],
          collect() {
            this.set(read());
          },
        }),
      );
    },
    observeCommand: (value) => seconds.add(value),
    text: seldom(async () => `${await registry.metrics()}\n${seconds.text()}`),
    contentType: registry.contentType,
  };
}

/** Writes a text anew so many times a second, and gives the last one again in between. */
function seldom(write: () => Promise<string>): () => Promise<string> {
  const limit = new RateLimit({ name: "metrics", quota: TEXTS_PER_SECOND, windowSeconds: 1 });
  const bucket = fullBucket();
  let last: Promise<string> | undefined;
  return () => {
    if (last === undefined || limit.take(bucket, performance.now()) >= 0) last = write();
    return last;
  };
}

/** A histogram whose counting is two additions; the library's looks its labels up for every value. */
class Durations {
  readonly #counts = new Float64Array(COMMAND_SECONDS.length + 1);
  #sum = 0;

  add(seconds: number): void {
    let bucket = 0;
    while (bucket < COMMAND_SECONDS.length && seconds > COMMAND_SECONDS[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += seconds;
  }

  text(): string {
    const lines = [`# HELP ${DURATION} From the door to the answer, the wait for the disk included.`];
    lines.push(`# TYPE ${DURATION} histogram`);
    let count = 0;
    for (const [bucket, added] of this.#counts.entries()) {
      count += added;
      lines.push(`${DURATION}_bucket{le="${COMMAND_SECONDS[bucket] ?? "+Inf"}"} ${count}`);
    }
    lines.push(`${DURATION}_sum ${this.#sum}`, `${DURATION}_count ${count}`);
    return `${lines.join("\n")}\n`;
  }
}

/** Adds one answer. */
export function count(tally: Tally, status: number): void {
  tally.set(status, (tally.get(status) ?? 0) + 1);
}

function requestCounter(routes: readonly RouteTally[]): Counter {
  return new Counter({
    name: "pregao_http_requests_total",
    help: "Answers by route and status.",
    labelNames: ["method", "route", "status"],
    registers: [],
    collect() {
      this.reset();
      for (const { method, path, tally } of routes) {
        for (const [status, answers] of tally) this.inc({ method, route: path, status }, answers);
      }
    },
  });
}

function positionGauge(positions: () => Positions | undefined): Gauge {
  return new Gauge({
    name: "pregao_position_seq",
    help: "How far each part has come in the journal.",
    labelNames: ["part"],
    registers: [],
    collect() {
      const now = positions();
      if (now === undefined) return;
      const { appendedSeq, durableSeq, appliedSeq, ledgerSeq, snapshotSeq, archivedSeq, oldestSeq } = now;
      const parts = { appended: appendedSeq, durable: durableSeq, applied: appliedSeq, ledger: ledgerSeq };
      for (const [part, seq] of Object.entries(parts)) this.set({ part }, seq);
      if (snapshotSeq !== null) this.set({ part: "snapshot" }, snapshotSeq);
      if (archivedSeq !== null) this.set({ part: "archived" }, archivedSeq);
      this.set({ part: "oldest" }, oldestSeq);
    },
  });
}

function snapshotFailureCounter(positions: () => Positions | undefined): Counter {
  return new Counter({
    name: "pregao_snapshot_failures_total",
    help: "Snapshots that could not be made, or came to another state than the exchange.",
    registers: [],
    collect() {
      this.reset();
      this.inc(positions()?.snapshotFailures ?? 0);
    },
  });
}

function archiveFailureCounter(positions: () => Positions | undefined): Counter {
  return new Counter({
    name: "pregao_archive_failures_total",
    help: "Runs of the archive that did not come to their end; each is tried again.",
    registers: [],
    collect() {
      this.reset();
      this.inc(positions()?.archiveFailures ?? 0);
    },
  });
}
