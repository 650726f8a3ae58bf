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
/** It shows a part of itself at most. From this bit on, each says that arrays concern the order which few need. */
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
  let traits = 0;
  if (price !== null && (timeInForce === "gtc" || timeInForce === "gtd")) traits = RESTS;
  else if (timeInForce === "fok") traits = FILL_OR_KILL;
  if (postOnly) traits |= POST_ONLY;
  if (type !== "limit" && type !== "market") traits |= TRIGGERED;
  if (command.displayQuantity !== null) traits |= ICEBERG;
  if (command.expiresAt !== null) traits |= EXPIRES;
  if (command.clientOrderId !== null) traits |= NAMED;
  if (mode !== "cancel-maker") traits |= UNUSUAL_PREVENTION;
  return traits;
}
