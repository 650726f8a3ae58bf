/** Section 4 of the rulebook: which waiting orders the trades of a command trigger, and in which order they enter. */
import type { Floor, Told } from "./floor.ts";
import { isReached, type Order } from "./order.ts";

type Moment = {
  readonly at: number;
  readonly market: number;
  /** The last trade price before the command. */
  readonly before: bigint | null;
  /** What the price band was measured from before the command. */
  readonly reference: bigint | null;
};

/** Round by round, until no more is triggered. */
export function cascade(floor: Floor, { at, market, before, reference }: Moment): Told {
  let lastBefore = before;
  while (floor.prints.length > 0) {
    const prints = floor.prints.splice(0);
    const waiting = floor.orders.filter((order) => order.pending && order.market === market);
    const triggered = waiting.filter((order) => reaches(order, prints));
    triggered.sort((a, b) => distance(a, lastBefore) - distance(b, lastBefore) || a.id - b.id);
    for (const order of triggered) {
      order.pending = false;
      floor.told.push(`triggered ${order.id}`);
      floor.enter(order, at, reference);
    }
    lastBefore = prints.at(-1)!;
  }
  return floor.told;
}

/** Each trade is compared with the trigger first, and moves it then; one that has been reached moves no more. */
function reaches(order: Order, prints: readonly bigint[]): boolean {
  for (const print of prints) {
    if (isReached(order, print)) return true;
    if (order.offset === null) continue;
    const follows = order.side === "sell" ? print - order.offset : print + order.offset;
    const favours =
      order.trigger === null || (order.side === "sell" ? follows > order.trigger : follows < order.trigger);
    if (favours) order.trigger = follows;
  }
  return false;
}

/** From the trigger to the last price; the same for all if there was none. */
function distance({ trigger }: Order, last: bigint | null): number {
  if (last === null) return 0;
  return Number(trigger! > last ? trigger! - last : last - trigger!);
}
