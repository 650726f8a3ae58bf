/** `big-order-book`: matching only. A bid there names what it pays, in whole units of the quote asset. */
import BigOrderBook, { type AddResult } from "big-order-book";
import type { Contender } from "./contender.ts";
import type { FlowCommand, Tally } from "./flow.ts";

export class BigOrderBookContender implements Contender {
  readonly #book = new BigOrderBook({ priceDecimalPrecision: 0 });
  #commands: readonly FlowCommand[] = [];
  #orders: object[] = [];
  #results: AddResult[] = [];

  prepare(commands: readonly FlowCommand[]): void {
    this.#commands = commands;
    this.#results = [];
    this.#orders = commands.map(({ order, side, price, quantity, value }) => {
      return side === "buy"
        ? { id: order, type: "limit", side: "bid", price, value: BigInt(value) }
        : { id: order, type: "limit", side: "ask", price, size: BigInt(quantity) };
    });
  }

  run(place: number): void {
    const { kind, order } = this.#commands[place]!;
    if (kind === "cancel") {
      this.#book.remove(order);
      return;
    }
    this.#results.push(this.#book.add(this.#orders[place]!));
  }

  countInto(tally: Tally): void {
    for (const { makers, takeSize } of this.#results) {
      tally.trades += makers.length;
      tally.lots += Number(takeSize);
    }
  }
}
