/**
 * The archive as the running exchange sees it: a thread that works on its own, what it has come to, and what the
 * ledger is told to let go of. A thread that ends is started again after a pause; nothing else waits for it.
 */
import type { Worker } from "node:worker_threads";
import type { Seq } from "../../domain/units.ts";
import type { Boundary } from "../../projections/ledger/retention.ts";
import { EXTENSION, startThread } from "../../projections/threads.ts";
import type { ArchiveTask, FromArchiveThread } from "./archive-worker.ts";

const RESTART_MS = 60_000;
/** The pause between two runs; a segment is full after a minute of the highest load. */
const INTERVAL_MS = 60_000;

export type ArchiveReport =
  | Extract<FromArchiveThread, { readonly kind: "archived" | "archive-failed" }>
  | { readonly kind: "archive-thread-ended"; readonly message: string };

export type ArchiveNeighbours = {
  /** Lets the ledger go of all up to this place. */
  readonly drop: (boundary: Boundary) => void;
  readonly onReport: (report: ArchiveReport) => void;
};

export type ArchiveSettings = Omit<ArchiveTask, "intervalMs"> & { readonly intervalMs?: number };

export class ArchiveService {
  readonly #task: ArchiveTask;
  readonly #neighbours: ArchiveNeighbours;
  #thread: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isClosing = false;
  #archivedSeq: Seq | null = null;
  #archivedSegment = 0;
  #failures = 0;

  constructor(task: ArchiveSettings, neighbours: ArchiveNeighbours) {
    this.#task = { intervalMs: INTERVAL_MS, ...task };
    this.#neighbours = neighbours;
  }

  /** The last command that is in the archive; null until that has been found out, or while there is none. */
  get archivedSeq(): Seq | null {
    return this.#archivedSeq;
  }

  /** The last segment that is in the archive: those up to it may go. */
  get archivedSegment(): number {
    return this.#archivedSegment;
  }

  /** Runs since the start that did not come to their end. */
  get failures(): number {
    return this.#failures;
  }

  open(): void {
    const thread = startThread(new URL(`./archive-worker${EXTENSION}`, import.meta.url), this.#task);
    this.#thread = thread;
    let fault = "it has ended";
    thread.on("message", (message: FromArchiveThread) => this.#hear(message));
    thread.on("error", ({ message }) => {
      fault = message;
    });
    thread.on("exit", () => this.#ended(fault));
    thread.unref();
  }

  /** Gives up what is under way; the next start goes on with it. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restart);
    await this.#thread?.terminate();
  }

  #hear(message: FromArchiveThread): void {
    switch (message.kind) {
      case "stands":
        this.#archivedSeq = message.seq;
        this.#archivedSegment = message.segment;
        return;
      case "archived":
        this.#neighbours.onReport(message);
        return;
      case "droppable":
        this.#neighbours.drop(message.boundary);
        return;
      case "archive-failed":
        this.#failures += 1;
        this.#neighbours.onReport(message);
        return;
    }
  }

  #ended(message: string): void {
    if (this.#isClosing) return;
    this.#failures += 1;
    this.#neighbours.onReport({ kind: "archive-thread-ended", message });
    this.#restart = setTimeout(() => this.open(), RESTART_MS);
    this.#restart.unref();
  }
}
