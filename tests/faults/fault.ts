/** A planted fault: a piece of the source that is replaced, so that it breaks one rule, and what must notice. */
import { assert } from "../../src/domain/assert.ts";

export type Replacement = {
  /** What is wrong then. */
  readonly name: string;
  readonly file: string;
  /** Stands in the file, and as often as said. */
  readonly from: string;
  readonly times?: number;
  readonly to: string;
};

/** A fault of the engine; the file is one under `src/engine`. */
export type Fault = Replacement & {
  /** A scenario that proves the rule, without `.txt`; null if only random stories can be expected to find it. */
  readonly scenario: string | null;
};

/** The source with the fault in it; throws if what it replaces is not there any more. */
export function planted(source: string, { name, file, from, to, times = 1 }: Replacement): string {
  const pieces = source.split(from);
  assert(pieces.length - 1 === times, `"${name}" replaces what stands ${times} times in ${file}: ${from}`);
  return pieces.join(to);
}
