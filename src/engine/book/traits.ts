/** What an order is, yes or no, packed into the bits of one number so that an order costs one store for all of it. */
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

/** The traits of an order that has just come; it is not pending yet. */
export function traitsOf(command: PlaceOrder): number {
  const { type, timeInForce, price, postOnly } = command;
  const rests = price !== null && (timeInForce === "gtc" || timeInForce === "gtd");
  return (
    (rests ? RESTS : 0) |
    (timeInForce === "fok" ? FILL_OR_KILL : 0) |
    (postOnly ? POST_ONLY : 0) |
    (type !== "limit" && type !== "market" ? TRIGGERED : 0)
  );
}
