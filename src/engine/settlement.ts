/**
 * One trade: both wallets, the fees and both orders' holds in one step. Nothing here can fail; what the
 * orders hold covers what they pay.
 */
import { baseAmount, quoteAmount } from "../domain/market.ts";
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
  const { wallets } = state;
  const { pool } = state.open;
  const value = quoteAmount(market, price, quantity);
  const takerIsDone = pool.remaining[taker] === quantity;
  const makerIsDone = pool.remaining[maker] === quantity;
  const takerFee = chargeFee(pool, taker, value, pool.takerFee[taker]!, 0, takerIsDone) as Minor;
  const makerFee = chargeFee(pool, maker, value, pool.makerFee[maker]!, takerFee, makerIsDone) as Minor;
  const takerBuys = pool.isBuy[taker] === 1;
  const base = baseAmount(market, quantity);
  pool.held[takerBuys ? taker : maker]! -= value + Math.max(0, takerBuys ? takerFee : makerFee);
  pool.held[takerBuys ? maker : taker]! -= base;
  const takerAccount = pool.accountOf(taker);
  const makerAccount = pool.accountOf(maker);
  if (takerBuys) wallets.exchange(market, takerAccount, makerAccount, base, value, takerFee, makerFee);
  else wallets.exchange(market, makerAccount, takerAccount, base, value, makerFee, takerFee);
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
    takerAccount,
    takerFee,
    pool.orderId(maker),
    makerAccount,
    makerFee,
  );
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
