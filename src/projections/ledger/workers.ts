/** Starts the ledger's threads, from the compiled files as well as from the sources. */
import { Worker } from "node:worker_threads";

export type WriterOptions = { readonly path: string; readonly retryMs: number };
export type ReaderOptions = { readonly path: string };

/** Where the ledger is written and read. */
export type LedgerThreads = {
  startWriter(options: WriterOptions): Worker;
  startReader(options: ReaderOptions): Worker;
};

export const workerThreads: LedgerThreads = {
  startWriter: (options) => start(new URL(`./writer-worker${EXTENSION}`, import.meta.url), options),
  startReader: (options) => start(new URL(`./reader-worker${EXTENSION}`, import.meta.url), options),
};

const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

function start(url: URL, workerData: unknown): Worker {
  if (EXTENSION === ".js") return new Worker(url, { workerData });
  // A thread does not inherit the loader of TypeScript, and `--import tsx` does nothing in one.
  const load = `import("tsx/esm/api").then(({ register }) => { register(); return import("${url.href}"); });`;
  return new Worker(load, { workerData, eval: true });
}
