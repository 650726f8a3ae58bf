/** A problem as a socket is told it. */
import { type Problem, problem, type Refusal } from "../problems.ts";

/** There are no headers that could say when to come back. */
export function socketProblem(
  refusal: Refusal,
  of: { readonly requestId: string },
): Problem & { readonly retryAfter?: number } {
  const body = problem(refusal, of);
  const { excess } = refusal;
  return excess === undefined ? body : { ...body, retryAfter: excess.retryAfterSeconds };
}
