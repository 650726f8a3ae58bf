/** Orders as columns, for states of a million of them: written row by row, and each read only when it is asked for. */
import type { ColumnReader, ColumnWriter, Texts } from "../domain/columns.ts";
import { ORDER_TYPES, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../domain/commands.ts";
import { SIDES } from "../domain/market.ts";
import type { AccountIndex, EpochMs, Lots, MarketIndex, Minor, OrderId, Ticks } from "../domain/units.ts";
import { type NumberColumns, NumberTable, readColumns } from "./number-columns.ts";
import { ORDER_STATUSES, type OrderRecord } from "./order-record.ts";

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

/** Takes so many orders one by one, and then writes their columns. */
export class OrderTable {
  readonly #numbers: NumberTable<OrderRecord>;
  readonly #clientOrderIds: (string | null)[] = [];
  readonly #requestIds: string[] = [];
  readonly #traceIds: (string | null)[] = [];

  constructor(rows: number) {
    this.#numbers = new NumberTable(NUMBERS, rows);
  }

  add(record: OrderRecord): void {
    this.#numbers.add(record);
    this.#clientOrderIds.push(record.terms.clientOrderId);
    this.#requestIds.push(record.requestId);
    this.#traceIds.push(record.traceId);
  }

  write(writer: ColumnWriter): void {
    this.#numbers.write(writer);
    writer.texts(this.#clientOrderIds);
    writer.texts(this.#requestIds);
    writer.texts(this.#traceIds);
  }
}

/** The columns of an `OrderTable`, in the bytes that they are read from. */
export class OrderColumns {
  readonly numbers: NumberColumns<typeof NUMBERS>;
  readonly count: number;
  readonly #clientOrderIds: Texts;
  readonly #requestIds: Texts;
  readonly #traceIds: Texts;

  /** @throws DecodeError */
  constructor(reader: ColumnReader) {
    this.numbers = readColumns(reader, NUMBERS);
    this.count = this.numbers.order.length;
    this.#clientOrderIds = reader.texts(this.count);
    this.#requestIds = reader.texts(this.count);
    this.#traceIds = reader.texts(this.count);
  }

  /** An order as it was added, but for the reason why it ended. */
  at(row: number): OrderRecord {
    const { numbers } = this;
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
