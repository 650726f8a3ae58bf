/** Orders for tests of the structures that hold them; only what a test is about needs to be said. */
import { accountIndex, epochMs, lots, marketIndex, orderId, ticks } from "../../src/domain/units.ts";
import type { NewOrder } from "../../src/engine/book/order-pool.ts";

export function anOrder(order: number, expiresAt: number | null = null): NewOrder {
  return {
    order: orderId(order),
    account: accountIndex(1),
    market: marketIndex(0),
    isBuy: true,
    price: ticks(100),
    quantity: lots(1),
    displayQuantity: null,
    traits: 0,
    selfTradePrevention: "cancel-maker",
    expiresAt: expiresAt === null ? null : epochMs(expiresAt),
    makerFee: 0,
    takerFee: 0,
    clientOrderId: null,
  };
}
