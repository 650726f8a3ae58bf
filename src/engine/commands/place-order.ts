/**
 * Places an order: what was sent before is recognised, the rules are looked at in their fixed order, and
 * from then on nothing can fail. The order takes what it can, and rests, or ends.
 */
import type { PlaceOrder, Sequenced } from "../../domain/commands.ts";
import type { Market } from "../../domain/market.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { AMOUNT_MAX, type OrderId, orderId, type Ticks } from "../../domain/units.ts";
import { type Band, bandOf, isWithin } from "../band.ts";
import type { Trigger } from "../book/pending.ts";
import { traitsOf } from "../book/traits.ts";
import { enterNew, stateBefore } from "../entering.ts";
import { shareRoundedUp } from "../fees.ts";
import { newHold } from "../holds.ts";
import type { Remembered } from "../memories.ts";
import { orderContent } from "../once-only.ts";
import { endEntering, TIME, UNFILLED } from "../order-ends.ts";
import { type Reachable, reachable } from "../reachable.ts";
import { type MarketState, marketState, type State } from "../state.ts";
import { enterTriggered, isReached, triggerOf, waitForPrice } from "../triggers.ts";

export function placeOrder(state: State, { seq, at, command }: Sequenced<PlaceOrder>): Rejection | null {
  const { account, clientOrderId } = command;
  const first = clientOrderId === null ? undefined : state.once.order(account, clientOrderId);
  if (first !== undefined) return repeat(state, command, first);
  const place = marketState(state, command.market);
  const trigger = triggerOf(command);
  const band = bandOf(place);
  const refusal = refuse(state, place, command, trigger, band);
  if (refusal !== null) return refusal;
  const hold = holdOf(state, place, command, band);
  if (hold > AMOUNT_MAX) return "amount-too-large";
  const killed =
    command.timeInForce === "fok" && trigger === null && !fillsWhole(state, place, command, band);
  const asset = command.side === "buy" ? place.market.quote : place.market.base;
  if (!killed && state.wallets.available(account, asset) < hold) return "insufficient-funds";

  // From here on the order is accepted: no check below may refuse it, so nothing is ever undone.
  const order = orderId(seq);
  const before = place.triggers.count === 0 ? null : stateBefore(state, place, at);
  state.log.orderPlaced();
  if (clientOrderId !== null) {
    state.once.rememberOrder(account, clientOrderId, { named: order, content: orderContent(command) });
  }
  const { pool } = state.open;
  const slot = pool.take(order, command, traitsOf(command), place.market);
  if (killed) endEntering(state, place, slot, UNFILLED);
  else if (command.expiresAt !== null && command.expiresAt <= at) endEntering(state, place, slot, TIME);
  else {
    // A wallet from which nothing is held has not changed, and is not told of.
    if (hold > 0) state.wallets.hold(account, asset, hold);
    pool.held[slot] = hold;
    if (trigger !== null) waitForPrice(state, place, slot, trigger);
    else enterNew(state, place, slot, band);
    if (before !== null) enterTriggered(state, place, before);
  }
  return null;
}

/** Answers an order that was sent before: nothing is placed. */
function repeat(state: State, command: PlaceOrder, first: Remembered<OrderId>): Rejection | null {
  if (first.content !== orderContent(command)) return "duplicate-client-order-id";
  state.log.tell({ kind: "OrderRepeated", account: command.account, order: first.named });
  return null;
}

/** The first rule that refuses the order, in the rulebook's order, before its funds are looked at. */
function refuse(
  state: State,
  place: MarketState,
  command: PlaceOrder,
  trigger: Trigger | null,
  band: Band,
): Rejection | null {
  const { market, book } = place;
  const { account, price, quantity } = command;
  const isBuy = command.side === "buy";
  if (state.accountStatuses[account] !== "active") return "account-suspended";
  if (market.status !== "open" && !waitsForOpening(market, command, trigger)) return "market-halted";
  if (command.type === "market" && book.bestOpposite(isBuy) === null) return "no-liquidity";
  if (market.minNotional !== null) {
    const notional = notionalOrNull(market, command, book.bestOpposite(isBuy));
    if (notional !== null && notional < market.minNotional) return "below-min-notional";
  }
  if (market.maxQuantity !== null && quantity !== null && quantity > market.maxQuantity) {
    return "above-max-quantity";
  }
  if (price !== null && !isWithin(band, price)) return "price-out-of-band";
  const stays = trigger !== null || canRest(command);
  if (stays && state.open.countOf(account, market.market) >= market.maxOpenOrders) {
    return "too-many-open-orders";
  }
  if (command.postOnly && book.wouldTake(isBuy, price!)) return "would-take";
  return trigger !== null && isReached(trigger, place.lastPrice) ? "would-trigger" : null;
}

/** In an auction plain limit orders rest and triggered ones wait. */
function waitsForOpening({ status }: Market, command: PlaceOrder, trigger: Trigger | null): boolean {
  if (status !== "auction") return false;
  return trigger !== null || (command.type === "limit" && canRest(command) && !command.postOnly);
}

/** What the minimum notional is judged on, or null if there is no price yet: that of a trailing sell is unknown. */
function notionalOrNull(market: Market, command: PlaceOrder, best: Ticks | null): number | null {
  if (command.quoteQuantity !== null) return command.quoteQuantity;
  const price = command.price ?? command.triggerPrice ?? (command.type === "market" ? best : null);
  return price === null ? null : price * command.quantity! * market.quoteMinorPerTickLot;
}

function canRest({ timeInForce }: PlaceOrder): boolean {
  return timeInForce === "gtc" || timeInForce === "gtd";
}

/** What the order must hold as it enters; above 2^53 - 1 it is only known to be too large. */
export function holdOf(state: State, place: MarketState, command: PlaceOrder, band: Band): number {
  const { market } = place;
  const { price, quantity } = command;
  const isBuy = command.side === "buy";
  if (price !== null) return newHold(market, isBuy, price, quantity!);
  if (command.quoteQuantity !== null) return command.quoteQuantity;
  if (!isBuy) return quantity! * market.baseMinorPerLot;
  const { value } = wouldFind(state, place, command, band);
  return value + shareRoundedUp(value, market.takerFee);
}

function fillsWhole(state: State, place: MarketState, command: PlaceOrder, band: Band): boolean {
  return wouldFind(state, place, command, band).quantity === command.quantity;
}

function wouldFind(state: State, { market, book }: MarketState, command: PlaceOrder, band: Band): Reachable {
  const isBuy = command.side === "buy";
  const { account, selfTradePrevention } = command;
  return reachable(state.open.pool, {
    market,
    side: book.oppositeOf(isBuy),
    isBuy,
    account,
    limit: command.price ?? (isBuy ? band.highest : band.lowest),
    quantity: command.quantity!,
    selfTradePrevention,
  });
}
