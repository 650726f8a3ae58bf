/**
 * Where the model's orders meet: who owns what, which orders are open, and what each trade moves. What is held
 * is worked out anew from the open orders whenever somebody asks, and a side of a book is sorted anew. A floor
 * can be copied, so that "would it trade?" is answered by letting it trade on a copy.
 */
import type { EndReason } from "../../../src/domain/events.ts";
import type { MarketListing, Side } from "../../../src/domain/market.ts";
import {
  affordable,
  canRest,
  chargeMaker,
  chargeTaker,
  least,
  MILLION,
  most,
  type Order,
  other,
  remaining,
  roundedUp,
  within,
} from "./order.ts";

export type Market = {
  readonly listing: MarketListing;
  status: string;
  makerFee: bigint;
  takerFee: bigint;
  /** In millionths; null for none. */
  band: bigint | null;
  /** The price of the last trade. */
  last: bigint | null;
  trades: number;
};

/** What a command did, one line a thing, in order. */
export type Told = readonly string[];

export class Floor {
  readonly markets: Market[] = [];
  /** By account and asset: all that the account owns, held or not. */
  readonly owned = new Map<string, bigint>();
  /** All orders that are open or pending, oldest first. */
  orders: Order[] = [];
  /** What the current command has done, one line a thing. */
  told: string[] = [];
  /** The prices of the trades that no round of triggers has looked at yet. */
  prints: bigint[] = [];
  places = 0;

  copy(): Floor {
    const copy = new Floor();
    copy.markets.push(...this.markets.map((market) => ({ ...market })));
    for (const [key, owned] of this.owned) copy.owned.set(key, owned);
    copy.orders = this.orders.map((order) => ({ ...order }));
    copy.places = this.places;
    return copy;
  }

  give(account: number, asset: number, amount: bigint): void {
    const key = `${account} ${asset}`;
    this.owned.set(key, (this.owned.get(key) ?? 0n) + amount);
  }

  held(account: number, asset: number): bigint {
    let held = 0n;
    for (const order of this.orders) {
      if (order.account === account && this.assetHeld(order) === asset) held += this.holdOf(order);
    }
    return held;
  }

  available(account: number, asset: number): bigint {
    return (this.owned.get(`${account} ${asset}`) ?? 0n) - this.held(account, asset);
  }

  assetHeld({ market, side }: Order): number {
    const { listing } = this.markets[market]!;
    return side === "buy" ? listing.quote : listing.base;
  }

  /** Section 7: what an open order can still cost. */
  holdOf(order: Order): bigint {
    const { listing } = this.markets[order.market]!;
    if (order.budget !== null) return order.budget;
    if (order.side === "sell") return remaining(order) * BigInt(listing.baseMinorPerLot);
    const value = remaining(order) * order.price! * BigInt(listing.quoteMinorPerTickLot);
    const rate = most(order.makerFee, order.takerFee);
    return value + most(roundedUp(order.charged + rate * value) - order.paid, 0n);
  }

  /** A side of a book, the first to trade first. */
  side(market: number, side: Side): Order[] {
    const resting = this.orders.filter(
      (order) => order.market === market && order.side === side && order.place > 0,
    );
    const better = side === "buy" ? -1 : 1;
    return resting.sort((a, b) => better * Number(a.price! - b.price!) || a.place - b.place);
  }

  /** What an order without a limit still takes in its market: the edge of the band, if there is one. */
  edge({ market, side }: Order, reference: bigint | null): bigint | null {
    const { band } = this.markets[market]!;
    if (band === null || reference === null) return null;
    // A price is a whole number of ticks, so only the whole ticks of the width count.
    const width = (band * reference) / MILLION;
    return side === "buy" ? reference + width : reference - width;
  }

  /** Section 2: an order enters the market, trades what it can, and rests or ends. */
  enter(order: Order, at: number, reference: bigint | null): void {
    const limit = order.price ?? this.edge(order, reference);
    if (order.expiresAt !== null && order.expiresAt <= at) {
      this.end(order, "expired", "time");
    } else if (order.timeInForce === "fok" && !this.wouldFill(order, limit)) {
      this.end(order, "expired", "unfilled");
    } else if (this.markets[order.market]!.status === "auction") {
      this.rest(order);
    } else if (order.budget !== null) {
      this.#spend(order, limit);
    } else if (this.#take(order, limit)) {
      if (remaining(order) === 0n) this.#fill(order);
      else if (canRest(order)) this.rest(order);
      else this.end(order, "expired", "unfilled");
    }
  }

  /** What would be traded for the order if it entered now. */
  found(order: Order, limit: bigint | null): { readonly quantity: bigint; readonly value: bigint } {
    const trial = this.copy();
    const taker = { ...order };
    trial.#take(taker, limit);
    const unit = BigInt(this.markets[order.market]!.listing.quoteMinorPerTickLot);
    let value = 0n;
    for (const line of trial.told) {
      const trade = /^trade \S+ (\d+) at (\d+)/.exec(line);
      if (trade !== null) value += BigInt(trade[1]!) * BigInt(trade[2]!) * unit;
    }
    return { quantity: taker.filled - order.filled, value };
  }

  wouldFill(order: Order, limit: bigint | null): boolean {
    return this.found(order, limit).quantity === remaining(order);
  }

  rest(order: Order): void {
    this.places += 1;
    order.place = this.places;
    order.shown = order.display === null ? remaining(order) : least(order.display, remaining(order));
    this.orders = [...this.orders.filter((each) => each !== order), order].sort((a, b) => a.id - b.id);
  }

  end(order: Order, how: "canceled" | "expired", reason: EndReason): Told {
    this.orders = this.orders.filter((each) => each !== order);
    this.told.push(`${how} ${order.id} ${reason}`);
    return this.told;
  }

  /** Takes what the book offers within the limit; false if self-trade prevention has ended the order. */
  #take(taker: Order, limit: bigint | null): boolean {
    while (remaining(taker) > 0n) {
      const maker = this.side(taker.market, other(taker.side))[0];
      if (maker === undefined || !within(taker.side, limit, maker.price!)) return true;
      if (maker.account !== taker.account) {
        this.trade(taker, maker, { price: maker.price!, quantity: least(maker.shown, remaining(taker)) });
      } else if (!this.#prevent(taker, maker)) {
        return false;
      }
    }
    return true;
  }

  /** Section 3: two orders of one account meet, and the taker's mode decides; false if the taker has ended. */
  #prevent(taker: Order, maker: Order): boolean {
    const mode =
      taker.prevention === "decrement" && taker.quantity === null ? "cancel-maker" : taker.prevention;
    if (mode === "decrement") return this.#decrement(taker, maker);
    if (mode !== "cancel-taker") this.end(maker, "canceled", "self-trade");
    if (mode === "cancel-maker") return true;
    this.end(taker, "canceled", "self-trade");
    return false;
  }

  #decrement(taker: Order, maker: Order): boolean {
    const quantity = least(remaining(taker), remaining(maker));
    taker.prevented += quantity;
    maker.prevented += quantity;
    maker.shown = least(maker.shown, remaining(maker));
    this.told.push(`prevented ${quantity} of ${taker.id} and ${maker.id}`);
    if (remaining(maker) === 0n) this.end(maker, "canceled", "self-trade");
    if (remaining(taker) > 0n) return true;
    this.end(taker, "canceled", "self-trade");
    return false;
  }

  /** Section 2, `quoteQuantity`: from each maker the most lots that still fit. */
  #spend(taker: Order, limit: bigint | null): void {
    const unit = BigInt(this.markets[taker.market]!.listing.quoteMinorPerTickLot);
    while (taker.budget! > 0n) {
      const maker = this.side(taker.market, "sell")[0];
      if (maker === undefined || !within("buy", limit, maker.price!)) {
        this.end(taker, "expired", "unfilled");
        return;
      }
      const fits = affordable(taker, maker.price! * unit);
      if (fits === 0n) break;
      if (maker.account !== taker.account) {
        this.trade(taker, maker, { price: maker.price!, quantity: least(fits, maker.shown) });
      } else if (!this.#prevent(taker, maker)) {
        return;
      }
    }
    if (taker.filled > 0n) this.#fill(taker);
    else this.end(taker, "expired", "unfilled");
  }

  /** Section 7: one trade moves base, value and fees, and is counted on both orders. */
  trade(taker: Order, maker: Order, { price, quantity }: { price: bigint; quantity: bigint }): void {
    const market = this.markets[taker.market]!;
    const { listing } = market;
    const value = price * quantity * BigInt(listing.quoteMinorPerTickLot);
    const takerFee = chargeTaker(taker, value);
    const makerFee = chargeMaker(maker, value, takerFee);
    const [buyer, seller] = taker.side === "buy" ? [taker, maker] : [maker, taker];
    const base = quantity * BigInt(listing.baseMinorPerLot);
    this.give(buyer.account, listing.quote, -value);
    this.give(buyer.account, listing.base, base);
    this.give(seller.account, listing.quote, value);
    this.give(seller.account, listing.base, -base);
    this.give(taker.account, listing.quote, -takerFee);
    this.give(maker.account, listing.quote, -makerFee);
    this.give(0, listing.quote, takerFee + makerFee);
    if (taker.budget !== null) taker.budget -= value + takerFee;
    market.last = price;
    market.trades += 1;
    this.prints.push(price);
    this.told.push(
      `trade ${taker.market}/${market.trades}: ${quantity} at ${price} worth ${value}, ` +
        `${taker.id} ${taker.side}s paying ${takerFee}, ${maker.id} paying ${makerFee}`,
    );
    for (const order of [maker, taker]) this.#count(order, quantity);
  }

  /** Section 5: when the shown part of a resting order is used up, the next goes to the back. */
  #count(order: Order, quantity: bigint): void {
    order.filled += quantity;
    if (order.place === 0) return;
    order.shown -= quantity;
    if (remaining(order) === 0n) this.#fill(order);
    else if (order.shown === 0n) this.rest(order);
  }

  #fill(order: Order): void {
    this.orders = this.orders.filter((each) => each !== order);
    this.told.push(`filled ${order.id}`);
  }
}
