/**
 * One trade: both wallets, the fees and both orders' holds in one step. Nothing here can fail; what the
 * orders hold covers what they pay.
 */
import { FEES_ACCOUNT } from "../domain/commands.ts";
import type { Event } from "../domain/events.ts";
import { baseAmount, quoteAmount } from "../domain/market.ts";
import { type Lots, type Minor, type Ticks, tradeId } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import { chargeFee } from "./fees.ts";
import type { MarketState, State } from "./state.ts";

/** What one trade moves, and between whom. */
export type Fill = {
  readonly maker: Slot;
  readonly taker: Slot;
  readonly price: Ticks;
  readonly quantity: Lots;
};

/** Settles a trade at the price that it prints and gives its event. The caller counts the lots off the orders. */
export function settle(state: State, place: MarketState, { maker, taker, price, quantity }: Fill): Event {
  const { market } = place;
  const { pool } = state.open;
  const value = quoteAmount(market, price, quantity);
  const takerFee = chargeFee(pool, taker, value, pool.takerFee[taker]!) as Minor;
  const makerFee = chargeFee(pool, maker, value, pool.makerFee[maker]!, takerFee) as Minor;
  const takerBuys = pool.isBuy[taker] === 1;
  moveMoney(state, place, {
    buyer: takerBuys ? taker : maker,
    seller: takerBuys ? maker : taker,
    base: baseAmount(market, quantity),
    value,
    buyerFee: takerBuys ? takerFee : makerFee,
    sellerFee: takerBuys ? makerFee : takerFee,
  });
  const trade = place.nextTrade;
  place.nextTrade = tradeId(trade + 1);
  place.lastPrice = price;
  return {
    kind: "TradeExecuted",
    market: market.market,
    trade,
    price,
    quantity,
    value,
    takerSide: takerBuys ? "buy" : "sell",
    takerOrder: pool.orderId(taker),
    takerAccount: pool.accountOf(taker),
    takerFee,
    makerOrder: pool.orderId(maker),
    makerAccount: pool.accountOf(maker),
    makerFee,
  };
}

type Legs = {
  readonly buyer: Slot;
  readonly seller: Slot;
  readonly base: Minor;
  readonly value: Minor;
  readonly buyerFee: Minor;
  readonly sellerFee: Minor;
};

function moveMoney(state: State, { market }: MarketState, legs: Legs): void {
  const { buyer, seller, base, value, buyerFee, sellerFee } = legs;
  const { wallets, open } = state;
  const { pool } = open;
  const buyerAccount = pool.accountOf(buyer);
  const sellerAccount = pool.accountOf(seller);

  // A rebate is not part of what was held: it is credited, and the hold is set anew after the trade.
  const spent = value + Math.max(0, buyerFee);
  wallets.spend(buyerAccount, market.quote, spent);
  pool.held[buyer]! -= spent;
  if (buyerFee < 0) wallets.credit(buyerAccount, market.quote, -buyerFee);
  wallets.credit(sellerAccount, market.quote, value - sellerFee);

  wallets.spend(sellerAccount, market.base, base);
  pool.held[seller]! -= base;
  wallets.credit(buyerAccount, market.base, base);

  const fees = buyerFee + sellerFee;
  if (fees > 0) wallets.credit(FEES_ACCOUNT, market.quote, fees);
}

/** Sets what an order holds to what it needs now; a difference is free at once, or taken from what is available. */
export function setHold(state: State, { market }: MarketState, slot: Slot, needed: number): void {
  const { pool } = state.open;
  const excess = pool.held[slot]! - needed;
  if (excess === 0) return;
  const asset = pool.isBuy[slot] === 1 ? market.quote : market.base;
  const account = pool.accountOf(slot);
  if (excess > 0) state.wallets.release(account, asset, excess);
  else state.wallets.hold(account, asset, -excess);
  pool.held[slot] = needed;
}
