/** Reads that are on their way to the reader's thread and back. */
import type { Worker } from "node:worker_threads";
import type { FromReader, QueryOf, Reading, ReadName, RowsOf, ToReader } from "./messages.ts";

/** Reads on their way at once, at most; the next is refused right away. */
const READS_MAX = 1_000;

type Waiting = { readonly resolve: (read: unknown) => void; readonly reject: (error: Error) => void };

/** What the reads need: whom to tell of a fault, and the error that those get who are turned away. */
type ReadsNeighbours = {
  readonly onFault: (error: Error) => void;
  readonly refusal: (message: string) => Error;
};

export class LedgerReads {
  readonly #reader: Worker;
  readonly #readings = new Map<number, Waiting>();
  readonly #neighbours: ReadsNeighbours;
  #lastId = 0;
  #isClosing = false;

  static async open(reader: Worker, neighbours: ReadsNeighbours): Promise<LedgerReads> {
    await new Promise((resolve, reject) => {
      reader.once("message", resolve);
      reader.once("error", reject);
    });
    reader.removeAllListeners("error");
    return new LedgerReads(reader, neighbours);
  }

  private constructor(reader: Worker, neighbours: ReadsNeighbours) {
    const { onFault, refusal } = neighbours;
    this.#neighbours = neighbours;
    this.#reader = reader;
    reader.on("message", (message: FromReader) => this.#hear(message));
    reader.on("error", onFault);
    reader.on("exit", () => {
      for (const { reject } of this.#readings.values()) reject(refusal("the ledger has stopped"));
      this.#readings.clear();
      if (!this.#isClosing) onFault(new Error("the ledger's reader has ended"));
    });
  }

  read<Name extends ReadName>(name: Name, query: QueryOf<Name>): Promise<Reading<RowsOf<Name>>> {
    if (this.#isClosing) return Promise.reject(this.#neighbours.refusal("the ledger has stopped"));
    if (this.#readings.size >= READS_MAX) {
      return Promise.reject(this.#neighbours.refusal("too many reads of the ledger at once"));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#readings.set(id, { resolve: resolve as (read: unknown) => void, reject });
      this.#reader.postMessage({ kind: "read", id, name, query } satisfies ToReader);
    });
  }

  /** Answers what has been asked, and ends the thread. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#reader.threadId === -1) return;
    const ended = new Promise((resolve) => this.#reader.once("exit", resolve));
    this.#reader.postMessage({ kind: "close" } satisfies ToReader);
    await ended;
  }

  #hear(message: FromReader): void {
    if (message.kind === "ready") return;
    const reading = this.#readings.get(message.id);
    this.#readings.delete(message.id);
    if (message.kind === "rows") reading?.resolve(message.read);
    else reading?.reject(new Error(`the ledger could not be read: ${message.message}`));
  }
}
