/**
 * All streams, by market and by account, so that a command costs only those whom it concerns; and the turn
 * that lets those who are behind catch up, one slice of one stream at a time.
 */
import type { AccountIndex, MarketIndex } from "../../domain/units.ts";
import type { FeedEntry } from "../../projections/feeds/feed-entry.ts";
import type { FeedLog } from "../../projections/feeds/feed-log.ts";
import type { Directory } from "../../projections/live/directory.ts";
import type { FramesOf, Stream } from "./stream.ts";
import { concerns, messagesOf } from "./stream-messages.ts";

export class Streams {
  readonly #feed: FeedLog;
  readonly #directory: Directory;
  readonly #missedMax: number;
  readonly #byMarket = new Map<MarketIndex, Set<Stream>>();
  readonly #byAccount = new Map<AccountIndex, Set<Stream>>();
  /** Those that are behind and whose sockets could take more when they came; each at most once. */
  readonly #queue = new Set<Stream>();
  #isTurnDue = false;

  constructor(
    { feed, directory }: { readonly feed: FeedLog; readonly directory: Directory },
    missedMax: number,
  ) {
    this.#feed = feed;
    this.#directory = directory;
    this.#missedMax = missedMax;
  }

  add(stream: Stream): void {
    const { target } = stream;
    if (target.channel === "trades") addTo(this.#byMarket, target.market, stream);
    else addTo(this.#byAccount, target.account, stream);
    if (!stream.isLive) this.#resume(stream);
  }

  remove(stream: Stream): void {
    const { target } = stream;
    stream.end();
    this.#queue.delete(stream);
    if (target.channel === "trades") removeFrom(this.#byMarket, target.market, stream);
    else removeFrom(this.#byAccount, target.account, stream);
  }

  /** Tells a command to all whom it concerns. */
  publish(entry: FeedEntry): void {
    if (this.#byMarket.size > 0 && entry.trades.length > 0) {
      for (const market of new Set(entry.trades.map((trade) => trade.market))) {
        this.#tell(this.#byMarket.get(market), entry);
      }
    }
    if (this.#byAccount.size > 0) {
      for (const account of accountsOf(entry)) this.#tell(this.#byAccount.get(account), entry);
    }
  }

  #tell(streams: ReadonlySet<Stream> | undefined, entry: FeedEntry): void {
    if (streams === undefined) return;
    const framesOf = this.#sharedFrames();
    for (const stream of streams) {
      if (!concerns(entry, stream.target)) continue;
      if (stream.hear(entry, framesOf, this.#missedMax)) this.#resume(stream);
    }
  }

  /** Frames of one command and one market or account, each written once for all who get them. */
  #sharedFrames(): FramesOf {
    const known = new Map<string, Buffer[]>();
    return (entry, target) => {
      const key = target.channel === "trades" ? "" : `${target.channel} ${target.namesAccount}`;
      let frames = known.get(key);
      if (frames === undefined) {
        frames = messagesOf(entry, target, this.#directory).map((message) => Buffer.from(message));
        known.set(key, frames);
      }
      return frames;
    };
  }

  /** Lets a stream catch up as soon as its socket can take it. */
  #resume(stream: Stream): void {
    if (stream.isEnded || stream.isLive) return;
    if (stream.outbox.isFull) {
      stream.outbox.whenDrained(() => this.#resume(stream));
      return;
    }
    this.#queue.add(stream);
    this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#isTurnDue || this.#queue.size === 0) return;
    this.#isTurnDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    const [stream] = this.#queue;
    if (stream === undefined) return;
    this.#queue.delete(stream);
    // Its socket may have filled up since it was queued; then it comes back when that has drained.
    if (!stream.outbox.isFull) this.#catchUp(stream);
    this.#resume(stream);
    this.#scheduleTurn();
  }

  #catchUp(stream: Stream): void {
    stream.catchUp(
      this.#feed,
      (entry) => concerns(entry, stream.target),
      (entry, target) => messagesOf(entry, target, this.#directory),
    );
  }
}

function accountsOf({ orders, trades, wallets }: FeedEntry): Set<AccountIndex> {
  const accounts = new Set<AccountIndex>();
  for (const { order } of orders) accounts.add(order.terms.account);
  for (const { takerAccount, makerAccount } of trades) accounts.add(takerAccount).add(makerAccount);
  for (const { account } of wallets) accounts.add(account);
  return accounts;
}

function addTo<Key>(index: Map<Key, Set<Stream>>, key: Key, stream: Stream): void {
  const streams = index.get(key);
  if (streams === undefined) index.set(key, new Set([stream]));
  else streams.add(stream);
}

function removeFrom<Key>(index: Map<Key, Set<Stream>>, key: Key, stream: Stream): void {
  const streams = index.get(key);
  streams?.delete(stream);
  if (streams?.size === 0) index.delete(key);
}
