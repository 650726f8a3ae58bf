/** A ULID for every request; those of one process count up, so that logs sort. */
import { randomFillSync } from "node:crypto";
import { monotonicFactory } from "ulid";

/** Asking the system for chance once per character would cost more than all the rest of the id. */
const CHANCE_BYTES = 4096;
const chance = new Uint8Array(CHANCE_BYTES);
let used = CHANCE_BYTES;

const next = monotonicFactory(share);

export function newRequestId(): string {
  return next();
}

/** Between zero and one, one excluded; never the same bytes twice. */
function share(): number {
  if (used === CHANCE_BYTES) {
    randomFillSync(chance);
    used = 0;
  }
  const value = chance[used]!;
  used += 1;
  return value / 256;
}
