/**
 * The events of the feed log as rows of numbers. A million events kept as objects are moved and marked by
 * the garbage collector again and again while orders wait for it; arrays of numbers are outside its heap.
 */
import { assert } from "../../domain/assert.ts";
import type { OrderTerms } from "../../domain/commands.ts";
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
  Ticks,
  TradeId,
} from "../../domain/units.ts";
import { ORDER_UPDATE_TYPES, type OrderUpdate } from "../live/live-orders.ts";
import { ORDER_STATUSES } from "../order-record.ts";

/** The place of each word in its list: to ask an object costs a part of what searching the list does. */
function placesOf<Word extends string>(words: readonly Word[]): Readonly<Record<Word, number>> {
  return Object.fromEntries(words.map((word, place) => [word, place])) as Record<Word, number>;
}

const UPDATE_TYPE_PLACES = placesOf(ORDER_UPDATE_TYPES);
const STATUS_PLACES = placesOf(ORDER_STATUSES);
const REASON_PLACES = placesOf(END_REASONS);
const SIDE_PLACES = placesOf(SIDES);

/** The place of no reason. */
const NO_REASON = -1;

/** Rows of so many numbers each, written one number after the other. */
class NumberRows {
  readonly #width: number;
  #numbers: Float64Array<ArrayBuffer>;
  #length = 0;

  constructor(width: number, room: number) {
    this.#width = width;
    this.#numbers = new Float64Array(width * room);
  }

  get count(): number {
    return this.#length / this.#width;
  }

  /** The rows that it can take before it has to grow. */
  get room(): number {
    return this.#numbers.length / this.#width;
  }

  /** Makes room for a row. All of its numbers are to be pushed next. */
  begin(): void {
    assert(this.#length % this.#width === 0, "a row has as many numbers as the table is wide");
    if (this.#length === this.#numbers.length) this.#grow();
  }

  push(number: number): void {
    this.#numbers[this.#length++] = number;
  }

  /** One number of a row: a view of the row would cost more than all of its numbers. */
  at(row: number, column: number): number {
    return this.#numbers[row * this.#width + column]!;
  }

  /** Forgets all rows and keeps their room. */
  clear(): void {
    this.#length = 0;
  }

  #grow(): void {
    const numbers = new Float64Array(this.#length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}

/**
 * Order updates: an order's terms, which an amendment replaces and never changes, are kept by reference, how
 * far it had come in numbers.
 */
export class FeedOrders {
  readonly #rows: NumberRows;
  readonly #terms: OrderTerms[] = [];
  readonly #requestIds: string[] = [];
  readonly #traceIds: (string | null)[] = [];

  constructor(room: number) {
    this.#rows = new NumberRows(9, room);
  }

  get count(): number {
    return this.#rows.count;
  }

  get room(): number {
    return this.#rows.room;
  }

  add({ type, order: { order, terms, requestId, traceId, createdAt, progress } }: OrderUpdate): void {
    const rows = this.#rows;
    rows.begin();
    rows.push(UPDATE_TYPE_PLACES[type]);
    rows.push(order);
    rows.push(createdAt);
    rows.push(STATUS_PLACES[progress.status]);
    rows.push(progress.reason === null ? NO_REASON : REASON_PLACES[progress.reason]);
    rows.push(progress.filledQuantity);
    rows.push(progress.filledValue);
    rows.push(progress.preventedQuantity);
    rows.push(progress.updatedAt);
    this.#terms.push(terms);
    this.#requestIds.push(requestId);
    this.#traceIds.push(traceId);
  }

  at(row: number): OrderUpdate {
    const rows = this.#rows;
    const reason = rows.at(row, 4);
    return {
      type: ORDER_UPDATE_TYPES[rows.at(row, 0)]!,
      order: {
        order: rows.at(row, 1) as OrderId,
        terms: this.#terms[row]!,
        requestId: this.#requestIds[row]!,
        traceId: this.#traceIds[row]!,
        createdAt: rows.at(row, 2) as EpochMs,
        progress: {
          status: ORDER_STATUSES[rows.at(row, 3)]!,
          reason: reason === NO_REASON ? null : END_REASONS[reason]!,
          filledQuantity: rows.at(row, 5) as Lots,
          filledValue: rows.at(row, 6) as Minor,
          preventedQuantity: rows.at(row, 7) as Lots,
          updatedAt: rows.at(row, 8) as EpochMs,
        },
      },
    };
  }

  clear(): void {
    this.#rows.clear();
    this.#terms.length = 0;
    this.#requestIds.length = 0;
    this.#traceIds.length = 0;
  }
}

export class FeedTrades {
  readonly #rows: NumberRows;

  constructor(room: number) {
    this.#rows = new NumberRows(12, room);
  }

  get count(): number {
    return this.#rows.count;
  }

  get room(): number {
    return this.#rows.room;
  }

  add(trade: TradeExecuted): void {
    const rows = this.#rows;
    rows.begin();
    rows.push(trade.market);
    rows.push(trade.trade);
    rows.push(trade.price);
    rows.push(trade.quantity);
    rows.push(trade.value);
    rows.push(SIDE_PLACES[trade.takerSide]);
    rows.push(trade.takerOrder);
    rows.push(trade.takerAccount);
    rows.push(trade.takerFee);
    rows.push(trade.makerOrder);
    rows.push(trade.makerAccount);
    rows.push(trade.makerFee);
  }

  at(row: number): TradeExecuted {
    const rows = this.#rows;
    return {
      kind: "TradeExecuted",
      market: rows.at(row, 0) as MarketIndex,
      trade: rows.at(row, 1) as TradeId,
      price: rows.at(row, 2) as Ticks,
      quantity: rows.at(row, 3) as Lots,
      value: rows.at(row, 4) as Minor,
      takerSide: SIDES[rows.at(row, 5)]!,
      takerOrder: rows.at(row, 6) as OrderId,
      takerAccount: rows.at(row, 7) as AccountIndex,
      takerFee: rows.at(row, 8) as Minor,
      makerOrder: rows.at(row, 9) as OrderId,
      makerAccount: rows.at(row, 10) as AccountIndex,
      makerFee: rows.at(row, 11) as Minor,
    };
  }

  clear(): void {
    this.#rows.clear();
  }
}

export class FeedWallets {
  readonly #rows: NumberRows;

  constructor(room: number) {
    this.#rows = new NumberRows(4, room);
  }

  get count(): number {
    return this.#rows.count;
  }

  get room(): number {
    return this.#rows.room;
  }

  add({ account, asset, available, held }: WalletChanged): void {
    const rows = this.#rows;
    rows.begin();
    rows.push(account);
    rows.push(asset);
    rows.push(available);
    rows.push(held);
  }

  at(row: number): WalletChanged {
    const rows = this.#rows;
    return {
      kind: "WalletChanged",
      account: rows.at(row, 0) as AccountIndex,
      asset: rows.at(row, 1) as AssetIndex,
      available: rows.at(row, 2) as Minor,
      held: rows.at(row, 3) as Minor,
    };
  }

  clear(): void {
    this.#rows.clear();
  }
}
