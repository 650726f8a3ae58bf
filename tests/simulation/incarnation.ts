/** One process of the simulated exchange, from its start to its end, which may come at any moment. */
import type { Committed } from "../../src/domain/events.ts";
import { Exchange, type Machine } from "../../src/exchange.ts";
import type { JournalReport } from "../../src/journal/journal.ts";
import { makeSnapshot } from "../../src/replay/make-snapshot.ts";
import { OWN } from "./history.ts";
import type { Random } from "./random.ts";
import type { Met, SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

/** What outlives a process. */
export type World = {
  readonly time: VirtualTime;
  readonly disk: SimulatedDisk;
  readonly ledger: SimulatedLedger;
  readonly random: Random;
  readonly segmentBytes: number;
};

/** Why a process cannot go on. */
export type Ended = { readonly during: "opening" | "running"; readonly error: Error };

export type TornTail = JournalReport & { readonly kind: "tail-repaired" };

type Listeners = {
  readonly onOpen: () => void;
  readonly onCommitted: (committed: Committed) => void;
  readonly onEnded: (ended: Ended) => void;
  readonly onTornTail: (tail: TornTail) => void;
  readonly onMet: (met: Met) => void;
};

/** Of the few commands of a simulation, enough for a snapshot at the end of nearly every segment. */
const SNAPSHOT_COMMANDS_MIN = 20;
/** Less than this on disk, and nothing new is taken. */
const RESERVE_BYTES = 4_096;

export class Incarnation {
  readonly life: Life = { alive: true };
  /** The failures of the disk that it has met. */
  readonly met: Met[] = [];
  readonly #world: World;
  /** Null until it has recovered. */
  exchange: Exchange | null = null;
  /** What it recovered has been held against what was shown before. */
  isShown = false;
  isStopping = false;
  /** What it recovered began with a snapshot. */
  isFromSnapshot = false;
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
      feedEventsMax: 100,
      diskReserveBytes: RESERVE_BYTES,
      segmentBytes: world.segmentBytes,
      snapshotCommandsMin: SNAPSHOT_COMMANDS_MIN,
      machine: this.#machine(listeners),
      onReport: (report) => {
        if (report.kind === "tail-repaired" && life.alive) listeners.onTornTail(report);
        if (report.kind === "snapshot-loaded") this.isFromSnapshot = true;
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

  #machine(listeners: Listeners): Machine {
    const { time, disk, ledger, random } = this.#world;
    const { life } = this;
    const clock = time.clockOf(life);
    const ownDisk = disk.forProcess(
      life,
      (met) => {
        this.met.push(met);
        listeners.onMet(met);
      },
      () => {
        this.hasMetFull = true;
      },
    );
    return {
      disk: ownDisk,
      clock,
      timers: time.timersOf(life),
      ledgerThreads: ledger.threadsOf(life),
      makeSnapshot: (task, hear) => {
        const made = makeSnapshot(task, { disk: ownDisk, clock, onUnusable: hear });
        made.then(hear, ({ message }) => hear({ kind: "failed", message }));
        return { stop: async () => {} };
      },
      newRequestId: () => `${OWN}${random.bits()}`,
      newJournalId: () => Buffer.from(Array.from({ length: 16 }, () => random.below(256))),
    };
  }
}
