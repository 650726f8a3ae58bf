/**
 * Live orders as columns, oldest first: how a snapshot keeps them. Those of an account become records when it is
 * first asked for, so that a restart does not wait for a million of them to be made.
 */
import { DecodeError } from "../../domain/codec.ts";
import { ColumnReader, ColumnWriter, type Texts } from "../../domain/columns.ts";
import { ORDER_TYPES, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../../domain/commands.ts";
import { SIDES } from "../../domain/market.ts";
import type { AccountIndex, EpochMs, Lots, MarketIndex, Minor, OrderId, Ticks } from "../../domain/units.ts";
import { ORDER_STATUSES, type OrderRecord } from "../order-record.ts";

/** What is kept of an order as numbers; zero stands for a term that was not given, which no given one is. */
const NUMBERS = {
  order: ({ order }) => order,
  account: ({ terms }) => terms.account,
  market: ({ terms }) => terms.market,
  side: ({ terms }) => SIDES.indexOf(terms.side),
  type: ({ terms }) => ORDER_TYPES.indexOf(terms.type),
  timeInForce: ({ terms }) => TIMES_IN_FORCE.indexOf(terms.timeInForce),
  price: ({ terms }) => terms.price ?? 0,
  triggerPrice: ({ terms }) => terms.triggerPrice ?? 0,
  trailingOffset: ({ terms }) => terms.trailingOffset ?? 0,
  quantity: ({ terms }) => terms.quantity ?? 0,
  quoteQuantity: ({ terms }) => terms.quoteQuantity ?? 0,
  displayQuantity: ({ terms }) => terms.displayQuantity ?? 0,
  expiresAt: ({ terms }) => terms.expiresAt ?? 0,
  postOnly: ({ terms }) => (terms.postOnly ? 1 : 0),
  selfTradePrevention: ({ terms }) => SELF_TRADE_PREVENTIONS.indexOf(terms.selfTradePrevention),
  createdAt: ({ createdAt }) => createdAt,
  status: ({ progress }) => ORDER_STATUSES.indexOf(progress.status),
  filledQuantity: ({ progress }) => progress.filledQuantity,
  filledValue: ({ progress }) => progress.filledValue,
  preventedQuantity: ({ progress }) => progress.preventedQuantity,
  updatedAt: ({ progress }) => progress.updatedAt,
} as const satisfies Record<string, (record: OrderRecord) => number>;

type Numbers = Readonly<Record<keyof typeof NUMBERS, ArrayLike<number>>>;

/** The bytes of orders that are given oldest first. */
export function packOrders(records: readonly OrderRecord[]): Uint8Array<ArrayBuffer> {
  const writer = new ColumnWriter();
  for (const field of Object.values(NUMBERS)) {
    const column = new Float64Array(records.length);
    for (let row = 0; row < records.length; row += 1) column[row] = field(records[row]!);
    writer.numbers(column);
  }
  writer.texts(records.map(({ terms }) => terms.clientOrderId));
  writer.texts(records.map(({ requestId }) => requestId));
  writer.texts(records.map(({ traceId }) => traceId));
  return writer.take();
}

export class PackedOrders {
  readonly #numbers: Numbers;
  readonly #clientOrderIds: Texts;
  readonly #requestIds: Texts;
  readonly #traceIds: Texts;
  /** The rows of each account that has not been taken, by age. */
  readonly #rows = new Map<AccountIndex, Int32Array>();

  /** Keeps the bytes for as long as an account is left. @throws DecodeError */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const reader = new ColumnReader(bytes);
    const names = Object.keys(NUMBERS);
    const columns = names.map(() => reader.numbers());
    this.#numbers = Object.fromEntries(names.map((name, i) => [name, columns[i]])) as Numbers;
    const rows = this.#numbers.order.length;
    if (columns.some(({ length }) => length !== rows)) throw new DecodeError("columns are not of one length");
    this.#clientOrderIds = reader.texts(rows);
    this.#requestIds = reader.texts(rows);
    this.#traceIds = reader.texts(rows);
    reader.end();
    this.#gatherRows();
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  get accounts(): readonly AccountIndex[] {
    return [...this.#rows.keys()];
  }

  /** Whose order it is, if it is here. */
  accountOf(order: OrderId): AccountIndex | undefined {
    const { order: ids, account } = this.#numbers;
    let low = 0;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ids[middle]! < order) low = middle + 1;
      else high = middle;
    }
    const owner = account[low] as AccountIndex;
    return ids[low] === order && this.#rows.has(owner) ? owner : undefined;
  }

  /** An account's orders, oldest first; they are not here any more. */
  take(account: AccountIndex): readonly OrderRecord[] {
    const rows = this.#rows.get(account);
    if (rows === undefined) return [];
    this.#rows.delete(account);
    return Array.from(rows, (row) => this.#recordAt(row));
  }

  #gatherRows(): void {
    const { account } = this.#numbers;
    const counts = new Map<AccountIndex, number>();
    for (let row = 0; row < account.length; row += 1) {
      const owner = account[row] as AccountIndex;
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    for (const [owner, count] of counts) this.#rows.set(owner, new Int32Array(count));
    for (let row = account.length - 1; row >= 0; row -= 1) {
      const owner = account[row] as AccountIndex;
      const left = counts.get(owner)! - 1;
      counts.set(owner, left);
      this.#rows.get(owner)![left] = row;
    }
  }

  #recordAt(row: number): OrderRecord {
    const numbers = this.#numbers;
    return {
      order: numbers.order[row] as OrderId,
      terms: {
        account: numbers.account[row] as AccountIndex,
        market: numbers.market[row] as MarketIndex,
        side: SIDES[numbers.side[row]!]!,
        type: ORDER_TYPES[numbers.type[row]!]!,
        timeInForce: TIMES_IN_FORCE[numbers.timeInForce[row]!]!,
        price: given(numbers.price[row]!) as Ticks | null,
        triggerPrice: given(numbers.triggerPrice[row]!) as Ticks | null,
        trailingOffset: given(numbers.trailingOffset[row]!) as Ticks | null,
        quantity: given(numbers.quantity[row]!) as Lots | null,
        quoteQuantity: given(numbers.quoteQuantity[row]!) as Minor | null,
        displayQuantity: given(numbers.displayQuantity[row]!) as Lots | null,
        expiresAt: given(numbers.expiresAt[row]!) as EpochMs | null,
        postOnly: numbers.postOnly[row] === 1,
        selfTradePrevention: SELF_TRADE_PREVENTIONS[numbers.selfTradePrevention[row]!]!,
        clientOrderId: this.#clientOrderIds.at(row),
      },
      requestId: this.#requestIds.given(row),
      traceId: this.#traceIds.at(row),
      createdAt: numbers.createdAt[row] as EpochMs,
      progress: {
        status: ORDER_STATUSES[numbers.status[row]!]!,
        reason: null,
        filledQuantity: numbers.filledQuantity[row] as Lots,
        filledValue: numbers.filledValue[row] as Minor,
        preventedQuantity: numbers.preventedQuantity[row] as Lots,
        updatedAt: numbers.updatedAt[row] as EpochMs,
      },
    };
  }
}

/** Zero stands for a term that was not given. */
function given(value: number): number | null {
  return value === 0 ? null : value;
}
