/**
 * Assertions about our own code. A failed one is a fault of ours, never of a client: it throws, and the
 * process stops rather than go on with a state that nobody understands.
 */

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** States one fact that holds here. */
export function assert(fact: boolean, whatHolds: string): asserts fact {
  if (!fact) fail(whatHolds);
}

/** Apart, so that the check itself is small enough to be inlined wherever it stands. */
export function fail(whatHolds: string): never {
  throw new AssertionError(`does not hold: ${whatHolds}`);
}

/** The end of an exhaustive switch: it compiles only when every case is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
