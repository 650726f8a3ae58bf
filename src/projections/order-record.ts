/**
 * An order as its account sees it: its terms, as sent or as amended since, and how far it has come. Live orders and the
 * ledger both give this form, so the edge renders one thing whether the order is open or long ended.
 */
import type { OrderTerms, OrderType } from "../domain/commands.ts";
import type { EndReason, OrderCanceled, OrderExpired, OrderFilled } from "../domain/events.ts";
import type { EpochMs, Lots, Minor, OrderId } from "../domain/units.ts";

/**
 * The fills that are shown with an order, at most: its latest. One order may trade with tens of thousands of others, and an
 * answer that showed them all would hold up everybody else. All of them are found page by page.
 */
export const SHOWN_FILLS_MAX = 1_000;

export const ORDER_STATUSES = [
  "open",
  "partially-filled",
  "filled",
  "canceled",
  "expired",
  "pending",
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** A triggered order waits until its price has come; any other enters the market at once. */
export function statusWhenPlaced(type: OrderType): OrderStatus {
  return type === "limit" || type === "market" ? "open" : "pending";
}

export type OrderEnd = OrderFilled | OrderCanceled | OrderExpired;

/** What an order is once one of these events has ended it. */
export const STATUS_WHEN_ENDED = {
  OrderFilled: "filled",
  OrderCanceled: "canceled",
  OrderExpired: "expired",
} as const satisfies Record<OrderEnd["kind"], OrderStatus>;

/** Why an order has ended; null if it was filled. */
export function reasonOf(end: OrderEnd): EndReason | null {
  return end.kind === "OrderFilled" ? null : end.reason;
}

/** How far an order has come. Replaced, never changed, so that a feed may keep what it has seen. */
export type OrderProgress = {
  readonly status: OrderStatus;
  /** Null while the order is open, and when it was filled. */
  readonly reason: EndReason | null;
  readonly filledQuantity: Lots;
  readonly filledValue: Minor;
  /** What self-trade prevention took from the order without a trade. */
  readonly preventedQuantity: Lots;
  /** The time of the last command that changed the order. */
  readonly updatedAt: EpochMs;
};

export type OrderRecord = {
  readonly order: OrderId;
  readonly terms: OrderTerms;
  readonly requestId: string;
  readonly traceId: string | null;
  readonly createdAt: EpochMs;
  readonly progress: OrderProgress;
};
