/** A plain limit order that meets nothing and rests, or that plain orders fill whole. */
import { AMOUNT_MAX, type OrderId } from "../../domain/units.ts";
import { NONE as NO_SLOT } from "../book/order-pool.ts";
import { POST_ONLY, RESTS } from "../book/traits.ts";
import { newHold } from "../holds.ts";
import type { MarketState, State } from "../state.ts";
import type { PlainOrder } from "./plain-order.ts";
import { takePlain } from "./take-plain.ts";

/** Here too, since V8 looks an imported constant up at each use. */
const NONE = NO_SLOT;
const HOLD_MAX = AMOUNT_MAX;

/** Whether the order, which the market admits, was placed here; if not, nothing has changed. No order is refused here. */
export function placePlain(state: State, place: MarketState, order: OrderId, command: PlainOrder): boolean {
  const { account, price, quantity } = command;
  const { open, wallets, log } = state;
  const { market, book } = place;
  const countPlace = market.market * open.accountsMax + account;
  if (open.counts[countPlace]! >= market.maxOpenOrders) return false;
  const buys = command.side === "buy";
  const hold = newHold(market, buys, price, quantity);
  if (hold === 0 || hold > HOLD_MAX) return false;
  if (buys ? price >= book.asks.bestPrice : price <= book.bids.bestPrice) {
    return takePlain(state, place, order, command, hold);
  }
  const row = log.place;
  if (command.timeInForce !== "gtc" || row + 11 > log.numbers.length) return false;
  if (!wallets.holdAndTell(account, buys ? market.quote : market.base, hold, log, row + 6)) return false;
  log.end = row + 11;

  // What may have to grow comes first: the compiler knows nothing of before any more where a table may have grown.
  const isBuy = buys ? 1 : 0;
  const side = buys ? book.bids : book.asks;
  const level = side.reach(price);
  const slot = open.pool.takeSlot();
  const { pool, index } = open;
  pool.id[slot] = order;
  pool.setAccount(slot, account);
  pool.setMarket(slot, market.market);
  pool.isBuy[slot] = isBuy;
  pool.traits[slot] = command.postOnly ? RESTS | POST_ONLY : RESTS;
  pool.price[slot] = price;
  pool.quantity[slot] = quantity;
  pool.remaining[slot] = quantity;
  pool.held[slot] = hold;
  pool.makerFee[slot] = market.makerFee;
  pool.takerFee[slot] = market.takerFee;
  pool.arrival[slot] = book.nextArrival();
  pool.setLevel(slot, level);
  const last = side.tail[level]!;
  pool.setPrevious(slot, last);
  pool.setNext(slot, NONE);
  if (last === NONE) side.head[level] = slot;
  else pool.setNext(last, slot);
  side.tail[level] = slot;
  const newest = open.newest[account]!;
  pool.setAccountPrevious(slot, newest);
  pool.setAccountNext(slot, NONE);
  if (newest === NONE) open.oldest[account] = slot;
  else pool.setAccountNext(newest, slot);
  open.newest[account] = slot;
  open.counts[countPlace]! += 1;
  const shown = side.quantity[level]! + quantity;
  side.quantity[level] = shown;
  log.orderPlacedAt(row);
  log.levelChangedAt(row + 1, market.market, isBuy, price, shown);
  index.add(slot, order);
  return true;
}
