/**
 * One stream of changes on its way to a socket. It pulls: the next piece is asked for when the one before has been taken, so
 * what waits for a slow reader is one piece, and nobody else waits for it.
 */
import { Readable } from "node:stream";
import { problem, Refusal } from "../problems.ts";
import type { ChangeForm } from "./change-forms.ts";
import type { ChangeReader, Told } from "./change-reader.ts";
import type { ChangeLimits } from "./limits.ts";

/** Lets everybody else have a turn: a fast reader would take piece upon piece in one. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The journal cannot be read, or a line cannot be written: a fault of the exchange or of its disk. */
const BROKEN = new Refusal("internal-error");

export class ChangeStream {
  readonly bytes: Readable;
  readonly #reader: ChangeReader;
  readonly #form: ChangeForm;
  readonly #requestId: string;
  readonly #stop: AbortController;
  readonly #limits: ChangeLimits;
  /** What `begin` has read already. */
  #first: Told | null | undefined;
  #stalled: NodeJS.Timeout | undefined;

  /** `stop` ends the reader. */
  constructor(
    reader: ChangeReader,
    options: {
      readonly form: ChangeForm;
      readonly requestId: string;
      readonly stop: AbortController;
      readonly limits: ChangeLimits;
    },
  ) {
    this.#reader = reader;
    this.#form = options.form;
    this.#requestId = options.requestId;
    this.#stop = options.stop;
    this.#limits = options.limits;
    this.bytes = new Readable({
      highWaterMark: options.limits.tailPieceBytes,
      read: () => void this.#pull(),
      destroy: (error, done) => {
        clearTimeout(this.#stalled);
        this.#stop.abort();
        done(error);
      },
    });
  }

  /** Whether it has to read the journal. */
  get isBehind(): boolean {
    return this.#reader.isBehind;
  }

  /** Reads the first piece, so that a client that cannot be served hears of it before anything else. */
  async begin(): Promise<Refusal | undefined> {
    if (this.#reader.isBehind) this.#first = await this.#reader.next();
    // Who follows hears at once that it does, even if there is nothing to tell.
    else if (this.#reader.follows) this.#first = "heartbeat";
    return this.#first instanceof Refusal ? this.#first : undefined;
  }

  /** Ends it behind the last line that was read. */
  end(): void {
    this.#stop.abort();
  }

  async #pull(): Promise<void> {
    clearTimeout(this.#stalled);
    await turn();
    const told = this.#first ?? (await this.#next().catch(() => BROKEN));
    this.#first = undefined;
    if (!this.bytes.destroyed) this.#push(told);
  }

  #push(told: Told | null): void {
    const { stalledMsMax } = this.#limits;
    this.#stalled = setTimeout(() => {
      this.bytes.destroy(new Error(`the reader took nothing for ${stalledMsMax} ms`));
    }, stalledMsMax);
    if (told instanceof Refusal) {
      const words = {
        problem: problem(told, { requestId: this.#requestId }),
        resumeFrom: this.#reader.position,
      };
      this.bytes.push(this.#form.last(words));
    } else if (told !== null) {
      this.bytes.push(told === "heartbeat" ? this.#form.heartbeat : this.#form.told(told));
      return;
    }
    this.bytes.push(null);
  }

  /** A reader that is under way is not told of a moment's haste. */
  async #next(): Promise<Told | null> {
    for (let retries = 0; ; retries += 1) {
      const told = await this.#reader.next();
      const isPassing = told instanceof Refusal && told.code === "overloaded";
      if (!isPassing || retries === this.#limits.retriesMax) return told;
      await pause(this.#limits.retryMs);
    }
  }
}
