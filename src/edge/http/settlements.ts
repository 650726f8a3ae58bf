/** Deliveries to the operator's own wallet service: what has become of each, and sending again what was given up. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { formatSteps } from "../../domain/decimal.ts";
import {
  ATTEMPT_OUTCOMES,
  SETTLEMENT_STATUSES,
  type Settlement,
  type SettlementWithAttempts,
} from "../../domain/settlements.ts";
import type { Directory } from "../../projections/live/directory.ts";
import { timeText } from "../../projections/unit-text.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findMarket, parseTradeName } from "../parse.ts";
import { Refusal } from "../problems.ts";
import type { SettlementsPort } from "../settlements-port.ts";
import { cursorAfter, readPage } from "./pages.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { amount, pageOf, pageQuery, time } from "./schemas.ts";

const settlementSchema = z.object({
  settlementId: z.string().meta({ example: "VIB-BRL/17" }),
  status: z.enum(SETTLEMENT_STATUSES),
  market: z.string(),
  tradeId: z.int(),
  seq: z.int(),
  at: time,
  price: amount,
  quantity: amount,
  buyer: z.object({ accountId: z.string(), requestId: z.string() }),
  seller: z.object({ accountId: z.string(), requestId: z.string() }),
  attemptCount: z.int().nullable().describe("Null where the attempts are not kept any more."),
  nextAttemptAt: time.nullable().describe("Not before then; null if it waits for nothing but its turn."),
  endedAt: time.nullable().describe("When it was delivered or given up."),
});

const attemptSchema = z.object({
  attempt: z.int(),
  at: time,
  milliseconds: z.int(),
  outcome: z.enum(ATTEMPT_OUTCOMES),
  httpStatus: z.int().nullable(),
  detail: z.string().nullable(),
});

export const withAttemptsSchema = settlementSchema.extend({
  attempts: z.array(attemptSchema).describe("The latest 100 at most, in their order."),
});

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
    answers: { 200: { is: "The settlement.", body: withAttemptsSchema } },
    problems: ["not-found"],
    handle: withPort(desk, show),
  });
  addRoute(app, desk, {
    ...common,
    method: "POST",
    path: "/v1/settlements/:id/redrive",
    summary: "Send a dead delivery again, or a pending one without waiting for its time",
    params,
    answers: { 200: { is: "The settlement, which is pending.", body: withAttemptsSchema } },
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
  return reply.send(withAttemptsView(found, exchange.directory));
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
  return reply.send(withAttemptsView(now, exchange.directory));
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

function settlementView(settlement: Settlement, directory: Directory) {
  const { market: index, tradeId: trade, buyer, seller } = settlement;
  const market = directory.market(index);
  return {
    settlementId: `${market.name}/${trade}`,
    status: settlement.status,
    market: market.name,
    tradeId: trade,
    seq: settlement.seq,
    at: timeText(settlement.at),
    price: formatSteps(settlement.price, market.tickSize),
    quantity: formatSteps(settlement.quantity, market.lotSize),
    buyer: { accountId: directory.account(buyer).accountId, requestId: settlement.buyerRequestId },
    seller: { accountId: directory.account(seller).accountId, requestId: settlement.sellerRequestId },
    attemptCount: settlement.attemptCount,
    nextAttemptAt: settlement.nextAttemptAt === null ? null : timeText(settlement.nextAttemptAt),
    endedAt: settlement.endedAt === null ? null : timeText(settlement.endedAt),
  };
}

export function withAttemptsView(settlement: SettlementWithAttempts, directory: Directory) {
  const attempts = settlement.attempts.map(({ at, ...attempt }) => ({ ...attempt, at: timeText(at) }));
  return { ...settlementView(settlement, directory), attempts };
}
