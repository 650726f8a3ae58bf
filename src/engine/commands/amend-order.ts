/**
 * Changes an open order's limit or its quantity in all. It is judged as the order that it would make; a
 * refused amend changes nothing. An order that only becomes smaller keeps its place, one that waits for its
 * price goes on waiting; any other leaves its place and enters again at the back, and may trade.
 */
import type { AmendOrder, Sequenced } from "../../domain/commands.ts";
import { type Market, productOrNull } from "../../domain/market.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { AMOUNT_MAX, type Lots, type Ticks } from "../../domain/units.ts";
import { type Band, isWithin } from "../band.ts";
import { NONE, type OrderPool, type Slot } from "../book/order-pool.ts";
import { PENDING, POST_ONLY, TRIGGERED } from "../book/traits.ts";
import { type Before, enterOpen, stateBefore } from "../entering.ts";
import { holdFor } from "../holds.ts";
import { setHold } from "../settlement.ts";
import { type MarketState, marketState, type State } from "../state.ts";
import { enterTriggered } from "../triggers.ts";

/** The order as it would be: its limit in ticks, zero if it has none, and its lots in all and remaining. */
type Amended = {
  readonly slot: Slot;
  readonly price: number;
  readonly quantity: number;
  readonly remaining: number;
  /** The same limit and less of it. */
  readonly shrinks: boolean;
};

export function amendOrder(state: State, { at, command }: Sequenced<AmendOrder>): Rejection | null {
  const { pool } = state.open;
  const slot = state.open.find(command.order);
  if (slot === NONE || pool.accountOf(slot) !== command.account) return "order-not-open";
  const amended = amendedOrNull(pool, slot, command);
  if (amended === null) return "nothing-to-amend";
  if (amended.remaining <= 0) return "quantity-below-filled";
  const place = marketState(state, pool.marketOf(slot));
  const before = stateBefore(state, place, at);
  const refusal = refuse(state, place, amended, before.band);
  if (refusal !== null) return refusal;
  const hold = holdOrNull(pool, amended, place.market);
  if (hold === null) return "amount-too-large";
  const asset = pool.isBuy[slot] === 1 ? place.market.quote : place.market.base;
  if (state.wallets.available(command.account, asset) < hold - pool.held[slot]!) {
    return "insufficient-funds";
  }

  // From here on the order is changed: no check below may refuse it, so nothing is ever undone.
  if (keepsPlace(pool, amended)) changeInPlace(state, place, amended, hold);
  else reenter(state, place, { amended, hold, before });
  return null;
}

/** A type without a limit has no price to change, and an order by budget no quantity. */
function amendedOrNull(pool: OrderPool, slot: Slot, command: AmendOrder): Amended | null {
  const priceNow = pool.price[slot]!;
  const quantityNow = pool.quantity[slot]!;
  const price = priceNow === 0 ? 0 : (command.price ?? priceNow);
  const quantity = quantityNow === 0 ? 0 : (command.quantity ?? quantityNow);
  if (price === priceNow && quantity === quantityNow) return null;
  const done = quantityNow - pool.remaining[slot]!;
  return {
    slot,
    price,
    quantity,
    remaining: quantity - done,
    shrinks: price === priceNow && quantity < quantityNow,
  };
}

function keepsPlace(pool: OrderPool, { slot, shrinks }: Amended): boolean {
  return shrinks || pool.has(slot, PENDING);
}

/** The first rule that refuses the amend, in the rulebook's order, before its funds are looked at. */
function refuse(state: State, place: MarketState, amended: Amended, band: Band): Rejection | null {
  const { pool } = state.open;
  const { market, book } = place;
  const { slot, price, quantity, shrinks } = amended;
  const enters = !keepsPlace(pool, amended);
  if (state.accountStatuses[pool.accountOf(slot)] !== "active") return "account-suspended";
  if (market.status !== "open") {
    const rests = market.status === "auction" && !(enters && pool.has(slot, POST_ONLY | TRIGGERED));
    if (!rests) return "market-halted";
  }
  if (market.minNotional !== null) {
    const judged = price === 0 ? (place.triggers.triggerOf(slot)?.triggerPrice ?? null) : price;
    const notional = judged === null ? null : judged * quantity * market.quoteMinorPerTickLot;
    if (notional !== null && notional < market.minNotional) return "below-min-notional";
  }
  if (market.maxQuantity !== null && quantity > market.maxQuantity) return "above-max-quantity";
  if (price !== 0 && !shrinks && !isWithin(band, price)) return "price-out-of-band";
  const mayNotTake = enters && pool.has(slot, POST_ONLY);
  return mayNotTake && book.wouldTake(pool.isBuy[slot] === 1, price) ? "would-take" : null;
}

/** What the order would hold, or null if that or its value passes 2^53 - 1. */
function holdOrNull(pool: OrderPool, amended: Amended, market: Market): number | null {
  const { slot, price, quantity } = amended;
  const isTooLarge = price !== 0 && productOrNull(price, quantity, market.quoteMinorPerTickLot) === null;
  const hold = isTooLarge ? Infinity : holdFor(pool, slot, market, amended);
  return hold <= AMOUNT_MAX ? hold : null;
}

function changeInPlace(state: State, place: MarketState, amended: Amended, hold: number): void {
  const { pool } = state.open;
  const { slot, remaining } = amended;
  if (!pool.has(slot, PENDING)) place.book.shorten(slot, pool.remaining[slot]! - remaining);
  setTerms(state, place, amended, hold);
}

type Reentry = { readonly amended: Amended; readonly hold: number; readonly before: Before };

function reenter(state: State, place: MarketState, { amended, hold, before }: Reentry): void {
  place.book.remove(amended.slot);
  setTerms(state, place, amended, hold);
  enterOpen(state, place, amended.slot, before);
  enterTriggered(state, place, before);
}

function setTerms(state: State, place: MarketState, amended: Amended, hold: number): void {
  const { pool } = state.open;
  const { slot, price, quantity, remaining } = amended;
  state.log.tell({
    kind: "OrderAmended",
    order: pool.orderId(slot),
    account: pool.accountOf(slot),
    market: pool.marketOf(slot),
    price: price === 0 ? null : (price as Ticks),
    quantity: quantity as Lots,
    keepsPlace: keepsPlace(pool, amended),
  });
  pool.price[slot] = price;
  pool.quantity[slot] = quantity;
  pool.remaining[slot] = remaining;
  setHold(state, place, slot, hold);
}
