/** An order and its fills, as the answer to what was done with it: told from its command's own events where they say it all. */

import type { OrderRepeated, TradeExecuted } from "../../domain/events.ts";
import { type OrderId, orderId } from "../../domain/units.ts";
import type { OrderUpdate } from "../../projections/live/live-orders.ts";
import { type OrderRecord, SHOWN_FILLS_MAX } from "../../projections/order-record.ts";
import { archiveOf, historyArchived } from "../archived.ts";
import type { ExchangePort, Taken } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import { fillOfTrade, fillView, orderView } from "../render.ts";
import { findOrder } from "./find-order.ts";

export type Placed = {
  readonly order: ReturnType<typeof orderView>;
  readonly fills: readonly ReturnType<typeof fillView>[];
};

/** What a command to place an order that was not refused is answered with. */
export type PlacedBy = { readonly placed: Placed; readonly isReplayed: boolean };

/** Synchronous unless the order had been placed before, for which history has to be asked. */
export function placedBy(exchange: ExchangePort, taken: Taken): PlacedBy | Promise<PlacedBy | Refusal> {
  const { entry, events } = taken.committed;
  const first = events[0];
  if (first?.kind !== "OrderRepeated") {
    return { placed: orderAfter(exchange, taken, orderId(entry.seq)), isReplayed: false };
  }
  return repeatedOrder(exchange, first).then((placed) =>
    placed instanceof Refusal ? placed : { placed, isReplayed: true },
  );
}

/** The order as a command left it, and what it traded in that command's step, as taker and as maker. */
export function orderAfter({ directory }: ExchangePort, taken: Taken, order: OrderId): Placed {
  const { entry, events } = taken.committed;
  const trades = events.filter(
    (event): event is TradeExecuted =>
      event.kind === "TradeExecuted" && (event.takerOrder === order || event.makerOrder === order),
  );
  const fills = trades.slice(-SHOWN_FILLS_MAX).map((trade) => {
    const role = trade.takerOrder === order ? "taker" : "maker";
    return fillView(fillOfTrade(trade, role, entry), directory);
  });
  return { order: orderView(lastOf(taken.updates, order), directory), fills };
}

/**
 * The first order of a client's id as it is now, with those of its latest fills that are of its own entry. One that is
 * remembered by its id may have moved to the archive.
 */
export async function repeatedOrder(
  exchange: ExchangePort,
  { account, order }: OrderRepeated,
): Promise<Placed | Refusal> {
  const { directory } = exchange;
  const found = await findOrder(exchange, account, { order, at: null });
  if (found === undefined) {
    const archived = archiveOf(order, exchange.ledger);
    if (archived !== null) return historyArchived(archived);
    throw new Error("an order that is remembered is open, in the ledger or in the archive");
  }
  const fills = [];
  for (const fill of found.fills) {
    if (fill.seq === (order as number)) fills.push(fillView(fill, directory));
  }
  return { order: orderView(found.record, directory), fills };
}

function lastOf(updates: readonly OrderUpdate[], order: OrderId): OrderRecord {
  for (let index = updates.length - 1; index >= 0; index -= 1) {
    const update = updates[index]!;
    if (update.order.order === order) return update.order;
  }
  throw new Error("an order that a command changed is among its updates");
}
