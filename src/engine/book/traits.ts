/**
 * What an order is, yes or no, packed into the bits of one number: it costs one store for all of it, and says
 * which of the pool's arrays need be looked at. Those for what few orders have stay out of the caches.
 */
import type { PlaceOrder } from "../../domain/commands.ts";

/** What does not trade at once rests. */
export const RESTS = 1;
/** It trades whole or not at all when it enters. */
export const FILL_OR_KILL = 2;
export const POST_ONLY = 4;
/** It is of a type that waits for its price, whether or not that has come. */
export const TRIGGERED = 8;
/** It waits for its price now. */
export const PENDING = 16;
/** It shows a part of itself at most. */
export const ICEBERG = 32;
/** It has an end of its own. */
export const EXPIRES = 64;
/** It gave an id of its own. */
export const NAMED = 128;
/** It prevents self-trades in another way than by canceling the maker. */
export const UNUSUAL_PREVENTION = 256;
/** It has paid fees or earned rebates. */
export const CHARGED = 512;

/** The traits of an order that has just come; it is not pending yet. */
export function traitsOf(command: PlaceOrder): number {
  const { type, timeInForce, price, postOnly, selfTradePrevention: mode } = command;
  const rests = price !== null && (timeInForce === "gtc" || timeInForce === "gtd");
  return (
    (rests ? RESTS : 0) |
    (timeInForce === "fok" ? FILL_OR_KILL : 0) |
    (postOnly ? POST_ONLY : 0) |
    (type !== "limit" && type !== "market" ? TRIGGERED : 0) |
    (command.displayQuantity !== null ? ICEBERG : 0) |
    (command.expiresAt !== null ? EXPIRES : 0) |
    (command.clientOrderId !== null ? NAMED : 0) |
    (mode !== "cancel-maker" ? UNUSUAL_PREVENTION : 0)
  );
}
