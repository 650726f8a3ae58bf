/**
 * The flow that every contender gets, the same for the same seed: about half passive orders near the touch,
 * 42 % cancels of any open order, 6 % orders that take. It keeps the simplest book that can say what is open
 * and what a taking order will find, so each contender's trades can be checked against it.
 */
import { xorshift } from "../load/flow.ts";

export type FlowCommand = {
  readonly kind: "add" | "take" | "cancel";
  /** The number of the command that placed the order: its own, unless it is a cancel. Numbers start at 1. */
  readonly order: number;
  readonly account: number;
  readonly side: "buy" | "sell";
  /** In ticks. A taking order's limit is the last price that it reaches. */
  readonly price: number;
  /** In lots. A taking order finds all that it asks for. */
  readonly quantity: number;
  /** What a taking order pays in all, in ticks × lots: one of the contenders has buyers name that instead. */
  readonly value: number;
};

/** What matching has brought about; the contenders must agree on it. */
export type Tally = { trades: number; lots: number };

export type FlowOptions = {
  readonly seed: number;
  readonly accounts: number;
  /** Resting orders, about, once the book is full. */
  readonly depth: number;
  /** Commands in all, those that fill the book included. */
  readonly commandsMax: number;
};

const ADD_SHARE = 0.52;
const CANCEL_SHARE = 0.42;
const QUANTITY_MAX = 100;
const PRICES = 2 ** 18;
const MIDDLE = PRICES / 2;
/** A deeper book is wider and its queues are longer: both grow with the root of the depth. */
const WIDTH_PER_ROOT = 0.75;
const NONE = 0;

export class Flow {
  readonly tally: Tally = { trades: 0, lots: 0 };
  readonly #options: FlowOptions;
  readonly #random: () => number;
  readonly #width: number;
  #number = 0;
  readonly #account: Int32Array;
  readonly #isBuy: Uint8Array;
  readonly #price: Int32Array;
  readonly #left: Int32Array;
  /** The open orders in no order, and each one's place among them. */
  readonly #open: Int32Array;
  readonly #placeInOpen: Int32Array;
  #openCount = 0;
  /** Neighbours at the same price, by age, and the ends of each price's queue. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head = new Int32Array(PRICES);
  readonly #tail = new Int32Array(PRICES);
  #bid = MIDDLE - 1;
  #ask = MIDDLE + 1;

  constructor(options: FlowOptions) {
    const slots = options.commandsMax + 1;
    this.#options = options;
    this.#random = xorshift(options.seed);
    this.#width = WIDTH_PER_ROOT * Math.sqrt(options.depth);
    this.#account = new Int32Array(slots);
    this.#isBuy = new Uint8Array(slots);
    this.#price = new Int32Array(slots);
    this.#left = new Int32Array(slots);
    this.#open = new Int32Array(slots);
    this.#placeInOpen = new Int32Array(slots);
    this.#next = new Int32Array(slots);
    this.#previous = new Int32Array(slots);
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** Passive orders only: what fills the book. */
  fill(count: number): FlowCommand[] {
    return Array.from({ length: count }, () => this.#add());
  }

  /** The next commands of the flow itself. */
  take(count: number): FlowCommand[] {
    return Array.from({ length: count }, () => {
      const chance = this.#random();
      if (chance < ADD_SHARE) return this.#add();
      return chance < ADD_SHARE + CANCEL_SHARE ? this.#cancel() : this.#take();
    });
  }

  /** A bid anywhere below the best ask, or an ask above the best bid, the more likely the nearer. */
  #add(): FlowCommand {
    const order = this.#nextNumber();
    const isBuy = this.#random() < 0.5;
    const distance = 1 + Math.floor(this.#random() ** 2 * this.#width);
    const price = isBuy ? this.#ask - distance : this.#bid + distance;
    const quantity = 1 + this.#below(QUANTITY_MAX);
    const account = this.#below(this.#options.accounts);
    this.#account[order] = account;
    this.#isBuy[order] = isBuy ? 1 : 0;
    this.#price[order] = price;
    this.#left[order] = quantity;
    this.#rest(order);
    return {
      kind: "add",
      order,
      account,
      side: isBuy ? "buy" : "sell",
      price,
      quantity,
      value: price * quantity,
    };
  }

  #cancel(): FlowCommand {
    this.#nextNumber();
    const order = this.#open[this.#below(this.#openCount)]!;
    this.#remove(order);
    return {
      kind: "cancel",
      order,
      account: this.#account[order]!,
      side: this.#isBuy[order] === 1 ? "buy" : "sell",
      price: this.#price[order]!,
      quantity: this.#left[order]!,
      value: 0,
    };
  }

  /** Takes some orders whole, more of them when the book is above its depth, and often a part of one more. */
  #take(): FlowCommand {
    const order = this.#nextNumber();
    const isBuy = this.#random() < 0.5;
    const accounts = new Set<number>();
    let price = 0;
    let quantity = 0;
    let value = 0;
    const wholes = this.#openCount > this.#options.depth ? 3 : 1;
    for (let count = 0; count <= wholes; count += 1) {
      const maker = this.#head[isBuy ? this.#ask : this.#bid]!;
      const most = this.#left[maker]!;
      const lots = count < wholes ? most : Math.floor(this.#random() * most);
      if (lots === 0) break;
      accounts.add(this.#account[maker]!);
      price = this.#price[maker]!;
      quantity += lots;
      value += lots * price;
      this.#left[maker]! -= lots;
      if (lots === most) this.#remove(maker);
      this.tally.trades += 1;
      this.tally.lots += lots;
    }
    const account = this.#stranger(accounts);
    return { kind: "take", order, account, side: isBuy ? "buy" : "sell", price, quantity, value };
  }

  /** Not all contenders prevent self-trades, so there are none. */
  #stranger(accounts: ReadonlySet<number>): number {
    for (;;) {
      const account = this.#below(this.#options.accounts);
      if (!accounts.has(account)) return account;
    }
  }

  #nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  #rest(order: number): void {
    const price = this.#price[order]!;
    const last = this.#tail[price]!;
    this.#previous[order] = last;
    this.#next[order] = NONE;
    if (last === NONE) this.#head[price] = order;
    else this.#next[last] = order;
    this.#tail[price] = order;
    this.#placeInOpen[order] = this.#openCount;
    this.#open[this.#openCount] = order;
    this.#openCount += 1;
    if (this.#isBuy[order] === 1) this.#bid = Math.max(this.#bid, price);
    else this.#ask = Math.min(this.#ask, price);
  }

  #remove(order: number): void {
    const price = this.#price[order]!;
    const next = this.#next[order]!;
    const previous = this.#previous[order]!;
    if (previous === NONE) this.#head[price] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#tail[price] = previous;
    else this.#previous[next] = previous;
    this.#openCount -= 1;
    const moved = this.#open[this.#openCount]!;
    const place = this.#placeInOpen[order]!;
    this.#open[place] = moved;
    this.#placeInOpen[moved] = place;
    while (this.#head[this.#bid] === NONE && this.#bid > 0) this.#bid -= 1;
    while (this.#head[this.#ask] === NONE && this.#ask < PRICES) this.#ask += 1;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}
