/** All streams of changes that are open, and what they may take together. */
import type { Readable } from "node:stream";
import type { Seq } from "../../domain/units.ts";
import { Refusal } from "../problems.ts";
import type { ChangeForm } from "./change-forms.ts";
import { ChangeReader, type Recorded } from "./change-reader.ts";
import { ChangeStream } from "./change-stream.ts";
import { ChangeTail, type Committing } from "./change-tail.ts";
import type { ChangeLimits } from "./limits.ts";

export type ChangeWish = {
  readonly after: Seq;
  readonly follows: boolean;
  readonly form: ChangeForm;
  readonly requestId: string;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
};

export class ChangeStreams {
  readonly #exchange: Committing & Recorded;
  readonly #limits: ChangeLimits;
  readonly #tail: ChangeTail;
  readonly #open = new Set<ChangeStream>();
  #isClosed = false;

  constructor(exchange: Committing & Recorded, limits: ChangeLimits) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#tail = new ChangeTail(exchange, limits);
  }

  get count(): number {
    return this.#open.size;
  }

  /** Gives the bytes of a stream, and the last command that there was when it was asked for. */
  async open(wish: ChangeWish): Promise<{ readonly bytes: Readable; readonly appliedSeq: Seq } | Refusal> {
    const { after, follows, form, requestId, gone } = wish;
    const { appliedSeq } = this.#exchange;
    const leave = follows ? this.#tail.join() : () => {};
    const stop = new AbortController();
    const reader = new ChangeReader(
      { tail: this.#tail, exchange: this.#exchange, limits: this.#limits },
      { after, through: follows ? null : appliedSeq, signal: stop.signal },
    );
    const stream = new ChangeStream(reader, { form, requestId, stop, limits: this.#limits });
    const refusal = this.#refusalOf(stream);
    if (refusal === undefined) this.#open.add(stream);
    stream.bytes.once("close", () => {
      this.#open.delete(stream);
      leave();
    });
    gone.addEventListener("abort", () => stream.bytes.destroy());
    const fault = refusal ?? (await stream.begin());
    if (fault === undefined) return { bytes: stream.bytes, appliedSeq };
    stream.bytes.destroy();
    return fault;
  }

  /** Ends all streams between two lines; a reader that does not take what is left is cut. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#open) stream.end();
    setTimeout(() => {
      for (const stream of this.#open) stream.bytes.destroy();
    }, this.#limits.closeGraceMs).unref();
  }

  #refusalOf(stream: ChangeStream): Refusal | undefined {
    const { streamsMax, replaysMax } = this.#limits;
    if (this.#isClosed) return new Refusal("overloaded", "The exchange is stopping.");
    if (this.#open.size >= streamsMax) {
      const detail = `No more than ${streamsMax} change streams can be open; close one first.`;
      return new Refusal("overloaded", detail);
    }
    const replays = [...this.#open].filter(({ isBehind }) => isBehind).length;
    if (!stream.isBehind || replays < replaysMax) return undefined;
    const detail = `No more than ${replaysMax} change streams can read the journal at once; try again when one has come to the present.`;
    return new Refusal("overloaded", detail);
  }
}
