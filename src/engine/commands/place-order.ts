/**
 * Places an order: what was sent before is recognised, the rules are looked at in their fixed order, and
 * from then on nothing can fail. The order takes what it can, and rests, or ends.
 */
import type { PlaceOrder, Sequenced } from "../../domain/commands.ts";
import type { Event, OrderPlaced } from "../../domain/events.ts";
import { productOrNull } from "../../domain/market.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { type OrderId, orderId } from "../../domain/units.ts";
import type { Slot } from "../book/order-pool.ts";
import { buyHoldOrNull, limitHold, sellHoldOrNull } from "../holds.ts";
import { matchBudget, matchQuantity, reachable, type Stop } from "../matching.ts";
import { orderContent } from "../once-only.ts";
import { endEntering, FILLED, TIME, UNFILLED } from "../order-ends.ts";
import { shrinkHold } from "../settlement.ts";
import { type MarketState, marketState, reject, type State } from "../state.ts";

export function placeOrder(state: State, entry: Sequenced<PlaceOrder>): Event[] {
  const { seq, at, command } = entry;
  const { account, clientOrderId } = command;
  const content = clientOrderId === null ? "" : orderContent(command);
  if (clientOrderId !== null) {
    const first = state.once.order(account, clientOrderId);
    if (first !== undefined && first.content !== content) return reject("duplicate-client-order-id");
    if (first !== undefined) return [{ kind: "OrderRepeated", account, order: first.named }];
  }
  const place = marketState(state, command.market);
  const refusal = refuse(state, place, command);
  if (refusal !== null) return reject(refusal);
  const hold = holdOrNull(state, place, command);
  if (hold === null) return reject("amount-too-large");
  const killed = command.timeInForce === "fok" && !fillsWhole(state, place, command);
  if (!killed && state.wallets.available(account, holdAsset(place, command)) < hold) {
    return reject("insufficient-funds");
  }

  // From here on the order is accepted: no check below may refuse it, so nothing is ever undone.
  const order = orderId(seq);
  const events: Event[] = [orderPlaced(order, command)];
  if (clientOrderId !== null) state.once.rememberOrder(account, clientOrderId, { named: order, content });
  const slot = takeSlot(state, place, entry);
  if (killed) endEntering(state, slot, UNFILLED, events);
  else if (command.expiresAt !== null && command.expiresAt <= at) endEntering(state, slot, TIME, events);
  else enter(state, place, { slot, command, hold }, events);
  return events;
}

/** Field by field: a spread is many times slower, and this is the hot path. */
function orderPlaced(order: OrderId, command: PlaceOrder): OrderPlaced {
  return {
    kind: "OrderPlaced",
    order,
    account: command.account,
    market: command.market,
    side: command.side,
    type: command.type,
    timeInForce: command.timeInForce,
    price: command.price,
    triggerPrice: command.triggerPrice,
    trailingOffset: command.trailingOffset,
    quantity: command.quantity,
    quoteQuantity: command.quoteQuantity,
    displayQuantity: command.displayQuantity,
    expiresAt: command.expiresAt,
    postOnly: command.postOnly,
    selfTradePrevention: command.selfTradePrevention,
    clientOrderId: command.clientOrderId,
  };
}

/** The first rule that refuses the order, in the rulebook's order, before its funds are looked at. */
function refuse(state: State, place: MarketState, command: PlaceOrder): Rejection | null {
  const { market, book } = place;
  const { account, price, quantity, quoteQuantity } = command;
  if (state.accountStatuses[account] !== "active") return "account-suspended";
  if (market.status !== "open") return "market-halted";
  const best = book.bestPrice(command.side === "buy" ? book.asks : book.bids);
  if (command.type === "market" && best === null) return "no-liquidity";
  if (market.minNotional !== null) {
    const notional = quoteQuantity ?? (price ?? best!) * quantity! * market.quoteMinorPerTickLot;
    if (notional < market.minNotional) return "below-min-notional";
  }
  if (market.maxQuantity !== null && quantity !== null && quantity > market.maxQuantity) {
    return "above-max-quantity";
  }
  if (canRest(command) && state.open.countOf(account, market.market) >= market.maxOpenOrders) {
    return "too-many-open-orders";
  }
  if (command.postOnly && best !== null && (command.side === "buy" ? price! >= best : price! <= best)) {
    return "would-take";
  }
  return null;
}

function canRest({ timeInForce }: PlaceOrder): boolean {
  return timeInForce === "gtc" || timeInForce === "gtd";
}

/** What the order must hold as it enters, or null if its value or its hold passes 2^53 - 1. */
function holdOrNull(state: State, place: MarketState, command: PlaceOrder): number | null {
  const { market } = place;
  const { side, price, quantity, quoteQuantity } = command;
  if (quoteQuantity !== null) return quoteQuantity;
  if (price === null) {
    if (side === "sell") return sellHoldOrNull(market, quantity!);
    return buyHoldOrNull(wouldFind(state, place, command).value, market.takerFee);
  }
  const value = productOrNull(price, quantity!, market.quoteMinorPerTickLot);
  if (value === null) return null;
  if (side === "sell") return sellHoldOrNull(market, quantity!);
  return buyHoldOrNull(value, Math.max(market.makerFee, market.takerFee));
}

function fillsWhole(state: State, place: MarketState, command: PlaceOrder): boolean {
  return wouldFind(state, place, command).quantity === command.quantity;
}

function wouldFind(state: State, { market, book }: MarketState, command: PlaceOrder) {
  const isBuy = command.side === "buy";
  const { account, price: limit } = command;
  const quantity = command.quantity!;
  return reachable(state, { market, side: isBuy ? book.asks : book.bids, isBuy, account, limit, quantity });
}

function holdAsset({ market }: MarketState, { side }: PlaceOrder) {
  return side === "buy" ? market.quote : market.base;
}

function takeSlot(state: State, { market }: MarketState, { seq, command }: Sequenced<PlaceOrder>): Slot {
  return state.open.pool.take({
    order: orderId(seq),
    account: command.account,
    market: command.market,
    isBuy: command.side === "buy",
    price: command.price,
    quantity: command.quantity,
    expiresAt: command.expiresAt,
    makerFee: market.makerFee,
    takerFee: market.takerFee,
    clientOrderId: command.clientOrderId,
  });
}

type Entering = { readonly slot: Slot; readonly command: PlaceOrder; readonly hold: number };

/** Holds the funds, trades what crosses, then rests or ends. */
function enter(state: State, place: MarketState, { slot, command, hold }: Entering, events: Event[]): void {
  const { pool } = state.open;
  state.wallets.hold(command.account, holdAsset(place, command), hold);
  pool.held[slot] = hold;
  const byBudget = command.quoteQuantity !== null;
  const tradesBefore = place.nextTrade;
  const stop = byBudget ? matchBudget(state, place, slot, events) : matchQuantity(state, place, slot, events);
  if (stop !== "complete" && canRest(command)) {
    shrinkHold(state, place, slot, limitHold(pool, slot, place.market));
    place.book.rest(slot);
    state.open.add(slot);
    return;
  }
  endEntering(state, slot, isFilled(stop, place.nextTrade !== tradesBefore) ? FILLED : UNFILLED, events);
}

/** An order by budget is filled when not one more lot fits, unless it has bought nothing at all. */
function isFilled(stop: Stop, traded: boolean): boolean {
  return stop === "complete" || (stop === "budget" && traded);
}
