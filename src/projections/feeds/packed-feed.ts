/**
 * A feed log as columns, oldest command first: how a snapshot keeps it. After a restart a command's part becomes
 * objects when somebody resumes there, so that a start does not wait for a million events to be made.
 */
import { DecodeError } from "../../domain/codec.ts";
import { ColumnReader, ColumnWriter } from "../../domain/columns.ts";
import { COMMAND_KINDS } from "../../domain/event-codec.ts";
import { END_REASONS, type TradeExecuted, type WalletChanged } from "../../domain/events.ts";
import { SIDES } from "../../domain/market.ts";
import type {
  AccountIndex,
  AssetIndex,
  EpochMs,
  Lots,
  MarketIndex,
  Minor,
  OrderId,
  Seq,
  Ticks,
  TradeId,
} from "../../domain/units.ts";
import { ORDER_UPDATE_TYPES, type OrderUpdate } from "../live/live-orders.ts";
import { firstAbove, type NumberColumns, NumberTable, readColumns } from "../number-columns.ts";
import { OrderColumns, OrderTable } from "../order-columns.ts";
import type { FeedEntry } from "./feed-entry.ts";

/** A reason's number is one more than its place; zero is none. */
const NO_REASON = 0;

const COMMAND = {
  seq: ({ seq }) => seq,
  at: ({ at }) => at,
  cause: ({ cause }) => COMMAND_KINDS.indexOf(cause),
  orders: ({ orders }) => orders.length,
  trades: ({ trades }) => trades.length,
  wallets: ({ wallets }) => wallets.length,
} as const satisfies Record<string, (entry: FeedEntry) => number>;

/** Of an update, what its order's own columns do not have. */
const UPDATE = {
  type: ({ type }) => ORDER_UPDATE_TYPES.indexOf(type),
  reason: ({ order }) => 1 + (END_REASONS as readonly (string | null)[]).indexOf(order.progress.reason),
} as const satisfies Record<string, (update: OrderUpdate) => number>;

const TRADE = {
  market: ({ market }) => market,
  trade: ({ trade }) => trade,
  price: ({ price }) => price,
  quantity: ({ quantity }) => quantity,
  value: ({ value }) => value,
  takerSide: ({ takerSide }) => SIDES.indexOf(takerSide),
  takerOrder: ({ takerOrder }) => takerOrder,
  takerAccount: ({ takerAccount }) => takerAccount,
  takerFee: ({ takerFee }) => takerFee,
  makerOrder: ({ makerOrder }) => makerOrder,
  makerAccount: ({ makerAccount }) => makerAccount,
  makerFee: ({ makerFee }) => makerFee,
} as const satisfies Record<string, (trade: TradeExecuted) => number>;

const WALLET = {
  account: ({ account }) => account,
  asset: ({ asset }) => asset,
  available: ({ available }) => available,
  held: ({ held }) => held,
} as const satisfies Record<string, (wallet: WalletChanged) => number>;

/** How many rows there are of each kind. */
export type FeedCounts = {
  readonly commands: number;
  readonly orders: number;
  readonly trades: number;
  readonly wallets: number;
};

/** The bytes of all that came after a sequence, which are the same however the log has kept it. */
export function packFeed(
  oldestSeq: Seq,
  counts: FeedCounts,
  entries: Iterable<FeedEntry>,
): Uint8Array<ArrayBuffer> {
  const commands = new NumberTable(COMMAND, counts.commands);
  const updates = new NumberTable(UPDATE, counts.orders);
  const orders = new OrderTable(counts.orders);
  const trades = new NumberTable(TRADE, counts.trades);
  const wallets = new NumberTable(WALLET, counts.wallets);
  for (const entry of entries) {
    commands.add(entry);
    for (const update of entry.orders) {
      updates.add(update);
      orders.add(update.order);
    }
    for (const trade of entry.trades) trades.add(trade);
    for (const wallet of entry.wallets) wallets.add(wallet);
  }
  const writer = new ColumnWriter();
  writer.numbers([oldestSeq]);
  for (const table of [commands, updates, orders, trades, wallets]) table.write(writer);
  return writer.take();
}

export class PackedFeed {
  /** The sequence after which everything is here. */
  #oldestSeq: Seq;
  readonly #commands: NumberColumns<typeof COMMAND>;
  readonly #updates: NumberColumns<typeof UPDATE>;
  readonly #orders: OrderColumns;
  readonly #trades: NumberColumns<typeof TRADE>;
  readonly #wallets: NumberColumns<typeof WALLET>;
  /** Where each command's rows begin. */
  readonly #starts: { readonly [Kind in "orders" | "trades" | "wallets"]: Uint32Array };
  /** Commands that are forgotten. */
  #forgotten = 0;
  #events: number;

  /** Keeps the bytes for as long as it is there itself. @throws DecodeError */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const reader = new ColumnReader(bytes);
    const oldestSeq = reader.numbers(1);
    this.#oldestSeq = oldestSeq[0] as Seq;
    this.#commands = readColumns(reader, COMMAND);
    this.#updates = readColumns(reader, UPDATE);
    this.#orders = new OrderColumns(reader);
    this.#trades = readColumns(reader, TRADE);
    this.#wallets = readColumns(reader, WALLET);
    reader.end();
    const updates = this.#updates.type.length;
    if (updates !== this.#orders.count) throw new DecodeError("columns are not of one length");
    const [trades, wallets] = [this.#trades.trade.length, this.#wallets.account.length];
    this.#starts = {
      orders: startsOf(this.#commands.orders, updates),
      trades: startsOf(this.#commands.trades, trades),
      wallets: startsOf(this.#commands.wallets, wallets),
    };
    this.#events = updates + trades + wallets;
  }

  get oldestSeq(): Seq {
    return this.#oldestSeq;
  }

  get events(): number {
    return this.#events;
  }

  get isEmpty(): boolean {
    return this.#forgotten === this.#commands.seq.length;
  }

  countsAfter(position: Seq): FeedCounts {
    const [from, { orders, trades, wallets }] = [this.#rowAfter(position), this.#starts];
    return {
      commands: this.#commands.seq.length - from,
      orders: this.#orders.count - orders[from]!,
      trades: this.#trades.trade.length - trades[from]!,
      wallets: this.#wallets.account.length - wallets[from]!,
    };
  }

  /** Lets the oldest command go. */
  forget(): void {
    const row = this.#forgotten;
    const { seq, orders, trades, wallets } = this.#commands;
    this.#events -= orders[row]! + trades[row]! + wallets[row]!;
    this.#oldestSeq = seq[row] as Seq;
    this.#forgotten += 1;
  }

  /** What came after a sequence, oldest first, each made when it is asked for. */
  *after(position: Seq): Generator<FeedEntry> {
    const { length } = this.#commands.seq;
    for (let row = this.#rowAfter(position); row < length; row += 1) yield this.#entryAt(row);
  }

  /** The first row that is kept and comes after a sequence. */
  #rowAfter(position: Seq): number {
    const { seq } = this.#commands;
    return firstAbove(seq, position, { from: this.#forgotten, to: seq.length });
  }

  #entryAt(row: number): FeedEntry {
    const { seq, at, cause, orders, trades, wallets } = this.#commands;
    const starts = this.#starts;
    return {
      seq: seq[row] as Seq,
      at: at[row] as EpochMs,
      cause: COMMAND_KINDS[cause[row]!]!,
      orders: Array.from({ length: orders[row]! }, (_, place) => this.#updateAt(starts.orders[row]! + place)),
      trades: Array.from({ length: trades[row]! }, (_, place) => this.#tradeAt(starts.trades[row]! + place)),
      wallets: Array.from({ length: wallets[row]! }, (_, place) =>
        this.#walletAt(starts.wallets[row]! + place),
      ),
    };
  }

  #updateAt(row: number): OrderUpdate {
    const type = ORDER_UPDATE_TYPES[this.#updates.type[row]!]!;
    const order = this.#orders.at(row);
    const reason = this.#updates.reason[row]!;
    if (reason === NO_REASON) return { type, order };
    return { type, order: { ...order, progress: { ...order.progress, reason: END_REASONS[reason - 1]! } } };
  }

  #tradeAt(row: number): TradeExecuted {
    const trades = this.#trades;
    return {
      kind: "TradeExecuted",
      market: trades.market[row] as MarketIndex,
      trade: trades.trade[row] as TradeId,
      price: trades.price[row] as Ticks,
      quantity: trades.quantity[row] as Lots,
      value: trades.value[row] as Minor,
      takerSide: SIDES[trades.takerSide[row]!]!,
      takerOrder: trades.takerOrder[row] as OrderId,
      takerAccount: trades.takerAccount[row] as AccountIndex,
      takerFee: trades.takerFee[row] as Minor,
      makerOrder: trades.makerOrder[row] as OrderId,
      makerAccount: trades.makerAccount[row] as AccountIndex,
      makerFee: trades.makerFee[row] as Minor,
    };
  }

  #walletAt(row: number): WalletChanged {
    const wallets = this.#wallets;
    return {
      kind: "WalletChanged",
      account: wallets.account[row] as AccountIndex,
      asset: wallets.asset[row] as AssetIndex,
      available: wallets.available[row] as Minor,
      held: wallets.held[row] as Minor,
    };
  }
}

/** Where each command's rows begin, and behind the last one their end, which must be that of the columns. */
function startsOf(counts: ArrayLike<number>, rows: number): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (let row = 0; row < counts.length; row += 1) starts[row + 1] = starts[row]! + counts[row]!;
  if (starts[counts.length] !== rows) throw new DecodeError("commands have other events than there are");
  return starts;
}
