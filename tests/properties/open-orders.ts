/** The open orders as the engine's events tell them, in the form in which the model gives its own. */
import type { Event, OrderPlaced } from "../../src/domain/events.ts";
import type { OpenOrder } from "./model/model.ts";
import { isTriggered } from "./model/order.ts";

export class OpenOrders {
  readonly #open = new Map<number, OpenOrder>();

  /** Oldest first. */
  list(): OpenOrder[] {
    return [...this.#open.values()].sort((a, b) => a.id - b.id);
  }

  hear(events: readonly Event[]): void {
    for (const event of events) {
      switch (event.kind) {
        case "OrderPlaced":
          this.#open.set(event.order, placed(event));
          break;
        case "OrderTriggered":
          this.#change(event.order, { pending: false });
          break;
        case "OrderAmended": {
          const { price, quantity } = event;
          const order = this.#open.get(event.order)!;
          const gone = quantity === null ? 0 : order.quantity! - order.remaining!;
          this.#change(event.order, {
            price,
            quantity,
            remaining: quantity === null ? null : quantity - gone,
          });
          break;
        }
        case "TradeExecuted":
        case "SelfTradePrevented":
          this.#reduce(event.takerOrder, event.quantity);
          this.#reduce(event.makerOrder, event.quantity);
          break;
        case "OrderFilled":
        case "OrderCanceled":
        case "OrderExpired":
          this.#open.delete(event.order);
          break;
      }
    }
  }

  #reduce(id: number, quantity: number): void {
    const { remaining } = this.#open.get(id)!;
    if (remaining !== null) this.#change(id, { remaining: remaining - quantity });
  }

  #change(id: number, change: Partial<OpenOrder>): void {
    this.#open.set(id, { ...this.#open.get(id)!, ...change });
  }
}

function placed({ order, account, type, price, quantity }: OrderPlaced): OpenOrder {
  return { id: order, account, pending: isTriggered(type), price, quantity, remaining: quantity };
}
