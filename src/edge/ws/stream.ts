/**
 * One subscription to trades, orders, fills or wallets: a cursor into the feed log. While its socket keeps
 * up it gets each command as it happens; otherwise it falls behind, and reads on from the log when the
 * socket has drained. So nothing is missing, nothing comes twice, and waiting costs no memory of its own.
 */
import { assert } from "../../domain/assert.ts";
import { type Seq, seq } from "../../domain/units.ts";
import type { FeedEntry } from "../../projections/feeds/feed-entry.ts";
import type { FeedLog } from "../../projections/feeds/feed-log.ts";
import type { Outbox } from "./outbox.ts";
import type { StreamTarget } from "./stream-messages.ts";

/** `live` has all there is; `replaying` has never been live yet; `behind` was, and has missed commands. */
type StreamState = "live" | "replaying" | "behind" | "ended";

/** The frames of a command for a target; shared by all streams of the same target. */
export type FramesOf = (entry: FeedEntry, target: StreamTarget) => readonly (string | Buffer)[];

/** A turn of the event loop reads no further in the log once it has read or sent so much, so that replays delay nobody. */
const SLICE_EVENTS = 16_384;
const SLICE_MESSAGES = 256;

export class Stream {
  readonly target: StreamTarget;
  readonly outbox: Outbox;
  /** Told when the stream ends by itself, with the sequence to resume from. */
  readonly #onLagged: (resumeFrom: Seq) => void;
  #state: StreamState;
  /** All up to here has been sent. A live stream only moves it with what it sends. */
  #cursor: Seq;
  /** Commands with messages that have come since the stream was live and are not sent. */
  #missed = 0;

  constructor(target: StreamTarget, from: StreamStart, onLagged: (resumeFrom: Seq) => void) {
    this.target = target;
    this.outbox = from.outbox;
    this.#onLagged = onLagged;
    this.#state = from.isResumed ? "replaying" : "live";
    this.#cursor = from.after;
  }

  get isEnded(): boolean {
    return this.#state === "ended";
  }

  get isLive(): boolean {
    return this.#state === "live";
  }

  end(): void {
    this.#state = "ended";
  }

  /** Takes a command that concerns it, as it happens. True if the stream fell behind by it. */
  hear(entry: FeedEntry, framesOf: FramesOf, missedMax: number): boolean {
    assert(entry.seq > this.#cursor, "a command is told once, and before the next one");
    if (this.#state === "live") {
      if (!this.outbox.isFull) {
        this.#send(entry, framesOf);
        this.#cursor = entry.seq;
        return false;
      }
      this.#state = "behind";
      this.#cursor = seq(entry.seq - 1);
      this.#missed = 1;
      return true;
    }
    if (this.#state === "behind") {
      this.#missed += 1;
      if (this.#missed > missedMax) this.#lag();
    }
    return false;
  }

  /** Sends a slice of what it has missed; its socket can take more. */
  catchUp(log: FeedLog, has: (entry: FeedEntry) => boolean, framesOf: FramesOf): void {
    if (this.#cursor < log.oldestSeq) {
      this.#lag();
      return;
    }
    let events = 0;
    let messages = 0;
    for (const entry of log.after(this.#cursor)) {
      if (has(entry)) {
        messages += this.#send(entry, framesOf);
        this.#missed = Math.max(0, this.#missed - 1);
      }
      this.#cursor = entry.seq;
      events += entry.orders.length + entry.trades.length + entry.wallets.length;
      if (this.outbox.isFull || messages >= SLICE_MESSAGES || events >= SLICE_EVENTS) return;
    }
    this.#state = "live";
    this.#missed = 0;
  }

  #send(entry: FeedEntry, framesOf: FramesOf): number {
    const frames = framesOf(entry, this.target);
    for (const frame of frames) this.outbox.send(frame);
    return frames.length;
  }

  #lag(): void {
    this.#state = "ended";
    this.#onLagged(this.#cursor);
  }
}

/** Where a stream begins: after a sequence from which it is resumed, or after the last one. */
export type StreamStart = { readonly outbox: Outbox; readonly after: Seq; readonly isResumed: boolean };
