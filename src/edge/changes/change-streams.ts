/** All streams of changes that are open, and what they may take together. */
import type { Readable } from "node:stream";
import type { Seq } from "../../domain/units.ts";
import { Refusal } from "../problems.ts";
import type { ChangeForm } from "./change-forms.ts";
import { ChangeReader, type Recorded } from "./change-reader.ts";
import { ChangeStream, type ChangeStreamOptions } from "./change-stream.ts";
import { ChangeTail, type Committing } from "./change-tail.ts";
import type { ChangeLimits } from "./limits.ts";
import { ReplayTurns } from "./replay-turns.ts";

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
  readonly #onFault: (error: unknown) => void;
  readonly #open = new Set<ChangeStream>();
  readonly #turns: ReplayTurns;
  #isClosed = false;

  constructor(
    exchange: Committing & Recorded,
    { limits, onFault }: { readonly limits: ChangeLimits; readonly onFault: (error: unknown) => void },
  ) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#onFault = onFault;
    this.#tail = new ChangeTail(exchange, limits);
    this.#turns = new ReplayTurns(() => exchange.past.replay(), limits);
  }

  get count(): number {
    return this.#open.size;
  }

  /** Gives the bytes of a stream, and the last command that there was when it was asked for. */
  async open(wish: ChangeWish): Promise<{ readonly bytes: Readable; readonly appliedSeq: Seq } | Refusal> {
    const { after, follows, form, requestId, gone } = wish;
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    const { appliedSeq } = this.#exchange;
    const leave = follows ? this.#tail.join() : () => {};
    const stop = new AbortController();
    const reader = new ChangeReader(
      {
        tail: this.#tail,
        exchange: this.#exchange,
        replay: (signal) => this.#turns.take(signal),
        limits: this.#limits,
      },
      { after, through: follows ? null : appliedSeq, signal: stop.signal },
    );
    const { bytes, stream } = this.#streamOf(reader, { form, requestId, stop });
    bytes.once("close", leave);
    gone.addEventListener("abort", () => bytes.destroy());
    const fault = await stream.begin();
    if (fault === undefined) return { bytes, appliedSeq };
    bytes.destroy();
    // Its place is free at once, and not only when the bytes are closed.
    this.#open.delete(stream);
    leave();
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

  #streamOf(
    reader: ChangeReader,
    options: Pick<ChangeStreamOptions, "form" | "requestId" | "stop">,
  ): { readonly bytes: Readable; readonly stream: ChangeStream } {
    const stream = new ChangeStream(reader, { ...options, limits: this.#limits, onFault: this.#onFault });
    const { bytes } = stream;
    this.#open.add(stream);
    bytes.once("close", () => this.#open.delete(stream));
    return { bytes, stream };
  }

  #refusal(): Refusal | undefined {
    const { streamsMax } = this.#limits;
    if (this.#isClosed) return new Refusal("overloaded", "The exchange is stopping.");
    if (this.#open.size < streamsMax) return undefined;
    return new Refusal(
      "overloaded",
      `No more than ${streamsMax} change streams can be open; close one first.`,
    );
  }
}
