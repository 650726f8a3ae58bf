/** A ULID for every request; those of one process count up, so that logs sort. */
import { monotonicFactory } from "ulid";

const next = monotonicFactory();

export function newRequestId(): string {
  return next();
}
