/**
 * One trade: both wallets, the fees and both orders' holds in one step. Nothing here can fail; what the
 * orders hold covers what they pay.
 */
import { FEES_ACCOUNT } from "../domain/commands.ts";
import { baseAmount, type Market, quoteAmount } from "../domain/market.ts";
import { type Lots, type Minor, type Ticks, tradeId } from "../domain/units.ts";
import type { Slot } from "./book/order-pool.ts";
import { chargeFee } from "./fees.ts";
import type { MarketState, State } from "./state.ts";

/** Settles and records a trade at the price that it prints. The caller counts the lots off the orders. */
export function settle(
  state: State,
  place: MarketState,
  maker: Slot,
  taker: Slot,
  price: Ticks,
  quantity: Lots,
): void {
  const { market } = place;
  const { pool } = state.open;
  const value = quoteAmount(market, price, quantity);
  const takerFee = chargeFee(pool, taker, value, pool.takerFee[taker]!) as Minor;
  const makerFee = chargeFee(pool, maker, value, pool.makerFee[maker]!, takerFee) as Minor;
  const takerBuys = pool.isBuy[taker] === 1;
  const base = baseAmount(market, quantity);
  if (takerBuys) moveMoney(state, market, taker, maker, base, value, takerFee, makerFee);
  else moveMoney(state, market, maker, taker, base, value, makerFee, takerFee);
  const trade = place.nextTrade;
  place.nextTrade = tradeId(trade + 1);
  place.lastPrice = price;
  state.log.tradeExecuted(
    market.market,
    trade,
    price,
    quantity,
    value,
    takerBuys,
    pool.orderId(taker),
    pool.accountOf(taker),
    takerFee,
    pool.orderId(maker),
    pool.accountOf(maker),
    makerFee,
  );
}

function moveMoney(
  { wallets, open }: State,
  { base, quote }: Market,
  buyer: Slot,
  seller: Slot,
  quantity: Minor,
  value: Minor,
  buyerFee: Minor,
  sellerFee: Minor,
): void {
  const { pool } = open;
  const buyerAccount = pool.accountOf(buyer);
  const sellerAccount = pool.accountOf(seller);

  // A rebate is not part of what was held: it is credited, and the hold is set anew after the trade.
  const spent = value + Math.max(0, buyerFee);
  pool.held[buyer]! -= spent;
  pool.held[seller]! -= quantity;
  wallets.exchange(buyerAccount, sellerAccount, base, quote, quantity, spent, value - sellerFee);
  if (buyerFee < 0) wallets.credit(buyerAccount, quote, -buyerFee);
  const fees = buyerFee + sellerFee;
  if (fees > 0) wallets.credit(FEES_ACCOUNT, quote, fees);
}

/** Sets what an order holds to what it needs now; a difference is free at once, or taken from what is available. */
export function setHold(state: State, { market }: MarketState, slot: Slot, needed: number): void {
  const { pool } = state.open;
  const missing = needed - pool.held[slot]!;
  if (missing === 0) return;
  const asset = pool.isBuy[slot] === 1 ? market.quote : market.base;
  state.wallets.hold(pool.accountOf(slot), asset, missing);
  pool.held[slot] = needed;
}
