/**
 * Reads the change stream from any sequence on: out of the journal for as long as it is behind what is kept of the latest
 * commands, and from those when it has come to them. It knows one place, the last line that it gave, and asks both for what
 * comes behind that: so nothing is missing and nothing comes twice, however often it changes from one to the other.
 */
import { assert } from "../../domain/assert.ts";
import type { PastFault } from "../../domain/past.ts";
import type { Seq } from "../../domain/units.ts";
import type { PastPort, Replay } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import type { ChangePiece, ChangeTail } from "./change-tail.ts";
import type { ChangeLimits } from "./limits.ts";

/** What the lines of the past are read from, and how far it goes. */
export type Recorded = { readonly appliedSeq: Seq; readonly past: Pick<PastPort, "replay"> };

export type ChangeSource = {
  readonly tail: ChangeTail;
  readonly exchange: Recorded;
  /** Opens a replay when the turn for it has come, or says that it did not come. */
  readonly replay: (signal: AbortSignal) => Promise<Replay | Refusal>;
  readonly limits: Pick<ChangeLimits, "pastPieceBytes" | "retryMs" | "retriesMax">;
};

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class ChangeReader {
  readonly #source: ChangeSource;
  readonly #signal: AbortSignal;
  /** Where it ends; null if it follows for ever. */
  readonly #through: Seq | null;
  /** While it is behind. */
  #replay: Replay | undefined;
  #position: Seq;

  /** The signal ends it. */
  constructor(
    source: ChangeSource,
    { after, through, signal }: { after: Seq; through: Seq | null; signal: AbortSignal },
  ) {
    this.#source = source;
    this.#position = after;
    this.#through = through;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#endReplay());
  }

  /** The last line that was given. */
  get position(): Seq {
    return this.#position;
  }

  get follows(): boolean {
    return this.#through === null;
  }

  /** Whether what comes next has to be read from the journal. */
  get isBehind(): boolean {
    return this.#position !== this.#through && !this.#source.tail.holds(this.#position);
  }

  /** Waits for what comes next; null at the end. */
  async next(): Promise<ChangePiece | Refusal | null> {
    const { tail } = this.#source;
    while (!this.#signal.aborted && this.#position !== this.#through) {
      const told = this.isBehind ? await this.#readPast() : this.#readTail();
      if (told instanceof Refusal) return this.#signal.aborted ? null : told;
      if (told !== null) {
        this.#position = told.lastSeq;
        return told;
      }
      await tail.more(this.#signal);
    }
    this.#endReplay();
    return null;
  }

  #readTail(): ChangePiece | null {
    this.#endReplay();
    return this.#source.tail.behind(this.#position, this.#through);
  }

  async #readPast(): Promise<ChangePiece | Refusal> {
    const replay = this.#replay ?? (await this.#openReplay());
    if (replay instanceof Refusal) return replay;
    const { exchange, limits } = this.#source;
    const after = this.#position;
    const through = this.#through ?? exchange.appliedSeq;
    const asked = { after, through, bytesMax: limits.pastPieceBytes };
    for (let retries = 0; ; retries += 1) {
      const told = await replay.changes(asked, { signal: this.#signal });
      if ("answer" in told) {
        const { lines, lastSeq } = told.answer;
        assert(lastSeq > after && lastSeq <= through, "what is asked for is there");
        return { after, lines, lastSeq };
      }
      const { kind } = told.fault;
      // A reader is not told of a moment's haste.
      const isPassing = kind === "too-long" || kind === "too-many";
      if (!isPassing || retries === limits.retriesMax || this.#signal.aborted) return refusalOf(told.fault);
      await pause(limits.retryMs);
    }
  }

  async #openReplay(): Promise<Replay | Refusal> {
    const opened = await this.#source.replay(this.#signal);
    if (opened instanceof Refusal) return opened;
    this.#replay = opened;
    // Who has left meanwhile gives it back.
    if (this.#signal.aborted) this.#endReplay();
    return opened;
  }

  #endReplay(): void {
    void this.#replay?.close();
    this.#replay = undefined;
  }
}

function refusalOf(fault: PastFault): Refusal {
  if (fault.kind !== "removed") {
    return new Refusal("overloaded", "The journal could not be read in time; try again.");
  }
  const left =
    fault.oldestSeq === null
      ? "it cannot be resumed from any sequence of the past"
      : `the oldest sequence to resume from is ${fault.oldestSeq}`;
  return new Refusal("history-removed", `The journal does not go back so far any more; ${left}.`);
}
