/** Those who wait until a projection has come to a sequence. */
import type { Seq } from "../../domain/units.ts";

/** Reads that wait at once, at most; the next is refused right away. */
const WAITERS_MAX = 10_000;

type Waiter = {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};

export class SeqWaiters {
  readonly #waiters = new Set<Waiter>();
  readonly #refusal: (message: string) => Error;

  /** `refusal` makes the error that those get who waited in vain. */
  constructor(refusal: (message: string) => Error) {
    this.#refusal = refusal;
  }

  get count(): number {
    return this.#waiters.size;
  }

  wait(seq: Seq, timeoutMs: number): Promise<void> {
    if (this.#waiters.size >= WAITERS_MAX) {
      return Promise.reject(this.#refusal("too many reads wait for the ledger"));
    }
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiters.delete(waiter);
        reject(this.#refusal(`the ledger has not reached ${seq} within ${timeoutMs} ms`));
      };
      const waiter = { seq, resolve, reject, timer: setTimeout(giveUp, timeoutMs) };
      this.#waiters.add(waiter);
    });
  }

  reached(seq: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.seq <= seq) this.#settle(waiter, waiter.resolve);
    }
  }

  /** Nothing more will come. */
  end(): void {
    const error = this.#refusal("the ledger has stopped");
    for (const waiter of this.#waiters) this.#settle(waiter, () => waiter.reject(error));
  }

  #settle(waiter: Waiter, settle: () => void): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    settle();
  }
}
