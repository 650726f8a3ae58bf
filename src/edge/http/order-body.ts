/**
 * The body of an order and what it means: the terms in whole units, or the first thing that is wrong with
 * it. What a later release may offer is refused by name rather than passed over, so it never trades by surprise.
 */
import { z } from "zod";
import {
  FEES_ACCOUNT,
  ORDER_TYPES,
  type PlaceOrder,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
  type TimeInForce,
} from "../../domain/commands.ts";
import { type Market, SIDES } from "../../domain/market.ts";
import type { EpochMs, Lots, Minor, Ticks } from "../../domain/units.ts";
import type { Directory } from "../../projections/live/directory.ts";
import type { Principal } from "../auth.ts";
import { findMarket, parseAmount, parseLots, parsePrice, parseTime, resolveAccount } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { decimalText, nameOf, operatorsAccount, reference, time } from "./schemas.ts";

export const orderBody = z.strictObject({
  market: nameOf("VIB-BRL"),
  side: z.enum(SIDES),
  type: z.enum(ORDER_TYPES),
  price: decimalText.nullable().optional().describe("The limit; needed for a limit order, and for no other."),
  quantity: decimalText.nullable().optional().describe("In the base asset."),
  quoteQuantity: decimalText
    .nullable()
    .optional()
    .describe("A market buy may give this instead of `quantity`: spend at most that much, fees included."),
  timeInForce: z
    .enum(TIMES_IN_FORCE)
    .nullable()
    .optional()
    .describe("`gtc` unless given, for a market order `ioc`."),
  expiresAt: time.max(64).nullable().optional().describe("With `gtd`, and only then."),
  postOnly: z.boolean().nullable().optional().describe("Refuse with `would-take` rather than take."),
  selfTradePrevention: z.enum(SELF_TRADE_PREVENTIONS).nullable().optional(),
  clientOrderId: reference
    .nullable()
    .optional()
    .describe("Sent again with the same content, it returns the first order with status 200."),
  accountId: operatorsAccount,
  triggerPrice: decimalText.nullable().optional().describe("Not offered yet: null or absent."),
  trailingOffset: decimalText.nullable().optional().describe("Not offered yet: null or absent."),
  displayQuantity: decimalText.nullable().optional().describe("Not offered yet: null or absent."),
});

export type OrderBody = z.infer<typeof orderBody>;

/** What is said about an order apart from amounts; found before a market is looked up. */
type Form = {
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly expiresAt: EpochMs | null;
};

type Amounts = {
  readonly price: Ticks | null;
  readonly quantity: Lots | null;
  readonly quoteQuantity: Minor | null;
};

const NOT_OFFERED = ["triggerPrice", "trailingOffset", "displayQuantity"] as const;

export function readOrder(body: OrderBody, principal: Principal, directory: Directory): PlaceOrder | Refusal {
  const form = readForm(body);
  if (form instanceof Refusal) return form;
  const account = resolveAccount(principal, body.accountId, directory);
  if (account instanceof Refusal) return account;
  if (account === FEES_ACCOUNT) return malformed("accountId", "is a reserved account, which has no orders");
  const market = findMarket(body.market, directory);
  if (market instanceof Refusal) return market;
  const amounts = readAmounts(body, market, directory);
  if (amounts instanceof Refusal) return amounts;
  return {
    kind: "PlaceOrder",
    account,
    market: market.market,
    side: body.side,
    type: body.type,
    timeInForce: form.timeInForce,
    price: amounts.price,
    quantity: amounts.quantity,
    quoteQuantity: amounts.quoteQuantity,
    expiresAt: form.expiresAt,
    postOnly: form.postOnly,
    selfTradePrevention: body.selfTradePrevention ?? "cancel-maker",
    clientOrderId: body.clientOrderId ?? null,
  };
}

function readForm(body: OrderBody): Form | Refusal {
  for (const field of NOT_OFFERED) {
    if (isGiven(body[field])) return malformed(field, "is not offered by this release");
  }
  const fault = body.type === "limit" ? limitFault(body) : marketFault(body);
  if (fault !== undefined) return fault;
  const timeInForce = body.timeInForce ?? (body.type === "limit" ? "gtc" : "ioc");
  const postOnly = body.postOnly ?? false;
  if (postOnly && (timeInForce === "ioc" || timeInForce === "fok")) {
    return malformed("postOnly", `cannot go with ${timeInForce}, which never rests`);
  }
  if ((timeInForce === "gtd") !== isGiven(body.expiresAt)) {
    return malformed("expiresAt", timeInForce === "gtd" ? "is required with gtd" : "goes with gtd only");
  }
  const expiresAt = isGiven(body.expiresAt) ? parseTime(body.expiresAt, "expiresAt") : null;
  return expiresAt instanceof Refusal ? expiresAt : { timeInForce, postOnly, expiresAt };
}

function limitFault({ price, quantity, quoteQuantity }: OrderBody): Refusal | undefined {
  if (!isGiven(price)) return malformed("price", "is required for a limit order");
  if (isGiven(quoteQuantity)) return malformed("quoteQuantity", "is for market buys only");
  if (!isGiven(quantity)) return malformed("quantity", "is required for a limit order");
  return undefined;
}

function marketFault(body: OrderBody): Refusal | undefined {
  const { side, price, quantity, quoteQuantity, timeInForce, postOnly } = body;
  if (isGiven(price)) return malformed("price", "is not for market orders");
  if (postOnly === true) return malformed("postOnly", "is not for market orders");
  if (isGiven(timeInForce) && timeInForce !== "ioc" && timeInForce !== "fok") {
    return malformed("timeInForce", "must be ioc or fok for a market order");
  }
  if (!isGiven(quoteQuantity)) {
    return isGiven(quantity) ? undefined : malformed("quantity", "is required for a market order");
  }
  if (side === "sell") return malformed("quoteQuantity", "is for market buys only");
  if (isGiven(quantity)) return malformed("quoteQuantity", "cannot go with quantity");
  if (timeInForce === "fok") return malformed("timeInForce", "cannot be fok for an order by quoteQuantity");
  return undefined;
}

/** Tick before lot, as the rules have it. */
function readAmounts(body: OrderBody, market: Market, directory: Directory): Amounts | Refusal {
  const price = isGiven(body.price) ? parsePrice(body.price, market) : null;
  if (price instanceof Refusal) return price;
  const quantity = isGiven(body.quantity) ? parseLots(body.quantity, market.lotSize, "quantity") : null;
  if (quantity instanceof Refusal) return quantity;
  const quote = directory.asset(market.quote);
  const budget = isGiven(body.quoteQuantity) ? parseAmount(body.quoteQuantity, quote, "quoteQuantity") : null;
  if (budget instanceof Refusal) return budget;
  return { price, quantity, quoteQuantity: budget };
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
