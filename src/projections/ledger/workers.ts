/** The ledger's threads. */
import type { Worker } from "node:worker_threads";
import { EXTENSION, startThread } from "../threads.ts";

export type WriterOptions = { readonly path: string; readonly retryMs: number };
export type ReaderOptions = { readonly path: string };

/** Where the ledger is written and read. */
export type LedgerThreads = {
  startWriter(options: WriterOptions): Worker;
  startReader(options: ReaderOptions): Worker;
};

export const workerThreads: LedgerThreads = {
  startWriter: (options) => startThread(new URL(`./writer-worker${EXTENSION}`, import.meta.url), options),
  startReader: (options) => startThread(new URL(`./reader-worker${EXTENSION}`, import.meta.url), options),
};
