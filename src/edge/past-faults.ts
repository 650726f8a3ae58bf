/** What is said when a question about the past has no answer. */
import type { PastFault } from "../domain/past.ts";
import type { Seq } from "../domain/units.ts";
import { malformed, Refusal } from "./problems.ts";

export function refusalOfPast(fault: PastFault): Refusal {
  switch (fault.kind) {
    case "before-the-beginning":
      return malformed("asOf", "is before the first command, which has sequence 1");
    case "after-now":
      return malformed("asOf", `is after now; the last command has sequence ${fault.seq}`);
    case "removed":
      return new Refusal("history-removed", removedWords(fault.oldestSeq));
    case "too-many":
      return new Refusal("overloaded", "Too many questions about the past wait already. Send it again.");
    case "too-long":
      return new Refusal("overloaded", TOO_LONG);
    case "too-large":
      return new Refusal(
        "overloaded",
        "The state then needs more memory than a question about the past may.",
      );
    case "given-up":
      return new Refusal("overloaded", "The exchange is stopping; the question was given up.");
  }
}

const TOO_LONG =
  "The answer takes longer than a question about the past may. Send it again: it goes on from where it came to, unless another was asked meanwhile.";

function removedWords(oldestSeq: Seq | null): string {
  return oldestSeq === null
    ? "The journal does not go back so far any more."
    : `The journal does not go back so far any more; the first sequence that can be asked about is ${oldestSeq}.`;
}
