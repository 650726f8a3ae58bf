/** The thread that makes files, as the main thread sees it: questions go in, and each gets its answer or an error. */
import type { Worker } from "node:worker_threads";
import type { Archived } from "../../projections/ledger/retention.ts";
import { EXTENSION, startThread } from "../../projections/threads.ts";
import type { DownloadAsked, DownloadThreadData, FromThread, ToThread } from "./messages.ts";

type Waiting = { readonly resolve: (answer: FromThread) => void; readonly reject: (error: Error) => void };

export class DownloadThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #fault: Error | undefined;

  constructor(path: string) {
    const data: DownloadThreadData = { path };
    this.#worker = startThread(new URL(`./download-worker${EXTENSION}`, import.meta.url), data);
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#ended = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#fail(new Error("the thread of downloads has ended"));
        resolve();
      });
    });
  }

  /** Whether it can be asked no more; another one can. */
  get hasFailed(): boolean {
    return this.#fault !== undefined;
  }

  /** Begins a file, and gives its number and what was in the archive by then. */
  async open(asked: DownloadAsked): Promise<{ readonly id: number; readonly archived: Archived | null }> {
    this.#lastId += 1;
    const id = this.#lastId;
    const opened = await this.#ask({ kind: "open", id, asked });
    return { id, archived: (opened as Extract<FromThread, { kind: "opened" }>).archived };
  }

  /** The next piece of a file, or null at its end. */
  async next(id: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const piece = await this.#ask({ kind: "next", id });
    return (piece as Extract<FromThread, { kind: "piece" }>).bytes;
  }

  /** Lets go of a file, whether it is whole or not. */
  end(id: number): void {
    this.#waiting.get(id)?.reject(new Error("the download was given up"));
    this.#waiting.delete(id);
    this.#tell({ kind: "end", id });
  }

  async close(): Promise<void> {
    this.#tell({ kind: "close" });
    await this.#ended;
  }

  #ask(question: Extract<ToThread, { kind: "open" | "next" }>): Promise<FromThread> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, { resolve, reject });
      this.#tell(question);
    });
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === "failed") waiting?.reject(new Error(message.message));
    else waiting?.resolve(message);
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#fault);
    this.#waiting.clear();
  }
}
