/** Amending: a new price or a new quantity for an order that is open or pending. */
import type { FastifyInstance } from "fastify";
import { amendOrder } from "../orders/operations.ts";
import { amendBody } from "../orders/order-body.ts";
import { askerOf, sendTold } from "./replies.ts";
import { addRoute, type Desk } from "./route.ts";
import { orderParams } from "./schemas.ts";
import { placedSchema } from "./views.ts";

export function addAmendOrderRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "PATCH",
    path: "/v1/orders/:id",
    access: "trade",
    tag: "orders",
    summary: "Amend an order",
    description:
      "A smaller quantity at the same price keeps the order's place in the queue; anything else sends it to the back, and " +
      "it may trade. `fills` are those of the amend's own entry. An amend that is refused changes nothing. An order without a " +
      "limit has no `price` to amend, one by `quoteQuantity` no `quantity`.",
    params: orderParams,
    body: amendBody,
    example: { price: "101.00", quantity: "8" },
    answers: { 200: { is: "The order as it is now.", body: placedSchema } },
    problems: [
      "unknown-account",
      "unknown-order",
      "history-archived",
      "price-off-tick",
      "quantity-off-lot",
      "order-not-open",
      "quantity-below-filled",
      "nothing-to-amend",
      "account-suspended",
      "market-halted",
      "below-min-notional",
      "above-max-quantity",
      "price-out-of-band",
      "would-take",
      "amount-too-large",
      "insufficient-funds",
    ],
    handle: (exchange, request, reply) => {
      const { id } = request.params;
      amendOrder(exchange, askerOf(request), { order: id, body: request.body }, (told) =>
        sendTold(reply, told),
      );
    },
  });
}
