/** What happened to an account: its fills and its statement, page by page from the ledger. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { ENTRY_KINDS } from "../../projections/ledger/words.ts";
import { missingOrder } from "../archived.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findOrder } from "../orders/find-order.ts";
import { findAsset, findMarket, parseOrderName, resolveAccount } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { entryView, fillItem } from "../render.ts";
import { cursorAfter, readPage } from "./pages.ts";
import { readHistoryPage, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountQuery, assetQuery, historyPageOf, marketQuery, pageQuery, periodQuery } from "./schemas.ts";
import { entrySchema, fillItemSchema } from "./views.ts";

const fillsQuery = z.strictObject({
  ...marketQuery,
  orderId: z.string().max(64).optional().describe("Only this order; either of its names."),
  ...periodQuery,
  ...pageQuery,
  ...accountQuery,
});
const statementQuery = z.strictObject({
  ...assetQuery,
  kind: z.enum(ENTRY_KINDS).optional(),
  ...periodQuery,
  ...pageQuery,
  ...accountQuery,
});

type FillsCall = Call<unknown, z.infer<typeof fillsQuery>>;
type StatementCall = Call<unknown, z.infer<typeof statementQuery>>;

export function addHistoryRoutes(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/fills",
    access: "read",
    tag: "orders",
    summary: "Fills, newest first",
    query: fillsQuery,
    answers: { 200: { is: "A page of the account's fills.", body: historyPageOf(fillItemSchema) } },
    problems: ["unknown-account", "unknown-market", "unknown-order", "history-archived", "overloaded"],
    handle: listFills,
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/statement",
    access: "read",
    tag: "wallets",
    summary: "Ledger entries, newest first",
    description: "An entry is a change of `total`, which `balanceAfter` is after it; holds are none.",
    query: statementQuery,
    answers: { 200: { is: "A page of the account's entries.", body: historyPageOf(entrySchema) } },
    problems: ["unknown-account", "unknown-asset", "history-archived", "overloaded"],
    handle: showStatement,
  });
}

async function listFills(
  exchange: ExchangePort,
  request: FillsCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { directory } = exchange;
  const { query, principal } = request;
  const account = resolveAccount(principal, query.accountId, directory);
  if (account instanceof Refusal) return sendRefusal(reply, account);
  const market = query.market === undefined ? undefined : findMarket(query.market, directory);
  if (market instanceof Refusal) return sendRefusal(reply, market);
  const page = readPage(query);
  if (page instanceof Refusal) return sendRefusal(reply, page);
  const name = query.orderId === undefined ? undefined : parseOrderName(query.orderId);
  if (query.orderId !== undefined) {
    if (name === undefined)
      return sendRefusal(reply, malformed("orderId", "must be an orderId or the ULID of an order"));
    const found = await findOrder(exchange, account, name);
    if (found === undefined) return sendRefusal(reply, missingOrder(exchange, name));
  }
  const asked = { ...page, account, market: market?.market, order: name?.order };
  const fills = await readHistoryPage(exchange, reply, page, (ledger) => ledger.fills(asked));
  if (fills instanceof Refusal) return sendRefusal(reply, fills);
  const items = fills.rows.map((row) => fillItem(row, directory));
  return reply.send({ items, nextCursor: cursorAfter(fills.next), ...fills.archived });
}

async function showStatement(
  exchange: ExchangePort,
  request: StatementCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { directory } = exchange;
  const { query, principal } = request;
  const account = resolveAccount(principal, query.accountId, directory);
  if (account instanceof Refusal) return sendRefusal(reply, account);
  const asset = query.asset === undefined ? undefined : findAsset(query.asset, directory);
  if (asset instanceof Refusal) return sendRefusal(reply, asset);
  const page = readPage(query);
  if (page instanceof Refusal) return sendRefusal(reply, page);
  const asked = { ...page, account, asset: asset?.asset, kind: query.kind };
  const entries = await readHistoryPage(exchange, reply, page, (ledger) => ledger.statement(asked));
  if (entries instanceof Refusal) return sendRefusal(reply, entries);
  const items = entries.rows.map((entry) => entryView(entry, directory));
  return reply.send({ items, nextCursor: cursorAfter(entries.next), ...entries.archived });
}
