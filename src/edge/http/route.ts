/**
 * How a call is described and registered. One description gives the compiled checks, the compiled
 * serializers, the access rule and the OpenAPI entry, so that none of them can say anything else.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Scope } from "../../domain/commands.ts";
import type { Seq } from "../../domain/units.ts";
import type { Principal } from "../auth.ts";
import type { ExchangePort } from "../exchange-port.ts";
import type { Guard } from "../guard/guard.ts";
import type { Metrics } from "../metrics.ts";
import { PROBLEMS, type ProblemCode } from "../problems.ts";
import type { SettlementsPort } from "../settlements-port.ts";
import { keyCheck } from "./admission.ts";
import { type JsonSchema, jsonSchema } from "./validation.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The call changes nothing, whatever its method. */
    isRead?: boolean;
    /** The call needs a key, by which it is counted. */
    needsKey?: boolean;
  }
  interface FastifyRequest {
    /** Set before the handler of every route that needs a key. */
    principal: Principal;
    /** When its head had been read, in milliseconds of the process's clock. */
    startedAt: number;
    /** The W3C trace id that came with the request. */
    traceId: string | null;
  }
}

/** How far a recovery is: the last sequence that was replayed, and how much of what is to be. */
export type Recovery = { readonly seq: Seq; readonly percent: number; readonly commandsPerSecond: number };

/** What all routes share. The exchange is null until recovery is done; no handler runs before. */
export type Desk = {
  exchange: ExchangePort | null;
  /** Null where there is no wallet service to deliver to. */
  settlements: SettlementsPort | null;
  /** How far the recovery was when it was last heard of, or null before that. */
  recovery: Recovery | null;
  readonly guard: Guard;
  readonly metrics: Metrics;
  readonly version: string;
};

/** Who may call: anybody, a key with the scope, or operators only. */
export type Access = "public" | Scope | "admin";

export type Call<Body = unknown, Query = unknown, Params = unknown> = FastifyRequest<{
  Body: Body;
  Querystring: Query;
  Params: Params;
}>;

export type Route<Body, Query, Params> = {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With parameters as `:name`. */
  readonly path: string;
  readonly access: Access;
  readonly tag: "orders" | "wallets" | "markets" | "operating" | "process";
  readonly summary: string;
  readonly description?: string;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  readonly example?: Body;
  /** Bytes of the body, where the server's own limit is not the one. */
  readonly bodyBytesMax?: number;
  /** For a read whose question is a body. */
  readonly isRead?: true;
  /** What is sent when all goes well, by status. */
  readonly answers: {
    readonly [status: number]: {
      readonly is: string;
      readonly body: z.ZodType;
      /** The types of what is sent, where it is not JSON. */
      readonly types?: readonly string[];
    };
  };
  /** The problems that are particular to this call; those that any call can meet are added. */
  readonly problems: readonly ProblemCode[];
  readonly handle: (
    exchange: ExchangePort,
    request: Call<Body, Query, Params>,
    reply: FastifyReply,
  ) => unknown;
};

/** Adds a route to the server and to its documentation. */
export function addRoute<Body, Query, Params>(
  app: FastifyInstance,
  desk: Desk,
  route: Route<Body, Query, Params>,
): void {
  const { handle, isRead, bodyBytesMax } = route;
  app.route({
    method: route.method,
    url: route.path,
    schema: schemaOf(route),
    config: { isRead: isRead ?? route.method === "GET", needsKey: route.access !== "public" },
    ...(bodyBytesMax === undefined ? {} : { bodyLimit: bodyBytesMax }),
    ...(route.access === "public" ? {} : { onRequest: keyCheck(desk, route.access) }),
    handler: (request, reply) => handle(desk.exchange!, request as Call<Body, Query, Params>, reply),
  });
}

/** A parameter that a call does not know is an error there too. */
const NO_QUERY = z.strictObject({});

type Description = Omit<Route<unknown, unknown, unknown>, "handle">;

function schemaOf(route: Description): object {
  const { access, params, query, body, example } = route;
  const scope = access === "public" ? "No key needed." : `Needs the scope \`${access}\`.`;
  return {
    tags: [route.tag],
    summary: route.summary,
    description: route.description === undefined ? scope : `${route.description}\n\n${scope}`,
    ...(access === "public" ? {} : { security: [{ apiKey: [] }] }),
    ...(params === undefined ? {} : { params: jsonSchema(params) }),
    querystring: jsonSchema(query ?? NO_QUERY),
    ...(body === undefined
      ? {}
      : { body: { ...jsonSchema(body), ...(example === undefined ? {} : { example }) } }),
    response: { ...answersOf(route.answers), ...problemsOf(problemCodes(route)) },
  };
}

function answersOf(answers: Description["answers"]): Record<string, JsonSchema> {
  const described: Record<string, JsonSchema> = {};
  for (const [status, { is, body, types }] of Object.entries(answers)) {
    const schema = jsonSchema(body);
    const content = types?.map((type) => [type, { schema }] as const);
    described[status] =
      content === undefined
        ? { description: is, ...schema }
        : { description: is, content: Object.fromEntries(content) };
  }
  return described;
}

function problemCodes(route: Description): ProblemCode[] {
  const codes: ProblemCode[] = [
    "invalid-request",
    "rate-limited",
    "overloaded",
    "starting",
    ...route.problems,
  ];
  if (route.access !== "public") codes.push("unauthorized", "forbidden");
  if (route.body !== undefined) codes.push("payload-too-large", "unsupported-media-type");
  if (route.method !== "GET" && route.isRead !== true) codes.push("disk-full", "journal-failed");
  return codes;
}

const RETRY_HEADERS = {
  "Retry-After": { description: "Seconds until it is worth trying again.", schema: { type: "integer" } },
};

/** One entry a status, with every code that it may carry and one of them as the example. */
function problemsOf(codes: readonly ProblemCode[]): Record<string, JsonSchema> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const described: Record<string, JsonSchema> = {};
  for (const [status, group] of byStatus) {
    const [code] = group;
    const { title } = PROBLEMS[code!];
    const example = { type: `/problems/${code}`, title, status, detail: title, code, requestId: "01K…" };
    described[status] = {
      description: group.map((each) => `\`${each}\`: ${PROBLEMS[each].title}`).join("\n\n"),
      ...(status === 429 || status === 503 ? { headers: RETRY_HEADERS } : {}),
      content: { "application/problem+json": { schema: { ...problemSchema(group), example } } },
    };
  }
  return described;
}

function problemSchema(codes: readonly ProblemCode[]): JsonSchema {
  const text = { type: "string" };
  const fault = { type: "object", properties: { path: text, message: text }, required: ["path", "message"] };
  return {
    type: "object",
    properties: {
      type: text,
      title: text,
      status: { type: "integer" },
      detail: text,
      code: { type: "string", enum: codes },
      requestId: text,
      errors: { type: "array", items: fault },
    },
    required: ["type", "title", "status", "detail", "code", "requestId"],
  };
}
