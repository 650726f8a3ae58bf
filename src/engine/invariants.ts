/**
 * What must hold after every command, each fact checked on a path of its own: conservation alone would miss
 * a trade that moved only one leg, so what is held is also counted order by order.
 */
import { assert } from "../domain/assert.ts";
import type { Market } from "../domain/market.ts";
import { type AccountIndex, type AssetIndex, assetIndex } from "../domain/units.ts";
import { NONE, type OrderPool, type Slot } from "./book/order-pool.ts";
import type { PriceLadder } from "./book/price-ladder.ts";
import { CHARGED, EXPIRES, ICEBERG, NAMED, PENDING } from "./book/traits.ts";
import { limitHold } from "./holds.ts";
import type { MarketState, State } from "./state.ts";
import { isReached } from "./triggers.ts";

/** Throws an `AssertionError` for the first thing that does not hold. */
export function checkInvariants(state: State): void {
  for (let asset = 0; asset < state.assetNames.length; asset += 1)
    checkConservation(state, assetIndex(asset));
  checkHolds(state);
  let orders = 0;
  for (const place of state.markets) {
    const { market, book, triggers } = place;
    orders += checkSide(state, place, book.bids) + checkSide(state, place, book.asks) + triggers.count;
    checkTriggers(state, place);
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
    for (const slot of checkedOrdersOf(state, account as AccountIndex)) {
      const { market } = markets[open.pool.marketOf(slot)]!;
      checkTraits(open.pool, slot);
      checkHold(open.pool, slot, market);
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

/** Arrays that few orders need are blank for the others. */
function checkTraits(pool: OrderPool, slot: Slot): void {
  const { display, hidden, expiresAt, feeWhole, feeParts, rebateDue } = pool;
  assert(pool.has(slot, ICEBERG) === display[slot]! > 0, "an iceberg is known by its traits");
  assert(pool.has(slot, ICEBERG) || hidden[slot] === 0, "nothing but an iceberg hides a part");
  assert(pool.has(slot, EXPIRES) === expiresAt[slot]! > 0, "an order with an end is known by its traits");
  assert(!pool.has(slot, NAMED) || pool.clientOrderId(slot) !== null, "a named order has its client id");
  const isBlank = feeWhole[slot] === 0 && feeParts[slot] === 0 && rebateDue[slot] === 0;
  assert(isBlank || pool.has(slot, CHARGED), "an order that was charged is known by its traits");
}

function checkHold(pool: OrderPool, slot: Slot, market: Market): void {
  const holds = pool.held[slot]!;
  if (pool.isByBudget(slot)) assert(holds > 0 && pool.has(slot, PENDING), "an order by budget waits with it");
  else assert(holds === limitHold(pool, slot, market), "an order holds what it can cost");
  assert(pool.rebateDue[slot]! >= 0, "no order has been paid more rebates than it earned");
}

/** An account's open orders: the oldest first, each found by its id, as many a market as are counted. */
function checkedOrdersOf({ open, markets }: State, account: AccountIndex): Slot[] {
  const slots = open.ofAccount(account, null);
  const { pool } = open;
  const counts = markets.map(() => 0);
  slots.forEach((slot, place) => {
    assert(open.find(pool.orderId(slot)) === slot, "an open order is found by its id");
    assert(pool.accountOf(slot) === account, "an account's orders are its own");
    assert(place === 0 || pool.id[slots[place - 1]!]! < pool.id[slot]!, "an account's orders stand by age");
    counts[pool.marketOf(slot)]! += 1;
  });
  for (const { market } of markets) {
    const counted = open.countOf(account, market.market);
    assert(counts[market.market] === counted, "open orders are counted by account and market");
  }
  return slots;
}

/** Levels are sorted, none is empty, and each counts what rests there; gives the number of orders. */
function checkSide(state: State, { market, book }: MarketState, side: PriceLadder): number {
  const { pool } = state.open;
  let orders = 0;
  for (let level = side.best, before = NONE; level !== NONE; before = level, level = side.after(level)) {
    const better = before === NONE || (side === book.bids) === side.price[before]! > side.price[level]!;
    assert(better, "a side is sorted by price");
    let quantity = 0;
    for (let slot = side.head[level]!, last = NONE; slot !== NONE; last = slot, slot = pool.nextOf(slot)) {
      assert(pool.shownOf(slot) > 0, "a resting order shows something to trade");
      assert(pool.price[slot] === side.price[level], "an order rests at its price");
      assert(pool.marketOf(slot) === market.market, "an order rests in its market");
      assert(!pool.has(slot, PENDING), "an order that rests does not wait");
      assert(pool.previousOf(slot) === last, "a level's orders are linked both ways");
      assert(state.open.find(pool.orderId(slot)) === slot, "an order that rests is found by its id");
      quantity += pool.shownOf(slot);
      orders += 1;
    }
    assert(quantity > 0 && quantity === side.quantity[level], "a level has what its orders show");
  }
  return orders;
}

/** Every order that waits does so for a price that has not come yet, and stands in its queue by that. */
function checkTriggers({ open }: State, { market, triggers, lastPrice }: MarketState): void {
  const { pool } = open;
  let waiting = 0;
  for (const queue of triggers.queues()) {
    queue.all.forEach(({ slot, key, place, trigger, group }, index) => {
      waiting += 1;
      const parent = queue.all[(index - 1) >>> 1];
      assert(place === index && (parent === undefined || parent.key <= key), "a queue is in order");
      assert(
        pool.has(slot, PENDING) && triggers.triggerOf(slot) === trigger,
        "an order that waits is known to",
      );
      assert(pool.marketOf(slot) === market.market, "an order waits in its market");
      assert(open.find(pool.orderId(slot)) === slot, "an order that waits is found by its id");
      const isBuy = pool.isBuy[slot] === 1;
      assert(trigger.isBuy === isBuy, "an order waits for the price of its own side");
      if (group === null) assert(!isReached(trigger, lastPrice), "nobody waits for a price that is there");
      else checkPeak(group.peak, key, (isBuy ? -1 : 1) * (lastPrice ?? 0));
    });
  }
  assert(waiting === triggers.count, "every order that waits stands in one queue");
}

/** A trailing stop has seen the last trade, or none at all: as for a sell, prices negated for a buy. */
function checkPeak(peak: number, offset: number, last: number): void {
  if (peak === -Infinity) return;
  assert(last <= peak && last > peak - offset, "a trailing trigger has moved and has not been reached");
}
