/**
 * Asks the thread of the past, which takes nothing from the running exchange but some of a processor that nobody else
 * wants: one question at a time, a bounded number of them waiting, each with a limit of time. The thread is started by
 * the first question, and ended when nobody has asked for a while.
 */
import type { Worker } from "node:worker_threads";
import type { PastFault } from "../domain/past.ts";
import { type Clock, nodeClock } from "../journal/clock.ts";
import { EXTENSION, startThread } from "../projections/threads.ts";
import type { Now } from "./past.ts";
import type { AnswerOf, AskedOf, PastName } from "./past-questions.ts";
import type { FromPast, ToPast } from "./past-worker.ts";

/** What questions about the past may take; beyond it they are refused, and orders do not notice. */
export const PAST_LIMITS = {
  /** Questions that may wait for the one that is being answered. */
  waitingMax: 32,
  /** From asking to the answer. */
  questionMs: 30_000,
  /** A thread that does not give up a question within this is ended. */
  stopMs: 5_000,
  /** After so long without a question the thread is ended, and the memory of its state is free again. */
  idleMs: 60_000,
  /** What the thread may take of the heap. */
  heapMb: 2_048,
} as const;
type PastLimits = { readonly [Name in keyof typeof PAST_LIMITS]: number };

export type PastThreadOptions = {
  /** The data directory. */
  readonly directory: string;
  /** How far the live exchange is: nothing behind it is read. */
  readonly now: () => Now;
  readonly limits?: Partial<PastLimits>;
  readonly clock?: Clock;
};

export type Asking = {
  /** Gives the question up. */
  readonly signal?: AbortSignal | undefined;
};

/** What comes of a question. */
export type Told<Name extends PastName> = { readonly answer: AnswerOf<Name> } | { readonly fault: PastFault };

type Question = {
  readonly id: number;
  readonly ask: () => ToPast;
  /** Settles it; what comes later changes nothing. */
  readonly settle: (outcome: Outcome) => void;
};

type Outcome = { readonly answer: unknown } | { readonly fault: PastFault } | { readonly error: Error };

export class PastThread {
  readonly #options: PastThreadOptions;
  readonly #limits: PastLimits;
  readonly #clock: Clock;
  #thread: Worker | undefined;
  #waiting: Question[] = [];
  #current: Question | undefined;
  #lastId = 0;
  #isClosed = false;
  #callOffEnd = () => {};

  constructor(options: PastThreadOptions) {
    this.#options = options;
    this.#limits = { ...PAST_LIMITS, ...options.limits };
    this.#clock = options.clock ?? nodeClock;
  }

  /** Gives the answer, or why there is none; rejects for what is a fault of ours, or damage. */
  ask<Name extends PastName>(name: Name, asked: AskedOf<Name>, { signal }: Asking = {}): Promise<Told<Name>> {
    if (this.#isClosed || signal?.aborted) return Promise.resolve({ fault: { kind: "given-up" } });
    const { waitingMax, questionMs } = this.#limits;
    if (this.#waiting.length >= waitingMax) return Promise.resolve({ fault: { kind: "too-many" } });
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const giveUp = (fault: PastFault) => this.#giveUp(question, { fault });
      const onAbort = () => giveUp({ kind: "given-up" });
      const callOff = this.#clock.after(questionMs, () => giveUp({ kind: "too-long" }));
      const question: Question = {
        id,
        ask: () => ({ kind: "ask", id, name, asked, now: this.#options.now() }),
        settle: (outcome) => {
          callOff();
          signal?.removeEventListener("abort", onAbort);
          if ("error" in outcome) reject(outcome.error);
          else resolve(outcome as Told<Name>);
        },
      };
      signal?.addEventListener("abort", onAbort);
      this.#waiting.push(question);
      this.#goOn();
    });
  }

  /** Gives up all questions, and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const outcome = { fault: { kind: "given-up" } } as const;
    for (const question of this.#waiting.splice(0)) question.settle(outcome);
    await this.#end(outcome);
  }

  #goOn(): void {
    if (this.#current !== undefined) return;
    this.#callOffEnd();
    this.#current = this.#waiting.shift();
    if (this.#current === undefined) {
      this.#callOffEnd = this.#clock.after(this.#limits.idleMs, () => void this.#end());
    } else {
      this.#thread ??= this.#start();
      this.#thread.postMessage(this.#current.ask());
    }
  }

  #start(): Worker {
    const url = new URL(`./past-worker${EXTENSION}`, import.meta.url);
    const { directory } = this.#options;
    const thread = startThread(url, directory, { maxOldGenerationSizeMb: this.#limits.heapMb });
    thread.on("message", (message: FromPast) => this.#hear(thread, message));
    thread.on("error", (error) => this.#ended(thread, error));
    thread.on("exit", () => this.#ended(thread, new Error("the thread of the past has ended")));
    thread.unref();
    return thread;
  }

  #hear(thread: Worker, message: FromPast): void {
    const current = this.#current;
    if (thread !== this.#thread || message.id !== current?.id) return;
    this.#callOffEnd();
    this.#current = undefined;
    if (message.kind === "failed") {
      current.settle({ error: new Error(`the past could not be read: ${message.message}`) });
    } else {
      current.settle(message);
    }
    this.#goOn();
  }

  /** One that waits is forgotten at once; the thread is told of the one that it is at, and ended if it does not hear. */
  #giveUp(question: Question, outcome: Outcome): void {
    question.settle(outcome);
    this.#waiting = this.#waiting.filter((waiting) => waiting !== question);
    if (question !== this.#current) return;
    this.#thread?.postMessage({ kind: "stop", id: question.id } satisfies ToPast);
    this.#callOffEnd();
    this.#callOffEnd = this.#clock.after(this.#limits.stopMs, () => void this.#end(outcome));
  }

  /** The thread has ended by itself, for want of memory or by a fault of ours. */
  #ended(thread: Worker, error: Error): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    const isTooLarge = "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
    this.#drop(isTooLarge ? { fault: { kind: "too-large" } } : { error });
  }

  async #end(outcome?: Outcome): Promise<void> {
    this.#callOffEnd();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
    if (outcome !== undefined) this.#drop(outcome);
  }

  /** What the thread was at has no answer; those that wait are for another thread. */
  #drop(outcome: Outcome): void {
    const current = this.#current;
    this.#current = undefined;
    current?.settle(outcome);
    if (!this.#isClosed) this.#goOn();
  }
}
