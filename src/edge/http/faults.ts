/**
 * What Fastify and Node found wrong, in the form of our problems: bad bodies, bad paths, bytes that are no
 * HTTP at all. What is left over is a fault of ours, which is logged and told as such.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readJsonBytes } from "../json.ts";
import type { Log } from "../log.ts";
import { malformed, PROBLEMS, problem, Refusal } from "../problems.ts";
import { newRequestId } from "../request-id.ts";
import { refusalOfRead, sendRefusal } from "./replies.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { faultOf, malformedBody } from "./validation.ts";

/** Carries a refusal through the places of Fastify that know errors only. */
class RefusedError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

/**
 * Only UTF-8 JSON is read, and strictly; without this, Fastify would read plain text too. An API that reads JSON in
 * its own way is given the text when it has been found right.
 */
export function addBodyParser(
  app: FastifyInstance,
  readAgain?: (text: string, request: FastifyRequest) => unknown,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const refusal = charsetRefusal(request);
    if (refusal !== undefined) return done(new RefusedError(refusal));
    const read = readJsonBytes(body);
    if ("value" in read) return done(null, readAgain?.(body.toString(), request) ?? read.value);
    if (read.kind === "encoding") {
      return done(new RefusedError(new Refusal("unsupported-media-type", `The body ${read.fault.message}.`)));
    }
    done(new RefusedError(malformedBody(read.fault)));
  });
}

export function addErrorHandler(app: FastifyInstance, log: Log): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const refusal = refusalOf(error, request);
    if (refusal.code === "internal-error") {
      log.lines.error({ requestId: request.id, err: error }, "a request failed");
    }
    sendRefusal(reply, refusal);
  });
}

/** For what a plugin finds missing behind a path of its own. */
export function addNotFoundHandler(app: FastifyInstance): void {
  app.setNotFoundHandler((_, reply) => {
    sendRefusal(reply, new Refusal("not-found", "There is nothing at this path."));
  });
}

/** For paths that cannot even be decoded; no hook has run for them. */
export function frameworkErrors(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id).headers(SECURITY_HEADERS);
  sendRefusal(reply, refusalOf(error, request));
}

/** Answers what Node could not read as HTTP, and closes the connection. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(rawProblem(rawRefusal(error.code), newRequestId()));
}

/** The exchange is no proxy. */
export function answerConnect(socket: Duplex): void {
  socket.end(rawProblem(malformed("", "asks for a tunnel, and there is none"), newRequestId()));
}

function refusalOf(error: FastifyError, request: FastifyRequest): Refusal {
  if (error instanceof RefusedError) return error.refusal;
  const expected = refusalOfRead(error);
  if (expected !== undefined) return expected;
  if (error.validation !== undefined) return refusalOfValidation(error, request);
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new Refusal("payload-too-large");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
    case "FST_ERR_CTP_EMPTY_TYPE":
    case "FST_ERR_CTP_INVALID_TYPE":
      return new Refusal("unsupported-media-type", "Send the body as `Content-Type: application/json`.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new Refusal("not-found", "Nothing has so long a name.");
    case "FST_ERR_BAD_URL":
      return malformed("", "has a path that cannot be decoded");
  }
  const isClients = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return isClients ? malformed("", "cannot be read") : new Refusal("internal-error");
}

function refusalOfValidation(error: FastifyError, request: FastifyRequest): Refusal {
  const errors = error.validation!;
  // Where one of several forms will do, what is wrong for the first of them says little.
  const fault = faultOf(errors.find(({ keyword }) => keyword === "anyOf") ?? errors[0]!);
  const hasBody = request.body !== undefined && request.body !== null;
  return fault.path === "" && !hasBody
    ? malformed("", "needs a body that is a JSON object")
    : malformedBody(fault);
}

function charsetRefusal(request: FastifyRequest): Refusal | undefined {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers["content-type"] ?? "")?.[1];
  if (charset === undefined || charset.toLowerCase() === "utf-8" || charset.toLowerCase() === "utf8") {
    return undefined;
  }
  return new Refusal("unsupported-media-type", "The only charset is utf-8.");
}

function rawRefusal(code: string | undefined): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") return new Refusal("headers-too-large");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new Refusal("request-timeout");
  return malformed("", "is not valid HTTP");
}

function rawProblem(refusal: Refusal, requestId: string): string {
  const { status } = PROBLEMS[refusal.code];
  const body = JSON.stringify(problem(refusal, { requestId }));
  const head = [
    `HTTP/1.1 ${status} ${REASON_PHRASES[status]}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
