/**
 * The orders that are open or pending, whole, as their accounts see them, and the step-by-step updates from which
 * the order feed is made. An order leaves with the command that ends it; after that the ledger answers for it.
 */
import { assert } from "../../domain/assert.ts";
import type { Sequenced } from "../../domain/commands.ts";
import type { Committed, Event, OrderAmended, OrderPlaced } from "../../domain/events.ts";
import { type AccountIndex, lots, type MarketIndex, minor, type OrderId } from "../../domain/units.ts";
import {
  type OrderEnd,
  type OrderProgress,
  type OrderRecord,
  reasonOf,
  STATUS_WHEN_ENDED,
  statusWhenPlaced,
} from "../order-record.ts";
import { PackedOrders, packOrders } from "./packed-orders.ts";

/** `amended` also tells of an order that goes on after self-trade prevention has taken a part of it. */
export const ORDER_UPDATE_TYPES = [
  "placed",
  "partially-filled",
  "filled",
  "canceled",
  "expired",
  "amended",
  "triggered",
] as const;
export type OrderUpdateType = (typeof ORDER_UPDATE_TYPES)[number];

/** One thing that happened to an order, with the order as it was right then. */
export type OrderUpdate = { readonly type: OrderUpdateType; readonly order: OrderRecord };

/** An account's orders, oldest first, and those of them that its client named. */
type AccountOrders = {
  readonly orders: Set<OrderId>;
  /** No two live orders of an account have one client id. */
  readonly byClientId: Map<string, OrderId>;
};

export class LiveOrders {
  readonly #live = new Map<OrderId, OrderRecord>();
  readonly #byAccount = new Map<AccountIndex, AccountOrders>();
  /** The orders of accounts that nobody has asked about since the restart. */
  #packed: PackedOrders | undefined;

  get(order: OrderId): OrderRecord | undefined {
    const record = this.#live.get(order);
    if (record !== undefined || this.#packed === undefined) return record;
    const account = this.#packed.accountOf(order);
    if (account === undefined) return undefined;
    this.#unpack(account);
    return this.#live.get(order);
  }

  /**
   * Every order, in no order; those that come while somebody walks are among them. Null is a step that made room for
   * the orders of one more account.
   */
  *walk(): Generator<OrderRecord | null> {
    for (let packed = this.#packed; packed !== undefined; packed = this.#packed) {
      const account = packed.firstAccount;
      if (account === undefined) break;
      this.#unpack(account);
      yield null;
    }
    yield* this.#live.values();
  }

  /** Oldest first. */
  ofAccount(account: AccountIndex, market: MarketIndex | null): OrderRecord[] {
    const records: OrderRecord[] = [];
    for (const order of this.#ordersOf(account)?.orders ?? []) {
      const record = this.get(order)!;
      if (market === null || record.terms.market === market) records.push(record);
    }
    return records;
  }

  byClientId(account: AccountIndex, clientOrderId: string): OrderRecord | undefined {
    const order = this.#ordersOf(account)?.byClientId.get(clientOrderId);
    return order === undefined ? undefined : this.#live.get(order);
  }

  /** Folds a command's events and says what happened to which order, in order. */
  project({ entry, events }: Committed): OrderUpdate[] {
    const updates: OrderUpdate[] = [];
    for (const event of events) this.#fold(entry, event, updates);
    return updates;
  }

  /** All orders as bytes, in a canonical form. */
  dump(): Uint8Array<ArrayBuffer> {
    for (const account of this.#packed?.accounts ?? []) this.#unpack(account);
    return packOrders([...this.#live.values()].sort((one, other) => one.order - other.order));
  }

  /** Fills this with the orders of a dump, whose bytes it keeps. @throws DecodeError */
  restore(bytes: Uint8Array<ArrayBuffer>): void {
    assert(this.#live.size === 0 && this.#packed === undefined, "what is restored was empty");
    this.#packed = new PackedOrders(bytes);
  }

  #ordersOf(account: AccountIndex): AccountOrders | undefined {
    if (this.#packed !== undefined) this.#unpack(account);
    return this.#byAccount.get(account);
  }

  #unpack(account: AccountIndex): void {
    for (const record of this.#packed!.take(account)) this.#add(record);
    if (this.#packed!.isEmpty) this.#packed = undefined;
  }

  #fold(entry: Sequenced, event: Event, updates: OrderUpdate[]): void {
    switch (event.kind) {
      case "OrderPlaced":
        updates.push({ type: "placed", order: this.#place(entry, event) });
        return;
      case "TradeExecuted":
        for (const order of [event.takerOrder, event.makerOrder]) {
          const filled = this.#fill(entry, order, event.quantity, event.value);
          // The fill that completes an order is told by its end, which follows.
          if (!isComplete(filled)) updates.push({ type: "partially-filled", order: filled });
        }
        return;
      case "SelfTradePrevented":
        for (const order of [event.takerOrder, event.makerOrder]) {
          const left = this.#prevent(entry, order, event.quantity);
          if (!isComplete(left)) updates.push({ type: "amended", order: left });
        }
        return;
      case "OrderTriggered":
        updates.push({ type: "triggered", order: this.#trigger(entry, event.order) });
        return;
      case "OrderAmended":
        updates.push({ type: "amended", order: this.#amend(entry, event) });
        return;
      case "OrderFilled":
      case "OrderCanceled":
      case "OrderExpired":
        updates.push({ type: STATUS_WHEN_ENDED[event.kind], order: this.#end(entry, event) });
        return;
    }
  }

  #place({ at, requestId, traceId }: Sequenced, event: OrderPlaced): OrderRecord {
    const { order, account } = event;
    const progress: OrderProgress = {
      status: statusWhenPlaced(event.type),
      reason: null,
      filledQuantity: lots(0),
      filledValue: minor(0),
      preventedQuantity: lots(0),
      updatedAt: at,
    };
    // The event has all the terms; a copy of them would cost more than the rest of this.
    const record = { order, terms: event, requestId, traceId, createdAt: at, progress };
    if (this.#packed !== undefined) this.#unpack(account);
    this.#add(record);
    return record;
  }

  #add(record: OrderRecord): void {
    const { order, terms } = record;
    this.#live.set(order, record);
    let siblings = this.#byAccount.get(terms.account);
    if (siblings === undefined) {
      siblings = { orders: new Set(), byClientId: new Map() };
      this.#byAccount.set(terms.account, siblings);
    }
    siblings.orders.add(order);
    if (terms.clientOrderId !== null) siblings.byClientId.set(terms.clientOrderId, order);
  }

  #fill({ at }: Sequenced, order: OrderId, quantity: number, value: number): OrderRecord {
    const record = this.get(order)!;
    const { progress } = record;
    return this.#advance(record, {
      status: "partially-filled",
      reason: null,
      filledQuantity: lots(progress.filledQuantity + quantity),
      filledValue: minor(progress.filledValue + value),
      preventedQuantity: progress.preventedQuantity,
      updatedAt: at,
    });
  }

  #prevent({ at }: Sequenced, order: OrderId, quantity: number): OrderRecord {
    const record = this.get(order)!;
    const preventedQuantity = lots(record.progress.preventedQuantity + quantity);
    return this.#advance(record, { ...record.progress, preventedQuantity, updatedAt: at });
  }

  #trigger({ at }: Sequenced, order: OrderId): OrderRecord {
    const record = this.get(order)!;
    return this.#advance(record, { ...record.progress, status: "open", updatedAt: at });
  }

  #amend({ at }: Sequenced, { order, price, quantity }: OrderAmended): OrderRecord {
    const record = this.get(order)!;
    const terms = { ...record.terms, price, quantity };
    return this.#advance({ ...record, terms }, { ...record.progress, updatedAt: at });
  }

  #end({ at }: Sequenced, event: OrderEnd): OrderRecord {
    const record = this.get(event.order)!;
    const { terms, progress } = record;
    const ended = this.#advance(record, {
      status: STATUS_WHEN_ENDED[event.kind],
      reason: reasonOf(event),
      filledQuantity: progress.filledQuantity,
      filledValue: progress.filledValue,
      preventedQuantity: progress.preventedQuantity,
      updatedAt: at,
    });
    this.#live.delete(event.order);
    const siblings = this.#byAccount.get(event.account)!;
    siblings.orders.delete(event.order);
    if (terms.clientOrderId !== null) siblings.byClientId.delete(terms.clientOrderId);
    if (siblings.orders.size === 0) this.#byAccount.delete(event.account);
    return ended;
  }

  #advance(record: OrderRecord, progress: OrderProgress): OrderRecord {
    const { order, terms, requestId, traceId, createdAt } = record;
    const advanced = { order, terms, requestId, traceId, createdAt, progress };
    this.#live.set(order, advanced);
    return advanced;
  }
}

/** Nothing of the order is left to trade. Of one by budget only its end says so. */
function isComplete({ terms, progress }: OrderRecord): boolean {
  return progress.filledQuantity + progress.preventedQuantity === terms.quantity;
}
