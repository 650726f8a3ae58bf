/**
 * The open orders, whole, as their accounts see them, and the step-by-step updates from which the order
 * feed is made. An order leaves with the command that ends it; after that the ledger answers for it.
 */
import type { Sequenced } from "../../domain/commands.ts";
import type {
  Committed,
  OrderCanceled,
  OrderExpired,
  OrderFilled,
  OrderPlaced,
} from "../../domain/events.ts";
import { type AccountIndex, lots, type MarketIndex, minor, type OrderId } from "../../domain/units.ts";
import type { OrderProgress, OrderRecord } from "../order-record.ts";

export const ORDER_UPDATE_TYPES = ["placed", "partially-filled", "filled", "canceled", "expired"] as const;
export type OrderUpdateType = (typeof ORDER_UPDATE_TYPES)[number];

/** One thing that happened to an order, with the order as it was right then. */
export type OrderUpdate = { readonly type: OrderUpdateType; readonly order: OrderRecord };

type OrderEnd = OrderFilled | OrderCanceled | OrderExpired;

const ENDS = { OrderFilled: "filled", OrderCanceled: "canceled", OrderExpired: "expired" } as const;

export class LiveOrders {
  readonly #open = new Map<OrderId, OrderRecord>();
  readonly #byAccount = new Map<AccountIndex, Set<OrderId>>();

  get(order: OrderId): OrderRecord | undefined {
    return this.#open.get(order);
  }

  /** Oldest first. */
  ofAccount(account: AccountIndex, market: MarketIndex | null): OrderRecord[] {
    const records = [...(this.#byAccount.get(account) ?? [])].map((order) => this.#open.get(order)!);
    return market === null ? records : records.filter(({ terms }) => terms.market === market);
  }

  byClientId(account: AccountIndex, clientOrderId: string): OrderRecord | undefined {
    return this.ofAccount(account, null).find(({ terms }) => terms.clientOrderId === clientOrderId);
  }

  /** Folds a command's events and says what happened to which order, in order. */
  project({ entry, events }: Committed): OrderUpdate[] {
    const updates: OrderUpdate[] = [];
    for (const event of events) {
      switch (event.kind) {
        case "OrderPlaced":
          updates.push({ type: "placed", order: this.#place(entry, event) });
          break;
        case "TradeExecuted":
          for (const order of [event.takerOrder, event.makerOrder]) {
            const record = this.#fill(entry, order, event.quantity, event.value);
            // The fill that completes an order is told by its end, which follows.
            if (record.progress.filledQuantity !== record.terms.quantity) {
              updates.push({ type: "partially-filled", order: record });
            }
          }
          break;
        case "OrderFilled":
        case "OrderCanceled":
        case "OrderExpired":
          updates.push({ type: ENDS[event.kind], order: this.#end(entry, event) });
          break;
      }
    }
    return updates;
  }

  #place({ at, requestId, traceId }: Sequenced, event: OrderPlaced): OrderRecord {
    const { order, account } = event;
    const progress: OrderProgress = {
      status: "open",
      reason: null,
      filledQuantity: lots(0),
      filledValue: minor(0),
      updatedAt: at,
    };
    // The event has all the terms; a copy of them would cost more than the rest of this.
    const record = { order, terms: event, requestId, traceId, createdAt: at, progress };
    this.#open.set(order, record);
    const siblings = this.#byAccount.get(account);
    if (siblings === undefined) this.#byAccount.set(account, new Set([order]));
    else siblings.add(order);
    return record;
  }

  #fill({ at }: Sequenced, order: OrderId, quantity: number, value: number): OrderRecord {
    const record = this.#open.get(order)!;
    const { progress } = record;
    return this.#advance(record, {
      status: "partially-filled",
      reason: null,
      filledQuantity: lots(progress.filledQuantity + quantity),
      filledValue: minor(progress.filledValue + value),
      updatedAt: at,
    });
  }

  #end({ at }: Sequenced, event: OrderEnd): OrderRecord {
    const record = this.#open.get(event.order)!;
    const reason = event.kind === "OrderFilled" ? null : event.reason;
    const ended = this.#advance(record, {
      status: ENDS[event.kind],
      reason,
      filledQuantity: record.progress.filledQuantity,
      filledValue: record.progress.filledValue,
      updatedAt: at,
    });
    this.#open.delete(event.order);
    const siblings = this.#byAccount.get(event.account)!;
    siblings.delete(event.order);
    if (siblings.size === 0) this.#byAccount.delete(event.account);
    return ended;
  }

  #advance(record: OrderRecord, progress: OrderProgress): OrderRecord {
    const { order, terms, requestId, traceId, createdAt } = record;
    const advanced = { order, terms, requestId, traceId, createdAt, progress };
    this.#open.set(order, advanced);
    return advanced;
  }
}
