/**
 * One stream of changes on its way to a socket. It pulls: the next piece is asked for when the one before has been taken, so
 * what waits for a slow reader is one piece, and nobody else waits for it.
 */
import { Readable } from "node:stream";
import { problem, Refusal } from "../problems.ts";
import type { ChangeForm } from "./change-forms.ts";
import type { ChangeReader } from "./change-reader.ts";
import type { ChangePiece } from "./change-tail.ts";
import type { ChangeLimits } from "./limits.ts";

export type ChangeStreamOptions = {
  readonly form: ChangeForm;
  readonly requestId: string;
  /** Ends the reader. */
  readonly stop: AbortController;
  readonly limits: ChangeLimits;
  /** The journal cannot be read, or a line cannot be written. */
  readonly onFault: (error: unknown) => void;
};

/** A refusal is the last thing that is told, null the end without one. */
type Told = ChangePiece | Refusal | null;

/** Lets everybody else have a turn: a fast reader would take piece upon piece in one. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export class ChangeStream {
  readonly bytes: Readable;
  readonly #reader: ChangeReader;
  readonly #options: ChangeStreamOptions;
  /** What has been asked for and is not told yet. */
  #coming: Promise<Told> | undefined;
  /** What `begin` has come to. */
  #first: Told | "heartbeat" | undefined;
  #stalled: NodeJS.Timeout | undefined;

  constructor(reader: ChangeReader, options: ChangeStreamOptions) {
    this.#reader = reader;
    this.#options = options;
    this.bytes = new Readable({
      highWaterMark: options.limits.tailPieceBytes,
      read: () => void this.#pull(),
      destroy: (error, done) => {
        clearTimeout(this.#stalled);
        options.stop.abort();
        done(error);
      },
    });
  }

  /** Reads the first piece, so that a client that cannot be served hears of it before anything else. */
  async begin(): Promise<Refusal | undefined> {
    if (this.#reader.isBehind) {
      this.#first = await this.#next(this.#options.limits.openMsMax);
    } else if (this.#reader.follows) {
      // Who follows hears at once that it does, even if there is nothing to tell.
      this.#first = "heartbeat";
    }
    return this.#first instanceof Refusal ? this.#first : undefined;
  }

  /** Ends it behind the last line that was read. */
  end(): void {
    this.#options.stop.abort();
  }

  async #pull(): Promise<void> {
    clearTimeout(this.#stalled);
    await turn();
    const told = this.#first ?? (await this.#next(this.#options.limits.heartbeatMs));
    this.#first = undefined;
    if (!this.bytes.destroyed) this.#push(told);
  }

  #push(told: Told | "heartbeat"): void {
    const { form, requestId, limits } = this.#options;
    this.#stalled = setTimeout(() => {
      this.bytes.destroy(new Error(`the reader took nothing for ${limits.stalledMsMax} ms`));
    }, limits.stalledMsMax);
    if (told instanceof Refusal) {
      const words = { problem: problem(told, { requestId }), resumeFrom: this.#reader.position };
      this.bytes.push(form.last(words));
    } else if (told !== null) {
      this.bytes.push(told === "heartbeat" ? form.heartbeat : form.told(told));
      return;
    }
    this.bytes.push(null);
  }

  /** Waits for what comes next; at the latest after so long there is a heartbeat, and it goes on coming. */
  async #next(patienceMs: number): Promise<Told | "heartbeat"> {
    this.#coming ??= this.#read();
    const told = await within(patienceMs, this.#coming);
    // What comes while nobody waits for it is told next time.
    if (told !== "heartbeat") this.#coming = undefined;
    return told;
  }

  async #read(): Promise<Told> {
    try {
      return await this.#reader.next();
    } catch (error) {
      this.#options.onFault(error);
      return new Refusal("internal-error");
    }
  }
}

function within(patienceMs: number, coming: Promise<Told>): Promise<Told | "heartbeat"> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => resolve("heartbeat"), patienceMs);
    void coming.then((told) => {
      clearTimeout(patience);
      resolve(told);
    });
  });
}
