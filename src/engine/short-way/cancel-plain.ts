/** A cancel of a plain order that rests among others at its price. */
import { assert } from "../../domain/assert.ts";
import type { CancelOrder } from "../../domain/commands.ts";
import { NONE as NO_SLOT } from "../book/order-pool.ts";
import { REQUESTED } from "../order-ends.ts";
import type { State } from "../state.ts";

/** Here too, since V8 looks an imported constant up at each use. */
const NONE = NO_SLOT;

/** Whether the order was canceled here; if not, nothing has changed. */
export function cancelPlain(state: State, command: CancelOrder): boolean {
  const { order } = command;
  const { open, wallets, log } = state;
  const { pool, index } = open;
  const home = index.homeOf(order);
  let before = NONE;
  let slot = index.places[home]!;
  while (slot !== NONE && pool.id[slot] !== order) {
    before = slot;
    slot = pool.indexNextOf(slot);
  }
  if (slot === NONE) return false;
  const account = pool.accountOf(slot);
  if (account !== command.account || !pool.justRests(slot)) return false;
  const behind = pool.nextOf(slot);
  const ahead = pool.previousOf(slot);
  const row = log.place;
  // Alone at its price it would take the level with it. A log that must grow grows on the general way.
  if (behind === ahead || row + 15 > log.numbers.length) return false;
  const { market, book } = state.markets[pool.marketOf(slot)]!;
  const isBuy = pool.isBuy[slot]!;
  const side = isBuy === 1 ? book.bids : book.asks;
  const asset = isBuy === 1 ? market.quote : market.base;
  const level = pool.levelOf(slot);
  log.end = row + 15;
  log.orderEndedAt(row, order, account, market.market, REQUESTED);
  const shown = side.quantity[level]! - pool.remaining[slot]!;
  side.quantity[level] = shown;
  log.levelChangedAt(row + 5, market.market, isBuy, side.price[level]!, shown);
  const isHeld = wallets.holdAndTell(account, asset, -pool.held[slot]!, log, row + 10);
  assert(isHeld, "what is given back is available");
  if (ahead === NONE) side.head[level] = behind;
  else pool.setNext(ahead, behind);
  if (behind === NONE) side.tail[level] = ahead;
  else pool.setPrevious(behind, ahead);
  open.unlist(slot, account);
  open.counts[market.market * open.accountsMax + account]! -= 1;
  if (before === NONE) index.places[home] = pool.indexNextOf(slot);
  else pool.setIndexNext(before, pool.indexNextOf(slot));
  index.count -= 1;
  pool.setLevel(slot, NONE);
  pool.held[slot] = 0;
  pool.giveBack(slot);
  return true;
}
