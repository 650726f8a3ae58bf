/**
 * The subscribers of one book at one depth. An update is written once for all of them; a socket that does
 * not keep up is left out, its changes are merged, and it gets their sum when it has drained.
 */
import type { Market } from "../../domain/market.ts";
import type { Lots, Seq, Ticks } from "../../domain/units.ts";
import type { BookDepth, BookSnapshot } from "../../projections/feeds/book-depth.ts";
import { type LevelChange, LevelWatch } from "../../projections/feeds/level-watch.ts";
import { levelView } from "../render.ts";
import { BookView } from "./book-view.ts";
import type { Outbox } from "./outbox.ts";

type Subscriber = {
  readonly outbox: Outbox;
  /** The sequence of the message that it was sent last, to which the next one chains. */
  seq: Seq;
  /** What it has missed; null while it keeps up. */
  missed: LevelWatch | null;
};

/** The levels of an update, not yet bound to the message before. */
type Levels = { readonly seq: Seq; readonly text: string };

export class BookGroup {
  readonly #books: BookDepth;
  readonly #market: Market;
  readonly #depth: number | null;
  readonly #subscribers = new Map<Outbox, Subscriber>();
  /** Those who wait for their snapshot. */
  readonly #joining = new Set<Outbox>();
  #view: BookView;
  /** The sequence of the last update. */
  #seq: Seq;
  #snapshot: { readonly seq: Seq; readonly message: Buffer } | null = null;

  constructor(books: BookDepth, market: Market, depth: number | null) {
    this.#books = books;
    this.#market = market;
    this.#depth = depth;
    this.#view = new BookView(books, market.market, depth);
    this.#seq = books.seq;
  }

  get isEmpty(): boolean {
    return this.#subscribers.size + this.#joining.size === 0;
  }

  /** The snapshot comes with `welcome`, which has to be called when nothing is pending. */
  join(outbox: Outbox): void {
    this.#joining.add(outbox);
  }

  leave(outbox: Outbox): void {
    this.#joining.delete(outbox);
    this.#subscribers.delete(outbox);
  }

  /** Sends the snapshot to those who have joined, so that the next update chains to it. */
  welcome(): void {
    if (this.#joining.size === 0) return;
    if (this.#subscribers.size === 0) {
      this.#view = new BookView(this.#books, this.#market.market, this.#depth);
    }
    const { seq } = this.#books;
    for (const outbox of this.#joining) {
      outbox.send(this.#snapshotMessage(seq));
      this.#subscribers.set(outbox, { outbox, seq, missed: null });
    }
    this.#joining.clear();
  }

  /** Sends what has changed, as one update. */
  publish(changes: readonly LevelChange[]): void {
    if (this.#subscribers.size === 0) return;
    const differences = this.#view.advance(changes);
    if (differences.length === 0) return;
    this.#seq = this.#books.seq;
    const levels = { seq: this.#seq, text: levelsText(differences, this.#market) };
    const messages = new Map<Seq, Buffer>();
    for (const subscriber of this.#subscribers.values()) {
      if (subscriber.missed === null && !subscriber.outbox.isFull) {
        this.#send(subscriber, levels, messages);
      } else {
        this.#merge(subscriber, differences);
      }
    }
  }

  /** One message serves all who have the same message before it, which is nearly always everybody. */
  #send(subscriber: Subscriber, levels: Levels, messages: Map<Seq, Buffer>): void {
    let message = messages.get(subscriber.seq);
    if (message === undefined) {
      message = this.#updateMessage(levels, subscriber.seq);
      messages.set(subscriber.seq, message);
    }
    subscriber.outbox.send(message);
    subscriber.seq = levels.seq;
  }

  #merge(subscriber: Subscriber, differences: readonly LevelChange[]): void {
    if (subscriber.missed === null) {
      subscriber.missed = new LevelWatch(() => {});
      subscriber.outbox.whenDrained(() => this.#catchUp(subscriber));
    }
    for (const change of differences) subscriber.missed.record(change);
  }

  #catchUp(subscriber: Subscriber): void {
    const { outbox, missed } = subscriber;
    if (missed === null || this.#subscribers.get(outbox) !== subscriber) return;
    if (outbox.isFull) {
      outbox.whenDrained(() => this.#catchUp(subscriber));
      return;
    }
    subscriber.missed = null;
    const differences = missed.take();
    if (differences.length === 0) return;
    const levels = { seq: this.#seq, text: levelsText(differences, this.#market) };
    this.#send(subscriber, levels, new Map());
  }

  #updateMessage({ seq, text }: Levels, prevSeq: Seq): Buffer {
    return Buffer.from(`${head(this.#market, "update")},"seq":${seq},"prevSeq":${prevSeq},${text}}`);
  }

  #snapshotMessage(seq: Seq): Buffer {
    if (this.#snapshot?.seq !== seq) {
      const snapshot = this.#books.snapshot(this.#market.market, this.#depth);
      this.#snapshot = { seq, message: snapshotMessage(snapshot, this.#market) };
    }
    return this.#snapshot.message;
  }
}

function head({ name }: Market, type: "snapshot" | "update"): string {
  return `{"channel":"book","market":${JSON.stringify(name)},"type":"${type}"`;
}

function snapshotMessage({ seq, bids, asks }: BookSnapshot, market: Market): Buffer {
  const rendered = (levels: BookSnapshot["bids"]) =>
    levels.map(([price, quantity]) => levelView(price, quantity, market));
  const sides = `"bids":${JSON.stringify(rendered(bids))},"asks":${JSON.stringify(rendered(asks))}`;
  return Buffer.from(`${head(market, "snapshot")},"seq":${seq},${sides}}`);
}

/** Best first, as in a snapshot. */
function levelsText(changes: readonly LevelChange[], market: Market): string {
  const bids = changes.filter(({ side }) => side === "buy").sort((a, b) => b.price - a.price);
  const asks = changes.filter(({ side }) => side === "sell").sort((a, b) => a.price - b.price);
  const rendered = (levels: readonly LevelChange[]) =>
    levels.map(({ price, now }) => updateLevel(price, now, market));
  return `"bids":${JSON.stringify(rendered(bids))},"asks":${JSON.stringify(rendered(asks))}`;
}

/** A level that is gone has the quantity "0", whatever the scale of a lot. */
function updateLevel(price: Ticks, quantity: Lots, market: Market): [string, string] {
  const level = levelView(price, quantity, market);
  return quantity === 0 ? [level[0], "0"] : level;
}
