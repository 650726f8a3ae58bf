/** Canceling: one order by either of its names, or all of an account's. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { Committed } from "../../domain/events.ts";
import type { OrderId } from "../../domain/units.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { cancelOrder } from "../orders/operations.ts";
import { findMarket, resolveAccount } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { askerOf, sendRefusal, sendTold, submit } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountQuery, marketQuery, orderParams } from "./schemas.ts";
import { orderSchema } from "./views.ts";

const cancelQuery = z.strictObject(accountQuery);
const cancelAllQuery = z.strictObject({ ...marketQuery, ...accountQuery });

type CancelCall = Call<unknown, z.infer<typeof cancelQuery>, z.infer<typeof orderParams>>;
type CancelAllCall = Call<unknown, z.infer<typeof cancelAllQuery>>;

export function addCancelRoutes(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "DELETE",
    path: "/v1/orders/:id",
    access: "trade",
    tag: "orders",
    summary: "Cancel an order",
    description: "`id` is either name of the order: its `orderId` or its `id`.",
    params: orderParams,
    query: cancelQuery,
    answers: { 200: { is: "The order was canceled.", body: z.object({ order: orderSchema }) } },
    problems: ["unknown-order", "history-archived", "unknown-account", "order-not-open"],
    handle: cancelOne,
  });
  addRoute(app, desk, {
    method: "DELETE",
    path: "/v1/orders",
    access: "trade",
    tag: "orders",
    summary: "Cancel all open orders",
    description: "All open and pending orders of the account, in one market or in all.",
    query: cancelAllQuery,
    answers: {
      200: { is: "The orders that were canceled.", body: z.object({ canceled: z.array(z.int()) }) },
    },
    problems: ["unknown-account", "unknown-market"],
    handle: cancelAll,
  });
}

function cancelOne(exchange: ExchangePort, request: CancelCall, reply: FastifyReply): void {
  const named = { order: request.params.id, accountId: request.query.accountId };
  cancelOrder(exchange, askerOf(request), named, (told) => sendTold(reply, told));
}

function cancelAll(exchange: ExchangePort, request: CancelAllCall, reply: FastifyReply): void {
  const { directory } = exchange;
  const { accountId, market: marketName } = request.query;
  const account = resolveAccount(request.principal, accountId, directory);
  const market = marketName === undefined ? null : findMarket(marketName, directory);
  if (account instanceof Refusal || market instanceof Refusal) {
    sendRefusal(reply, account instanceof Refusal ? account : (market as Refusal));
    return;
  }
  const scope = { account, market: market === null ? null : market.market };
  submit(exchange, reply, { kind: "CancelAllOrders", ...scope }, (committed) => {
    reply.send({ canceled: canceledIn(committed) });
  });
}

function canceledIn({ events }: Committed): OrderId[] {
  return events.flatMap((event) => (event.kind === "OrderCanceled" ? [event.order] : []));
}
