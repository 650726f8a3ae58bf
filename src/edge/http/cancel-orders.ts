/** Canceling: one order by either of its names, or all of an account's. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { Committed } from "../../domain/events.ts";
import type { AccountIndex, OrderId } from "../../domain/units.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findMarket, type OrderName, parseOrderName, resolveAccount } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { orderView } from "../render.ts";
import { findOrder, owned } from "./find-order.ts";
import { sendRefusal, submit } from "./replies.ts";
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
    problems: ["unknown-order", "unknown-account", "order-not-open"],
    handle: cancelOrder,
  });
  addRoute(app, desk, {
    method: "DELETE",
    path: "/v1/orders",
    access: "trade",
    tag: "orders",
    summary: "Cancel all open orders",
    description: "All open orders of the account, in one market or in all.",
    query: cancelAllQuery,
    answers: {
      200: { is: "The orders that were canceled.", body: z.object({ canceled: z.array(z.int()) }) },
    },
    problems: ["unknown-account", "unknown-market"],
    handle: cancelAll,
  });
}

function cancelOrder(exchange: ExchangePort, request: CancelCall, reply: FastifyReply): void {
  const account = resolveAccount(request.principal, request.query.accountId, exchange.directory);
  if (account instanceof Refusal) {
    sendRefusal(reply, account);
    return;
  }
  const name = parseOrderName(request.params.id);
  const live = name && exchange.orders.get(name.order);
  if (name === undefined) sendRefusal(reply, new Refusal("unknown-order"));
  else if (live === undefined) cancelEnded(exchange, reply, account, name);
  else if (!owned(live, account, name)) sendRefusal(reply, new Refusal("unknown-order"));
  else submitCancel(exchange, reply, account, name.order);
}

/** An order that has ended is refused by the rules, not by us: the refusal belongs into the journal. */
function cancelEnded(
  exchange: ExchangePort,
  reply: FastifyReply,
  account: AccountIndex,
  name: OrderName,
): void {
  findOrder(exchange, account, name).then(
    (ended) => {
      if (ended === undefined) sendRefusal(reply, new Refusal("unknown-order"));
      else submitCancel(exchange, reply, account, name.order);
    },
    (fault: unknown) => reply.send(fault),
  );
}

function submitCancel(
  exchange: ExchangePort,
  reply: FastifyReply,
  account: AccountIndex,
  order: OrderId,
): void {
  submit(exchange, reply, { kind: "CancelOrder", account, order }, (_, updates) => {
    reply.send({ order: orderView(updates.at(-1)!.order, exchange.directory) });
  });
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
