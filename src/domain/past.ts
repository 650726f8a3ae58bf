/** The vocabulary of questions about what was: for which moment they can be asked, and why one has no answer. */
import type { Sequenced } from "./commands.ts";
import type { Seq } from "./units.ts";

/** A moment, by its last command or by a time: then it is after the last command at or before that. */
export type AsOf = { readonly seq: number } | { readonly at: number };

/** Why a question about the past has no answer. */
export type PastFault =
  /** The moment is before the first command. */
  | { readonly kind: "before-the-beginning" }
  /** It is to come; `seq` is the last command that is durable. */
  | { readonly kind: "after-now"; readonly seq: Seq }
  /** The journal does not go back so far any more; what is asked about this sequence or a later one can be answered. */
  | { readonly kind: "removed"; readonly oldestSeq: Seq | null }
  /** Too many questions wait already. */
  | { readonly kind: "too-many" }
  /** It took longer than a question may. */
  | { readonly kind: "too-long" }
  /** The state then does not fit into the memory that a question may take. */
  | { readonly kind: "too-large" }
  /** Who asked does not want to know any more, or the exchange is closing. */
  | { readonly kind: "given-up" };

/** Where the frame stands that holds a command. */
export type FramePlace = {
  readonly segment: number;
  /** The segment's name in the journal's directory. */
  readonly file: string;
  /** In bytes from the start of the segment; `bytes` is the length of the whole frame. */
  readonly offset: number;
  readonly bytes: number;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly epoch: number;
  /** The frame's chained hash, 64 hexadecimal characters. */
  readonly hash: string;
};

/** A command as it was journaled, and the frame that holds it. */
export type Journaled = { readonly entry: Sequenced; readonly place: FramePlace };
