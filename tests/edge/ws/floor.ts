/**
 * A trading floor in this process: the engine, the live projections and the WebSocket's edge, without a
 * disk between them. A command takes effect when it is given, so a test decides what happens when.
 */
import type { AddressInfo, Server } from "node:net";
import { fastify } from "fastify";
import type { Command, PlaceOrder, Request, Scope } from "../../../src/domain/commands.ts";
import { FIRST_COMMANDS } from "../../../src/domain/defaults.ts";
import type { Committed } from "../../../src/domain/events.ts";
import type { Side } from "../../../src/domain/market.ts";
import {
  type AccountIndex,
  assetIndex,
  type EpochMs,
  epochMs,
  lots,
  marketIndex,
  minor,
  type OrderId,
  orderId,
  seq,
  ticks,
} from "../../../src/domain/units.ts";
import { makeKey } from "../../../src/edge/auth.ts";
import type { Answer, CommittedListener, ExchangePort, Taken } from "../../../src/edge/exchange-port.ts";
import { Guard } from "../../../src/edge/guard/guard.ts";
import { addLifecycle } from "../../../src/edge/http/lifecycle.ts";
import type { Desk } from "../../../src/edge/http/route.ts";
import { AJV_OPTIONS } from "../../../src/edge/http/validation.ts";
import { type Log, openLog } from "../../../src/edge/log.ts";
import { createMetrics } from "../../../src/edge/metrics.ts";
import { newRequestId } from "../../../src/edge/request-id.ts";
import { WS_LIMITS, type WsLimits } from "../../../src/edge/ws/limits.ts";
import { addWebSocket } from "../../../src/edge/ws/web-socket.ts";
import { Engine } from "../../../src/engine/engine.ts";
import { BookDepth } from "../../../src/projections/feeds/book-depth.ts";
import { FeedLog } from "../../../src/projections/feeds/feed-log.ts";
import { Balances } from "../../../src/projections/live/balances.ts";
import { Directory } from "../../../src/projections/live/directory.ts";
import { LiveOrders } from "../../../src/projections/live/live-orders.ts";
import { PLAIN_TERMS } from "../../plain-order.ts";
import { Client } from "./client.ts";

export const ADMIN_KEY = "an-operator-key-for-tests";
export const VIB = assetIndex(0);
export const BRL = assetIndex(1);

export type FloorOptions = {
  readonly limits?: Partial<WsLimits>;
  readonly feedEventsMax?: number;
  /** Of a key, or an address without one; no limit unless given. */
  readonly requestsPerSecond?: number;
  /** Leaves the exchange as one that is still starting. */
  readonly isStarting?: boolean;
};

export type Member = { readonly account: AccountIndex; readonly key: string; readonly keyId: string };

/** Good till canceled, unless it has so many milliseconds to live; every command takes one. */
type Terms = {
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
  readonly lifeMs?: number;
};

export type Floor = {
  readonly url: string;
  readonly exchange: ExchangePort;
  readonly log: Log;
  /** Of the connections below the sockets. */
  readonly server: Server;
  readonly appliedSeq: () => number;
  apply(command: Command): Committed;
  /** While it is slow, what sockets submit waits until it is released. */
  readonly disk: { isSlow: boolean; release(): void };
  /** Opens an account with money and a key. */
  member(accountId: string, scopes?: readonly Scope[]): Member;
  /** A socket with the member's key. */
  clientOf(member: Member): Promise<Client>;
  /** A limit order as a command, for a test to give other terms. */
  terms(account: AccountIndex, terms: Terms): PlaceOrder;
  order(account: AccountIndex, terms: Terms): Committed;
  cancel(account: AccountIndex, order: number): Committed;
  deposit(account: AccountIndex, amount: number): Committed;
  stop(): Promise<void>;
};

const MARKET = marketIndex(0);
const RICH = 1_000_000_000_000;

export async function openFloor(options: FloorOptions = {}): Promise<Floor> {
  const { exchange, apply, disk } = createExchange(options.feedEventsMax ?? 1_000_000);
  for (const command of FIRST_COMMANDS) apply(command);
  const guard = new Guard({ adminKey: ADMIN_KEY, requestsPerSecond: options.requestsPerSecond ?? 0 });
  const desk: Desk = {
    exchange: options.isStarting === true ? null : exchange,
    recovery: null,
    guard,
    metrics: createMetrics(() => undefined),
    settlements: null,
    version: "0.0.0",
  };
  const log = openLog("silent");
  const app = fastify({
    genReqId: newRequestId,
    forceCloseConnections: "idle",
    ajv: { customOptions: AJV_OPTIONS },
  });
  addLifecycle(app, { desk, log, closing: { now: false } });
  await addWebSocket(app, desk, { limits: { ...WS_LIMITS, ...options.limits }, log });
  app.get("/plain", async () => ({}));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  let references = 0;
  const deposit: Floor["deposit"] = (account, amount) => {
    references += 1;
    const reference = `d-${references}`;
    return apply({ kind: "DepositFunds", account, asset: BRL, amount: minor(amount), reference });
  };
  const terms: Floor["terms"] = (account, { side, price, quantity, lifeMs }) => ({
    kind: "PlaceOrder",
    ...PLAIN_TERMS,
    account,
    market: MARKET,
    side,
    timeInForce: lifeMs === undefined ? "gtc" : "gtd",
    price: ticks(price),
    quantity: lots(quantity),
    expiresAt: lifeMs === undefined ? null : epochMs(timeOf(exchange.appliedSeq + 1) + lifeMs),
  });
  const url = `ws://127.0.0.1:${port}/v1/ws`;
  return {
    url,
    exchange,
    log,
    server: app.server,
    appliedSeq: () => exchange.appliedSeq,
    apply,
    disk,
    member: (accountId, scopes = ["read", "trade"]) => {
      apply({ kind: "OpenAccount", accountId, name: null });
      const { account } = exchange.directory.accountById(accountId)!;
      const { key, keyId, secretHash } = makeKey();
      apply({ kind: "CreateKey", account, keyId, name: "test", scopes, secretHash });
      apply({ kind: "DepositFunds", account, asset: VIB, amount: minor(RICH), reference: "vib" });
      deposit(account, RICH);
      return { account, key, keyId };
    },
    clientOf: ({ key }) => Client.open(url, { headers: { authorization: `Bearer ${key}` } }),
    terms,
    order: (account, wanted) => apply(terms(account, wanted)),
    cancel: (account, order) => apply({ kind: "CancelOrder", account, order: orderId(order) as OrderId }),
    deposit,
    stop: async () => {
      await app.close();
      guard.stop();
      log.close();
    },
  };
}

function timeOf(position: number): EpochMs {
  return epochMs(1_700_000_000_000 + position);
}

function createExchange(feedEventsMax: number) {
  const engine = new Engine();
  const directory = new Directory();
  const orders = new LiveOrders();
  const balances = new Balances();
  const books = new BookDepth();
  const feed = new FeedLog({ eventsMax: feedEventsMax });
  const listeners = new Set<CommittedListener>();
  const take = ({ requestId, traceId, command }: Request): Taken => {
    const next = engine.appliedSeq + 1;
    const entry = { seq: seq(next), at: timeOf(next), requestId, traceId, command };
    const committed = { entry, events: engine.apply(entry) };
    directory.project(committed);
    const updates = orders.project(committed);
    balances.project(committed);
    books.project(committed);
    const told = feed.project(committed, updates);
    for (const listener of listeners) listener(committed, told);
    return { committed, updates };
  };
  const held: (() => void)[] = [];
  const exchange = {
    submit: (request: Request, answer: (answer: Answer) => void) => {
      held.push(() => answer(take(request)));
      if (!disk.isSlow) release();
    },
    subscribe: (listener: CommittedListener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get appliedSeq() {
      return engine.appliedSeq;
    },
    directory,
    orders,
    balances,
    books,
    feed,
    ledger: { archived: null },
    now: () => epochMs(Date.now()),
  };
  const release = () => {
    for (const decide of held.splice(0)) decide();
  };
  const disk = { isSlow: false, release };
  const apply = (command: Command): Committed =>
    take({ requestId: newRequestId(), traceId: null, command }).committed;
  // Of history sockets see only whether it has moved, of figures nothing; a test that asked for them would fail loudly.
  return { exchange: exchange as unknown as ExchangePort, apply, disk };
}
