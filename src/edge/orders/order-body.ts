/** What a client writes to place or amend an order, field by field; REST and sockets check it by the same description. */
import { z } from "zod";
import { ORDER_TYPES, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../../domain/commands.ts";
import { SIDES } from "../../domain/market.ts";
import { decimalText, nameOf, operatorsAccount, reference, time } from "../http/schemas.ts";

const maybeDecimal = decimalText.nullable().optional();

export const orderBody = z.strictObject({
  market: nameOf("VIB-BRL"),
  side: z.enum(SIDES),
  type: z.enum(ORDER_TYPES),
  price: maybeDecimal.describe("The limit; needed for the limit types, and for no other."),
  triggerPrice: maybeDecimal.describe(
    "The last trade price at which it enters; for `stop`, `stop-limit`, `take-profit` and `take-profit-limit`.",
  ),
  trailingOffset: maybeDecimal.describe(
    "How far the trigger of a `trailing-stop` stays behind the best trade price since its entry: a distance in price.",
  ),
  quantity: maybeDecimal.describe("In the base asset."),
  quoteQuantity: maybeDecimal.describe(
    "Spend at most that much, fees included. A market buy may give this instead of `quantity`; a triggered buy " +
      "without a limit has to.",
  ),
  displayQuantity: maybeDecimal.describe(
    "An iceberg: how much of it the book shows at most, from a hundredth of `quantity` to all of it. For the limit " +
      "types with `gtc` or `gtd`.",
  ),
  timeInForce: z
    .enum(TIMES_IN_FORCE)
    .nullable()
    .optional()
    .describe(
      "`gtc` unless given, for a market order `ioc`. That of a triggered order says how long it waits, and how it enters.",
    ),
  expiresAt: time.max(64).nullable().optional().describe("With `gtd`, and only then."),
  postOnly: z
    .boolean()
    .nullable()
    .optional()
    .describe("Refuse with `would-take` rather than take; for `limit` orders with `gtc` or `gtd`."),
  selfTradePrevention: z
    .enum(SELF_TRADE_PREVENTIONS)
    .nullable()
    .optional()
    .describe("`cancel-maker` unless given; that of the order that takes decides."),
  clientOrderId: reference
    .nullable()
    .optional()
    .describe("Sent again with the same content, it returns the first order with status 200."),
  accountId: operatorsAccount,
});

export type OrderBody = z.infer<typeof orderBody>;

export const amendBody = z.strictObject({
  price: maybeDecimal.describe("The new limit."),
  quantity: maybeDecimal.describe(
    "The new total, what has been filled and prevented included, which it must exceed; of an iceberg at most " +
      "10,000 times `displayQuantity`.",
  ),
  accountId: operatorsAccount,
});

export type AmendBody = z.infer<typeof amendBody>;

export function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
