/** One process of the simulated exchange, from its start to its end, which may come at any moment. */
import type { Committed } from "../../src/domain/events.ts";
import { Exchange, type ExchangeReport, type Machine } from "../../src/exchange.ts";
import type { Disk } from "../../src/journal/disk.ts";
import type { JournalReport } from "../../src/journal/journal.ts";
import { makeSnapshot, type SnapshotTask } from "../../src/replay/make-snapshot.ts";
import type { FromSnapshotThread } from "../../src/replay/snapshot-worker.ts";
import type { Making } from "../../src/replay/snapshotter.ts";
import { FEED_EVENTS_MAX, OWN } from "./history.ts";
import type { Plan } from "./plan.ts";
import { type Met, ProcessDisk } from "./process-disk.ts";
import type { Random } from "./random.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

/** What outlives a process. */
export type World = {
  readonly time: VirtualTime;
  readonly disk: SimulatedDisk;
  readonly ledger: SimulatedLedger;
  readonly random: Random;
  readonly plan: Pick<Plan, "segmentBytes" | "keepsSegments" | "snapshotCommandsMin">;
};

/** Why a process cannot go on. */
export type Ended = { readonly during: "opening" | "running"; readonly error: Error };

export type TornTail = JournalReport & { readonly kind: "tail-repaired" };

/** What the exchange says of its snapshots. */
export type AboutSnapshot = ExchangeReport & {
  readonly kind:
    | "snapshot-loaded"
    | "snapshot-unusable"
    | "snapshot-made"
    | "snapshot-skipped"
    | "snapshot-failed";
};

type Listeners = {
  readonly onOpen: () => void;
  readonly onCommitted: (committed: Committed) => void;
  readonly onEnded: (ended: Ended) => void;
  readonly onTornTail: (tail: TornTail) => void;
  readonly onSnapshot: (report: AboutSnapshot) => void;
  readonly onMet: (met: Met) => void;
};

/** Less than this on disk, and nothing new is taken. */
export const RESERVE_BYTES = 4_096;

export class Incarnation {
  readonly life = { alive: true };
  /** The failures of the disk that it has met. */
  readonly met: Met[] = [];
  readonly #world: World;
  /** Null until it has recovered. */
  exchange: Exchange | null = null;
  /** What it recovered has been held against what was shown before. */
  isShown = false;
  isStopping = false;
  /** A write has found no space. */
  hasMetFull = false;

  constructor(world: World, listeners: Listeners) {
    this.#world = world;
    const { life } = this;
    const ended = (during: Ended["during"]) => (error: Error) => {
      if (life.alive) listeners.onEnded({ during, error });
    };
    const opening = Exchange.open({
      directory: "/data",
      feedEventsMax: FEED_EVENTS_MAX,
      diskReserveBytes: RESERVE_BYTES,
      ...world.plan,
      machine: this.#machine(listeners),
      onReport: (report) => {
        if (life.alive) this.#hear(report, listeners);
      },
      onFailure: ended("running"),
    });
    opening.then((exchange) => {
      if (!life.alive) return;
      exchange.subscribe((committed) => {
        if (life.alive) listeners.onCommitted(committed);
      });
      this.exchange = exchange;
      listeners.onOpen();
    }, ended("opening"));
  }

  /** True when a write or a sync of a segment has failed: what is on disk is unknown to it. */
  get hasFailed(): boolean {
    return this.met.some(
      ({ what, path }) => (what === "write" || what === "sync") && path.endsWith(".segment"),
    );
  }

  die(): void {
    this.life.alive = false;
    this.#world.ledger.letGo();
  }

  #hear(report: ExchangeReport, { onTornTail, onSnapshot }: Listeners): void {
    switch (report.kind) {
      case "tail-repaired":
        onTornTail(report);
        break;
      case "snapshot-loaded":
      case "snapshot-unusable":
      case "snapshot-made":
      case "snapshot-skipped":
      case "snapshot-failed":
        onSnapshot(report);
    }
  }

  /** As in a thread, which can be ended at any moment and never outlives its process. */
  #makeSnapshot(
    task: SnapshotTask,
    hear: (message: FromSnapshotThread) => void,
    onDisk: (user: Life) => Disk,
  ): Making {
    let isStopped = false;
    const process = this.life;
    const thread: Life = {
      get alive() {
        return process.alive && !isStopped;
      },
    };
    const tell = (message: FromSnapshotThread) => {
      if (thread.alive) hear(message);
    };
    const clock = this.#world.time.clockOf(thread);
    makeSnapshot(task, { disk: onDisk(thread), clock, onUnusable: tell }).then(tell, ({ message }) =>
      tell({ kind: "failed", message }),
    );
    return {
      stop: async () => {
        isStopped = true;
      },
    };
  }

  #machine(listeners: Listeners): Machine {
    const { time, ledger, random } = this.#world;
    const { life } = this;
    const clock = time.clockOf(life);
    const onDisk = (user: Life) =>
      new ProcessDisk(this.#world, {
        life: user,
        onFailure: (met) => {
          this.met.push(met);
          listeners.onMet(met);
        },
        onFull: () => {
          this.hasMetFull = true;
        },
      });
    return {
      disk: onDisk(life),
      clock,
      timers: time.timersOf(life),
      ledgerThreads: ledger.threadsOf(life),
      makeSnapshot: (task, hear) => this.#makeSnapshot(task, hear, onDisk),
      newRequestId: () => `${OWN}${random.bits()}`,
      newJournalId: () => Buffer.from(Array.from({ length: 16 }, () => random.below(256))),
    };
  }
}
