/** The ledger's threads. */
import type { Worker } from "node:worker_threads";
import { EXTENSION, startThread } from "../threads.ts";

export type WriterOptions = { readonly path: string; readonly retryMs: number };
export type ReaderOptions = { readonly path: string };

export function startWriter(options: WriterOptions): Worker {
  return startThread(new URL(`./writer-worker${EXTENSION}`, import.meta.url), options);
}

export function startReader(options: ReaderOptions): Worker {
  return startThread(new URL(`./reader-worker${EXTENSION}`, import.meta.url), options);
}
