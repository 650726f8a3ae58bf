/**
 * What happens to every request before and after its route: it gets its id and its trace, it waits for
 * nobody while the exchange starts, and each answer is counted and leaves one line in the log.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, onSendHookHandler } from "fastify";
import type { Log } from "../log.ts";
import { count, type Metrics, type Tally } from "../metrics.ts";
import { malformed, Refusal } from "../problems.ts";
import { traceIdOf } from "../trace-context.ts";
import { isUpgrade } from "../upgrade.ts";
import { addressCheck, refusalWhileBehind } from "./admission.ts";
import { sendRefusal } from "./replies.ts";
import type { Desk } from "./route.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** Whether the server is on its way out; answers then ask the client to close the connection. */
export type Closing = { now: boolean };

/** Every path that has a route. */
export type KnownPaths = ReadonlySet<string>;

type Recorders = { readonly log: Log; readonly metrics: Metrics };

type Counted = { readonly path: string; readonly tally: Tally; readonly isCommand: boolean };

const UNMATCHED = { method: "any", path: "unmatched" };
const BODYLESS = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"]);

export function addLifecycle(
  app: FastifyInstance,
  { desk, log, closing }: { readonly desk: Desk; readonly log: Log; readonly closing: Closing },
): KnownPaths {
  app.decorateRequest("principal");
  app.decorateRequest("traceId", null);
  app.decorateRequest("startedAt", 0);
  const { metrics } = desk;
  const recorders = { log, metrics };
  const unmatched = { path: UNMATCHED.path, tally: metrics.tally(UNMATCHED), isCommand: false };
  const known = new Set<string>();
  app.addHook("onRequest", (request, reply, done) => {
    request.startedAt = performance.now();
    reply.header("x-request-id", request.id).headers(SECURITY_HEADERS);
    if (closing.now) reply.header("connection", "close");
    request.traceId = traceIdOf(request.headers.traceparent);
    if (request.is404) reply.raw.once("finish", () => record(recorders, request, reply, unmatched));
    // Node hands over the connection with such a request, whatever is answered: nobody else will close it.
    if (isUpgrade(request)) reply.raw.once("finish", () => request.raw.socket.destroySoon());
    const refusal = refusalAtTheDoor(desk, request);
    if (refusal === undefined) done();
    else sendRefusal(reply, refusal);
  });
  app.addHook("onRoute", (route) => {
    known.add(route.url);
    const check = route.config?.needsKey === true ? undefined : addressCheck(desk, route.url);
    if (check !== undefined) route.onRequest = [check, ...[route.onRequest ?? []].flat()];
    const methods = [route.method].flat();
    const method = methods.length === 1 ? methods[0]! : UNMATCHED.method;
    const isCommand = method !== "GET" && method !== "HEAD" && route.config?.isRead !== true;
    const counted = { path: route.url, tally: metrics.tally({ method, path: route.url }), isCommand };
    const before = route.onSend === undefined ? [] : [route.onSend].flat();
    // As the answer leaves: to be told when it has left costs listeners on every response.
    const leaving: onSendHookHandler = (request, reply, _, done) => {
      record(recorders, request, reply, counted);
      done();
    };
    route.onSend = [...before, leaving];
  });
  return known;
}

/** Every method of every known path; to be called before the others are refused. */
export function callsOf(app: FastifyInstance, known: KnownPaths): string[] {
  return [...known].flatMap((url) =>
    app.supportedMethods
      .filter((method) => app.hasRoute({ url, method: method as HTTPMethods }))
      .map((method) => `${method} ${url}`),
  );
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
  const { httpVersion, rawHeaders } = request.raw;
  const hosts = hostCount(rawHeaders);
  if (hosts === 0 && httpVersion === "1.1") return malformed("Host", "header is required");
  if (hosts > 1) return malformed("Host", "header is there more than once");
  if (desk.exchange === null && !request.url.startsWith("/health/")) return new Refusal("starting");
  const behind = refusalWhileBehind(desk.guard, request);
  if (behind !== undefined) return behind;
  if (request.is404) {
    const excess = desk.guard.takeForAddress(request.ip, request.startedAt);
    return excess ?? new Refusal("not-found", "There is nothing at this path.");
  }
  const { "content-length": length, "transfer-encoding": chunked } = request.headers;
  const hasBody = chunked !== undefined || (length !== undefined && length !== "0");
  if (!hasBody) return undefined;
  if (BODYLESS.has(request.method)) return malformed("", `has a body, which ${request.method} cannot have`);
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  return new Refusal("unsupported-media-type", "The body must not be compressed.");
}

/** Node joins or drops headers that come again; of two hosts, somebody on the way may have believed the other (RFC 9112, 3.2). */
function hostCount(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}

function record(
  { log, metrics }: Recorders,
  request: FastifyRequest,
  reply: FastifyReply,
  route: Counted,
): void {
  const status = reply.statusCode;
  const ms = performance.now() - request.startedAt;
  count(route.tally, status);
  // Only what was decided by the journal has a position; the rest would only show how fast we refuse.
  if (route.isCommand && reply.hasHeader("pregao-seq")) metrics.observeCommand(ms / 1000);
  const { id: requestId, method } = request;
  log.answer({ requestId, method, route: route.path, status, ms: Math.round(ms * 1000) / 1000 });
}
