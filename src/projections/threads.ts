/** Threads of our own: they start from the compiled files as well as from the sources, yield to orders, and say what failed. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { type ResourceLimits, Worker } from "node:worker_threads";

/** What follows the name of a source file where this one runs. */
export const EXTENSION: ".ts" | ".js" = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/**
 * Priorities of threads: when processors are short, orders go first, then the ledger and who asks about the past, then deliveries
 * and downloads, and last what nobody waits for. At the lowest one, an answer may not come at all on a machine that has other things to do.
 */
export const NICENESS = { ledger: 10, past: 10, deliveries: 12, downloads: 15, snapshots: 19 } as const;

export function startThread(url: URL, workerData: unknown, resourceLimits: ResourceLimits = {}): Worker {
  if (EXTENSION === ".js") return new Worker(url, { workerData, resourceLimits });
  // A thread does not inherit the loader of TypeScript, and `--import tsx` does nothing in one.
  const load = `import("tsx/esm/api").then(({ register }) => { register(); return import("${url.href}"); });`;
  return new Worker(load, { workerData, resourceLimits, eval: true });
}

/** Called by a thread. Linux gives every thread a priority of its own, and names the one that asks. */
export function yieldToOrders(niceness: number): void {
  try {
    const thread = Number(basename(readlinkSync("/proc/thread-self")));
    setPriority(thread, niceness);
  } catch {
    // No such thing on this system: the thread then competes with orders as an equal.
  }
}

/** What a thread says of what it caught, to those who can do nothing with a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same for the log, where nobody knows yet what to do about it. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
