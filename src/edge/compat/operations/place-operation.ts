/** Placing an operation: a limit order of the default market, on the same command as any other. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { PlaceOrder } from "../../../domain/commands.ts";
import type { ExchangePort } from "../../exchange-port.ts";
import { ORDER_REFUSALS } from "../../http/place-order.ts";
import { askerOf, sendRefusal, sendTold } from "../../http/replies.ts";
import { addRoute, type Call, type Desk } from "../../http/route.ts";
import { submitOrder } from "../../orders/operations.ts";
import { Refusal } from "../../problems.ts";
import { defaultMarket } from "./default-market.ts";
import { exactNumber, OPERATION_TYPES, operationSchema, operationView, sideOf } from "./operation.ts";
import { type ExactTerms, readTerms } from "./terms.ts";
import { findUser, userId } from "./users.ts";

const body = z.strictObject({
  value: exactNumber.describe("The price of one."),
  quantity: exactNumber,
  userId,
  operationType: z.enum(OPERATION_TYPES).describe("`SELL` and `SALE` mean the same."),
});

type PlaceCall = Call<z.infer<typeof body>>;
type Exact = ExactTerms & { readonly userId: unknown };

export function addPlaceOperationRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/operations",
    access: "admin",
    tag: "operations",
    summary: "Place an operation",
    description: "A limit order of the default market. Sent again, it is another operation.",
    body,
    example: { value: 100.99, quantity: 10, userId: 334455, operationType: "BUY" },
    answers: { 201: { is: "The operation was accepted.", body: operationSchema } },
    problems: [
      "unknown-account",
      "unknown-market",
      ...ORDER_REFUSALS.filter((code) => code !== "duplicate-client-order-id"),
    ],
    handle: placeOperation,
  });
}

function placeOperation(exchange: ExchangePort, request: PlaceCall, reply: FastifyReply): void {
  const command = readOperation(exchange, request);
  if (command instanceof Refusal) {
    sendRefusal(reply, command);
    return;
  }
  submitOrder(exchange, askerOf(request), command, (told) => {
    sendTold(reply, "body" in told ? { ...told, body: operationView(told.body.order) } : told, 201);
  });
}

function readOperation({ directory }: ExchangePort, request: PlaceCall): PlaceOrder | Refusal {
  const sent = request.exactBody as Exact;
  const user = findUser(sent.userId, "userId", directory);
  if (user instanceof Refusal) return user;
  const traded = defaultMarket(directory);
  if (traded instanceof Refusal) return traded;
  const terms = readTerms(sent, traded.market, "");
  if (terms instanceof Refusal) return terms;
  return {
    kind: "PlaceOrder",
    account: user.account,
    market: traded.market.market,
    side: sideOf(request.body.operationType),
    type: "limit",
    timeInForce: "gtc",
    price: terms.price,
    triggerPrice: null,
    trailingOffset: null,
    quantity: terms.quantity,
    quoteQuantity: null,
    displayQuantity: null,
    expiresAt: null,
    postOnly: false,
    selfTradePrevention: "cancel-maker",
    clientOrderId: null,
  };
}
