/**
 * The last events of the resumable feeds (order updates, trades, wallet changes), by command: whoever knows
 * how far it got reads on from there. It keeps rows of numbers, in chunks that are let go whole, so that
 * appending and forgetting never move what is kept; the chunk that was let go last is filled again.
 */
import { assert } from "../../domain/assert.ts";
import type { Command } from "../../domain/commands.ts";
import type { Committed, TradeExecuted, WalletChanged } from "../../domain/events.ts";
import { type EpochMs, type Seq, seq } from "../../domain/units.ts";
import type { OrderUpdate } from "../live/live-orders.ts";
import { firstAbove } from "../number-columns.ts";
import type { FeedEntry } from "./feed-entry.ts";
import { FeedOrders, FeedTrades, FeedWallets } from "./feed-rows.ts";
import { type FeedCounts, PackedFeed, packFeed } from "./packed-feed.ts";

/** How many events are kept unless the configuration says otherwise. */
export const FEED_EVENTS_MAX_DEFAULT = 1_000_000;
/** How many are kept at least; for whoever reads no feed. */
export const FEED_EVENTS_MIN = 1;

/** The commands of a chunk; what is forgotten is let go a chunk at a time. */
const CHUNK_COMMANDS = 1024;

/** Columns, a row a command: an object with three arrays a command would take four times the memory. */
type Chunk = {
  readonly seqs: Float64Array;
  readonly times: Float64Array;
  readonly causes: Command["kind"][];
  /** Where the row's order updates, trades and wallet changes begin in their columns. */
  readonly starts: Uint32Array;
  readonly orders: FeedOrders;
  readonly trades: FeedTrades;
  readonly wallets: FeedWallets;
  count: number;
};

/** The room of a new chunk, as a multiple of what the one before it holds. */
const ROOM_TO_SPARE = 1.25;
/** How much room a forgotten chunk may have to be filled again, as a multiple of the same. */
const SPARE_ROOM_MAX = 4;

const KINDS = 3;
const NOTHING: FeedCounts = { commands: 0, orders: 0, trades: 0, wallets: 0 };
const NO_TRADES: readonly TradeExecuted[] = [];
const NO_WALLETS: readonly WalletChanged[] = [];

export class FeedLog {
  readonly #eventsMax: number;
  /** What a snapshot brought back, until the last of it is forgotten: older than all chunks. */
  #packed: PackedFeed | undefined;
  /** Oldest first; short, since each holds many commands. */
  #chunks: Chunk[] = [];
  /** Rows of the first chunk that are forgotten already. */
  #forgotten = 0;
  /** The chunk that was forgotten last, to be filled again: memory that the process has already costs no page faults. */
  #spare: Chunk | null = null;
  #events = 0;
  #oldestSeq = seq(0);
  #appliedSeq = seq(0);

  constructor({ eventsMax = FEED_EVENTS_MAX_DEFAULT }: { readonly eventsMax?: number } = {}) {
    assert(
      Number.isSafeInteger(eventsMax) && eventsMax >= FEED_EVENTS_MIN,
      "a feed log keeps at least one event",
    );
    this.#eventsMax = eventsMax;
  }

  /** What came after a sequence as bytes, in a canonical form. */
  dump(position: Seq): Uint8Array<ArrayBuffer> {
    return packFeed(position, this.#countsAfter(position), this.after(position));
  }

  /** Fills an empty log with a dump, whose bytes it keeps, as far as it may keep so much. @throws DecodeError */
  restore(bytes: Uint8Array<ArrayBuffer>, appliedSeq: Seq): void {
    assert(this.#appliedSeq === 0 && this.#packed === undefined, "what is restored was empty");
    const packed = new PackedFeed(bytes);
    if (packed.events > 0) this.#packed = packed;
    this.#events = packed.events;
    this.#oldestSeq = packed.oldestSeq;
    this.#appliedSeq = appliedSeq;
    this.#forget();
  }

  /** The oldest sequence to resume from: everything after it is here. */
  get oldestSeq(): Seq {
    return this.#oldestSeq;
  }

  /** The last command that has been seen, whether or not it left anything here. */
  get appliedSeq(): Seq {
    return this.#appliedSeq;
  }

  get events(): number {
    return this.#events;
  }

  /** Keeps what the command did; undefined if it did nothing that these feeds tell. */
  project({ entry, events }: Committed, orders: readonly OrderUpdate[]): FeedEntry | undefined {
    this.#appliedSeq = entry.seq;
    let trades = NO_TRADES as TradeExecuted[];
    let wallets = NO_WALLETS as WalletChanged[];
    for (const event of events) {
      if (event.kind === "TradeExecuted") {
        if (trades === NO_TRADES) trades = [event];
        else trades.push(event);
      } else if (event.kind === "WalletChanged") {
        if (wallets === NO_WALLETS) wallets = [event];
        else wallets.push(event);
      }
    }
    if (orders.length + trades.length + wallets.length === 0) return undefined;
    const { seq, at, command } = entry;
    const told: FeedEntry = { seq, at, cause: command.kind, orders, trades, wallets };
    this.#append(told);
    this.#forget();
    return told;
  }

  /** What came after a sequence, oldest first. A command is read only when it is asked for: it may have many rows. */
  *after(position: Seq): Generator<FeedEntry> {
    assert(position >= this.#oldestSeq, "what is read has not been forgotten");
    if (this.#packed !== undefined) yield* this.#packed.after(position);
    let index = this.#chunkAfter(position);
    let row = index < this.#chunks.length ? this.#rowAfter(index, position) : 0;
    while (index < this.#chunks.length) {
      const chunk = this.#chunks[index]!;
      if (row < chunk.count) {
        yield rowOf(chunk, row);
        row += 1;
      } else {
        index += 1;
        row = 0;
      }
    }
  }

  #append({ seq, at, cause, orders, trades, wallets }: FeedEntry): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.count === CHUNK_COMMANDS) {
      chunk = this.#nextChunk(chunk);
      this.#chunks.push(chunk);
    }
    const row = chunk.count;
    chunk.seqs[row] = seq;
    chunk.times[row] = at;
    chunk.causes[row] = cause;
    for (const order of orders) chunk.orders.add(order);
    for (const trade of trades) chunk.trades.add(trade);
    for (const wallet of wallets) chunk.wallets.add(wallet);
    const next = (row + 1) * KINDS;
    chunk.starts[next] = chunk.orders.count;
    chunk.starts[next + 1] = chunk.trades.count;
    chunk.starts[next + 2] = chunk.wallets.count;
    chunk.count += 1;
    this.#events += orders.length + trades.length + wallets.length;
  }

  /** The spare one, unless an extraordinary command has made it so large that it would waste its memory for good. */
  #nextChunk(before: Chunk | undefined): Chunk {
    const spare = this.#spare;
    this.#spare = null;
    if (spare === null || before === undefined) return newChunk(before);
    return roomOf(spare) <= rowsIn(before) * SPARE_ROOM_MAX ? spare : newChunk(before);
  }

  /** Whole commands only, so that what is kept of a command is all of it. */
  #forget(): void {
    while (this.#events > this.#eventsMax) {
      if (this.#packed !== undefined) {
        this.#forgetPacked(this.#packed);
        continue;
      }
      const chunk = this.#chunks[0]!;
      const row = this.#forgotten;
      const { starts } = chunk;
      for (let kind = 0; kind < KINDS; kind += 1) {
        this.#events -= starts[(row + 1) * KINDS + kind]! - starts[row * KINDS + kind]!;
      }
      this.#oldestSeq = chunk.seqs[row] as Seq;
      this.#forgotten += 1;
      if (this.#forgotten < chunk.count) continue;
      // A thousand chunks at most unless the log is configured far larger, and once in a thousand commands.
      this.#chunks.shift();
      this.#forgotten = 0;
      clear(chunk);
      this.#spare = chunk;
    }
  }

  #forgetPacked(packed: PackedFeed): void {
    const { events } = packed;
    packed.forget();
    this.#events -= events - packed.events;
    this.#oldestSeq = packed.oldestSeq;
    if (packed.isEmpty) this.#packed = undefined;
  }

  #countsAfter(position: Seq): FeedCounts {
    const first = this.#chunkAfter(position);
    let { commands, orders, trades, wallets } = this.#packed?.countsAfter(position) ?? NOTHING;
    for (let index = first; index < this.#chunks.length; index += 1) {
      const { starts, count } = this.#chunks[index]!;
      const row = index === first ? this.#rowAfter(index, position) : 0;
      commands += count - row;
      orders += starts[count * KINDS]! - starts[row * KINDS]!;
      trades += starts[count * KINDS + 1]! - starts[row * KINDS + 1]!;
      wallets += starts[count * KINDS + 2]! - starts[row * KINDS + 2]!;
    }
    return { commands, orders, trades, wallets };
  }

  /** The first chunk that ends after a position. */
  #chunkAfter(position: Seq): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle]!;
      if (chunk.seqs[chunk.count - 1]! <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #rowAfter(index: number, position: Seq): number {
    const { seqs, count } = this.#chunks[index]!;
    return firstAbove(seqs, position, { from: index === 0 ? this.#forgotten : 0, to: count });
  }
}

/** With room for a little more than the chunk before it holds: to grow means to copy. */
function newChunk(before: Chunk | undefined): Chunk {
  const room = (rows: { readonly count: number } | undefined) =>
    Math.max(CHUNK_COMMANDS, Math.ceil((rows?.count ?? 0) * ROOM_TO_SPARE));
  return {
    seqs: new Float64Array(CHUNK_COMMANDS),
    times: new Float64Array(CHUNK_COMMANDS),
    causes: [],
    starts: new Uint32Array((CHUNK_COMMANDS + 1) * KINDS),
    orders: new FeedOrders(room(before?.orders)),
    trades: new FeedTrades(room(before?.trades)),
    wallets: new FeedWallets(room(before?.wallets)),
    count: 0,
  };
}

function clear(chunk: Chunk): void {
  chunk.orders.clear();
  chunk.trades.clear();
  chunk.wallets.clear();
  chunk.count = 0;
}

function rowsIn({ orders, trades, wallets }: Chunk): number {
  return orders.count + trades.count + wallets.count;
}

function roomOf({ orders, trades, wallets }: Chunk): number {
  return orders.room + trades.room + wallets.room;
}

function rowOf(chunk: Chunk, row: number): FeedEntry {
  const { seqs, times, causes, starts, orders, trades, wallets } = chunk;
  const from = row * KINDS;
  const to = from + KINDS;
  return {
    seq: seqs[row] as Seq,
    at: times[row] as EpochMs,
    cause: causes[row]!,
    orders: rowsBetween(orders, starts[from]!, starts[to]!),
    trades: rowsBetween(trades, starts[from + 1]!, starts[to + 1]!),
    wallets: rowsBetween(wallets, starts[from + 2]!, starts[to + 2]!),
  };
}

function rowsBetween<Row>(rows: { at(row: number): Row }, from: number, to: number): Row[] {
  const read: Row[] = [];
  for (let row = from; row < to; row += 1) read.push(rows.at(row));
  return read;
}
