/**
 * The read models that live in memory, each a fold over the same commands, in the order in which they build on
 * each other. What they are after a command is dumped for a snapshot; what the engine has as well is not.
 */
import type { Committed, Event } from "../domain/events.ts";
import type { Seq } from "../domain/units.ts";
import { BookDepth } from "./feeds/book-depth.ts";
import type { FeedEntry } from "./feeds/feed-entry.ts";
import { FeedLog } from "./feeds/feed-log.ts";
import { Balances } from "./live/balances.ts";
import { Directory } from "./live/directory.ts";
import { LiveOrders, type OrderUpdate } from "./live/live-orders.ts";

/** Hears of each command after every live projection has seen it, with what the feed log made of it. */
export type CommittedListener = (committed: Committed, told: FeedEntry | undefined) => void;

/** What the projections are, in canonical bytes of their own. */
export type LiveDump = {
  readonly directory: Uint8Array<ArrayBuffer>;
  readonly orders: Uint8Array<ArrayBuffer>;
  readonly feed: Uint8Array<ArrayBuffer>;
};

/** Where the projections begin, and the last command before. */
export type LiveStart = LiveDump & { readonly appliedSeq: Seq };

export class LiveProjections {
  readonly directory = new Directory();
  readonly orders = new LiveOrders();
  readonly balances = new Balances();
  readonly books = new BookDepth();
  readonly feed: FeedLog;
  readonly listeners = new Set<CommittedListener>();

  constructor(feedEventsMax: number) {
    this.feed = new FeedLog({ eventsMax: feedEventsMax });
  }

  project(committed: Committed): readonly OrderUpdate[] {
    this.directory.project(committed);
    const updates = this.orders.project(committed);
    this.balances.project(committed);
    this.books.project(committed);
    const told = this.feed.project(committed, updates);
    for (const listener of this.listeners) listener(committed, told);
    return updates;
  }

  /** Folds only what is dumped, for a replay: the rest is the same whatever brought it about, and can begin behind it. */
  projectDumped(committed: Committed): void {
    this.directory.project(committed);
    this.feed.project(committed, this.orders.project(committed));
  }

  /** All that is not with the engine as well; of the feed log perhaps only what came after a sequence. */
  dump(feedAfter: Seq = this.feed.oldestSeq): LiveDump {
    const { directory, orders, feed } = this;
    return { directory: directory.dump(), orders: orders.dump(), feed: feed.dump(feedAfter) };
  }

  /** Fills empty projections, all but what is not dumped. @throws DecodeError */
  restore({ directory, orders, feed, appliedSeq }: LiveStart): void {
    this.directory.restore(directory);
    this.orders.restore(orders);
    this.feed.restore(feed, appliedSeq);
  }

  /** Begins with what is not dumped: the levels and wallets as they stand after a command. */
  stand(appliedSeq: Seq, standing: readonly Event[]): void {
    this.balances.fold(standing);
    this.books.fold(appliedSeq, standing);
  }
}
