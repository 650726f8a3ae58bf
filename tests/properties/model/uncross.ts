/** Section 8 of the rulebook: how a crossed book opens, at one price. */
import type { Floor } from "./floor.ts";
import { least, type Order, remaining } from "./order.ts";

/** Trades all that is crossed at the one price. */
export function uncross(floor: Floor, market: number): void {
  const price = uncrossPrice(floor, market);
  if (price === null) return;
  for (;;) {
    const bid = floor.side(market, "buy")[0];
    const ask = floor.side(market, "sell")[0];
    if (bid === undefined || ask === undefined || bid.price! < price || ask.price! > price) return;
    const [taker, maker] = bid.place > ask.place ? [bid, ask] : [ask, bid];
    floor.trade(taker, maker, { price, quantity: least(bid.shown, ask.shown) });
  }
}

type Candidate = {
  readonly price: bigint;
  readonly volume: bigint;
  readonly surplus: bigint;
  readonly away: bigint;
};

/** Every tick between the prices of the book is looked at; null if at none of them something would trade. */
function uncrossPrice(floor: Floor, market: number): bigint | null {
  const bids = floor.side(market, "buy");
  const asks = floor.side(market, "sell");
  if (bids.length === 0 || asks.length === 0) return null;
  const { last } = floor.markets[market]!;
  const candidates: Candidate[] = [];
  for (let price = asks[0]!.price!; price <= bids[0]!.price!; price += 1n) {
    const bought = total(bids.filter((bid) => bid.price! >= price));
    const sold = total(asks.filter((ask) => ask.price! <= price));
    candidates.push({
      price,
      volume: least(bought, sold),
      surplus: bought > sold ? bought - sold : sold - bought,
      away: last === null ? 0n : price > last ? price - last : last - price,
    });
  }
  candidates.sort(
    (a, b) =>
      sign(b.volume - a.volume) ||
      sign(a.surplus - b.surplus) ||
      sign(a.away - b.away) ||
      sign(b.price - a.price),
  );
  return candidates[0]?.price ?? null;
}

function total(orders: readonly Order[]): bigint {
  return orders.reduce((sum, order) => sum + remaining(order), 0n);
}

function sign(difference: bigint): number {
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}
