/** How long to wait after a failure. Chance spreads the attempts, so that a receiver that comes back is not run over. */
import { pauseAfter } from "../pauses.ts";

/** No delivery waits for longer. */
export const LONGEST_MS = 60 * 60 * 1_000;
const PAUSES = { firstMs: 1_000, longestMs: LONGEST_MS };
/** A receiver that asks for longer than this is asked again after this. */
export const RETRY_AFTER_MS_MAX = 10 * 60 * 1_000;

const SECONDS = /^\d+$/;

/** At least what the receiver asked for. */
export function backoffMs(failures: number, retryAfterMs: number, chance: number): number {
  return Math.max(retryAfterMs, Math.round(pauseAfter(failures, PAUSES, chance)));
}

/** What a `Retry-After` asks for, in seconds or as a date, within bounds; 0 if it says nothing that can be read. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const asked = SECONDS.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(asked) ? 0 : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, asked));
}
