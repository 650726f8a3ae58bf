/** Tries again what may pass: a few times, with pauses that grow and are never quite the same. */
import { setTimeout as pause } from "node:timers/promises";
import { pauseAfter } from "../pauses.ts";

const TRIES_MAX = 5;
const PAUSE_MS_MIN = 250;
const PAUSE_MS_MAX = 8_000;

/** How patient to be; tests are less so. */
export type Patience = { readonly tries: number; readonly pauseMs: number };

export const PATIENCE: Patience = { tries: TRIES_MAX, pauseMs: PAUSE_MS_MIN };

/** Does it until it succeeds, until an error says that it never will, or until there have been enough tries. */
export async function patiently<Result>(
  work: () => Promise<Result>,
  mayPass: (error: unknown) => boolean,
  { tries, pauseMs }: Patience,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries || !mayPass(error)) throw error;
    }
    await pause(pauseAfter(attempt, { firstMs: pauseMs, longestMs: PAUSE_MS_MAX }, Math.random()));
  }
}
