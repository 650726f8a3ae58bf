/**
 * The single writer. It gives every command its place and time, has the journal write what has gathered as
 * one frame, and only when that is on disk lets the engine apply it, tells the projections and then answers.
 * What arrives during a write shares the next one, so load buys throughput and there is no timer to tune.
 */
import { assert } from "../domain/assert.ts";
import { ByteWriter } from "../domain/codec.ts";
import type { Command, Request, Sequenced } from "../domain/commands.ts";
import { encodeOutcome } from "../domain/event-codec.ts";
import type { Committed, CommittedFrame, Event } from "../domain/events.ts";
import { type EpochMs, epochMs, type Seq, seq } from "../domain/units.ts";
import { nodeTimers, type Timers } from "./timers.ts";

/** Commands that may wait for a frame; the next one is told `overloaded`. */
export const WAITING_MAX = 20_000;
/**
 * While a command has waited for longer than this for a frame, no further ones are taken but those that end
 * orders: whoever asks for more than can be done hears of it at once, and what is taken is done in time.
 */
export const WAITED_MS_MAX = 1_000;
/** Commands in one frame at most: far below the journal's bound of bytes, whatever they carry. */
export const BATCH_MAX = 512;
/** Entries of a settlement that take as much room in a frame as a command, at most. */
const ENTRIES_A_COMMAND = 10;
/** Commands that are submitted together at most; a frame has room for many such groups. */
export const TOGETHER_MAX = 50;
/** The longest time that a timer may be set to, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Whoever wants out of the market gets out, as long as there is room at all. */
const ENDS_ORDERS: ReadonlySet<Command["kind"]> = new Set([
  "CancelOrder",
  "CancelAllOrders",
  "SetCancelAfter",
]);

/** Why a command is not taken; nothing was decided. */
export type Refusal = "overloaded" | "disk-full" | "journal-failed";

/** A command that is on disk, applied, and seen by the live projections. */
export type Done<P> = { readonly committed: Committed; readonly projected: P };

/** What becomes of a submitted command. After `failed` it is unknown whether it reached the disk. */
export type Outcome<P> = Done<P> | { readonly failed: Error };

/** What becomes of commands that were submitted together, in their order. */
export type OutcomeTogether<P> = { readonly done: readonly Done<P>[] } | { readonly failed: Error };

/** What the sequencer needs from its neighbours; they fit by shape and do not import this file. */
export type Neighbours<P> = {
  readonly journal: {
    append(entries: readonly Sequenced[]): Promise<string>;
    witness(outcomes: Uint8Array): void;
    readonly accepting: boolean;
  };
  readonly engine: { apply(entry: Sequenced): Event[]; readonly nextExpiry: EpochMs | null };
  /** Shows a command to the live projections; what it gives is what the command is answered with. */
  readonly project: (committed: Committed) => P;
  /** Hands on a frame, whole, once all of it is projected and answered. */
  readonly publish: (frame: CommittedFrame) => void;
  /** Whether somebody downstream is too far behind to take more. */
  readonly saturated: () => boolean;
  readonly now: () => EpochMs;
  readonly newRequestId: () => string;
  readonly timers?: Timers;
  /** The disk failed, or a fault of ours was found: nothing more is acknowledged, and the process must stop. */
  readonly onFailure: (error: Error) => void;
};

type Answer<P> = (outcome: Outcome<P>) => void;
/** `behind` says how many of those that follow were submitted together with this one. */
type Waiting<P> = {
  readonly request: Request;
  readonly answer: Answer<P>;
  readonly behind: number;
  /** When it came, in milliseconds of the timers. */
  readonly since: number;
};
type Stampable<P> = Pick<Waiting<P>, "request" | "answer">;
type Stamped<P> = { readonly entry: Sequenced; readonly answer: Answer<P> };

export class Sequencer<P> {
  readonly #neighbours: Neighbours<P>;
  readonly #timers: Timers;
  readonly #writer = new ByteWriter();
  #waiting: Waiting<P>[] = [];
  /** The frame that is being written, applied and answered. */
  #inFlight: Stamped<P>[] = [];
  /** How many of these have been answered. */
  #answered = 0;
  #appendedSeq: Seq;
  #appliedSeq: Seq;
  #at: EpochMs;
  #running = false;
  #failed: Error | null = null;
  #closing: (() => void) | null = null;
  #callOffTimer = () => {};

  constructor(start: { readonly seq: Seq; readonly at: EpochMs }, neighbours: Neighbours<P>) {
    this.#neighbours = neighbours;
    this.#timers = neighbours.timers ?? nodeTimers;
    this.#appendedSeq = start.seq;
    this.#appliedSeq = start.seq;
    this.#at = start.at;
    this.#setTimer();
  }

  /** The last command that was handed to the journal. */
  get appendedSeq(): Seq {
    return this.#appendedSeq;
  }

  /** The last command that is on disk and applied. */
  get appliedSeq(): Seq {
    return this.#appliedSeq;
  }

  /** The time of the last frame, on disk or on its way there: no later one has an earlier time. */
  get lastAt(): EpochMs {
    return this.#at;
  }

  /**
   * Takes a command, or says at once why not. `answer` is called once, when the command is on disk, applied
   * and projected, or when the disk failed.
   */
  submit(request: Request, answer: Answer<P>): Refusal | null {
    const since = this.#timers.elapsed();
    const refusal = this.#refusalOf(request, { commands: 1, now: since });
    if (refusal !== null) return refusal;
    this.#waiting.push({ request, answer, behind: 0, since });
    this.#start();
    return null;
  }

  /**
   * Takes a group of commands, all of them or none: their sequences are consecutive, in one frame, and nothing
   * comes between them. `answer` is called once, when the last of them is on disk, applied and projected.
   */
  submitTogether(
    requests: readonly Request[],
    answer: (outcome: OutcomeTogether<P>) => void,
  ): Refusal | null {
    assert(requests.length >= 1 && requests.length <= TOGETHER_MAX, "a group of commands is bounded");
    const since = this.#timers.elapsed();
    const refusal = this.#refusalOf(requests[0]!, { commands: requests.length, now: since });
    if (refusal !== null) return refusal;
    const gather = gathering(requests.length, answer);
    for (const [place, request] of requests.entries()) {
      this.#waiting.push({ request, answer: gather, behind: requests.length - 1 - place, since });
    }
    this.#start();
    return null;
  }

  /** Finishes what waits, and takes nothing more. */
  close(): Promise<void> {
    this.#callOffTimer();
    return new Promise((resolve) => {
      this.#closing = resolve;
      if (!this.#running) resolve();
    });
  }

  #refusalOf({ command }: Request, { commands, now }: { commands: number; now: number }): Refusal | null {
    if (this.#failed !== null) return "journal-failed";
    if (this.#closing !== null) return "overloaded";
    if (!this.#neighbours.journal.accepting) return "disk-full";
    const oldest = this.#waiting[0];
    const isLate =
      oldest !== undefined && now - oldest.since > WAITED_MS_MAX && !ENDS_ORDERS.has(command.kind);
    const isFull = this.#waiting.length + commands > WAITING_MAX;
    return isLate || isFull || this.#neighbours.saturated() ? "overloaded" : null;
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    // Whatever the same turn of the event loop still brings shares the first frame.
    this.#timers.soon(() => {
      this.#run().catch((error: Error) => this.#fail(error));
    });
  }

  async #run(): Promise<void> {
    while (this.#failed === null && (this.#waiting.length > 0 || this.#expiryIsDue())) await this.#commit();
    this.#running = false;
    this.#setTimer();
    this.#closing?.();
  }

  /** One frame: stamp, write and sync, then apply, project and answer each in order. */
  async #commit(): Promise<void> {
    const { journal, engine, project, publish } = this.#neighbours;
    const batch = this.#nextBatch();
    const entries = batch.map(({ entry }) => entry);
    this.#inFlight = batch;
    this.#answered = 0;
    const hash = await journal.append(entries);

    const committed: Committed[] = [];
    this.#writer.clear();
    for (const { entry, answer } of batch) {
      const outcome = { entry, events: engine.apply(entry) };
      encodeOutcome(this.#writer, outcome);
      committed.push(outcome);
      this.#appliedSeq = entry.seq;
      const projected = project(outcome);
      this.#answered += 1;
      answer({ committed: outcome, projected });
    }
    this.#inFlight = [];
    const outcomes = this.#writer.view();
    journal.witness(outcomes);
    publish({ committed, hash, outcomes });
  }

  /** Gives the next commands their places and one time; expiries that are due come first. */
  #nextBatch(): Stamped<P>[] {
    const { now, newRequestId } = this.#neighbours;
    this.#at = epochMs(Math.max(now(), this.#at));
    const taken: Stampable<P>[] = this.#waiting.splice(0, this.#batchLength());
    if (this.#expiryIsDue()) {
      const request = {
        requestId: newRequestId(),
        traceId: null,
        command: { kind: "ExpireOrders" },
      } as const;
      taken.unshift({ request, answer: () => {} });
    }
    return taken.map(({ request, answer }) => {
      this.#appendedSeq = seq(this.#appendedSeq + 1);
      const { requestId, traceId, command } = request;
      return { entry: { seq: this.#appendedSeq, at: this.#at, requestId, traceId, command }, answer };
    });
  }

  /** What a frame takes of those that wait: a group that it would part is left, whole, to the next one. */
  #batchLength(): number {
    let length = 0;
    for (let room = BATCH_MAX; length < this.#waiting.length; length += 1) {
      room -= roomOf(this.#waiting[length]!.request.command);
      if (room < 0) break;
    }
    while (length > 0 && this.#waiting[length - 1]!.behind > 0) length -= 1;
    return length;
  }

  #expiryIsDue(): boolean {
    const { engine, now } = this.#neighbours;
    return engine.nextExpiry !== null && engine.nextExpiry <= Math.max(now(), this.#at);
  }

  /** Wakes the sequencer when the next order expires or an account's switch runs out, if nothing else does before. */
  #setTimer(): void {
    this.#callOffTimer();
    const { engine, now } = this.#neighbours;
    if (engine.nextExpiry === null || this.#failed !== null || this.#closing !== null) return;
    const waitMs = Math.min(Math.max(engine.nextExpiry - now(), 0), TIMER_MS_MAX);
    this.#callOffTimer = this.#timers.after(waitMs, () => this.#start());
  }

  /** Nothing is acknowledged after this, and nobody is left waiting. */
  #fail(error: Error): void {
    assert(this.#failed === null, "the sequencer fails once");
    this.#failed = error;
    const unanswered = [...this.#inFlight.slice(this.#answered), ...this.#waiting];
    for (const { answer } of unanswered) answer({ failed: error });
    this.#inFlight = [];
    this.#waiting = [];
    this.#running = false;
    this.#closing?.();
    this.#neighbours.onFailure(error);
  }
}

/** What a command takes of a frame, as a number of ordinary commands. */
function roomOf(command: Command): number {
  return command.kind === "SettleFunds" ? 1 + Math.ceil(command.entries.length / ENTRIES_A_COMMAND) : 1;
}

/** Answers a group once: with all that its commands did, or with the first failure. */
function gathering<P>(count: number, answer: (outcome: OutcomeTogether<P>) => void): Answer<P> {
  const done: Done<P>[] = [];
  let hasFailed = false;
  return (outcome) => {
    if (hasFailed) return;
    if ("failed" in outcome) {
      hasFailed = true;
      answer(outcome);
      return;
    }
    done.push(outcome);
    if (done.length === count) answer({ done });
  };
}
