/** A flow's orders as commands of the exchange, in one market, with an account for each trader. */
import type { Command, PlaceOrder } from "../../src/domain/commands.ts";
import type { MarketListing } from "../../src/domain/market.ts";
import {
  type AccountIndex,
  accountIndex,
  assetIndex,
  lots,
  marketIndex,
  orderId,
  partsPerMillion,
  ticks,
} from "../../src/domain/units.ts";
import type { FlowCommand } from "./flow.ts";

export const BASE = assetIndex(0);
export const QUOTE = assetIndex(1);

const LISTING: MarketListing = {
  name: "BASE-QUOTE",
  base: BASE,
  quote: QUOTE,
  tickSize: { units: 1, scale: 0 },
  lotSize: { units: 1, scale: 0 },
  baseMinorPerLot: 1,
  quoteMinorPerTickLot: 1,
  minNotional: null,
  maxQuantity: null,
  maxOpenOrders: 1_000_000,
  makerFee: partsPerMillion(1_000),
  takerFee: partsPerMillion(2_000),
  priceBand: null,
  referencePrice: null,
  status: "open",
};

/** What comes before any account: two assets, and the market of both. */
export const LISTINGS: readonly Command[] = [
  { kind: "ListAsset", name: "BASE", scale: 0 },
  { kind: "ListAsset", name: "QUOTE", scale: 0 },
  { kind: "ListMarket", ...LISTING },
];

/** Traders count from 0; the account `fees` has the index 0. */
export function traderAccount(trader: number): AccountIndex {
  return accountIndex(trader + 1);
}

export function openAccount(trader: number): Command {
  return { kind: "OpenAccount", accountId: `trader-${trader}`, name: null };
}

export type LimitTerms = Pick<PlaceOrder, "side" | "timeInForce" | "clientOrderId"> & {
  readonly trader: number;
  readonly price: number;
  readonly quantity: number;
};

export function limitOrder(terms: LimitTerms): PlaceOrder {
  return {
    kind: "PlaceOrder",
    account: traderAccount(terms.trader),
    market: marketIndex(0),
    side: terms.side,
    type: "limit",
    timeInForce: terms.timeInForce,
    price: ticks(terms.price),
    triggerPrice: null,
    trailingOffset: null,
    quantity: lots(terms.quantity),
    quoteQuantity: null,
    displayQuantity: null,
    expiresAt: null,
    postOnly: false,
    selfTradePrevention: "cancel-maker",
    clientOrderId: terms.clientOrderId,
  };
}

/** A command of the flow; an order's id is its place in the flow, and the commands that came `before` it. */
export function commandOf(
  { kind, order, account: trader, side, price, quantity }: FlowCommand,
  before: number,
  clientOrderId: string | null,
): Command {
  if (kind === "cancel") {
    return { kind: "CancelOrder", account: traderAccount(trader), order: orderId(before + order) };
  }
  const timeInForce = kind === "take" ? "ioc" : "gtc";
  return limitOrder({ trader, side, timeInForce, price, quantity, clientOrderId });
}
