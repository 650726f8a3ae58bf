/**
 * What a question about the past is: a function that runs in the thread of the past, with the state there to be asked
 * for. Each is a file of its own, and has a line in the table of past-questions.ts.
 */
import type { AsOf } from "../domain/past.ts";
import type { Seq } from "../domain/units.ts";
import type { Now, Past } from "./past.ts";

/** What the thread has for a question, while it is being answered. */
export type PastDesk = {
  /** The data directory. */
  readonly directory: string;
  /** How far the live exchange was when the question was taken up; nothing behind that is read. */
  readonly now: Now;
  /** Aborted when nobody wants to know any more. */
  readonly signal: AbortSignal;
  /** @throws PastError for a moment that was not yet, or is not kept any more */
  seqAsOf(asOf: AsOf): Promise<Seq>;
  /**
   * The state right after a sequence; the question may read on from there. It is the thread's, and the next question
   * goes on with it if it asks about something later. @throws PastError
   */
  past(seq: Seq): Promise<Past>;
};

/** Takes and gives what can be sent from thread to thread. */
export type PastQuestion<Asked, Answer> = (asked: Asked, desk: PastDesk) => Promise<Answer>;
