/** Looks into a state for whoever explains what a command does with it. Nothing changes, and nothing is decided here. */
import type { PlaceOrder, SelfTradePrevention } from "../domain/commands.ts";
import type { MarketStatus, Side } from "../domain/market.ts";
import type {
  AccountIndex,
  Lots,
  MarketIndex,
  Minor,
  OrderId,
  PartsPerMillion,
  Ticks,
} from "../domain/units.ts";
import { type Band, bandOf, NO_BAND } from "./band.ts";
import type { OrderBook } from "./book/order-book.ts";
import { NONE, type OrderPool, type Slot } from "./book/order-pool.ts";
import { holdOf } from "./commands/place-order.ts";
import { marketState, type State } from "./state.ts";

/** An order that rests or waits. */
export type StandingOrder = {
  readonly order: OrderId;
  readonly account: AccountIndex;
  /** Null for an order without a limit, which waits for its price. */
  readonly price: Ticks | null;
  /** What the book shows of it. */
  readonly shown: Lots;
  readonly held: Minor;
  readonly makerFee: PartsPerMillion;
  readonly takerFee: PartsPerMillion;
  readonly selfTradePrevention: SelfTradePrevention;
};

export type StandingLevel = { readonly price: Ticks; readonly quantity: Lots };

/** How a market stands. */
export type StandingMarket = {
  readonly status: MarketStatus;
  readonly lastPrice: Ticks | null;
  /** Where the next command may trade; null if there is no band. */
  readonly band: Band | null;
  readonly bestBid: Ticks | null;
  readonly bestAsk: Ticks | null;
};

/** A part of a side, the best first: up to a price, and no more of it than was asked for. */
export type Reach = {
  readonly market: MarketIndex;
  readonly side: Side;
  readonly through: Ticks;
  readonly max: number;
};

export class Inspection {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  market(market: MarketIndex): StandingMarket {
    const place = marketState(this.#state, market);
    const band = bandOf(place);
    return {
      status: place.market.status,
      lastPrice: place.lastPrice,
      band: band === NO_BAND ? null : band,
      bestBid: place.book.bestOpposite(false),
      bestAsk: place.book.bestOpposite(true),
    };
  }

  /** Undefined for an order that is not open. */
  order(order: OrderId): StandingOrder | undefined {
    const { open } = this.#state;
    const slot = open.find(order);
    return slot === NONE ? undefined : standingOrder(open.pool, slot);
  }

  levels({ market, side, through, max }: Reach): StandingLevel[] {
    const found: StandingLevel[] = [];
    const ladder = ladderOf(marketState(this.#state, market).book, side);
    for (let level = ladder.best; level !== NONE && found.length < max; level = ladder.after(level)) {
      const price = ladder.price[level] as Ticks;
      if (side === "buy" ? price < through : price > through) break;
      found.push({ price, quantity: ladder.quantity[level] as Lots });
    }
    return found;
  }

  /** The orders of a side in the order in which they trade. */
  *queue({ market, side, through }: Omit<Reach, "max">): Generator<StandingOrder> {
    const { pool } = this.#state.open;
    const ladder = ladderOf(marketState(this.#state, market).book, side);
    for (let level = ladder.best; level !== NONE; level = ladder.after(level)) {
      const price = ladder.price[level]!;
      if (side === "buy" ? price < through : price > through) return;
      for (let slot = ladder.head[level]!; slot !== NONE; slot = pool.nextOf(slot)) {
        yield standingOrder(pool, slot);
      }
    }
  }

  /** What a new order would hold as it enters. */
  holdOf(command: PlaceOrder): number {
    const place = marketState(this.#state, command.market);
    return holdOf(this.#state, place, command, bandOf(place));
  }
}

function ladderOf({ bids, asks }: OrderBook, side: Side) {
  return side === "buy" ? bids : asks;
}

function standingOrder(pool: OrderPool, slot: Slot): StandingOrder {
  const price = pool.priceOf(slot);
  return {
    order: pool.orderId(slot),
    account: pool.accountOf(slot),
    price: price === 0 ? null : price,
    shown: pool.shownOf(slot),
    held: pool.held[slot] as Minor,
    makerFee: pool.makerFee[slot] as PartsPerMillion,
    takerFee: pool.takerFee[slot] as PartsPerMillion,
    selfTradePrevention: pool.selfTradePreventionOf(slot),
  };
}
