/**
 * What must hold after every command, each fact checked on a path of its own: conservation alone would miss
 * a trade that moved only one leg, so what is held is also counted order by order.
 */
import { assert } from "../domain/assert.ts";
import { type AssetIndex, assetIndex } from "../domain/units.ts";
import { NONE } from "./book/order-pool.ts";
import type { PriceLadder } from "./book/price-ladder.ts";
import { limitHold } from "./holds.ts";
import type { MarketState, State } from "./state.ts";

/** Throws an `AssertionError` for the first thing that does not hold. */
export function checkInvariants(state: State): void {
  for (let asset = 0; asset < state.assetNames.length; asset += 1)
    checkConservation(state, assetIndex(asset));
  checkHolds(state);
  let orders = 0;
  for (const place of state.markets) {
    const { market, book, triggers } = place;
    orders += checkSide(state, place, book.bids) + checkSide(state, place, book.asks) + triggers.count;
    assert(market.status !== "open" || !book.crossed, `${market.name} is open and not crossed`);
  }
  assert(orders === state.open.count, "every open order rests in exactly one book or waits for its price");
}

/** Nothing is created or destroyed, and nothing is negative. */
function checkConservation({ wallets, assetNames }: State, asset: AssetIndex): void {
  let total = 0n;
  for (const { available, held } of wallets.balances(asset)) {
    assert(
      Number.isSafeInteger(available) && available >= 0,
      "what is available is a safe integer, not negative",
    );
    assert(Number.isSafeInteger(held) && held >= 0, "what is held is a safe integer, not negative");
    total += BigInt(available) + BigInt(held);
  }
  assert(total === BigInt(wallets.supply(asset)), `${assetNames[asset]} is neither created nor destroyed`);
}

/** Every held unit belongs to an open order, and every order holds exactly what it can still cost. */
function checkHolds(state: State): void {
  const { wallets, open, markets, assetNames } = state;
  const held = new Map<string, number>();
  for (let account = 0; account < state.accountStatuses.length; account += 1) {
    for (const slot of open.ofAccount(account as never, null)) {
      const { market } = markets[open.pool.market[slot]!]!;
      assert(open.pool.held[slot] === limitHold(open.pool, slot, market), "an order holds what it can cost");
      const wallet = `${account} ${open.pool.isBuy[slot] === 1 ? market.quote : market.base}`;
      held.set(wallet, (held.get(wallet) ?? 0) + open.pool.held[slot]!);
    }
  }
  for (let asset = 0; asset < assetNames.length; asset += 1) {
    for (const balance of wallets.balances(assetIndex(asset))) {
      const ordered = held.get(`${balance.account} ${asset}`) ?? 0;
      assert(balance.held === ordered, "what is held is what open orders hold");
    }
  }
}

/** Levels are sorted, none is empty, and each counts what rests there; gives the number of orders. */
function checkSide(state: State, { market, book }: MarketState, side: PriceLadder): number {
  const { pool } = state.open;
  let orders = 0;
  for (let level = side.best, before = NONE; level !== NONE; before = level, level = side.after(level)) {
    const better = before === NONE || (side === book.bids) === side.price[before]! > side.price[level]!;
    assert(better, "a side is sorted by price");
    let quantity = 0;
    for (let slot = side.head[level]!, last = NONE; slot !== NONE; last = slot, slot = pool.next[slot]!) {
      assert(pool.shownOf(slot) > 0, "a resting order shows something to trade");
      assert(pool.hidden[slot]! === 0 || pool.display[slot]! > 0, "nothing but an iceberg hides a part");
      assert(pool.price[slot] === side.price[level], "an order rests at its price");
      assert(pool.market[slot] === market.market, "an order rests in its market");
      assert(pool.previous[slot] === last, "a level's orders are linked both ways");
      assert(state.open.find(pool.orderId(slot)) === slot, "an order that rests is found by its id");
      quantity += pool.shownOf(slot);
      orders += 1;
    }
    assert(quantity > 0 && quantity === side.quantity[level], "a level has what its orders show");
  }
  return orders;
}
