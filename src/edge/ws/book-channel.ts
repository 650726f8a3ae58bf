/**
 * The book channel: who follows which book at which depth, and the timer that turns many changes into one
 * update. It runs only while something has changed that somebody follows.
 */
import type { MarketIndex } from "../../domain/units.ts";
import type { BookDepth } from "../../projections/feeds/book-depth.ts";
import type { LevelWatch } from "../../projections/feeds/level-watch.ts";
import type { Directory } from "../../projections/live/directory.ts";
import { BookGroup } from "./book-group.ts";
import type { Outbox } from "./outbox.ts";

/** Null is the whole book. */
export type BookTarget = { readonly market: MarketIndex; readonly depth: number | null };

type FollowedBook = { readonly watch: LevelWatch; readonly groups: Map<number | null, BookGroup> };

export class BookChannel {
  readonly #books: BookDepth;
  readonly #directory: Directory;
  readonly #intervalMs: number;
  readonly #followed = new Map<MarketIndex, FollowedBook>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    { books, directory }: { readonly books: BookDepth; readonly directory: Directory },
    intervalMs: number,
  ) {
    this.#books = books;
    this.#directory = directory;
    this.#intervalMs = intervalMs;
  }

  /** The snapshot follows at once, or with the next update if changes are pending. */
  subscribe({ market, depth }: BookTarget, outbox: Outbox): void {
    const { watch, groups } = this.#follow(market);
    let group = groups.get(depth);
    if (group === undefined) {
      group = new BookGroup(this.#books, this.#directory.market(market), depth);
      groups.set(depth, group);
    }
    group.join(outbox);
    if (!watch.isDirty) group.welcome();
  }

  unsubscribe({ market, depth }: BookTarget, outbox: Outbox): void {
    const followed = this.#followed.get(market);
    const group = followed?.groups.get(depth);
    if (followed === undefined || group === undefined) return;
    group.leave(outbox);
    if (group.isEmpty) followed.groups.delete(depth);
    if (followed.groups.size > 0) return;
    this.#books.unwatch(market, followed.watch);
    this.#followed.delete(market);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #follow(market: MarketIndex): FollowedBook {
    let followed = this.#followed.get(market);
    if (followed === undefined) {
      const watch = this.#books.watch(market, () => this.#startTimer());
      followed = { watch, groups: new Map() };
      this.#followed.set(market, followed);
    }
    return followed;
  }

  #startTimer(): void {
    this.#timer ??= setTimeout(() => this.#flush(), this.#intervalMs);
  }

  #flush(): void {
    this.#timer = null;
    for (const { watch, groups } of this.#followed.values()) {
      const changes = watch.take();
      for (const group of groups.values()) {
        if (changes.length > 0) group.publish(changes);
        group.welcome();
      }
    }
  }
}
