/**
 * An exchange without disk or ledger behind the real edge: for the answers that a healthy exchange never
 * gives. It turns every command away in the way that a test asks for, and its ledger never catches up.
 */
import { afterAll, beforeAll } from "vitest";
import type { PastFault } from "../../../src/domain/past.ts";
import { epochMs, seq } from "../../../src/domain/units.ts";
import type { ExchangePort, Turnaway } from "../../../src/edge/exchange-port.ts";
import { openLog } from "../../../src/edge/log.ts";
import { createServer, type Server } from "../../../src/edge/server.ts";
import { BookDepth } from "../../../src/projections/feeds/book-depth.ts";
import { FeedLog } from "../../../src/projections/feeds/feed-log.ts";
import { type Ledger, LedgerBehindError } from "../../../src/projections/ledger/ledger.ts";
import { Balances } from "../../../src/projections/live/balances.ts";
import { Directory } from "../../../src/projections/live/directory.ts";
import { LiveOrders } from "../../../src/projections/live/live-orders.ts";
import { ADMIN_KEY, Client } from "../harness.ts";

export class StandIn implements ExchangePort {
  turnaway: Turnaway = "overloaded";
  /** Instead of turning away: never answers until it is told to. */
  readonly waiting: (() => void)[] = [];
  waits = false;
  readonly appliedSeq = seq(7);
  readonly positions = {
    appendedSeq: seq(7),
    durableSeq: seq(7),
    appliedSeq: seq(7),
    ledgerSeq: seq(0),
    snapshotSeq: null,
    snapshotFailures: 0,
    journalBytes: 0,
    archivedSeq: null,
    archiveFailures: 0,
    oldestSeq: seq(1),
  };
  readonly directory = new Directory();
  readonly orders = new LiveOrders();
  readonly balances = new Balances();
  readonly books = new BookDepth();
  readonly feed = new FeedLog();
  readonly ledger = {
    archived: null,
    reached: () => Promise.reject(new LedgerBehindError("the ledger is behind")),
  } as unknown as Ledger;
  /** Why no question about the past has an answer. */
  pastFault: PastFault = { kind: "too-many" };
  /** Instead of that: what gives up questions that have no answer until then. */
  readonly pastSignals: AbortSignal[] = [];
  pastWaits = false;
  readonly past = {
    book: (_: unknown, { signal }: { readonly signal: AbortSignal }) => this.#askPast(signal),
    wallets: (_: unknown, { signal }: { readonly signal: AbortSignal }) => this.#askPast(signal),
    records: async () => ({ fault: this.pastFault }),
    effects: async () => ({ fault: this.pastFault }),
    replay: () => ({ changes: async () => ({ fault: this.pastFault }), close: async () => {} }),
  };

  refusalOfDeposit(): null {
    return null;
  }

  submit(_: Parameters<ExchangePort["submit"]>[0], answer: Parameters<ExchangePort["submit"]>[1]): void {
    const { turnaway } = this;
    if (this.waits) this.waiting.push(() => answer({ turnedAway: turnaway }));
    else answer({ turnedAway: turnaway });
  }

  submitTogether(_: unknown, answer: Parameters<ExchangePort["submitTogether"]>[1]): void {
    answer({ turnedAway: this.turnaway });
  }

  preview(): never {
    throw new Error("a stand-in has no engine to ask");
  }

  subscribe(): () => void {
    return () => {};
  }

  #askPast(signal: AbortSignal): Promise<{ readonly fault: PastFault }> {
    if (!this.pastWaits) return Promise.resolve({ fault: this.pastFault });
    this.pastSignals.push(signal);
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve({ fault: { kind: "given-up" } }));
    });
  }

  now() {
    return epochMs(Date.now());
  }
}

/** The edge alone, on a free port; not open until the test says so. */
export async function startEdge(): Promise<{ readonly server: Server; readonly url: string }> {
  const log = openLog("silent");
  const server = await createServer({ adminKey: ADMIN_KEY, host: "127.0.0.1", port: 0, log, version: "0" });
  return { server, url: await server.listen() };
}

/** Opens an edge over a stand-in before the tests of a block and closes it after them. */
export function withStandIn(exchange: StandIn, use: (operator: Client) => void): void {
  let server: Server;
  beforeAll(async () => {
    const edge = await startEdge();
    server = edge.server;
    server.open(exchange);
    use(new Client(edge.url, ADMIN_KEY));
  });
  afterAll(() => server.close());
}
