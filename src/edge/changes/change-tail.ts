/**
 * The latest commands, kept for as long as somebody follows them. A line is written when the first follower comes to it,
 * after the command has been answered, and once for all. While nobody follows, a command costs nothing.
 */
import { assert } from "../../domain/assert.ts";
import type { Committed } from "../../domain/events.ts";
import { type Seq, seq } from "../../domain/units.ts";
import { type Change, changeLine, changeOf } from "../../projections/changes/change-line.ts";
import type { FeedEntry } from "../../projections/feeds/feed-entry.ts";
import type { ExchangePort } from "../exchange-port.ts";
import type { ChangeLimits } from "./limits.ts";

/** Whole lines, one behind the other: those behind `after`, up to `lastSeq`. */
export type ChangePiece = { readonly after: Seq; readonly lines: Uint8Array; readonly lastSeq: Seq };

/** What is kept of a command: what its line is made of, and then the line. */
type Kept = { readonly events: number; change: Change | undefined; line: Buffer | undefined };

const NO_UPDATES: Change["orders"] = [];

/** What the latest commands are taken from. */
export type Committing = Pick<ExchangePort, "appliedSeq" | "directory" | "orders" | "subscribe">;

export class ChangeTail {
  readonly #exchange: Committing;
  readonly #limits: ChangeLimits;
  /** In order, without a gap; those before `#first` are forgotten. */
  #kept: (Kept | undefined)[] = [];
  #first = 0;
  #events = 0;
  #oldestSeq = seq(0);
  #followers = 0;
  #leave: (() => void) | undefined;
  #waiting = new Set<() => void>();
  #isWakeDue = false;

  constructor(exchange: Committing, limits: ChangeLimits) {
    this.#exchange = exchange;
    this.#limits = limits;
  }

  /** Whether everything behind a sequence is here. */
  holds(position: Seq): boolean {
    return this.#followers > 0 && position >= this.#oldestSeq;
  }

  /** Keeps what is committed from now on. Gives the way to leave, which may be gone twice. */
  join(): () => void {
    this.#followers += 1;
    if (this.#followers === 1) {
      this.#forgetAll(this.#exchange.appliedSeq);
      this.#leave = this.#exchange.subscribe((committed, told) => this.#keep(committed, told));
    }
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#followers -= 1;
      if (this.#followers > 0) return;
      this.#leave?.();
      this.#forgetAll(this.#exchange.appliedSeq);
    };
  }

  /** The lines behind a sequence that is kept, as many as make a piece; null if there is none up to `through`. */
  behind(after: Seq, through: Seq | null): ChangePiece | null {
    assert(this.holds(after), "what is read has not been forgotten");
    const lines: Buffer[] = [];
    let bytes = 0;
    let last: number = after;
    const end = Math.min(this.#lastSeq, through ?? this.#lastSeq);
    while (last < end && bytes < this.#limits.tailPieceBytes) {
      last += 1;
      const line = this.#lineOf(this.#kept[this.#first + last - this.#oldestSeq - 1]!);
      lines.push(line);
      bytes += line.length;
    }
    return lines.length === 0 ? null : { after, lines: Buffer.concat(lines, bytes), lastSeq: seq(last) };
  }

  /** Resolves when something more is committed, or when the signal aborts. */
  more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      signal.addEventListener("abort", done);
      this.#waiting.add(done);
    });
  }

  get #lastSeq(): number {
    return this.#oldestSeq + this.#kept.length - this.#first;
  }

  #lineOf(kept: Kept): Buffer {
    if (kept.line === undefined) {
      kept.line = Buffer.from(changeLine(kept.change!, this.#exchange.directory));
      kept.change = undefined;
    }
    return kept.line;
  }

  #keep(committed: Committed, told: FeedEntry | undefined): void {
    const { length: events } = committed.events;
    if (events > this.#limits.commandEventsMax) this.#forgetAll(committed.entry.seq);
    else {
      const change = changeOf(committed, told?.orders ?? NO_UPDATES, this.#exchange.orders);
      // The command itself counts, too.
      this.#kept.push({ events: events + 1, change, line: undefined });
      this.#events += events + 1;
      while (this.#events > this.#limits.tailEventsMax) this.#forgetOldest();
    }
    this.#wake();
  }

  #forgetOldest(): void {
    this.#events -= this.#kept[this.#first]!.events;
    this.#kept[this.#first] = undefined;
    this.#first += 1;
    this.#oldestSeq = seq(this.#oldestSeq + 1);
    if (this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }

  #forgetAll(position: Seq): void {
    this.#kept = [];
    this.#first = 0;
    this.#events = 0;
    this.#oldestSeq = position;
  }

  /** Once for all that is committed together, and after that has been answered. */
  #wake(): void {
    if (this.#isWakeDue || this.#waiting.size === 0) return;
    this.#isWakeDue = true;
    setTimeout(() => {
      this.#isWakeDue = false;
      for (const done of [...this.#waiting]) done();
    }, this.#limits.gatherMs);
  }
}
