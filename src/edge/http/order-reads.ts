/** Looking at orders: one by any of its names, or an account's list. Open ones come from memory, ended ones from the ledger. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { type Market, SIDES, type Side } from "../../domain/market.ts";
import type { AccountIndex } from "../../domain/units.ts";
import type { OrderRecord } from "../../projections/order-record.ts";
import { missingOrder } from "../archived.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { type FoundOrder, findByClientId, findOrder } from "../orders/find-order.ts";
import { findMarket, parseOrderName, resolveAccount } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { fillView, orderView } from "../render.ts";
import { cursorAfter, type PageAsked, readPage } from "./pages.ts";
import { markPosition, readHistoryPage, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountQuery, historyPageOf, marketQuery, orderParams, pageQuery, periodQuery } from "./schemas.ts";
import { orderSchema, placedSchema } from "./views.ts";

const oneQuery = z.strictObject(accountQuery);
const clientIdParams = z.object({
  clientOrderId: z.string().describe("Percent-encoded where it has a slash."),
});
const listQuery = z.strictObject({
  ...marketQuery,
  status: z
    .enum(["open", "closed", "all"])
    .optional()
    .describe("`all` unless given; `open` has those that are pending, too."),
  side: z.enum(SIDES).optional(),
  ...periodQuery,
  ...pageQuery,
  ...accountQuery,
});

type OneQuery = z.infer<typeof oneQuery>;
type OrderCall = Call<unknown, OneQuery, z.infer<typeof orderParams>>;
type ClientIdCall = Call<unknown, OneQuery, z.infer<typeof clientIdParams>>;
type ListCall = Call<unknown, z.infer<typeof listQuery>>;

/** Which orders of an account are asked for. */
type OrdersAsked = PageAsked & {
  readonly account: AccountIndex;
  readonly market: Market | undefined;
  readonly side: Side | undefined;
  readonly status: "open" | "closed" | "all";
};

export function addOrderReadRoutes(app: FastifyInstance, desk: Desk): void {
  const common = { method: "GET", access: "read", tag: "orders" } as const;
  const one = { 200: { is: "The order as it is now, and its fills: the latest 1,000.", body: placedSchema } };
  addRoute(app, desk, {
    ...common,
    path: "/v1/orders",
    summary: "Orders, newest first",
    description: "The period is that of their placing.",
    query: listQuery,
    answers: { 200: { is: "A page of orders.", body: historyPageOf(orderSchema) } },
    problems: ["unknown-account", "unknown-market", "history-archived", "overloaded"],
    handle: listOrders,
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/orders/:id",
    summary: "One order and its fills",
    params: orderParams,
    query: oneQuery,
    answers: one,
    problems: ["unknown-account", "unknown-order", "history-archived", "overloaded"],
    handle: showOrder,
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/orders/by-client-id/:clientOrderId",
    summary: "One order by the id that its client gave it",
    description: "The latest order that was given this id.",
    params: clientIdParams,
    query: oneQuery,
    answers: one,
    problems: ["unknown-account", "unknown-order", "overloaded"],
    handle: showByClientId,
  });
}

async function showOrder(
  exchange: ExchangePort,
  request: OrderCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const account = resolveAccount(request.principal, request.query.accountId, exchange.directory);
  if (account instanceof Refusal) return sendRefusal(reply, account);
  const name = parseOrderName(request.params.id);
  const found = name && (await findOrder(exchange, account, name));
  if (found === undefined) return sendRefusal(reply, missingOrder(exchange, name));
  return sendFound(exchange, reply, found);
}

async function showByClientId(
  exchange: ExchangePort,
  request: ClientIdCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const account = resolveAccount(request.principal, request.query.accountId, exchange.directory);
  if (account instanceof Refusal) return sendRefusal(reply, account);
  const found = await findByClientId(exchange, account, request.params.clientOrderId);
  if (found === undefined) return sendRefusal(reply, new Refusal("unknown-order"));
  return sendFound(exchange, reply, found);
}

function sendFound(
  { directory }: ExchangePort,
  reply: FastifyReply,
  { record, fills, seq }: FoundOrder,
): FastifyReply {
  const order = orderView(record, directory);
  return markPosition(reply, seq).send({ order, fills: fills.map((fill) => fillView(fill, directory)) });
}

async function listOrders(
  exchange: ExchangePort,
  request: ListCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asked = readAsked(exchange, request);
  if (asked instanceof Refusal) return sendRefusal(reply, asked);
  const { directory } = exchange;
  const page =
    asked.status === "open"
      ? openOrders(exchange, reply, asked)
      : await readHistoryPage(exchange, reply, asked, (ledger) =>
          ledger.orders({ ...asked, market: asked.market?.market }),
        );
  if (page instanceof Refusal) return sendRefusal(reply, page);
  const items = page.rows.map((record) => orderView(record, directory));
  return reply.send({ items, nextCursor: cursorAfter(page.next), ...page.archived });
}

function readAsked({ directory }: ExchangePort, { principal, query }: ListCall): OrdersAsked | Refusal {
  const account = resolveAccount(principal, query.accountId, directory);
  if (account instanceof Refusal) return account;
  const market = query.market === undefined ? undefined : findMarket(query.market, directory);
  if (market instanceof Refusal) return market;
  const page = readPage(query);
  if (page instanceof Refusal) return page;
  return { ...page, account, market, side: query.side, status: query.status ?? "all" };
}

/** A page of what is open, by the same rules as the ledger's pages. */
function openOrders(exchange: ExchangePort, reply: FastifyReply, asked: OrdersAsked) {
  const { account, market, side, from, to, before, limit } = asked;
  markPosition(reply, exchange.appliedSeq);
  const fits = ({ order, terms, createdAt }: OrderRecord) =>
    (side === undefined || terms.side === side) &&
    (before === undefined || order < before) &&
    (from === undefined || createdAt >= from) &&
    (to === undefined || createdAt < to);
  const open = exchange.orders.ofAccount(account, market === undefined ? null : market.market);
  const newest = open.filter(fits).reverse();
  const rows = newest.slice(0, limit);
  return { rows, next: newest.length > limit ? rows.at(-1)!.order : null, archived: null };
}
