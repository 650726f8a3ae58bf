/** The terms of an order of which nothing special is asked; a test adds the others, and says those that it is about. */
import type { OrderTerms } from "../src/domain/commands.ts";

export const PLAIN_TERMS = {
  type: "limit",
  timeInForce: "gtc",
  triggerPrice: null,
  trailingOffset: null,
  quoteQuantity: null,
  displayQuantity: null,
  expiresAt: null,
  postOnly: false,
  selfTradePrevention: "cancel-maker",
  clientOrderId: null,
} as const satisfies Partial<OrderTerms>;
