/**
 * What others have already seen of the journal. A ledger or a snapshot that stands at a sequence proves that
 * the journal once reached it: an end below a watermark is a loss, and another hash another journal.
 */
import type { Seq } from "../domain/units.ts";
import { DamagedJournalError } from "./errors.ts";
import type { Frame } from "./frame.ts";

export type Watermark = {
  /** Who stands there, in the words of a message to the operator: "the ledger". */
  readonly holder: string;
  /** The last sequence that it has seen; 0 is none. */
  readonly seq: Seq;
  /** The hash of the frame that holds this sequence, if the holder keeps it. */
  readonly frameHash: string | null;
};

/** Where a reading begins that does not begin with the first frame. */
type JournalStart = {
  readonly file: string;
  readonly offset: number;
  readonly nextSeq: Seq;
  readonly hash: Buffer;
  /** Whether the frame before is that of a clean stop. */
  readonly closed: boolean;
};

export class Watermarks {
  readonly #rising: readonly Watermark[];
  #next = 0;

  /** What lies before `start` is not read again; what stands there must know the same frame. */
  constructor(watermarks: readonly Watermark[], start?: JournalStart | undefined) {
    this.#rising = watermarks.filter(({ seq }) => seq > 0).sort((a, b) => a.seq - b.seq);
    if (start === undefined) return;
    for (; this.#next < this.#rising.length; this.#next += 1) {
      const { holder, seq, frameHash } = this.#rising[this.#next]!;
      if (seq >= start.nextSeq) return;
      // Behind the frame of a clean stop the hash is that frame's, which holds no sequence.
      if (seq < start.nextSeq - 1 || start.closed) continue;
      if (frameHash === null || frameHash === start.hash.toString("hex")) continue;
      throw otherJournal(holder, { file: start.file, offset: start.offset, seq });
    }
  }

  /** Checks the watermarks that lie in a frame; the frames come in order. */
  checkFrame({ firstSeq, entries, hash, offset }: Frame, file: string): void {
    const nextSeq = firstSeq + entries.length;
    for (; this.#next < this.#rising.length; this.#next += 1) {
      const { holder, seq, frameHash } = this.#rising[this.#next]!;
      if (seq >= nextSeq) return;
      if (frameHash === null || frameHash === hash) continue;
      throw otherJournal(holder, { file, offset, seq });
    }
  }

  /** Checks at the end of the journal that none lies beyond it. */
  checkEnd(end: {
    readonly file: string;
    readonly offset: number;
    readonly nextSeq: Seq;
    readonly torn: boolean;
  }): void {
    const beyond = this.#rising.at(-1);
    if (beyond === undefined || beyond.seq < end.nextSeq) return;
    const ending = end.torn ? "a damaged frame follows" : "the journal ends";
    const what = `${ending} after sequence ${end.nextSeq - 1}, but ${beyond.holder} has seen ${beyond.seq}`;
    throw new DamagedJournalError({ file: end.file, offset: end.offset, seq: end.nextSeq, what });
  }
}

function otherJournal(
  holder: string,
  place: { readonly file: string; readonly offset: number; readonly seq: Seq },
): DamagedJournalError {
  const what = `${holder} knows another frame at this sequence, so it belongs to another journal`;
  const remedy = `Bring back the journal that belongs to it, or remove ${holder} to have it rebuilt.`;
  return new DamagedJournalError({ ...place, what, remedy });
}
