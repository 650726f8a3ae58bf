/** A cancel of a plain order that rests among others at its price. */
import type { CancelOrder } from "../../domain/commands.ts";
import { ROWS } from "../../domain/event-log.ts";
import { NONE } from "../book/order-pool.ts";
import { REQUESTED } from "../order-ends.ts";
import type { State } from "../state.ts";

/** Whether the order was canceled here; if not, nothing has changed. */
export function cancelPlain(state: State, { account, order }: CancelOrder): boolean {
  const { markets, open, wallets, log } = state;
  const { pool } = open;
  const slot = open.find(order);
  if (slot === NONE || pool.account[slot] !== account || !pool.justRests(slot)) return false;
  const next = pool.next[slot]!;
  const previous = pool.previous[slot]!;
  // Alone at its price it has no neighbour on either side, and takes the level with it.
  if (next === previous) return false;

  // What may have to grow comes first: the compiler knows nothing of before any more where a table may have grown.
  const row = log.newRows(15);
  const { numbers } = log;
  const { market, book } = markets[pool.market[slot]!]!;
  const isBuy = pool.isBuy[slot]!;
  const side = isBuy === 1 ? book.bids : book.asks;
  const asset = isBuy === 1 ? market.quote : market.base;
  const level = pool.level[slot]!;
  if (previous === NONE) side.head[level] = next;
  else pool.next[previous] = next;
  if (next === NONE) side.tail[level] = previous;
  else pool.previous[next] = previous;
  pool.level[slot] = NONE;
  const shown = side.quantity[level]! - pool.remaining[slot]!;
  side.quantity[level] = shown;
  const available = wallets.holdUntold(account, asset, -pool.held[slot]!);
  pool.held[slot] = 0;

  numbers[row] = ROWS.orderEnded;
  numbers[row + 1] = order;
  numbers[row + 2] = account;
  numbers[row + 3] = market.market;
  numbers[row + 4] = REQUESTED;
  numbers[row + 5] = ROWS.levelChanged;
  numbers[row + 6] = market.market;
  numbers[row + 7] = isBuy;
  numbers[row + 8] = pool.price[slot]!;
  numbers[row + 9] = shown;
  numbers[row + 10] = ROWS.walletChanged;
  numbers[row + 11] = account;
  numbers[row + 12] = asset;
  numbers[row + 13] = available;
  numbers[row + 14] = wallets.held(account, asset);
  open.remove(slot);
  pool.giveBack(slot);
  return true;
}
