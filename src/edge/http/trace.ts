/** `GET /v1/trace/{id}`: from any id to all that one request caused, and back from a trade or a ledger entry. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { ExchangePort, Told } from "../exchange-port.ts";
import { parseWhole } from "../parse.ts";
import { refusalOfPast } from "../past-faults.ts";
import { malformed, Refusal } from "../problems.ts";
import { traceView } from "../trace/render-trace.ts";
import { COMMANDS_MAX, type PageOfTrace, resolve } from "../trace/resolve.ts";
import { gather } from "../trace/trace.ts";
import { parseTraceId, TRACE_ID_WORDS, type TraceId } from "../trace/trace-id.ts";
import { AS_OF_PROBLEMS, PastReads } from "./as-of.ts";
import { cursorAfter, readPage } from "./pages.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { pageQuery, queryText } from "./schemas.ts";
import { traceSchema } from "./trace-schemas.ts";

const params = z.object({
  id: z
    .string()
    .describe(
      "A requestId, a W3C trace id, an orderId or an order's ULID, a trade as `VIB-BRL%2F17`, `entry:<entryId>` " +
        "or `command:<sequence>`.",
    ),
});
const query = z.strictObject({
  explain: z.enum(["true", "false"]).optional().describe("For a trade: how it came about."),
  limit: queryText(
    `Commands of a W3C trace id on a page, 1 to ${COMMANDS_MAX}; ${COMMANDS_MAX} unless given.`,
  ),
  cursor: pageQuery.cursor,
});

type TraceCall = Call<unknown, z.infer<typeof query>, z.infer<typeof params>>;

type Asked = { readonly id: TraceId; readonly page: PageOfTrace; readonly explains: boolean };

export function addTraceRoute(app: FastifyInstance, desk: Desk): void {
  const past = new PastReads(app, desk.guard);
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/trace/:id",
    access: "admin",
    tag: "operating",
    summary: "All that one request caused",
    description:
      "The command as it was journaled, its place, hash and time, what became of it, its events, trades, ledger entries " +
      "and settlement deliveries.",
    params,
    query,
    answers: { 200: { is: "What is known of its commands.", body: traceSchema } },
    problems: ["not-found", "history-archived", "unknown-market", ...AS_OF_PROBLEMS],
    handle: (exchange, request, reply) => showTrace(exchange, request, reply, { desk, past }),
  });
}

async function showTrace(
  exchange: ExchangePort,
  request: TraceCall,
  reply: FastifyReply,
  { desk, past }: { readonly desk: Desk; readonly past: PastReads },
): Promise<FastifyReply> {
  const asked = readAsked(request);
  if (asked instanceof Refusal) return sendRefusal(reply, asked);
  const { appliedSeq, directory } = exchange;
  const resolved = await resolve(exchange, asked.id, asked.page);
  if (resolved instanceof Refusal) return sendRefusal(reply, resolved);
  const { settlements } = desk;
  const ask = <Answer>(question: Parameters<typeof past.ask<Told<Answer>>>[1]) => past.ask(reply, question);
  const trace = await gather({ exchange, settlements, ask }, resolved, asked);
  if ("fault" in trace) return sendRefusal(reply, refusalOfPast(trace.fault));
  const { id } = request.params;
  const nextCursor = cursorAfter(resolved.next);
  const shown = { id, resolved, trace, nextCursor, hasSettlements: settlements !== null };
  // Written as it is: to look for the one of many forms that each event has would take longer than all the rest.
  const body = JSON.stringify(traceView(shown, directory));
  return markPosition(reply, appliedSeq).type("application/json; charset=utf-8").send(body);
}

function readAsked({ params, query }: TraceCall): Asked | Refusal {
  const id = parseTraceId(params.id);
  if (id === undefined) return malformed("id", TRACE_ID_WORDS);
  const explains = query.explain === "true";
  if (explains && id.kind !== "trade") return malformed("explain", "is for a trade, such as VIB-BRL%2F17");
  if (id.kind !== "trace" && (query.limit ?? query.cursor) !== undefined) {
    return malformed(query.limit === undefined ? "cursor" : "limit", "is for a W3C trace id alone");
  }
  const limit = readLimit(query.limit);
  if (limit instanceof Refusal) return limit;
  const page = readPage({ cursor: query.cursor });
  if (page instanceof Refusal) return page;
  return { id, page: { limit, before: page.before }, explains };
}

function readLimit(text: string | undefined): number | Refusal {
  if (text === undefined) return COMMANDS_MAX;
  return parseWhole(text, { path: "limit", least: 1, most: COMMANDS_MAX });
}
