/**
 * What happens to every request before and after its route: it gets its id and its trace, it waits for
 * nobody while the exchange starts, and each answer is counted and leaves one line in the log.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import type { Log } from "../log.ts";
import { count, type Tally } from "../metrics.ts";
import { malformed, Refusal } from "../problems.ts";
import { traceIdOf } from "../trace-context.ts";
import { sendRefusal } from "./replies.ts";
import type { Desk } from "./route.ts";

/** Whether the server is on its way out; answers then ask the client to close the connection. */
export type Closing = { now: boolean };

/** Every path that has a route. */
export type KnownPaths = ReadonlySet<string>;

const UNMATCHED = { method: "any", path: "unmatched" };
const BODYLESS = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

export function addLifecycle(
  app: FastifyInstance,
  { desk, log, closing }: { readonly desk: Desk; readonly log: Log; readonly closing: Closing },
): KnownPaths {
  app.decorateRequest("principal");
  app.decorateRequest("traceId", null);
  const known = new Set<string>();
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    if (closing.now) reply.header("connection", "close");
    request.traceId = traceIdOf(request.headers.traceparent);
    const refusal = refusalAtTheDoor(desk, request);
    if (refusal === undefined) done();
    else sendRefusal(reply, refusal);
  });
  const unmatched = desk.metrics.tally(UNMATCHED);
  app.addHook("onResponse", (request, reply, done) => {
    if (request.is404) record(log, request, reply, { ...UNMATCHED, tally: unmatched });
    done();
  });
  app.addHook("onRoute", (route) => {
    known.add(route.url);
    const methods = [route.method].flat();
    const method = methods.length === 1 ? methods[0]! : UNMATCHED.method;
    const counted = { method, path: route.url, tally: desk.metrics.tally({ method, path: route.url }) };
    const before = route.onResponse === undefined ? [] : [route.onResponse].flat();
    const after = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      record(log, request, reply, counted);
      done();
    };
    route.onResponse = [...before, after];
  });
  return known;
}

/** Answers 405 for every method that a known path does not have; to be called when all routes are there. */
export function refuseOtherMethods(app: FastifyInstance, known: KnownPaths): void {
  for (const url of [...known]) {
    const has = (method: string) => app.hasRoute({ url, method: method as HTTPMethods });
    const others = app.supportedMethods.filter((method) => !has(method));
    const allow = app.supportedMethods.filter(has).sort().join(", ");
    app.route({
      method: others,
      url,
      schema: { hide: true },
      onRequest: (request, reply) => {
        const detail = `${request.method} is not for this path; it has ${allow}.`;
        sendRefusal(reply.header("allow", allow), new Refusal("method-not-allowed", detail));
      },
      handler: (_, reply) => reply.send(),
    });
  }
}

function refusalAtTheDoor(desk: Desk, request: FastifyRequest): Refusal | undefined {
  if (desk.exchange === null && !request.url.startsWith("/health/")) return new Refusal("starting");
  if (request.is404) return new Refusal("not-found", "There is nothing at this path.");
  const { "content-length": length, "transfer-encoding": chunked } = request.headers;
  const hasBody = chunked !== undefined || (length !== undefined && length !== "0");
  if (!hasBody) return undefined;
  if (BODYLESS.has(request.method)) return malformed("", `has a body, which ${request.method} cannot have`);
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  return new Refusal("unsupported-media-type", "The body must not be compressed.");
}

function record(
  log: Log,
  request: FastifyRequest,
  reply: FastifyReply,
  { path, tally }: { readonly path: string; readonly tally: Tally },
): void {
  const status = reply.statusCode;
  count(tally, status);
  const ms = Math.round(reply.elapsedTime * 1000) / 1000;
  log.lines.info({ requestId: request.id, method: request.method, route: path, status, ms });
}
