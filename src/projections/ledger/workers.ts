/** The ledger's threads. */
import type { Worker } from "node:worker_threads";
import type { Seq } from "../../domain/units.ts";
import { EXTENSION, startThread } from "../threads.ts";
import type { LedgerSafety } from "./schema.ts";

export type WriterOptions = {
  readonly path: string;
  readonly retryMs: number;
  /** The first command whose trades go into the outbox; null if none is known. */
  readonly settlementsFrom: Seq | null;
} & LedgerSafety;
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
