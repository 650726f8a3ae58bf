/** `nodejs-order-book`: matching only. Its ids are texts. */
import { type LimitOptions, type LimitResult, OrderBook } from "nodejs-order-book";
import type { Contender } from "./contender.ts";
import type { FlowCommand, Tally } from "./flow.ts";

export class NodejsOrderBookContender implements Contender {
  readonly #book = new OrderBook();
  #commands: readonly FlowCommand[] = [];
  #orders: LimitOptions[] = [];
  #results: LimitResult[] = [];

  prepare(commands: readonly FlowCommand[]): void {
    this.#commands = commands;
    this.#results = [];
    this.#orders = commands.map(({ kind, order, side, price, quantity }) => {
      return { id: String(order), side, size: quantity, price, timeInForce: kind === "take" ? "IOC" : "GTC" };
    });
  }

  run(place: number): void {
    const order = this.#orders[place]!;
    if (this.#commands[place]!.kind === "cancel") this.#book.cancel(order.id);
    else this.#results.push(this.#book.limit(order));
  }

  countInto(tally: Tally): void {
    for (const { done, partial, partialQuantityProcessed } of this.#results) {
      // An order that has taken is the last of those that are done; each order is told with its size before.
      for (const maker of done.slice(0, -1)) tally.lots += maker.size;
      tally.lots += partialQuantityProcessed;
      tally.trades += Math.max(0, done.length - 1) + (partial === null ? 0 : 1);
    }
  }
}
