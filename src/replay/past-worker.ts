/** The thread of the past: answers one question after another, and keeps the state of the last for the next. */
import { parentPort, workerData } from "node:worker_threads";
import type { PastFault } from "../domain/past.ts";
import type { Seq } from "../domain/units.ts";
import { messageOf, NICENESS, yieldToOrders } from "../projections/threads.ts";
import { type Now, Past, seqAsOf } from "./past.ts";
import { PastError } from "./past-error.ts";
import type { PastDesk, PastQuestion } from "./past-question.ts";
import { PAST_QUESTIONS, type PastName } from "./past-questions.ts";
import { storedSnapshots } from "./stored-snapshots.ts";

export type ToPast =
  | {
      readonly kind: "ask";
      readonly id: number;
      readonly name: PastName;
      readonly asked: unknown;
      readonly now: Now;
    }
  /** Nobody wants to know any more. */
  | { readonly kind: "stop"; readonly id: number };

/** What comes of a question. */
export type FromPast =
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "fault"; readonly id: number; readonly fault: PastFault }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** A snapshot that is nearer by so many commands is loaded; to replay fewer is cheaper than to load it. */
const COMMANDS_WORTH_A_SNAPSHOT = 50_000;

const port = parentPort!;
const directory = workerData as string;
const post = (message: FromPast) => port.postMessage(message);

/** The question that is being answered. */
let current: { readonly id: number; readonly stop: AbortController } | undefined;
let kept: Past | undefined;

yieldToOrders(NICENESS.past);
port.on("message", (message: ToPast) => {
  if (message.kind === "ask") void answer(message);
  else if (message.id === current?.id) current.stop.abort(new PastError({ kind: "given-up" }));
});

async function answer({ id, name, asked, now }: ToPast & { kind: "ask" }): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  current = { id, stop };
  const desk: PastDesk = {
    directory,
    now,
    signal,
    seqAsOf: (asOf) => seqAsOf(directory, asOf, now),
    past: (seq) => pastAt(seq, { durableSeq: now.seq, signal }),
  };
  try {
    const question = PAST_QUESTIONS[name] as PastQuestion<unknown, unknown>;
    post({ kind: "answer", id, answer: await question(asked, desk) });
  } catch (error) {
    if (error instanceof PastError) {
      post({ kind: "fault", id, fault: error.fault });
    } else {
      // Whatever state a fault left is not gone on with.
      kept = undefined;
      post({ kind: "failed", id, message: messageOf(error) });
    }
  }
}

/** Goes on from the state that is there, or from the nearest snapshot; one that is given up stays where it came to. */
async function pastAt(
  seq: Seq,
  way: { readonly durableSeq: Seq; readonly signal: AbortSignal },
): Promise<Past> {
  if (kept !== undefined && (kept.seq > seq || (await isSnapshotNearer(kept.seq, seq)))) {
    // Two states at once would take twice the memory.
    kept = undefined;
  }
  try {
    kept ??= await Past.nearest(directory, seq);
    await kept.goTo(seq, way);
  } catch (error) {
    if (!(error instanceof PastError && error.fault.kind === "removed")) throw error;
    // What comes next to this state is gone; perhaps a snapshot is behind that.
    kept = undefined;
    kept = await Past.nearest(directory, seq);
    await kept.goTo(seq, way);
  }
  return kept;
}

async function isSnapshotNearer(from: Seq, to: Seq): Promise<boolean> {
  if (to - from <= COMMANDS_WORTH_A_SNAPSHOT) return false;
  const { files } = await storedSnapshots(directory);
  return files.some((file) => file.seq <= to && file.seq - from > COMMANDS_WORTH_A_SNAPSHOT);
}
