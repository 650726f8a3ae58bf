/** Market data: markets, books and trades. No key needed. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { Market } from "../../domain/market.ts";
import type { BookSnapshot } from "../../projections/feeds/book-depth.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findMarket, parseWhole } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { levelView, marketView, tradeView } from "../render.ts";
import { AS_OF_PROBLEMS, asOfQuery, asOfView, PastReads } from "./as-of.ts";
import { cursorAfter, readPage } from "./pages.ts";
import { markPosition, readHistoryPage, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { historyPageOf, listOf, pageQuery } from "./schemas.ts";
import { bookSchema, marketSchema, tradeSchema } from "./views.ts";

/** Levels of a book on each side at most. */
const DEPTH_MAX = 1000;
const DEPTH_DEFAULT = 50;

const marketParams = z.object({ market: z.string() });
const bookQuery = z.strictObject({
  depth: z.string().max(64).optional().describe(`Levels on each side, 1 to ${DEPTH_MAX}; 50 unless given.`),
  ...asOfQuery,
});
const tradesQuery = z.strictObject(pageQuery);

type MarketCall<Query> = Call<unknown, Query, z.infer<typeof marketParams>>;

export function addMarketRoutes(app: FastifyInstance, desk: Desk): void {
  const past = new PastReads(app, desk.guard);
  const common = { method: "GET", access: "public", tag: "markets" } as const;
  addRoute(app, desk, {
    ...common,
    path: "/v1/markets",
    summary: "All markets",
    answers: { 200: { is: "The markets, in the order of listing.", body: listOf(marketSchema) } },
    problems: [],
    handle: (exchange, _, reply) => {
      const { directory } = exchange;
      const items = directory.markets.map((market) => marketView(market, directory));
      markPosition(reply, exchange.appliedSeq).send({ items });
    },
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/markets/:market",
    summary: "One market",
    params: marketParams,
    answers: { 200: { is: "The market.", body: marketSchema } },
    problems: ["unknown-market"],
    handle: (exchange, request, reply) => {
      const market = findMarket(request.params.market, exchange.directory);
      if (market instanceof Refusal) sendRefusal(reply, market);
      else markPosition(reply, exchange.appliedSeq).send(marketView(market, exchange.directory));
    },
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/markets/:market/book",
    summary: "The book, as totals per price",
    params: marketParams,
    query: bookQuery,
    answers: { 200: { is: "Both sides, best first, as `[price, quantity]`.", body: bookSchema } },
    problems: ["unknown-market", ...AS_OF_PROBLEMS],
    handle: (exchange, request, reply) => showBook(exchange, request, reply, past),
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/markets/:market/trades",
    summary: "Trades, newest first",
    params: marketParams,
    query: tradesQuery,
    answers: { 200: { is: "A page of trades.", body: historyPageOf(tradeSchema) } },
    problems: ["unknown-market", "overloaded"],
    handle: listTrades,
  });
}

function showBook(
  exchange: ExchangePort,
  request: MarketCall<z.infer<typeof bookQuery>>,
  reply: FastifyReply,
  past: PastReads,
): unknown {
  const market = findMarket(request.params.market, exchange.directory);
  const depth = parseDepth(request.query.depth);
  if (market instanceof Refusal) return sendRefusal(reply, market);
  if (depth instanceof Refusal) return sendRefusal(reply, depth);
  const { asOf } = request.query;
  if (asOf !== undefined) return showBookThen(exchange, reply, past, { market, depth, asOf });
  const book = exchange.books.snapshot(market.market, depth);
  return markPosition(reply, book.seq).send(bookView(book, market));
}

async function showBookThen(
  exchange: ExchangePort,
  reply: FastifyReply,
  past: PastReads,
  asked: { readonly market: Market; readonly depth: number; readonly asOf: string },
): Promise<FastifyReply> {
  const { market, depth } = asked;
  const then = await past.read(reply, asked.asOf, (asOf, asking) =>
    exchange.past.book({ market: market.market, depth, asOf }, asking),
  );
  if (then instanceof Refusal) return sendRefusal(reply, then);
  if (then.book === null) {
    const detail = `There was no market ${market.name} at sequence ${then.seq}.`;
    return sendRefusal(reply, new Refusal("unknown-market", detail));
  }
  return reply.send({ ...bookView(then.book, market), asOf: asOfView(then) });
}

function bookView({ seq, bids, asks }: BookSnapshot, market: Market) {
  const levels = (side: BookSnapshot["bids"]) =>
    side.map(([price, quantity]) => levelView(price, quantity, market));
  return { market: market.name, seq, bids: levels(bids), asks: levels(asks) };
}

function parseDepth(text: string | undefined): number | Refusal {
  if (text === undefined) return DEPTH_DEFAULT;
  return parseWhole(text, { path: "depth", least: 1, most: DEPTH_MAX });
}

async function listTrades(
  exchange: ExchangePort,
  request: MarketCall<z.infer<typeof tradesQuery>>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { directory } = exchange;
  const market = findMarket(request.params.market, directory);
  if (market instanceof Refusal) return sendRefusal(reply, market);
  const asked = readPage(request.query);
  if (asked instanceof Refusal) return sendRefusal(reply, asked);
  const { limit, before } = asked;
  const page = await readHistoryPage(exchange, reply, {}, (ledger) =>
    ledger.trades({ market: market.market, limit, before }),
  );
  if (page instanceof Refusal) return sendRefusal(reply, page);
  const items = page.rows.map((row) => tradeView({ ...row, trade: row.tradeId }, market, directory));
  return reply.send({ items, nextCursor: cursorAfter(page.next), ...page.archived });
}
