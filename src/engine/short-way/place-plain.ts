/** A plain limit order that meets nothing and rests, or that plain orders fill whole. */
import type { PlaceOrder } from "../../domain/commands.ts";
import { ROWS } from "../../domain/event-log.ts";
import { AMOUNT_MAX, type AssetIndex, type Lots, type OrderId, type Ticks } from "../../domain/units.ts";
import { bandOf, isWithin } from "../band.ts";
import { NONE } from "../book/order-pool.ts";
import { POST_ONLY, RESTS } from "../book/traits.ts";
import { newHold } from "../holds.ts";
import { type MarketState, marketState, type State } from "../state.ts";
import { takePlain } from "./take-plain.ts";

/** Whether the order was placed here; if not, nothing has changed. No order is refused here. */
export function placePlain(state: State, order: OrderId, command: PlaceOrder): boolean {
  const { account, price, quantity } = command;
  if (!isPlain(command) || price === null || quantity === null) return false;
  const place = marketState(state, command.market);
  if (state.accountStatuses[account] !== "active" || !admits(place, price, quantity)) return false;
  const { open, wallets } = state;
  const { market, book } = place;
  if (open.countOf(account, market.market) >= market.maxOpenOrders) return false;
  const isBuy = command.side === "buy";
  const asset = isBuy ? market.quote : market.base;
  const hold = newHold(market, isBuy, price, quantity);
  if (hold === 0 || hold > AMOUNT_MAX || wallets.available(account, asset) < hold) return false;
  if (isBuy ? price >= book.asks.bestPrice : price <= book.bids.bestPrice) {
    return takePlain(state, place, order, command, hold);
  }
  if (command.timeInForce !== "gtc") return false;
  rest(state, place, order, command, asset, hold);
  return true;
}

/** Whether the market takes such an order at all. */
function admits(place: MarketState, price: Ticks, quantity: Lots): boolean {
  const { status, minNotional, maxQuantity, priceBand, quoteMinorPerTickLot } = place.market;
  return (
    status === "open" &&
    (minNotional === null || price * quantity * quoteMinorPerTickLot >= minNotional) &&
    (maxQuantity === null || quantity <= maxQuantity) &&
    (priceBand === null || isWithin(bandOf(place), price))
  );
}

/** A limit order of which nothing more was asked, unless it is not to take. */
function isPlain(command: PlaceOrder): boolean {
  const { type, timeInForce, displayQuantity, selfTradePrevention, clientOrderId } = command;
  return (
    type === "limit" &&
    (timeInForce === "gtc" || timeInForce === "ioc") &&
    displayQuantity === null &&
    selfTradePrevention === "cancel-maker" &&
    clientOrderId === null
  );
}

/** Apart, so that the compiler makes one piece of code of it. */
function rest(
  { open, wallets, log }: State,
  { market, book }: MarketState,
  order: OrderId,
  command: PlaceOrder,
  asset: AssetIndex,
  hold: number,
): void {
  const { account } = command;
  const price = command.price!;
  const quantity = command.quantity!;
  const isBuy = command.side === "buy" ? 1 : 0;
  const { pool } = open;
  // What may have to grow comes first: the compiler knows nothing of before any more where a table may have grown.
  const row = log.newRows(11);
  const { numbers } = log;
  const side = isBuy === 1 ? book.bids : book.asks;
  const level = side.reach(price);
  const slot = pool.takeSlot();
  const last = side.tail[level]!;
  if (last === NONE) side.head[level] = slot;
  else pool.next[last] = slot;
  side.tail[level] = slot;
  pool.id[slot] = order;
  pool.account[slot] = account;
  pool.market[slot] = market.market;
  pool.isBuy[slot] = isBuy;
  pool.traits[slot] = command.postOnly ? RESTS | POST_ONLY : RESTS;
  pool.price[slot] = price;
  pool.quantity[slot] = quantity;
  pool.remaining[slot] = quantity;
  pool.held[slot] = hold;
  pool.makerFee[slot] = market.makerFee;
  pool.takerFee[slot] = market.takerFee;
  pool.arrival[slot] = book.nextArrival();
  pool.level[slot] = level;
  pool.previous[slot] = last;
  pool.next[slot] = NONE;
  const shown = side.quantity[level]! + quantity;
  side.quantity[level] = shown;
  const available = wallets.holdUntold(account, asset, hold);
  numbers[row] = ROWS.orderPlaced;
  numbers[row + 1] = ROWS.levelChanged;
  numbers[row + 2] = market.market;
  numbers[row + 3] = isBuy;
  numbers[row + 4] = price;
  numbers[row + 5] = shown;
  numbers[row + 6] = ROWS.walletChanged;
  numbers[row + 7] = account;
  numbers[row + 8] = asset;
  numbers[row + 9] = available;
  numbers[row + 10] = wallets.held(account, asset);
  open.add(slot);
}
