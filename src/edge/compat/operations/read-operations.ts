/** Looking at operations: one by its id, or those that are in trade, from the oldest on. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { Market, Side } from "../../../domain/market.ts";
import type { Seq } from "../../../domain/units.ts";
import { orderId } from "../../../domain/units.ts";
import type { Account } from "../../../projections/live/directory.ts";
import type { OrderRecord } from "../../../projections/order-record.ts";
import { missingRequest } from "../../archived.ts";
import type { ExchangePort } from "../../exchange-port.ts";
import { cursorAfter, type PageAsked, readPage } from "../../http/pages.ts";
import { type HistoryPage, markPosition, readHistoryPage, sendRefusal } from "../../http/replies.ts";
import { addRoute, type Call, type Desk } from "../../http/route.ts";
import { historyPageOf, pageQuery } from "../../http/schemas.ts";
import { findOrder } from "../../orders/find-order.ts";
import { malformed, Refusal } from "../../problems.ts";
import { orderView } from "../../render.ts";
import { defaultMarket } from "./default-market.ts";
import {
  isOperation,
  OPERATION_STATUSES,
  OPERATION_TYPES,
  operationSchema,
  operationView,
  readOperationId,
  sideOf,
} from "./operation.ts";
import { findUser } from "./users.ts";

/** Open orders that are looked at before others get their turn: a fraction of a millisecond. */
const STEPS_A_TURN = 2_000;

const listQuery = z.strictObject({
  operationType: z.enum(OPERATION_TYPES).optional(),
  operationStatus: z
    .enum(OPERATION_STATUSES)
    .optional()
    .describe("`IN_TRADE` unless given; `FINISHED` needs a `userId`, and lists the newest first."),
  userId: z.string().max(64).optional(),
  ...pageQuery,
});
const oneParams = z.object({ id: z.string().describe("`<userId>|<requestId>`, percent-encoded or not.") });

type ListCall = Call<unknown, z.infer<typeof listQuery>>;
type OneCall = Call<unknown, unknown, z.infer<typeof oneParams>>;

/** What of the default market is asked for. */
type Asked = PageAsked & {
  readonly market: Market;
  readonly account: Account | undefined;
  readonly side: Side | undefined;
};

/** A page of orders, and the order with which the next one goes on. */
type OrderPage = HistoryPage<OrderRecord>;

export function addReadOperationRoutes(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "GET",
    path: "/operations",
    access: "admin",
    tag: "operations",
    summary: "Operations in trade, oldest first",
    description: "A page may come back short, with a `nextCursor` to go on from.",
    query: listQuery,
    answers: { 200: { is: "A page of operations.", body: historyPageOf(operationSchema) } },
    problems: ["unknown-account", "unknown-market", "overloaded"],
    handle: listOperations,
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/operations/:id",
    access: "admin",
    tag: "operations",
    summary: "One operation",
    params: oneParams,
    answers: { 200: { is: "The operation.", body: operationSchema } },
    problems: ["unknown-order", "history-archived", "unknown-market", "overloaded"],
    handle: showOperation,
  });
}

async function showOperation(
  exchange: ExchangePort,
  request: OneCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const traded = defaultMarket(exchange.directory);
  if (traded instanceof Refusal) return sendRefusal(reply, traded);
  const found = await findOperation(exchange, request.params.id, traded.market);
  if (found === undefined) {
    return sendRefusal(reply, missingOperation(exchange, request.params.id));
  }
  markPosition(reply, found.seq);
  return reply.send(operationView(orderView(found.record, exchange.directory)));
}

/** It may have ended and moved to the archive. */
function missingOperation(exchange: ExchangePort, id: string): Refusal {
  const nothing = new Refusal("unknown-order", "There is no such operation.");
  const named = readOperationId(id);
  const isUsers = named !== undefined && exchange.directory.accountById(named.accountId) !== undefined;
  return isUsers ? missingRequest(exchange, named.requestId, nothing) : nothing;
}

/** Of several orders that came with one request, as those of a batch, the first. */
async function findOperation(
  exchange: ExchangePort,
  id: string,
  market: Market,
): Promise<{ readonly record: OrderRecord; readonly seq: Seq } | undefined> {
  const named = readOperationId(id);
  const account = named && exchange.directory.accountById(named.accountId)?.account;
  if (named === undefined || account === undefined) return undefined;
  const { appliedSeq, ledger } = exchange;
  await ledger.reached(appliedSeq);
  for (const { kind, seq } of await ledger.commandsOfRequest(named.requestId)) {
    if (kind !== "PlaceOrder") continue;
    const found = await findOrder(exchange, account, { order: orderId(seq), at: null });
    if (found !== undefined && isOperation(found.record, market)) return found;
  }
  return undefined;
}

async function listOperations(
  exchange: ExchangePort,
  request: ListCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { directory } = exchange;
  const asked = readAsked(exchange, request);
  if (asked instanceof Refusal) return sendRefusal(reply, asked);
  const page = await pageAsked(exchange, reply, asked, request.query.operationStatus ?? "IN_TRADE");
  if (page instanceof Refusal) return sendRefusal(reply, page);
  const items = page.rows.map((record) => operationView(orderView(record, directory)));
  return reply.send({ items, nextCursor: cursorAfter(page.next), ...page.archived });
}

function readAsked({ directory }: ExchangePort, { query }: ListCall): Asked | Refusal {
  const traded = defaultMarket(directory);
  if (traded instanceof Refusal) return traded;
  const account = query.userId === undefined ? undefined : findUser(query.userId, "userId", directory);
  if (account instanceof Refusal) return account;
  const page = readPage(query);
  if (page instanceof Refusal) return page;
  const side = query.operationType === undefined ? undefined : sideOf(query.operationType);
  return { ...page, market: traded.market, account, side };
}

async function pageAsked(
  exchange: ExchangePort,
  reply: FastifyReply,
  asked: Asked,
  status: (typeof OPERATION_STATUSES)[number],
): Promise<OrderPage | Refusal> {
  const { account, market, side, before, limit } = asked;
  if (status === "IN_TRADE") return inTrade(exchange, reply, asked);
  if (account === undefined) return malformed("userId", "is required with operationStatus=FINISHED");
  const query = { account: account.account, market: market.market, side, before, limit };
  const page = await readHistoryPage(exchange, reply, {}, (ledger) =>
    ledger.orders({ ...query, status: "closed" }),
  );
  if (page instanceof Refusal) return page;
  // Orders without a price were never operations; a page without them is shorter.
  return { ...page, rows: page.rows.filter((record) => isOperation(record, market)) };
}

/**
 * The open orders behind a place, from the oldest on. All of them have to be looked at, since they stand in no common
 * order, so it is done by and by; at the end those are told that are still open then.
 */
async function inTrade(exchange: ExchangePort, reply: FastifyReply, asked: Asked): Promise<OrderPage> {
  const { account, market, side, before: after = 0, limit } = asked;
  const fits = (record: OrderRecord) =>
    record.order > after && isOperation(record, market) && (side === undefined || record.terms.side === side);
  const oldest = new Oldest(limit + 1);
  if (account !== undefined) {
    for (const record of exchange.orders.ofAccount(account.account, market.market)) {
      if (fits(record)) oldest.add(record.order);
    }
  } else {
    let steps = 0;
    for (const record of exchange.orders.walk()) {
      if (record !== null && fits(record)) oldest.add(record.order);
      steps += 1;
      if (steps % STEPS_A_TURN === 0) await nextTurn();
    }
  }
  markPosition(reply, exchange.appliedSeq);
  const found = oldest.take();
  const shown = found.slice(0, limit);
  const rows = shown.flatMap((order) => exchange.orders.get(orderId(order)) ?? []);
  return { rows, next: found.length > limit ? shown.at(-1)! : null, archived: null };
}

/** The smallest of many numbers, so many of them. */
class Oldest {
  readonly #count: number;
  #kept: number[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  add(number: number): void {
    this.#kept.push(number);
    // Sorted now and then, each number costs little.
    if (this.#kept.length >= 4 * this.#count) this.#kept = this.take();
  }

  /** In rising order. */
  take(): number[] {
    return this.#kept.sort((one, other) => one - other).slice(0, this.#count);
  }
}
