/** Which orders are plain, and what a market asks of them before it looks at its book. */
import type { PlaceOrder } from "../../domain/commands.ts";
import type { Lots, Ticks } from "../../domain/units.ts";
import { bandOf, isWithin } from "../band.ts";
import type { MarketState, State } from "../state.ts";

export type PlainOrder = PlaceOrder & { readonly price: Ticks; readonly quantity: Lots };

/** A limit order of which nothing more was asked, unless it is not to take. */
export function isPlain(command: PlaceOrder): command is PlainOrder {
  const { type, timeInForce } = command;
  return (
    type === "limit" &&
    (timeInForce === "gtc" || timeInForce === "ioc") &&
    command.displayQuantity === null &&
    command.selfTradePrevention === "cancel-maker" &&
    command.clientOrderId === null
  );
}

/** Whether the market takes such an order of this account at all. */
export function admits(state: State, place: MarketState, { account, price, quantity }: PlainOrder): boolean {
  const { status, minNotional, maxQuantity, priceBand, quoteMinorPerTickLot } = place.market;
  return (
    status === "open" &&
    state.accountStatuses[account] === "active" &&
    (minNotional === null || price * quantity * quoteMinorPerTickLot >= minNotional) &&
    (maxQuantity === null || quantity <= maxQuantity) &&
    (priceBand === null || isWithin(bandOf(place), price))
  );
}
