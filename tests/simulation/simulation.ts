/**
 * Runs one plan: the real exchange on a simulated machine, its clients, and all that befalls them. After every
 * command the invariants are checked, and after every crash what came back is held against what was shown.
 */
import { createHash } from "node:crypto";
import type { Committed } from "../../src/domain/events.ts";
import { Clients } from "./clients.ts";
import { type Counts, noCounts } from "./counts.ts";
import { judgeFlip } from "./flips.ts";
import { History, replayed } from "./history.ts";
import { type Ended, Incarnation, RESERVE_BYTES, type World } from "./incarnation.ts";
import type { Plan, Restart, Step } from "./plan.ts";
import { auditDisk } from "./process-disk.ts";
import { Random } from "./random.ts";
import { LAST_COMMAND, settingUp } from "./setting-up.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedLedger } from "./simulated-ledger.ts";
import { differs, ledgerDiffers, ledgerFault, lostOrChanged, notKept, snapshotFault } from "./verdicts.ts";
import { type Life, VirtualTime } from "./virtual-time.ts";

export type Result = {
  /** What was found wrong, or null. */
  readonly violation: string | null;
  /** Of everything that happened, in order. */
  readonly traceHash: string;
  readonly counts: Counts;
};

/** Where the simulated exchange keeps its files. */
const JOURNAL_DIRECTORY = "/data/journal";
/** Virtual time within which whatever should happen happens. */
const PATIENCE_US = 60_000_000;

export async function simulate(plan: Plan, onLine: (line: string) => void = () => {}): Promise<Result> {
  const simulation = new Simulation(plan, onLine);
  return simulation.run();
}

class Violation extends Error {}

class Simulation {
  readonly #plan: Plan;
  readonly #onLine: (line: string) => void;
  readonly #hash = createHash("sha256");
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #world: World;
  readonly #clients: Clients;
  readonly #counts = noCounts();
  /** The director's own, which never ends. */
  readonly #life: Life = { alive: true };
  #history = new History();
  #now: Incarnation | null = null;
  #violation: string | null = null;
  #sinceChecked = 0;
  #restarts = 0;

  constructor(plan: Plan, onLine: (line: string) => void) {
    this.#plan = plan;
    this.#onLine = onLine;
    this.#random = new Random(plan.seed ^ 0x5eed);
    const disk = new SimulatedDisk();
    const ledger = new SimulatedLedger(this.#time, this.#random);
    this.#world = { time: this.#time, disk, ledger, random: this.#random, plan };
    this.#clients = new Clients({
      counts: this.#counts,
      onAnswer: (requests, seqs) => {
        this.#counts.acknowledgements += 1;
        this.#tell(`answered ${requests.map(({ requestId }) => requestId).join(" ")} at ${seqs.join(" ")}`);
        requests.forEach(({ requestId }, place) => {
          const seq = seqs[place]!;
          if (seq !== seqs[0]! + place) this.#wrong("a group's sequences are not consecutive");
          if (this.#history.shown[seq - 1]?.requestId !== requestId) {
            this.#wrong(`${requestId} is answered with sequence ${seq}, which is another's`);
          }
        });
      },
      onWrong: (what) => this.#wrong(what),
    });
  }

  async run(): Promise<Result> {
    let isOver = false;
    this.#direct()
      .catch((error: unknown) => this.#broken(error))
      .finally(() => {
        isOver = true;
      });
    const ran = await this.#time.run(() => isOver || this.#violation !== null);
    if (!ran) this.#wrong("nothing is left to happen, and not all is done");
    this.#now?.die();
    this.#counts.syncs = this.#world.disk.syncs;
    return { violation: this.#violation, traceHash: this.#hash.digest("hex"), counts: this.#counts };
  }

  async #direct(): Promise<void> {
    this.#begin();
    for (const step of this.#plan.steps) {
      await this.#time.pause(step.waitUs, this.#life);
      await this.#perform(step);
    }
    await this.#settle();
  }

  async #perform(step: Step): Promise<void> {
    const { disk } = this.#world;
    switch (step.kind) {
      case "act":
        await this.#act(step);
        break;
      case "crash":
        await this.#crash(step.restart);
        break;
      case "stop":
        await this.#stop(step.restart);
        break;
      case "fail":
        this.#tell(`the next ${step.what} fails`);
        disk.arm(step.what);
        break;
      case "fill":
        this.#tell(`the disk has ${step.freeBytes} bytes left`);
        disk.fill(step.freeBytes);
        break;
      case "free":
        this.#tell("the disk has space");
        disk.free();
        break;
      case "jump":
        this.#tell(`the clock jumps by ${step.milliseconds} ms`);
        this.#counts["clock jumps"] += 1;
        this.#time.jump(step.milliseconds);
        break;
      case "slow":
        this.#tell(`the disk is ${step.times} times as slow`);
        disk.slowness = step.times;
        break;
    }
  }

  async #act(step: Step & { kind: "act" }): Promise<void> {
    const until = this.#time.nowUs + PATIENCE_US;
    for (;;) {
      const exchange = this.#now?.exchange ?? null;
      if (exchange !== null && this.#history.accounts > 0 && !this.#clients.isBusy) {
        this.#clients.act(exchange, this.#history.past(this.#time.wallMs), step);
        return;
      }
      // With no space, or a sync that was told to fail, it may well take as long as that lasts.
      if (this.#world.disk.isFull) return;
      if (this.#time.nowUs > until) throw this.#wrong("the exchange neither answers nor comes back");
      await this.#time.pause(500, this.#life);
    }
  }

  /** Starts the process; what becomes of it is heard later. */
  #begin(): void {
    this.#tell("begins");
    const incarnation: Incarnation = new Incarnation(this.#world, {
      onOpen: () => void this.#opened(incarnation).catch((error: unknown) => this.#broken(error)),
      onCommitted: (committed) => this.#committed(incarnation, committed),
      onEnded: (ended) => void this.#ended(incarnation, ended).catch((error: unknown) => this.#broken(error)),
      onTornTail: (tail) => {
        this.#counts["torn tails"] += 1;
        this.#tell(`a torn tail of ${tail.tailBytes} bytes is repaired`);
        this.#require(notKept(tail, this.#world.disk));
      },
      onSnapshot: (report) => {
        this.#tell(JSON.stringify(report));
        this.#require(snapshotFault(report, this.#counts, incarnation));
      },
      onMet: ({ what, path }) => {
        this.#counts["failures met"] += 1;
        this.#tell(`${what} of ${path} fails`);
      },
    });
    this.#now = incarnation;
  }

  async #opened(incarnation: Incarnation): Promise<void> {
    const exchange = incarnation.exchange!;
    this.#counts.recoveries += 1;
    const recovered = await this.#replayed();
    this.#require(lostOrChanged(this.#history, recovered, this.#clients.unknown));
    this.#history = recovered;
    this.#require(this.#world.ledger.look((database) => ledgerFault(database, recovered)));
    exchange.check();
    recovered.check();
    this.#require(differs(exchange, recovered));
    if (exchange.ledger.cursor.seq > recovered.seq) this.#wrong("the ledger is ahead of the journal");
    this.#tell(`recovered to ${recovered.seq}`);
    incarnation.isShown = true;
    this.#clients.retry(exchange);
    if (recovered.accounts === 0) this.#clients.send(exchange, settingUp(this.#plan.world), false);
  }

  /** Every command, right after the projections have seen it and before anybody is answered. */
  #committed(incarnation: Incarnation, committed: Committed): void {
    if (!incarnation.isShown) this.#wrong("a command is shown before recovery is done");
    if (incarnation.hasFailed)
      this.#wrong(`command ${committed.entry.seq} is shown after a write or a sync has failed`);
    const { entry, events } = committed;
    this.#counts.commands += 1;
    this.#tell(
      `${entry.seq} at ${entry.at}: ${entry.requestId} ${entry.command.kind}: ${events.map(({ kind }) => kind).join(" ")}`,
    );
    try {
      const wrong = this.#history.follow(entry, events);
      if (wrong !== null) this.#wrong(wrong);
      this.#sinceChecked += 1;
      if (this.#sinceChecked < this.#plan.checkEvery) return;
      this.#sinceChecked = 0;
      incarnation.exchange!.check();
    } catch (error) {
      this.#broken(error);
    }
  }

  async #crash(restart: Restart): Promise<void> {
    this.#tell(restart.power === null ? "the process dies" : `the power fails: ${restart.power}`);
    if (this.#now !== null && this.#now.exchange === null) this.#counts["recoveries cut short"] += 1;
    await this.#restart(restart);
  }

  async #stop(restart: Restart): Promise<void> {
    const incarnation = this.#now;
    const exchange = incarnation?.exchange ?? null;
    if (incarnation === null || exchange === null) return;
    this.#tell("stops");
    this.#counts["clean stops"] += 1;
    incarnation.isStopping = true;
    const closing: { ended: "yes" | Error | null } = { ended: null };
    exchange.close().then(
      () => {
        closing.ended = "yes";
      },
      (error: Error) => {
        closing.ended = error;
      },
    );
    const until = this.#time.nowUs + PATIENCE_US;
    while (closing.ended === null && incarnation.life.alive && this.#time.nowUs < until) {
      await this.#time.pause(200, this.#life);
    }
    if (!incarnation.life.alive) return;
    const hasCause = incarnation.met.length > 0 || incarnation.hasMetFull || this.#world.disk.isFull;
    if (closing.ended !== "yes" && !hasCause) throw this.#wrong(`a stop does not end well: ${closing.ended}`);
    await this.#restart(restart);
  }

  /** The process has failed by itself and ends, as it must after a failed write or sync. */
  async #ended(incarnation: Incarnation, { during, error }: Ended): Promise<void> {
    if (!incarnation.life.alive) return;
    this.#tell(`ends while ${during}: ${error.message}`);
    // A new exchange that is told at once to wait for space gives up as well.
    const isFull =
      (incarnation.hasMetFull || this.#world.disk.isFull) && (during === "opening" || incarnation.isStopping);
    if (incarnation.met.length === 0 && !isFull) {
      this.#wrong(`it ends while ${during}, and nothing has failed: ${error.stack}`);
    }
    // A supervisor waits a moment before it starts the process again; mostly the machine has stayed up.
    await this.#time.pause(1_000, this.#life);
    if (!incarnation.life.alive) return;
    const power = this.#random.chance(0.7) ? null : ("subset" as const);
    await this.#restart({ seed: this.#random.bits(), power, flips: 0, losesLedger: false });
  }

  async #restart({ seed, power, flips, losesLedger }: Restart): Promise<void> {
    const { disk, ledger } = this.#world;
    const random = new Random(seed);
    this.#restarts += 1;
    const restart = this.#restarts;
    this.#now?.die();
    this.#now = null;
    this.#clients.cutOff();
    if (power === null) this.#counts["process crashes"] += 1;
    else {
      this.#counts["power failures"] += 1;
      disk.powerFails(power, random);
      ledger.powerFails(random);
    }
    if (losesLedger) {
      this.#counts["ledgers lost"] += 1;
      ledger.remove();
    }
    if (flips > 0 && !disk.isFull) await this.#flipBits(flips, random);
    await this.#time.pause(random.between(100, 3_000), this.#life);
    // The power may have failed again meanwhile.
    if (restart === this.#restarts) this.#begin();
  }

  async #flipBits(flips: number, random: Random): Promise<void> {
    if (this.#world.disk.files(".segment").length === 0) return;
    const sound = await this.#replayed();
    for (let i = 0; i < flips; i += 1) {
      const { damage, verdict, wrong } = await judgeFlip(this.#world, random, {
        sound,
        replayed: () => this.#replayed(),
        until: (what, isSo) => this.#until(what, isSo),
      });
      this.#counts["bits flipped"] += 1;
      this.#counts[verdict] += 1;
      this.#tell(`with ${damage.what}: ${verdict}`);
      this.#require(wrong);
    }
  }

  async #replayed(): Promise<History> {
    const recovered = await replayed(JOURNAL_DIRECTORY, auditDisk(this.#world.disk));
    if (typeof recovered === "string") throw this.#wrong(recovered);
    return recovered;
  }

  /** All is well again: what is still open ends, and a last command is taken, and stays. */
  async #settle(): Promise<void> {
    const { disk } = this.#world;
    this.#tell("settles");
    disk.free();
    disk.arm(null);
    disk.slowness = 1;
    await this.#until(
      "the exchange comes back",
      () => this.#now?.isShown === true && this.#history.accounts > 0,
    );
    await this.#until("everything is answered", () => this.#clients.sent.length === 0);
    if (this.#plan.fillsAtEnd) await this.#fillUp();
    const { acknowledgements } = this.#counts;
    await this.#until("the disk's space is seen", () => {
      if (
        this.#clients.sent.length === 0 &&
        this.#counts.acknowledgements === acknowledgements &&
        this.#now?.exchange
      ) {
        this.#clients.send(this.#now.exchange, [LAST_COMMAND], false);
      }
      return this.#counts.acknowledgements > acknowledgements;
    });
    await this.#stop({ seed: 1, power: "drop", flips: 0, losesLedger: false });
    await this.#until("the exchange comes back at the end", () => this.#now?.isShown === true);
    await this.#stop({ seed: 2, power: null, flips: 0, losesLedger: false });
    this.#require(ledgerDiffers(this.#world.ledger, await this.#replayed()));
  }

  /** On a full disk everything new is refused, what is there can be read, and nothing fails. */
  async #fillUp(): Promise<void> {
    const { disk } = this.#world;
    disk.fill(0);
    await this.#time.pause(2_500_000, this.#life);
    const exchange = this.#now?.exchange ?? null;
    // One that happens to start just now may need space to do so, and is back when there is some.
    if (exchange !== null) {
      const refused = this.#counts["turned away: disk full"];
      this.#clients.send(exchange, [LAST_COMMAND], false);
      const isStillFull = disk.freeBytes < RESERVE_BYTES;
      if (isStillFull && this.#counts["turned away: disk full"] === refused)
        this.#wrong("a command is taken though the disk is full");
      this.#require(differs(exchange, this.#history));
    }
    disk.free();
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const until = this.#time.nowUs + PATIENCE_US;
    while (!isSo()) {
      if (this.#time.nowUs > until) throw this.#wrong(`it does not happen that ${what}`);
      await this.#time.pause(20_000, this.#life);
    }
  }

  #require(wrong: string | null): void {
    if (wrong !== null) throw this.#wrong(wrong);
  }

  #broken(error: unknown): void {
    if (!(error instanceof Violation))
      this.#wrong(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** Notes the first thing that is wrong; all that follows may be its consequence. */
  #wrong(what: string): Violation {
    if (this.#violation === null) {
      this.#violation = what;
      this.#tell(`WRONG: ${what}`);
    }
    return new Violation(what);
  }

  #tell(line: string): void {
    const dated = `${(this.#time.nowUs / 1_000).toFixed(3)} ${line}`;
    this.#hash.update(dated);
    this.#onLine(dated);
  }
}
