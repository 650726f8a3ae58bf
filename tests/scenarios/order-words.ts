/** How a trader says an order: each part that follows the price may be left out. */
import {
  type OrderType,
  SELF_TRADE_PREVENTIONS,
  type SelfTradePrevention,
} from "../../src/domain/commands.ts";
import { AMOUNT, ASSET, MARKET, milliseconds, NAME, TIME, type Words } from "./words.ts";

export type OrderStatement = {
  readonly kind: "order";
  readonly account: string;
  readonly side: "buy" | "sell";
  readonly type: OrderType;
  readonly quantity: string | null;
  readonly budget: { readonly amount: string; readonly asset: string } | null;
  /** Null at market. */
  readonly price: string | null;
  readonly trigger: string | null;
  readonly offset: string | null;
  readonly display: string | null;
  readonly market: string | null;
  readonly how: "ioc" | "fok" | "post-only" | null;
  readonly selfTradePrevention: SelfTradePrevention;
  readonly untilMs: number | null;
  readonly clientOrderId: string | null;
};

export const ORDER_STATEMENT =
  `${NAME} (buys|sells) (?:for ${AMOUNT} ${ASSET}|${AMOUNT}) at (market|[0-9.]+)` +
  `(?: (stopped at|taking profit at|trailing by) ${AMOUNT})?(?: showing ${AMOUNT})?(?: in ${MARKET})?` +
  `(?: as (ioc|fok|post-only))?(?: with (${SELF_TRADE_PREVENTIONS.join("|")}))?` +
  `(?: until ${TIME})?(?: named (\\S+))?`;

export function readOrder(words: Words): OrderStatement {
  const [account, verb, budget, asset, quantity, price, waits, level, ...rest] = words;
  const [display, market, how, mode, until, named] = rest;
  return {
    kind: "order",
    account: account!,
    side: verb === "buys" ? "buy" : "sell",
    type: typeOf(waits, price === "market"),
    quantity: quantity ?? null,
    budget: budget === undefined ? null : { amount: budget, asset: asset! },
    price: price === "market" ? null : price!,
    trigger: waits === "trailing by" ? null : (level ?? null),
    offset: waits === "trailing by" ? level! : null,
    display: display ?? null,
    market: market ?? null,
    how: (how as OrderStatement["how"] | undefined) ?? null,
    selfTradePrevention: (mode as SelfTradePrevention | undefined) ?? "cancel-maker",
    untilMs: until === undefined ? null : milliseconds(until),
    clientOrderId: named ?? null,
  };
}

function typeOf(waits: string | undefined, atMarket: boolean): OrderType {
  if (waits === "stopped at") return atMarket ? "stop" : "stop-limit";
  if (waits === "taking profit at") return atMarket ? "take-profit" : "take-profit-limit";
  if (waits === "trailing by") return "trailing-stop";
  return atMarket ? "market" : "limit";
}
