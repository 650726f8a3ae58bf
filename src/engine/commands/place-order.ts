/**
 * Places an order: what was sent before is recognised, the rules are looked at in their fixed order, and
 * from then on nothing can fail. The order takes what it can, and rests, or ends.
 */
import type { PlaceOrder, Sequenced } from "../../domain/commands.ts";
import { type Market, productOrNull } from "../../domain/market.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { type AssetIndex, type OrderId, orderId, type Ticks } from "../../domain/units.ts";
import { type Band, bandOf, isWithin } from "../band.ts";
import type { Trigger } from "../book/pending.ts";
import { traitsOf } from "../book/traits.ts";
import { enterNew, stateBefore } from "../entering.ts";
import { buyHoldOrNull, sellHoldOrNull } from "../holds.ts";
import type { Remembered } from "../memories.ts";
import { orderContent } from "../once-only.ts";
import { endEntering, TIME, UNFILLED } from "../order-ends.ts";
import { type Reachable, reachable } from "../reachable.ts";
import { setHold } from "../settlement.ts";
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
  const hold = holdOrNull(state, place, command, band);
  if (hold === null) return "amount-too-large";
  const killed =
    command.timeInForce === "fok" && trigger === null && !fillsWhole(state, place, command, band);
  if (!killed && state.wallets.available(account, holdAsset(place, command)) < hold) {
    return "insufficient-funds";
  }

  // From here on the order is accepted: no check below may refuse it, so nothing is ever undone.
  const order = orderId(seq);
  const before = place.triggers.count === 0 ? null : stateBefore(state, place, at);
  state.log.orderPlaced(order, command);
  if (clientOrderId !== null) {
    state.once.rememberOrder(account, clientOrderId, { named: order, content: orderContent(command) });
  }
  const slot = state.open.pool.take(order, command, traitsOf(command), place.market);
  if (killed) endEntering(state, place, slot, UNFILLED);
  else if (command.expiresAt !== null && command.expiresAt <= at) endEntering(state, place, slot, TIME);
  else {
    setHold(state, place, slot, hold);
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
  if (state.accountStatuses[account] !== "active") return "account-suspended";
  if (market.status !== "open" && !waitsForOpening(market, command, trigger)) return "market-halted";
  const best = book.bestPrice(command.side === "buy" ? book.asks : book.bids);
  if (command.type === "market" && best === null) return "no-liquidity";
  if (market.minNotional !== null) {
    const notional = notionalOrNull(market, command, best);
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
  if (command.postOnly && book.wouldTake(command.side === "buy", price!)) return "would-take";
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

/** What the order must hold as it enters, or null if its value or its hold passes 2^53 - 1. */
function holdOrNull(state: State, place: MarketState, command: PlaceOrder, band: Band): number | null {
  const { market } = place;
  const { side, price, quantity, quoteQuantity } = command;
  if (quoteQuantity !== null) return quoteQuantity;
  if (price === null) {
    if (side === "sell") return sellHoldOrNull(market, quantity!);
    return buyHoldOrNull(wouldFind(state, place, command, band).value, market.takerFee);
  }
  const value = productOrNull(price, quantity!, market.quoteMinorPerTickLot);
  if (value === null) return null;
  if (side === "sell") return sellHoldOrNull(market, quantity!);
  return buyHoldOrNull(value, Math.max(market.makerFee, market.takerFee));
}

function fillsWhole(state: State, place: MarketState, command: PlaceOrder, band: Band): boolean {
  return wouldFind(state, place, command, band).quantity === command.quantity;
}

function wouldFind(state: State, { market, book }: MarketState, command: PlaceOrder, band: Band): Reachable {
  const isBuy = command.side === "buy";
  const { account, selfTradePrevention } = command;
  return reachable(state.open.pool, {
    market,
    side: isBuy ? book.asks : book.bids,
    isBuy,
    account,
    limit: command.price ?? (isBuy ? band.highest : band.lowest),
    quantity: command.quantity!,
    selfTradePrevention,
  });
}

function holdAsset({ market }: MarketState, { side }: PlaceOrder): AssetIndex {
  return side === "buy" ? market.quote : market.base;
}
