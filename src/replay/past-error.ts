/** Thrown where a question about the past has no answer. */
import type { PastFault } from "../domain/past.ts";

export class PastError extends Error {
  override readonly name = "PastError";
  readonly fault: PastFault;

  constructor(fault: PastFault) {
    super(`there is no answer about this moment of the past: ${fault.kind}`);
    this.fault = fault;
  }
}
