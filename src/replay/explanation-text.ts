/** An explanation in sentences: what an operator reads to a trader who asks why. */
import type { Ahead, FillExplanation, Party, QueueAhead } from "../projections/changes/fill-explanation.ts";

/** Orders and levels that a sentence names, at most. */
const NAMED_MAX = 5;

export function explanationText(fill: Omit<FillExplanation, "text">): string[] {
  return [
    headline(fill),
    ...[fill.taker, fill.maker].filter(({ isTriggered }) => isTriggered).map(triggered),
    standing(fill),
    levels(fill),
    ...fill.ahead.map((queue) => ahead(queue, fill)),
    selfTrade(fill),
    band(fill),
    holds(fill.taker, fill),
    holds(fill.maker, fill),
    fees(fill),
  ];
}

type Told = Omit<FillExplanation, "text">;

function headline({ market, tradeId, taker, maker, price, quantity, value, command, seq }: Told): string {
  const verb = taker.side === "buy" ? "bought" : "sold";
  const from = taker.side === "buy" ? "from" : "to";
  return (
    `Trade ${tradeId} in ${market}: ${named(taker)} ${verb} ${quantity} at ${price}, worth ${value}, ` +
    `${from} ${named(maker)}, by command ${seq} (${command}).`
  );
}

function triggered({ orderId }: Party): string {
  return `Order ${orderId} had waited for its trigger, which the command reached; it entered after that, in the same step.`;
}

function standing({ before: { status, lastPrice, bestBid, bestAsk } }: Told): string {
  const bid = bestBid === null ? "there was no bid" : `the best bid was ${bestBid}`;
  const ask = bestAsk === null ? "there was no ask" : `the best ask was ${bestAsk}`;
  const last = lastPrice === null ? "nothing had traded yet" : `the last trade was at ${lastPrice}`;
  return `Before the command ${bid}, ${ask}, and ${last}; the market's status was ${status}.`;
}

function levels({ levels: walked, maker, price, command }: Told): string {
  const side = maker.side === "buy" ? "bids" : "asks";
  if (walked.length === 0) {
    return `No ${side} stood there as far as ${price}: the maker came into the book with the same command.`;
  }
  const parts = walked.map((level) => `${level.price} (${level.shown} shown, ${level.traded} traded)`);
  const what = command === "ChangeMarket" ? "The uncross reached" : "The command walked";
  return `${what} ${counted(walked.length, "level")} of ${side} as far as this trade: ${list(parts, walked.length)}.`;
}

function ahead({ of, count, isWhole, orders }: QueueAhead, fill: Told): string {
  const party = fill[of];
  if (count === 0) return `Nobody stood before ${named(party)}: it was first in its queue.`;
  const parts = orders.map(
    (order) =>
      `order ${order.orderId} of ${order.accountId}, ${order.shown} at ${order.price}: ${fate(order)}`,
  );
  const number = isWhole ? counted(count, "order") : `more than ${counted(count, "order")}`;
  return `Before ${named(party)} stood ${number}, better in price or earlier in time: ${list(parts, count)}.`;
}

function fate({ traded, prevented, ended }: Ahead): string {
  const parts: string[] = [];
  if (!isZero(traded)) parts.push(`traded ${traded}`);
  if (!isZero(prevented)) parts.push(`lost ${prevented} to the self-trade rule`);
  if (ended === "filled") parts.push("filled");
  else if (ended !== null) parts.push(`ended (${ended})`);
  else if (!isZero(traded)) parts.push("and went to the back with its next part");
  return parts.join(", ");
}

function selfTrade({ selfTrade: { mode, canceled, prevented }, taker }: Told): string {
  if (mode === null) return "The self-trade rule does not apply when a market is uncrossed.";
  const parts = prevented.map(
    ({ orderId, quantity }) => `took ${quantity} from order ${orderId} without a trade`,
  );
  if (canceled.length > 0) {
    parts.push(
      `canceled ${list(
        canceled.map((order) => `order ${order}`),
        canceled.length,
      )}`,
    );
  }
  if (parts.length === 0) {
    return `The self-trade rule (${mode}) had nothing to do: no order of ${taker.accountId} stood in the way.`;
  }
  return `The self-trade rule (${mode}) ${parts.join(", and ")}.`;
}

function band({ before: { band: found, lastPrice } }: Told): string {
  if (found === null) return "No price band was in force.";
  const from = lastPrice === null ? "the listing's reference price" : `the last price of ${lastPrice}`;
  return (
    `The price band went from ${found.lowest} to ${found.highest}, measured from ${from}: ` +
    "no limit may be outside it, and an order without one trades no further than its edge."
  );
}

function holds(party: Party, { command }: Told): string {
  const { asset, before, spent, released, after } = party.holds;
  const freed = released.startsWith("-")
    ? `${released.slice(1)} more were kept aside`
    : `${released} were free again`;
  return (
    `For order ${party.orderId} ${party.accountId} held ${before} ${asset}; the command's trades (${command}) spent ${spent} of it, ` +
    `${freed}, and ${after} stay held.`
  );
}

function fees({ taker, maker }: Told): string {
  const of = (party: Party) => {
    if (isZero(party.fee)) return `${party.accountId} paid no fee`;
    const isRebate = party.fee.startsWith("-");
    const amount = isRebate ? party.fee.slice(1) : party.fee;
    return `${party.accountId} ${isRebate ? "got a rebate of" : "paid"} ${amount} ${party.feeAsset}`;
  };
  return (
    `Fees: as taker ${of(taker)} (rate ${taker.feeRate}), as maker ${of(maker)} (rate ${maker.feeRate}); ` +
    "each counts on its order's running total, so that rounding is paid once."
  );
}

function named({ accountId, orderId }: Party): string {
  return `order ${orderId} of ${accountId}`;
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`;
}

function list(parts: readonly string[], count: number): string {
  const more = count - Math.min(parts.length, NAMED_MAX);
  return `${parts.slice(0, NAMED_MAX).join("; ")}${more === 0 ? "" : `; and ${more} more`}`;
}

function isZero(amount: string): boolean {
  return /^-?0(\.0*)?$/.test(amount);
}
