/** What a state shows of its books and wallets, for projections that begin where a restored engine stands. */
import type { Event } from "../domain/events.ts";
import type { Side } from "../domain/market.ts";
import { assetIndex, type Lots, type Minor, type Ticks } from "../domain/units.ts";
import { NONE } from "./book/order-pool.ts";
import type { MarketState, State } from "./state.ts";

/** Every level of every book, the worst first, and every wallet that is not empty. */
export function standing({ markets, wallets, assetNames }: State): Event[] {
  const events: Event[] = [];
  for (const place of markets) {
    tellSide(place, "buy", events);
    tellSide(place, "sell", events);
  }
  for (let place = 0; place < assetNames.length; place += 1) {
    const asset = assetIndex(place);
    for (const { account, available, held } of wallets.balances(asset)) {
      if (available === 0 && held === 0) continue;
      events.push({
        kind: "WalletChanged",
        account,
        asset,
        available: available as Minor,
        held: held as Minor,
      });
    }
  }
  return events;
}

function tellSide({ market: { market }, book }: MarketState, side: Side, events: Event[]): void {
  const ladder = side === "buy" ? book.bids : book.asks;
  const levels: Event[] = [];
  for (let level = ladder.best; level !== NONE; level = ladder.after(level)) {
    const price = ladder.price[level] as Ticks;
    levels.push({ kind: "LevelChanged", market, side, price, quantity: ladder.quantity[level] as Lots });
  }
  for (let place = levels.length - 1; place >= 0; place -= 1) events.push(levels[place]!);
}
