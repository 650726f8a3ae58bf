/**
 * The rows of the orders that a batch touches. An order that is placed, traded and ended within one batch is
 * written once; an older one is read when first touched and updated once, at the end of the batch.
 */
import type { Database, Statement } from "better-sqlite3";
import { assert } from "../../domain/assert.ts";
import {
  ORDER_TYPES,
  type OrderTerms,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
} from "../../domain/commands.ts";
import {
  END_REASONS,
  type OrderAmended,
  type OrderPlaced,
  type OrderTriggered,
  type SelfTradePrevented,
} from "../../domain/events.ts";
import { SIDES } from "../../domain/market.ts";
import {
  ORDER_STATUSES,
  type OrderEnd,
  reasonOf,
  STATUS_WHEN_ENDED,
  statusWhenPlaced,
} from "../order-record.ts";
import { MARK_EVERY } from "./schema.ts";
import { numberOf, numberOrNull } from "./words.ts";

/** How far an order has come, as its row will say. `placed` is there if the row is still to be inserted. */
type OrderRow = {
  readonly order: number;
  readonly placed: { readonly terms: OrderTerms; readonly previous: number | null } | null;
  status: number;
  reason: number | null;
  filledQuantity: number;
  filledValue: number;
  lastTrade: number | null;
  updatedAt: number;
  updatedSeq: number;
  /** What the batch has made of the order's price and quantity; null if it has not amended it. */
  amended: AmendedTerms | null;
  /** What self-trade prevention has taken from it in the batch. */
  prevented: number;
};

type AmendedTerms = Pick<OrderTerms, "price" | "quantity">;

/** What happens to orders apart from their trades. */
type OrderEvent = OrderPlaced | OrderTriggered | OrderAmended | SelfTradePrevented | OrderEnd;

/** The command that something happens in. */
type Moment = { readonly seq: number; readonly at: number };

type OrderTrade = { readonly trade: number; readonly quantity: number; readonly value: number };

const OPEN = numberOf(ORDER_STATUSES, "open");
const PARTIALLY_FILLED = numberOf(ORDER_STATUSES, "partially-filled");

/** Where the chain of an account's orders ends. */
type Head = { readonly account: number; lastOrder: number | null; orderCount: number; changed: boolean };

export class OrderRows {
  readonly #touched = new Map<number, OrderRow>();
  readonly #heads = new Map<number, Head>();
  #changedHeads: Head[] = [];
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #amend: Statement;
  readonly #prevent: Statement;
  readonly #addRareTerms: Statement;
  readonly #noteChange: Statement;
  readonly #saveHead: Statement;
  readonly #mark: Statement;

  constructor(database: Database) {
    const heads = database
      .prepare("SELECT account, last_order, order_count FROM order_heads")
      .raw()
      .iterate();
    for (const [account, lastOrder, orderCount] of heads as IterableIterator<[number, number, number]>) {
      this.#heads.set(account, { account, lastOrder, orderCount, changed: false });
    }
    this.#find = database
      .prepare(
        `SELECT status, reason, filled_quantity, filled_value, last_trade, updated_at,
           updated_seq
         FROM orders WHERE order_id = ?`,
      )
      .raw();
    this.#insert = database.prepare(
      `INSERT INTO orders (order_id, account, market, side, type, time_in_force, price, quantity, quote_quantity,
         expires_at, post_only, self_trade_prevention, client_order_id, previous, status, reason,
         filled_quantity, filled_value, last_trade, updated_at, updated_seq)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#saveHead = database.prepare(
      `INSERT INTO order_heads (account, last_order, order_count) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET last_order = excluded.last_order, order_count = excluded.order_count`,
    );
    this.#mark = database.prepare("INSERT INTO order_marks (account, order_id) VALUES (?, ?)");
    this.#update = database.prepare(
      `UPDATE orders SET status = ?, reason = ?, filled_quantity = ?, filled_value = ?, last_trade = ?,
         updated_at = ?, updated_seq = ? WHERE order_id = ?`,
    );
    this.#amend = database.prepare("UPDATE orders SET price = ?, quantity = ? WHERE order_id = ?");
    this.#prevent = database.prepare(
      "UPDATE orders SET prevented_quantity = prevented_quantity + ? WHERE order_id = ?",
    );
    this.#noteChange = database.prepare("INSERT OR IGNORE INTO order_changes (order_id, seq) VALUES (?, ?)");
    this.#addRareTerms = database.prepare(
      "UPDATE orders SET trigger_price = ?, trailing_offset = ?, display_quantity = ? WHERE order_id = ?",
    );
  }

  record(event: OrderEvent, moment: Moment): void {
    switch (event.kind) {
      case "OrderPlaced":
        this.#place(event, moment);
        return;
      case "OrderTriggered":
        this.#note(event.order, moment).status = OPEN;
        return;
      case "OrderAmended":
        this.#note(event.order, moment).amended = event;
        return;
      case "SelfTradePrevented":
        this.#note(event.takerOrder, moment).prevented += event.quantity;
        this.#note(event.makerOrder, moment).prevented += event.quantity;
        return;
      case "OrderFilled":
      case "OrderCanceled":
      case "OrderExpired":
        this.#end(event, moment);
        return;
    }
  }

  #place(terms: OrderPlaced, { seq, at }: Moment): void {
    const previous = this.#chain(terms.account, terms.order);
    this.#touched.set(terms.order, {
      order: terms.order,
      placed: { terms, previous },
      status: numberOf(ORDER_STATUSES, statusWhenPlaced(terms.type)),
      reason: null,
      filledQuantity: 0,
      filledValue: 0,
      lastTrade: null,
      updatedAt: at,
      updatedSeq: seq,
      amended: null,
      prevented: 0,
    });
  }

  /** Adds a fill and gives the order's trade before it, to which the new one is chained. */
  fill(order: number, { trade, quantity, value }: OrderTrade, moment: Moment): number | null {
    const row = this.#change(order, moment);
    const previous = row.lastTrade;
    row.status = PARTIALLY_FILLED;
    row.filledQuantity += quantity;
    row.filledValue += value;
    row.lastTrade = trade;
    return previous;
  }

  /** Writes the rows of the batch. */
  save(): void {
    for (const row of this.#touched.values()) {
      if (row.placed === null) this.#saveProgress(row);
      else this.#saveWhole(row, row.placed);
      if (row.prevented > 0) this.#prevent.run(row.prevented, row.order);
    }
    this.#touched.clear();
    for (const head of this.#changedHeads) {
      this.#saveHead.run(head.account, head.lastOrder, head.orderCount);
      head.changed = false;
    }
    this.#changedHeads = [];
  }

  #end(event: OrderEnd, moment: Moment): void {
    const row = this.#change(event.order, moment);
    row.status = numberOf(ORDER_STATUSES, STATUS_WHEN_ENDED[event.kind]);
    row.reason = numberOrNull(END_REASONS, reasonOf(event));
  }

  /** Puts an order at the end of its account's chain and gives the one before it. */
  #chain(account: number, order: number): number | null {
    let head = this.#heads.get(account);
    if (head === undefined) {
      head = { account, lastOrder: null, orderCount: 0, changed: false };
      this.#heads.set(account, head);
    }
    const previous = head.lastOrder;
    head.lastOrder = order;
    head.orderCount += 1;
    if (head.orderCount % MARK_EVERY === 0) this.#mark.run(account, order);
    if (!head.changed) {
      head.changed = true;
      this.#changedHeads.push(head);
    }
    return previous;
  }

  /** The row of an order that something happens to. */
  #change(order: number, { seq, at }: Moment): OrderRow {
    const row = this.#row(order);
    row.updatedAt = at;
    row.updatedSeq = seq;
    return row;
  }

  /** The same, for what no trade and no end of the order tells of; the command that placed it needs no note. */
  #note(order: number, moment: Moment): OrderRow {
    if (moment.seq !== order) this.#noteChange.run(order, moment.seq);
    return this.#change(order, moment);
  }

  #row(order: number): OrderRow {
    const touched = this.#touched.get(order);
    if (touched !== undefined) return touched;
    const found = this.#find.get(order) as RawProgress | undefined;
    assert(found !== undefined, "what happens to an order comes after its placing");
    const [status, reason, filledQuantity, filledValue, lastTrade, updatedAt, updatedSeq] = found;
    const progress = { status, reason, filledQuantity, filledValue, lastTrade, updatedAt, updatedSeq };
    const row: OrderRow = { order, placed: null, ...progress, amended: null, prevented: 0 };
    this.#touched.set(order, row);
    return row;
  }

  #saveProgress(row: OrderRow): void {
    const { status, reason, filledQuantity, filledValue, lastTrade, updatedAt, updatedSeq, order } = row;
    this.#update.run(status, reason, filledQuantity, filledValue, lastTrade, updatedAt, updatedSeq, order);
    if (row.amended !== null) this.#amend.run(row.amended.price, row.amended.quantity, order);
  }

  #saveWhole(row: OrderRow, { terms, previous }: NonNullable<OrderRow["placed"]>): void {
    const { price, quantity } = row.amended ?? terms;
    this.#insert.run(
      row.order,
      terms.account,
      terms.market,
      numberOf(SIDES, terms.side),
      numberOf(ORDER_TYPES, terms.type),
      numberOf(TIMES_IN_FORCE, terms.timeInForce),
      price,
      quantity,
      terms.quoteQuantity,
      terms.expiresAt,
      terms.postOnly ? 1 : 0,
      numberOf(SELF_TRADE_PREVENTIONS, terms.selfTradePrevention),
      terms.clientOrderId,
      previous,
      row.status,
      row.reason,
      row.filledQuantity,
      row.filledValue,
      row.lastTrade,
      row.updatedAt,
      row.updatedSeq,
    );
    const { triggerPrice, trailingOffset, displayQuantity } = terms;
    // Few orders have these, and every value that is bound costs all of them.
    if ((triggerPrice ?? trailingOffset ?? displayQuantity) === null) return;
    this.#addRareTerms.run(triggerPrice, trailingOffset, displayQuantity, row.order);
  }
}

type RawProgress = [number, number | null, number, number, number | null, number, number];
