/**
 * The network's end of the exchange: one HTTP server with every route table and the limits on what a client
 * may send or keep open. It listens before recovery is done and says so, and it opens once there is an
 * exchange behind it.
 */
import { METHODS } from "node:http";
import type { AddressInfo } from "node:net";
import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import { type FastifyInstance, fastify, LogController } from "fastify";
import { addOperationsApi } from "./compat/operations/operations-api.ts";
import type { ExchangePort } from "./exchange-port.ts";
import { addressMatcher } from "./guard/addresses.ts";
import { limitConnections } from "./guard/connections.ts";
import { Guard } from "./guard/guard.ts";
import { addAccountRoutes } from "./http/accounts.ts";
import { addAmendOrderRoute } from "./http/amend-order.ts";
import { addBatchOrdersRoute } from "./http/batch-orders.ts";
import { addCancelAfterRoute } from "./http/cancel-after.ts";
import { addCancelRoutes } from "./http/cancel-orders.ts";
import { addDownloadRoutes } from "./http/downloads.ts";
import { addEventsRoute } from "./http/events.ts";
import {
  addBodyParser,
  addErrorHandler,
  addNotFoundHandler,
  answerClientError,
  answerConnect,
  frameworkErrors,
} from "./http/faults.ts";
import { addHistoryRoutes } from "./http/history.ts";
import { addLifecycle, type Closing, callsOf, refuseOtherMethods } from "./http/lifecycle.ts";
import { addListingRoutes } from "./http/listings.ts";
import { addMarketRoutes } from "./http/markets.ts";
import { addMovementRoutes } from "./http/movements.ts";
import { OPENAPI } from "./http/openapi.ts";
import { addOrderReadRoutes } from "./http/order-reads.ts";
import { addPlaceOrderRoute } from "./http/place-order.ts";
import { addPreviewOrderRoute } from "./http/preview-order.ts";
import { addProcessRoutes } from "./http/process.ts";
import type { Desk, Recovery } from "./http/route.ts";
import { PAGE_POLICY } from "./http/security-headers.ts";
import { addSettlementRoutes } from "./http/settlements.ts";
import { addTraceRoute } from "./http/trace.ts";
import { AJV_OPTIONS } from "./http/validation.ts";
import { addWalletRoutes } from "./http/wallets.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { newRequestId } from "./request-id.ts";
import type { SettlementsPort } from "./settlements-port.ts";
import { WS_LIMITS } from "./ws/limits.ts";
import { addWebSocket } from "./ws/web-socket.ts";

export type ServerOptions = {
  readonly adminKey: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly log: Log;
  readonly version: string;
  /** None unless given. */
  readonly clientLimits?: ClientLimits;
};

/** What an operator may set of what one client may do. */
export type ClientLimits = {
  /** Of every key, and of every address that shows none; 0 for no limit. */
  readonly requestsPerSecond: number;
  /** Sockets among them; 0 for no limit. */
  readonly connectionsPerAddress: number;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
};

const NO_CLIENT_LIMITS: ClientLimits = {
  requestsPerSecond: 0,
  connectionsPerAddress: 0,
  trustedProxies: [],
};

export type Server = {
  /** Every call that there is, such as `GET /v1/markets/:market`; methods that are only refused are none. */
  readonly routes: readonly string[];
  /** Starts to accept connections and gives the address, such as `http://127.0.0.1:8080`. */
  listen(): Promise<string>;
  /** Says how far the recovery is, for who asks whether the exchange is ready. */
  starting(recovery: Recovery): void;
  /** From now on requests are answered; until then nearly all get 503 `starting`. */
  open(exchange: ExchangePort, settlements?: SettlementsPort): void;
  /** Stops accepting, and resolves when every request in flight has been answered. */
  close(): Promise<void>;
};

/** What a client may send, and how long it may take. */
export const HTTP_LIMITS = {
  /** As many as there may be sockets, and as many again. */
  connectionsMax: 20_000,
  /** Connections that wait to be accepted. Node's 511 overflow in a burst, and who falls out tries again in seconds. */
  backlog: 4_096,
  bodyBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  pathParameterCharactersMax: 256,
  requestMsMax: 10_000,
  headersMsMax: 10_000,
  slowCheckMs: 1_000,
  /** Without a byte in either direction. */
  silentMsMax: 60_000,
  keepAliveMs: 30_000,
  /** On the way out, connections that are still busy are cut after this. */
  closeMsMax: 10_000,
} as const;

const IDLE_CHECK_MS = 50;

export async function createServer(options: ServerOptions): Promise<Server> {
  const closing: Closing = { now: false };
  const metrics = createMetrics(
    () => desk.exchange?.positions,
    () => desk.settlements?.figures,
  );
  const { adminKey, clientLimits = NO_CLIENT_LIMITS } = options;
  const { requestsPerSecond, connectionsPerAddress, trustedProxies } = clientLimits;
  const guard = new Guard({ adminKey, requestsPerSecond });
  const { version } = options;
  const desk: Desk = { exchange: null, settlements: null, recovery: null, guard, metrics, version };
  const isProxy = addressMatcher(trustedProxies);
  const app = createApp(trustedProxies.length === 0 ? false : isProxy);
  const { connectionsMax } = HTTP_LIMITS;
  limitConnections(app.server, { max: connectionsMax, perAddress: connectionsPerAddress, isProxy });
  // Known to the router, so that they are refused with 405 where the path exists.
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  app.server.on("connect", (_, socket) => answerConnect(socket));
  const known = addLifecycle(app, { desk, log: options.log, closing });
  addBodyParser(app);
  addErrorHandler(app, options.log);
  addNotFoundHandler(app);
  await app.register(fastifySwagger, { openapi: OPENAPI });
  await app.register(fastifySwaggerUi, { routePrefix: "/docs", staticCSP: PAGE_POLICY });
  const limits = { ...WS_LIMITS, socketsPerAddressMax: connectionsPerAddress };
  await addWebSocket(app, desk, { log: options.log, limits });
  addRoutes(app, desk, options.log);
  await addOperationsApi(app, desk);
  const routes = callsOf(app, known);
  refuseOtherMethods(app, known);
  await app.ready();
  // By default Node answers an `Expect` that it does not know with a 417 of its own; we may ignore it.
  app.server.on("checkExpectation", app.routing);
  return {
    routes,
    listen: async () => {
      await app.listen({ host: options.host, port: options.port, backlog: HTTP_LIMITS.backlog });
      const { port } = app.server.address() as AddressInfo;
      const host = options.host.includes(":") ? `[${options.host}]` : options.host;
      return `http://${host}:${port}`;
    },
    starting: (recovery) => {
      desk.recovery = recovery;
    },
    open: (exchange, settlements) => {
      desk.settlements = settlements ?? null;
      desk.exchange = exchange;
    },
    close: async () => {
      await closeApp(app, closing);
      guard.stop();
    },
  };
}

function createApp(trustProxy: false | ((address: string) => boolean)): FastifyInstance {
  return fastify({
    trustProxy,
    logger: false,
    // Our own line for every answer is cheaper, and shows no headers.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    requestIdHeader: false,
    bodyLimit: HTTP_LIMITS.bodyBytesMax,
    routerOptions: { maxParamLength: HTTP_LIMITS.pathParameterCharactersMax },
    requestTimeout: HTTP_LIMITS.requestMsMax,
    connectionTimeout: HTTP_LIMITS.silentMsMax,
    keepAliveTimeout: HTTP_LIMITS.keepAliveMs,
    http: {
      // Node would answer for itself, without a problem's form; the lifecycle checks it instead.
      requireHostHeader: false,
      maxHeaderSize: HTTP_LIMITS.headerBytesMax,
      headersTimeout: HTTP_LIMITS.headersMsMax,
      // By default Node looks for requests that take too long every half minute only.
      connectionsCheckingInterval: HTTP_LIMITS.slowCheckMs,
    },
    // Connections that are idle are closed, busy ones answered first.
    forceCloseConnections: "idle",
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors,
    ajv: { customOptions: AJV_OPTIONS },
  });
}

function addRoutes(app: FastifyInstance, desk: Desk, log: Log): void {
  addPlaceOrderRoute(app, desk);
  addBatchOrdersRoute(app, desk);
  addPreviewOrderRoute(app, desk);
  addAmendOrderRoute(app, desk);
  addCancelAfterRoute(app, desk);
  addCancelRoutes(app, desk);
  addOrderReadRoutes(app, desk);
  addWalletRoutes(app, desk);
  addMovementRoutes(app, desk);
  addHistoryRoutes(app, desk);
  addDownloadRoutes(app, desk, log);
  addMarketRoutes(app, desk);
  addAccountRoutes(app, desk);
  addListingRoutes(app, desk);
  addTraceRoute(app, desk);
  addEventsRoute(app, desk, log);
  addSettlementRoutes(app, desk);
  addProcessRoutes(app, desk);
}

async function closeApp(app: FastifyInstance, closing: Closing): Promise<void> {
  closing.now = true;
  // A connection that was busy when the closing began is idle once its answer is out.
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
  const patience = setTimeout(() => app.server.closeAllConnections(), HTTP_LIMITS.closeMsMax);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(patience);
  }
}
