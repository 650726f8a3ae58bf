/** Orders for tests of the structures that hold them; only what a test is about needs to be said. */
import { accountIndex, epochMs, lots, marketIndex, orderId, ticks } from "../../src/domain/units.ts";
import type { LastingTerms, OrderPool, Rates, Slot } from "../../src/engine/book/order-pool.ts";
import { EXPIRES, NAMED } from "../../src/engine/book/traits.ts";

type Terms = { readonly expiresAt?: number; readonly clientOrderId?: string } & Partial<Rates>;

/** Takes a slot for a plain order. */
export function take(pool: OrderPool, order: number, { expiresAt, ...more }: Terms = {}): Slot {
  const { makerFee = 0, takerFee = 0, clientOrderId = null } = more;
  const terms: LastingTerms = {
    account: accountIndex(1),
    market: marketIndex(0),
    side: "buy",
    price: ticks(100),
    quantity: lots(1),
    displayQuantity: null,
    selfTradePrevention: "cancel-maker",
    expiresAt: expiresAt === undefined ? null : epochMs(expiresAt),
    clientOrderId,
  };
  const traits = (expiresAt === undefined ? 0 : EXPIRES) | (clientOrderId === null ? 0 : NAMED);
  return pool.take(orderId(order), terms, traits, { makerFee, takerFee });
}
