/**
 * A plain order against the plain ones that fill it whole. Whether they do is looked at before, so that an order is not
 * left half way when it meets one of its own account, a part that is hidden, or the end of the book.
 */
import { FILLED } from "../../domain/event-log.ts";
import { baseAmount, quoteAmount } from "../../domain/market.ts";
import type { Lots, Minor, OrderId, Ticks, TradeId } from "../../domain/units.ts";
import { NONE as NO_SLOT } from "../book/order-pool.ts";
import { chargeFee, isSmall, shareRoundedUp } from "../fees.ts";
import { countOff } from "../matching.ts";
import type { MarketState, State } from "../state.ts";
import type { PlainOrder } from "./plain-order.ts";

/** Here too, since V8 looks an imported constant up at each use. */
const NONE = NO_SLOT;

/** Whether the order, which holds so much and meets another, was filled here; if not, nothing has changed. */
export function takePlain(
  state: State,
  place: MarketState,
  order: OrderId,
  command: PlainOrder,
  hold: number,
): boolean {
  if (command.postOnly || !isFilledByPlain(state, place, command)) return false;
  const { changedBooks, markets, wallets, log } = state;
  const { account, market } = command;
  const { base, quote } = place.market;
  const isBuy = command.side === "buy";
  const asset = isBuy ? quote : base;
  if (wallets.available(account, asset) < hold) return false;
  log.orderPlaced();
  // An order that is filled whole never comes into the pool.
  wallets.hold(account, asset, hold);
  const left = hold - fillFromPlain(state, place, order, command);
  if (left > 0) wallets.hold(account, asset, -left);
  log.orderEnded(order, account, market, FILLED);
  changedBooks.tellChanges(log, markets);
  wallets.tellChanges(log);
  return true;
}

/** Whether an order within the rules is filled whole, by orders that just rest and get no rebates, and triggers nothing. */
function isFilledByPlain({ open }: State, place: MarketState, command: PlainOrder): boolean {
  const { market, book, triggers } = place;
  const { pool } = open;
  const { account } = command;
  const isBuy = command.side === "buy";
  const limit = command.price;
  const side = isBuy ? book.asks : book.bids;
  let left: number = command.quantity;
  const value = (isBuy ? limit : side.bestPrice) * left * market.quoteMinorPerTickLot;
  if (triggers.count > 0 || !isSmall(value, market.takerFee)) return false;
  for (let level = side.best; level !== NONE; level = side.after(level)) {
    const price = side.price[level]!;
    if (isBuy ? price > limit : price < limit) return false;
    for (let maker = side.head[level]!; maker !== NONE; maker = pool.nextOf(maker)) {
      if (pool.accountOf(maker) === account || !pool.justRests(maker) || pool.makerFee[maker]! < 0)
        return false;
      left -= pool.remaining[maker]!;
      if (left <= 0) return true;
    }
  }
  return false;
}

/** Trades the order with those in its way until it is filled, and gives what it has paid of what is held for it. */
function fillFromPlain(state: State, place: MarketState, order: OrderId, command: PlainOrder): number {
  const { pool } = state.open;
  const { market, book } = place;
  const { wallets, log } = state;
  const { account } = command;
  const isBuy = command.side === "buy";
  const side = isBuy ? book.asks : book.bids;
  let left: number = command.quantity;
  let paid = 0;
  let valueSoFar = 0;
  let feesSoFar = 0;
  let trade: number = place.nextTrade;
  while (left > 0) {
    const price = side.bestPrice as Ticks;
    const maker = side.head[side.best]!;
    const other = pool.accountOf(maker);
    const quantity = Math.min(left, pool.remaining[maker]!) as Lots;
    const value = quoteAmount(market, price, quantity);
    const base = baseAmount(market, quantity);
    valueSoFar += value;
    const fees = shareRoundedUp(valueSoFar, market.takerFee);
    const takerFee = (fees - feesSoFar) as Minor;
    feesSoFar = fees;
    const isDone = quantity === pool.remaining[maker];
    const makerFee = chargeFee(pool, maker, value, pool.makerFee[maker]!, 0, isDone) as Minor;
    if (isBuy) wallets.exchange(market, account, other, base, value, takerFee, makerFee);
    else wallets.exchange(market, other, account, base, value, makerFee, takerFee);
    pool.held[maker]! -= isBuy ? base : value + makerFee;
    paid += isBuy ? value + takerFee : base;
    log.tradeExecuted(
      market.market,
      trade as TradeId,
      price,
      quantity,
      value,
      isBuy,
      order,
      account,
      takerFee,
      pool.orderId(maker),
      other,
      makerFee,
    );
    trade += 1;
    place.lastPrice = price;
    left -= quantity;
    countOff(state, place, side, maker, quantity);
  }
  place.nextTrade = trade as TradeId;
  return paid;
}
