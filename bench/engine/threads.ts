/** Starts contenders in threads of their own and asks them for work. */
import { Worker } from "node:worker_threads";
import type { Answers, Work, WorkerOptions } from "./contender-worker.ts";

/** A million orders of a peer are a gigabyte of objects. */
const HEAP_MB = 6_144;

export class ContenderThread {
  readonly options: WorkerOptions;
  readonly #worker: Worker;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.#worker = new Worker(new URL("./contender-worker.js", import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
  }

  /** Only one thing is asked for at a time. */
  ask<K extends Work["kind"]>(work: Extract<Work, { kind: K }>): Promise<Answers[K]> {
    return new Promise((resolve, reject) => {
      this.#worker.once("error", reject);
      this.#worker.once("message", (answer: Answers[K]) => {
        this.#worker.off("error", reject);
        resolve(answer);
      });
      this.#worker.postMessage(work);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
