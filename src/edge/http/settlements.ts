/** Deliveries to the operator's own wallet service: what has become of each, and sending again what was given up. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { SETTLEMENT_STATUSES, type SettlementWithAttempts } from "../../domain/settlements.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findMarket, parseTradeName } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { settlementView, settlementWithAttemptsView } from "../render.ts";
import type { SettlementsPort } from "../settlements-port.ts";
import { cursorAfter, readPage } from "./pages.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { pageOf, pageQuery } from "./schemas.ts";
import { settlementSchema, settlementWithAttemptsSchema } from "./views.ts";

const listQuery = z.strictObject({ status: z.enum(SETTLEMENT_STATUSES).optional(), ...pageQuery });
const params = z.object({ id: z.string().describe("Such as `VIB-BRL/17`, with the slash as `%2F`.") });

type ListCall = Call<unknown, z.infer<typeof listQuery>>;
type OneCall = Call<unknown, unknown, z.infer<typeof params>>;

export function addSettlementRoutes(app: FastifyInstance, desk: Desk): void {
  const common = { access: "admin", tag: "operating" } as const;
  addRoute(app, desk, {
    ...common,
    method: "GET",
    path: "/v1/settlements",
    summary: "Deliveries to the wallet service, newest first",
    query: listQuery,
    answers: { 200: { is: "A page of settlements.", body: pageOf(settlementSchema) } },
    problems: ["not-found"],
    handle: withPort(desk, list),
  });
  addRoute(app, desk, {
    ...common,
    method: "GET",
    path: "/v1/settlements/:id",
    summary: "One delivery, with its attempts",
    params,
    answers: { 200: { is: "The settlement.", body: settlementWithAttemptsSchema } },
    problems: ["not-found"],
    handle: withPort(desk, show),
  });
  addRoute(app, desk, {
    ...common,
    method: "POST",
    path: "/v1/settlements/:id/redrive",
    summary: "Send a dead delivery again, or a pending one without waiting for its time",
    params,
    answers: { 200: { is: "The settlement, which is pending.", body: settlementWithAttemptsSchema } },
    problems: ["not-found", "already-delivered"],
    handle: withPort(desk, redrive),
  });
  addRoute(app, desk, {
    ...common,
    method: "POST",
    path: "/v1/settlements/redrive",
    summary: "Send all dead deliveries again",
    answers: { 200: { is: "How many there were.", body: z.object({ redriven: z.int() }) } },
    problems: ["not-found"],
    handle: withPort(desk, async (port, _, _request, reply) =>
      reply.send({ redriven: await port.redriveAll() }),
    ),
  });
}

/** Answers with the deliveries that the desk has by then, or says that there are none. */
function withPort<Request>(
  desk: Desk,
  answer: (
    port: SettlementsPort,
    exchange: ExchangePort,
    request: Request,
    reply: FastifyReply,
  ) => Promise<FastifyReply>,
) {
  return async (exchange: ExchangePort, request: Request, reply: FastifyReply): Promise<FastifyReply> => {
    if (desk.settlements !== null) return answer(desk.settlements, exchange, request, reply);
    const why = "Settlements are not delivered: no wallet service is configured (PREGAO_WALLET_URL).";
    return sendRefusal(reply, new Refusal("not-found", why));
  };
}

async function list(
  port: SettlementsPort,
  { directory, ledger, appliedSeq }: ExchangePort,
  { query }: ListCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const page = readPage(query);
  if (page instanceof Refusal) return sendRefusal(reply, page);
  const { limit, before } = page;
  await ledger.reached(appliedSeq);
  markPosition(reply, appliedSeq);
  const found = await port.list({ status: query.status, limit, before });
  const items = found.rows.map((row) => settlementView(row, directory));
  return reply.send({ items, nextCursor: cursorAfter(found.next) });
}

async function show(
  port: SettlementsPort,
  exchange: ExchangePort,
  request: OneCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const found = await find(port, exchange, request.params.id);
  if (found instanceof Refusal) return sendRefusal(reply, found);
  return reply.send(settlementWithAttemptsView(found, exchange.directory));
}

async function redrive(
  port: SettlementsPort,
  exchange: ExchangePort,
  request: OneCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const found = await find(port, exchange, request.params.id);
  if (found instanceof Refusal) return sendRefusal(reply, found);
  const outcome = await port.redrive(found.market, found.tradeId);
  if (outcome === "delivered") return sendRefusal(reply, new Refusal("already-delivered"));
  const now = (await port.find(found.market, found.tradeId)) ?? found;
  return reply.send(settlementWithAttemptsView(now, exchange.directory));
}

/** Waits for the ledger, so that the settlement of a trade that was answered is there. */
async function find(
  port: SettlementsPort,
  { directory, ledger, appliedSeq }: ExchangePort,
  id: string,
): Promise<SettlementWithAttempts | Refusal> {
  const unknown = new Refusal("not-found", `There is no settlement ${JSON.stringify(id)}.`);
  const name = parseTradeName(id);
  if (name === undefined) return unknown;
  const market = findMarket(name.market, directory);
  if (market instanceof Refusal) return unknown;
  await ledger.reached(appliedSeq);
  return (await port.find(market.market, name.trade)) ?? unknown;
}
