/** Placing an order: the hottest route, so it goes by callbacks from the first byte to the answer. */
import type { FastifyInstance } from "fastify";
import { placeOrder } from "../orders/operations.ts";
import { type OrderBody, orderBody } from "../orders/order-body.ts";
import type { ProblemCode } from "../problems.ts";
import { askerOf, sendTold } from "./replies.ts";
import { addRoute, type Desk } from "./route.ts";
import { placedSchema } from "./views.ts";

export const ORDER_EXAMPLE: OrderBody = {
  market: "VIB-BRL",
  side: "buy",
  type: "limit",
  price: "100.99",
  quantity: "10",
  timeInForce: "gtc",
  postOnly: false,
  clientOrderId: "my-1",
  selfTradePrevention: "cancel-maker",
};

/** Why an order may be refused. */
export const ORDER_REFUSALS: readonly ProblemCode[] = [
  "price-off-tick",
  "quantity-off-lot",
  "duplicate-client-order-id",
  "account-suspended",
  "market-halted",
  "no-liquidity",
  "below-min-notional",
  "above-max-quantity",
  "price-out-of-band",
  "too-many-open-orders",
  "would-take",
  "would-trigger",
  "amount-too-large",
  "insufficient-funds",
];

const TYPES =
  "`limit` needs `price`; `stop-limit` and `take-profit-limit` need `triggerPrice` too; `stop` and `take-profit` need " +
  "`triggerPrice` alone, `trailing-stop` needs `trailingOffset`. These last three are market orders once they enter: " +
  "a sell gives `quantity`, a buy `quoteQuantity`. A field that a type does not use is refused.";

export function addPlaceOrderRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/orders",
    access: "trade",
    tag: "orders",
    summary: "Place an order",
    description:
      `${TYPES}\n\n` +
      "Answered only once the command is on disk. `fills` are those of the order's own entry. " +
      "An order that is sent again under its `clientOrderId` with the same content is answered with 200, " +
      "`Idempotency-Replayed: true` and the first order as it is now.",
    body: orderBody,
    example: ORDER_EXAMPLE,
    answers: {
      201: { is: "The order was accepted.", body: placedSchema },
      200: { is: "The order had been placed before.", body: placedSchema },
    },
    problems: ["unknown-account", "unknown-market", "history-archived", ...ORDER_REFUSALS],
    handle: (exchange, request, reply) => {
      placeOrder(exchange, askerOf(request), request.body, (told) => sendTold(reply, told, 201));
    },
  });
}
