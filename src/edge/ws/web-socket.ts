/**
 * The WebSocket's end of the exchange: the route that turns requests into sockets, the sockets that are
 * open, and the one place where what the exchange has done reaches those who follow it.
 */
import fastifyWebsocket from "@fastify/websocket";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { WebSocket } from "ws";
import type { Committed } from "../../domain/events.ts";
import type { FeedEntry } from "../../projections/feeds/feed-entry.ts";
import type { Principal } from "../auth.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { CountByAddress } from "../guard/addresses.ts";
import { sendRefusal } from "../http/replies.ts";
import type { Desk } from "../http/route.ts";
import { compiledCheck, jsonSchema } from "../http/validation.ts";
import type { Log } from "../log.ts";
import { count } from "../metrics.ts";
import { amendBody, orderBody } from "../orders/order-body.ts";
import { malformed, Refusal } from "../problems.ts";
import { newRequestId } from "../request-id.ts";
import { isUpgrade } from "../upgrade.ts";
import { BookChannel } from "./book-channel.ts";
import { Departures } from "./departures.ts";
import { handshakeRefusal, principalOf } from "./handshake.ts";
import { WS_LIMITS, type WsLimits } from "./limits.ts";
import { ORDER_OPS } from "./operations.ts";
import type { SocketClient } from "./order-entry.ts";
import { Outbox } from "./outbox.ts";
import { Session, type SessionContext } from "./session.ts";
import { Streams } from "./streams.ts";

const PATH = "/v1/ws";

/** What stands for the method where requests are counted and logged. */
const SOCKET_METHOD = "WS";

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** Where is told what is worth remembering. */
type Recorders = {
  readonly fault: SessionContext["onFault"];
  readonly orderAnswer: SessionContext["onOrderAnswer"];
};

export type WebSocketOptions = {
  readonly limits?: WsLimits;
  /** Where faults of ours are told; without it they are warnings of the process. */
  readonly log?: Pick<Log, "lines" | "answer">;
};

/** Adds the route, before all others. Sockets are accepted once the desk has its exchange. */
export async function addWebSocket(
  app: FastifyInstance,
  desk: Desk,
  { limits = WS_LIMITS, log }: WebSocketOptions = {},
): Promise<void> {
  const recorders = { fault: faultTeller(log), orderAnswer: orderAnswerTeller(desk, log) };
  const sockets = new Sockets(desk, limits, recorders);
  app.addHook("onRequest", (request, reply, done) => {
    if (!isUpgrade(request) || request.routeOptions.url === PATH) done();
    else sendRefusal(reply, malformed("Upgrade", `is for ${PATH} only`));
  });
  // In a scope of its own: the plugin's hooks would run for every order.
  await app.register((scope) => addRoute(scope, sockets, limits));
}

function faultTeller(log: WebSocketOptions["log"]): SessionContext["onFault"] {
  if (log !== undefined)
    return (err, requestId) => log.lines.error({ requestId, err }, "an operation failed");
  return (fault, requestId) => {
    const detail = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
    process.emitWarning(`operation ${requestId} failed: ${detail}`);
  };
}

/** An operation on an order is counted and logged as a request is. */
function orderAnswerTeller({ metrics }: Desk, log: WebSocketOptions["log"]): Recorders["orderAnswer"] {
  const tallies = new Map(
    ORDER_OPS.map((op) => [op, metrics.tally({ method: SOCKET_METHOD, path: `${PATH} ${op}` })]),
  );
  return ({ op, requestId, status, isDecided, startedAt }) => {
    const ms = performance.now() - startedAt;
    count(tallies.get(op)!, status);
    if (isDecided) metrics.observeCommand(ms / 1000);
    const route = `${PATH} ${op}`;
    log?.answer({ requestId, method: SOCKET_METHOD, route, status, ms: Math.round(ms * 1000) / 1000 });
  };
}

async function addRoute(app: FastifyInstance, sockets: Sockets, limits: WsLimits): Promise<void> {
  const { payloadBytesMax: maxPayload, closeGraceMs: closeTimeout } = limits;
  // A variable, since the types of ws do not know the time-out yet.
  const options = { maxPayload, closeTimeout, perMessageDeflate: false };
  await app.register(fastifyWebsocket, {
    options,
    errorHandler: (_, socket) => {
      // What the client did wrong is being answered with a close frame already.
      if (socket.readyState === socket.OPEN) socket.terminate();
    },
    preClose(done) {
      sockets.closeAll();
      this.websocketServer.close();
      done();
    },
  });
  app.route({
    method: "GET",
    url: PATH,
    schema: { hide: true },
    onRequest: (request, reply, done) => {
      const refusal = sockets.refusalOf(request);
      if (refusal === undefined) done();
      else sendRefusal(reply, refusal);
    },
    handler: answerPlainRequest,
    wsHandler: (socket, request) => sockets.accept(socket, request),
  });
}

/** There is no rate behind it: a socket has to close before the next one opens. */
function tooManySockets(of: string, max: number): Refusal {
  const name = `"sockets-per-${of}"`;
  const excess = { retryAfterSeconds: 1, policy: `${name};q=${max}`, state: `${name};r=0` };
  const detail = `No more than ${max} sockets can be open per ${of}; close one first.`;
  return new Refusal("rate-limited", detail, undefined, excess);
}

/** Only HEAD gets here: any other request without an upgrade is refused before. */
function answerPlainRequest(_: FastifyRequest, reply: FastifyReply): void {
  sendRefusal(reply, malformed("Upgrade", "must be websocket"));
}

/** What is known of an open socket. */
type Presence = {
  /** The key that it is authenticated by; null for none, or an operator's. */
  keyId: string | null;
  /** Takes it out of the count of its address. */
  readonly leave: () => void;
};

class Sockets {
  readonly #desk: Desk;
  readonly #limits: WsLimits;
  readonly #recorders: Recorders;
  readonly #departures = new Departures();
  /** Those that have not ended. */
  readonly #sessions = new Map<Session, Presence>();
  readonly #byAddress: CountByAddress;
  readonly #sessionsByKey = new Map<string, Set<Session>>();
  /** Made with the first socket, since there is no exchange before it is open. */
  #context: SessionContext | null = null;
  #books: BookChannel | null = null;
  #unsubscribe = () => {};
  #keepalive: NodeJS.Timeout | null = null;
  #isClosing = false;

  constructor(desk: Desk, limits: WsLimits, recorders: Recorders) {
    this.#desk = desk;
    this.#limits = limits;
    this.#byAddress = new CountByAddress(limits.socketsPerAddressMax);
    this.#recorders = recorders;
  }

  refusalOf(request: FastifyRequest): Refusal | undefined {
    if (this.#desk.exchange === null || this.#isClosing) return new Refusal("starting");
    const refusal = handshakeRefusal(request);
    if (refusal !== undefined) return refusal;
    const { socketsMax, socketsPerAddressMax } = this.#limits;
    if (this.#sessions.size >= socketsMax) {
      return new Refusal("overloaded", `No more than ${socketsMax} sockets can be open.`);
    }
    if (this.#byAddress.isFull(request.ip)) return tooManySockets("address", socketsPerAddressMax);
    const principal = principalOf(request, this.#identify);
    return principal instanceof Refusal ? principal : undefined;
  }

  accept(socket: WebSocket, request: FastifyRequest): void {
    const exchange = this.#desk.exchange!;
    this.#context ??= this.#open(exchange, request);
    const connection = { socket, stream: request.raw.socket };
    const outbox = new Outbox(connection, this.#departures, this.#limits.outboxBytesMax);
    const { traceId, ip } = request;
    const session = new Session(this.#context, { socket, outbox, traceId, client: { ip } });
    this.#sessions.set(session, { keyId: null, leave: this.#byAddress.add(ip) });
    const principal = principalOf(request, this.#identify);
    if (principal instanceof Refusal) session.close(POLICY_VIOLATION, principal.detail);
    else if (principal !== null) session.authenticate(principal);
  }

  /** Every socket is told that the exchange goes away; one that does not close in time is cut by ws. */
  closeAll(): void {
    this.#isClosing = true;
    this.#unsubscribe();
    this.#books?.stop();
    if (this.#keepalive !== null) clearInterval(this.#keepalive);
    for (const session of this.#sessions.keys()) session.retire(GOING_AWAY, "the exchange is shutting down");
  }

  /** Who a key belongs to, as long as it may open another socket. */
  readonly #identify = (key: string, client: SocketClient): Principal | Refusal => {
    const { guard, exchange } = this.#desk;
    const asking = { client, directory: exchange!.directory, now: performance.now() };
    const principal = guard.identify(key, asking) ?? new Refusal("unauthorized", "There is no such API key.");
    if (principal instanceof Refusal || principal.kind === "operator") return principal;
    const { socketsPerKeyMax } = this.#limits;
    const sockets = this.#sessionsByKey.get(principal.keyId)?.size ?? 0;
    return sockets < socketsPerKeyMax ? principal : tooManySockets("key", socketsPerKeyMax);
  };

  #open(exchange: ExchangePort, request: FastifyRequest): SessionContext {
    const { subscriptionsMax, ordersInFlightMax, missedCommandsMax, bookIntervalMs, keepaliveMs } =
      this.#limits;
    const streams = new Streams(exchange, missedCommandsMax);
    const books = new BookChannel(exchange, bookIntervalMs);
    this.#books = books;
    this.#unsubscribe = exchange.subscribe((committed, told) => this.#hear(committed, told, streams));
    this.#keepalive = setInterval(() => {
      for (const session of this.#sessions.keys()) session.checkAlive();
    }, keepaliveMs);
    this.#keepalive.unref();
    const { guard } = this.#desk;
    return {
      exchange,
      identify: this.#identify,
      admit: (principal, { ip }) => {
        const now = performance.now();
        const counted = principal === null ? guard.takeForAddress(ip, now) : guard.takeForKey(principal, now);
        return counted instanceof Refusal ? counted : undefined;
      },
      refusalWhileBehind: (now) => guard.refusalWhileBehind(now),
      books,
      streams,
      subscriptionsMax,
      checks: {
        order: compiledCheck(request, jsonSchema(orderBody)),
        amend: compiledCheck(request, jsonSchema(amendBody)),
      },
      ordersInFlightMax,
      newRequestId,
      onOrderAnswer: this.#recorders.orderAnswer,
      onAuthenticated: (session, principal) => this.#remember(session, principal),
      onEnded: (session) => this.#forget(session),
      onFault: this.#recorders.fault,
    };
  }

  #hear({ entry, events }: Committed, told: FeedEntry | undefined, streams: Streams): void {
    if (told !== undefined) streams.publish(told);
    if (entry.command.kind !== "RevokeKey") return;
    for (const event of events) {
      if (event.kind !== "KeyRevoked") continue;
      for (const session of this.#sessionsByKey.get(event.keyId) ?? []) {
        session.close(POLICY_VIOLATION, "the API key was revoked");
      }
    }
  }

  #remember(session: Session, principal: Principal): void {
    if (principal.kind === "operator") return;
    this.#sessions.get(session)!.keyId = principal.keyId;
    const sessions = this.#sessionsByKey.get(principal.keyId) ?? new Set();
    this.#sessionsByKey.set(principal.keyId, sessions.add(session));
  }

  #forget(session: Session): void {
    const presence = this.#sessions.get(session);
    if (presence === undefined) return;
    this.#sessions.delete(session);
    presence.leave();
    const { keyId } = presence;
    if (keyId === null) return;
    const sessions = this.#sessionsByKey.get(keyId);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessionsByKey.delete(keyId);
  }
}
