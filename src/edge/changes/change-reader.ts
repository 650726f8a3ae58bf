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

/** What the lines of the past are read from, and how far it goes. */
export type Recorded = { readonly appliedSeq: Seq; readonly past: Pick<PastPort, "replay"> };

export type ChangeSource = {
  readonly tail: ChangeTail;
  readonly exchange: Recorded;
  /** Opens a replay, or says that there are too many. */
  readonly replay: () => Replay | Refusal;
  /** Bytes of a piece out of the journal. */
  readonly bytesMax: number;
};

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
    const { exchange, replay, bytesMax } = this.#source;
    if (this.#replay === undefined) {
      const opened = replay();
      if (opened instanceof Refusal) return opened;
      this.#replay = opened;
    }
    const after = this.#position;
    const through = this.#through ?? exchange.appliedSeq;
    const told = await this.#replay.changes({ after, through, bytesMax }, { signal: this.#signal });
    if ("fault" in told) return refusalOf(told.fault);
    const { lines, lastSeq } = told.answer;
    assert(lastSeq > after && lastSeq <= through, "what is asked for is there");
    return { after, lines, lastSeq };
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
