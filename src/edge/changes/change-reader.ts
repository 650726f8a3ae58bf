/**
 * Reads the change stream from any sequence on: out of the journal for as long as it is behind what is kept of the latest
 * commands, and from those when it has come to them. It knows one place, the last line that it gave, and asks both for what
 * comes behind that: so nothing is missing and nothing comes twice, however often it changes from one to the other.
 */
import { assert } from "../../domain/assert.ts";
import type { Seq } from "../../domain/units.ts";
import type { PastFault, PastPort } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import type { ChangePiece, ChangeTail } from "./change-tail.ts";
import type { ChangeLimits } from "./limits.ts";

/** `heartbeat`: there is nothing to tell. A refusal is the last thing that is given. */
export type Told = ChangePiece | "heartbeat" | Refusal;

/** What the lines of the past are read from, and how far it goes. */
export type Recorded = { readonly appliedSeq: Seq; readonly past: Pick<PastPort, "changes"> };

export type ChangeSource = {
  readonly tail: ChangeTail;
  readonly exchange: Recorded;
  readonly limits: ChangeLimits;
};

export class ChangeReader {
  readonly #source: ChangeSource;
  readonly #signal: AbortSignal;
  /** Where it ends; null if it follows for ever. */
  readonly #through: Seq | null;
  #position: Seq;

  constructor(
    source: ChangeSource,
    { after, through, signal }: { after: Seq; through: Seq | null; signal: AbortSignal },
  ) {
    this.#source = source;
    this.#position = after;
    this.#through = through;
    this.#signal = signal;
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
  async next(): Promise<Told | null> {
    const { tail, limits } = this.#source;
    for (let hasWaited = false; ; hasWaited = true) {
      if (this.#signal.aborted || this.#position === this.#through) return null;
      const told = this.isBehind ? await this.#readPast() : tail.behind(this.#position, this.#through);
      if (told instanceof Refusal) return this.#signal.aborted ? null : told;
      if (told !== null) {
        this.#position = told.lastSeq;
        return told;
      }
      if (hasWaited) return "heartbeat";
      await tail.more(limits.heartbeatMs, this.#signal);
    }
  }

  async #readPast(): Promise<ChangePiece | Refusal> {
    const { exchange, limits } = this.#source;
    const after = this.#position;
    const through = this.#through ?? exchange.appliedSeq;
    const asked = { after, through, bytesMax: limits.pastPieceBytes };
    const told = await exchange.past.changes(asked, { signal: this.#signal });
    if ("fault" in told) return refusalOf(told.fault);
    const { lines, lastSeq } = told.answer;
    assert(lastSeq > after && lastSeq <= through, "what is asked for is there");
    return { after, lines, lastSeq };
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
