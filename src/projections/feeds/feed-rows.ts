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

const ROWS_FIRST = 1024;
/** The place of no reason. */
const NO_REASON = -1;

/** Rows of so many numbers each. */
class NumberRows {
  readonly #width: number;
  #numbers: Float64Array<ArrayBuffer>;
  #count = 0;

  constructor(width: number) {
    this.#width = width;
    this.#numbers = new Float64Array(width * ROWS_FIRST);
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a row; `at` reads it back. */
  add(...row: readonly number[]): void {
    assert(row.length === this.#width, "a row has as many numbers as the table is wide");
    const start = this.#count * this.#width;
    if (start === this.#numbers.length) this.#resize(start * 2);
    for (let i = 0; i < row.length; i += 1) this.#numbers[start + i] = row[i]!;
    this.#count += 1;
  }

  at(row: number): Float64Array {
    return this.#numbers.subarray(row * this.#width, (row + 1) * this.#width);
  }

  /** Gives back the room that no row will need. */
  seal(): void {
    this.#resize(this.#count * this.#width);
  }

  #resize(length: number): void {
    const numbers = new Float64Array(length);
    numbers.set(this.#numbers.subarray(0, Math.min(length, this.#numbers.length)));
    this.#numbers = numbers;
  }
}

/**
 * Order updates: an order's terms, which an amendment replaces and never changes, are kept by reference, how
 * far it had come in numbers.
 */
export class FeedOrders {
  readonly #rows = new NumberRows(9);
  readonly #terms: OrderTerms[] = [];
  readonly #requestIds: string[] = [];
  readonly #traceIds: (string | null)[] = [];

  get count(): number {
    return this.#rows.count;
  }

  add({ type, order: { order, terms, requestId, traceId, createdAt, progress } }: OrderUpdate): void {
    this.#rows.add(
      ORDER_UPDATE_TYPES.indexOf(type),
      order,
      createdAt,
      ORDER_STATUSES.indexOf(progress.status),
      progress.reason === null ? NO_REASON : END_REASONS.indexOf(progress.reason),
      progress.filledQuantity,
      progress.filledValue,
      progress.preventedQuantity,
      progress.updatedAt,
    );
    this.#terms.push(terms);
    this.#requestIds.push(requestId);
    this.#traceIds.push(traceId);
  }

  at(row: number): OrderUpdate {
    const [
      type,
      order,
      createdAt,
      status,
      reason,
      filledQuantity,
      filledValue,
      preventedQuantity,
      updatedAt,
    ] = this.#rows.at(row);
    return {
      type: ORDER_UPDATE_TYPES[type!]!,
      order: {
        order: order as OrderId,
        terms: this.#terms[row]!,
        requestId: this.#requestIds[row]!,
        traceId: this.#traceIds[row]!,
        createdAt: createdAt as EpochMs,
        progress: {
          status: ORDER_STATUSES[status!]!,
          reason: reason === NO_REASON ? null : END_REASONS[reason!]!,
          filledQuantity: filledQuantity as Lots,
          filledValue: filledValue as Minor,
          preventedQuantity: preventedQuantity as Lots,
          updatedAt: updatedAt as EpochMs,
        },
      },
    };
  }

  seal(): void {
    this.#rows.seal();
  }
}

export class FeedTrades {
  readonly #rows = new NumberRows(12);

  get count(): number {
    return this.#rows.count;
  }

  add(trade: TradeExecuted): void {
    this.#rows.add(
      trade.market,
      trade.trade,
      trade.price,
      trade.quantity,
      trade.value,
      SIDES.indexOf(trade.takerSide),
      trade.takerOrder,
      trade.takerAccount,
      trade.takerFee,
      trade.makerOrder,
      trade.makerAccount,
      trade.makerFee,
    );
  }

  at(row: number): TradeExecuted {
    const numbers = this.#rows.at(row);
    return {
      kind: "TradeExecuted",
      market: numbers[0] as MarketIndex,
      trade: numbers[1] as TradeId,
      price: numbers[2] as Ticks,
      quantity: numbers[3] as Lots,
      value: numbers[4] as Minor,
      takerSide: SIDES[numbers[5]!]!,
      takerOrder: numbers[6] as OrderId,
      takerAccount: numbers[7] as AccountIndex,
      takerFee: numbers[8] as Minor,
      makerOrder: numbers[9] as OrderId,
      makerAccount: numbers[10] as AccountIndex,
      makerFee: numbers[11] as Minor,
    };
  }

  seal(): void {
    this.#rows.seal();
  }
}

export class FeedWallets {
  readonly #rows = new NumberRows(4);

  get count(): number {
    return this.#rows.count;
  }

  add({ account, asset, available, held }: WalletChanged): void {
    this.#rows.add(account, asset, available, held);
  }

  at(row: number): WalletChanged {
    const [account, asset, available, held] = this.#rows.at(row);
    return {
      kind: "WalletChanged",
      account: account as AccountIndex,
      asset: asset as AssetIndex,
      available: available as Minor,
      held: held as Minor,
    };
  }

  seal(): void {
    this.#rows.seal();
  }
}
