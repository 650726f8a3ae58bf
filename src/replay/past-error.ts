/** Why a question about the past has no answer. */
import type { Seq } from "../domain/units.ts";

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

export class PastError extends Error {
  override readonly name = "PastError";
  readonly fault: PastFault;

  constructor(fault: PastFault) {
    super(`there is no answer about this moment of the past: ${fault.kind}`);
    this.fault = fault;
  }
}
