/**
 * Readings of the past that go on for long, a piece at a time. Each has a thread of its own, so that it goes on from where
 * its last piece ended, whatever is asked of others meanwhile; who opens them sees to it that they are few.
 */
import type { AskedOf } from "./past-questions.ts";
import { PastThread, type PastThreadOptions, type Told } from "./past-thread.ts";

/**
 * How long a piece may take, the first above all: without a snapshot in front of it, everything from the first command on
 * is replayed before it.
 */
const PIECE_MS_MAX = 3_600_000;

export type Replay = {
  /** Lines of the change stream behind a sequence; in the order of the sequences, since going back means to begin anew. */
  changes(
    asked: AskedOf<"changes">,
    asking: { readonly signal?: AbortSignal | undefined },
  ): Promise<Told<"changes">>;
  /** Ends the thread, and frees the memory of its state. */
  close(): Promise<void>;
};

export class Replays {
  readonly #options: PastThreadOptions;
  readonly #open = new Set<PastThread>();

  constructor(options: PastThreadOptions) {
    this.#options = options;
  }

  open(): Replay {
    const thread = new PastThread({ ...this.#options, limits: { questionMs: PIECE_MS_MAX } });
    this.#open.add(thread);
    return {
      changes: (asked, asking) => thread.ask("changes", asked, asking),
      close: async () => {
        this.#open.delete(thread);
        await thread.close();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((thread) => thread.close()));
  }
}
