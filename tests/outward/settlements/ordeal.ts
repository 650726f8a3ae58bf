/**
 * An exchange that trades, and a wallet service that is slow, down, flapping, talking nonsense, refusing and killed, with
 * the exchange killed in between. In the end all has to have arrived, once by its key, in order per account, and to
 * come to what the ledger says.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import {
  ADMIN_KEY,
  type Body,
  Client,
  openTrader,
  type RunningServer,
  startServer,
} from "../../edge/harness.ts";
import { type Mode, type Taken, WalletService } from "./wallet-service.ts";

/** Half of them are named by numbers, as clients of the first design name theirs. */
const ACCOUNTS = Array.from({ length: 48 }, (_, index) =>
  index % 2 === 0 ? `${334_455 + index}` : `user-${index}`,
);
/** Each account trades in one of them, so that what fails in one holds up no other. */
const ASSETS = Array.from({ length: 12 }, (_, index) => `V${index}`);
const assetOf = (account: number) => ASSETS[account % ASSETS.length]!;
const FUNDS = "10000000";
const ORDERS_AT_ONCE = 3;
const PAUSE_MS = 400;
const ARRIVED_MS_MAX = 60_000;
const LOOK_MS = 500;
const PAGE = 1000;

type Phase = {
  readonly mode: Mode;
  readonly killed?: "exchange" | "service" | "both" | "nobody, but the exchange is stopped";
};

const PHASES: readonly Phase[] = [
  { mode: "ok" },
  { mode: "flapping", killed: "exchange" },
  { mode: "slow", killed: "nobody, but the exchange is stopped" },
  { mode: "ok", killed: "service" },
  { mode: "garbage" },
  { mode: "refusing", killed: "exchange" },
  { mode: "stalled", killed: "exchange" },
  { mode: "flapping" },
  { mode: "slow", killed: "both" },
  { mode: "flapping", killed: "service" },
];

export type Figures = {
  readonly trades: number;
  readonly sent: number;
  readonly retried: number;
  readonly dead: number;
  readonly redriven: number;
  readonly killedExchange: number;
  readonly killedService: number;
  /** Trades that did not arrive. */
  readonly lost: number;
  /** What arrived and is no trade, or not as it was traded. */
  readonly wrong: number;
  /** Deliveries that came before an earlier one of the same account, of those that were never given up. */
  readonly outOfOrder: number;
  /** Differences between the sums of what arrived and the ledger's, by account and asset. */
  readonly offBalance: readonly string[];
  readonly complaints: readonly string[];
  readonly failedStops: number;
};

export async function endure(seconds: number, say: (line: string) => void = () => {}): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), "pregao-ordeal-"));
  const service = await WalletService.start(directory);
  const ordeal = new Ordeal(directory, service, say);
  try {
    await ordeal.open();
    await ordeal.trade(seconds);
    return await ordeal.settle();
  } finally {
    await ordeal.end();
    await service.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Ordeal {
  readonly #directory: string;
  readonly #service: WalletService;
  readonly #say: (line: string) => void;
  readonly #keys = new Map<string, string>();
  #server: RunningServer | undefined;
  #isTrading = true;
  #killedExchange = 0;
  #killedService = 0;
  #failedStops = 0;

  constructor(directory: string, service: WalletService, say: (line: string) => void) {
    this.#directory = directory;
    this.#service = service;
    this.#say = say;
  }

  async open(): Promise<void> {
    await this.#startExchange();
    for (const asset of ASSETS) {
      await this.#operator.post("/v1/assets", { asset, scale: 0 });
      const listing = { market: `${asset}-BRL`, base: asset, quote: "BRL", tickSize: "0.01", lotSize: "1" };
      await this.#operator.post("/v1/markets", listing);
    }
    const open = async (accountId: string, account: number) => {
      const funds = { BRL: FUNDS, [assetOf(account)]: FUNDS };
      const { key } = await openTrader(this.#operator, { accountId, funds });
      this.#keys.set(accountId, key!);
    };
    await Promise.all(ACCOUNTS.map(open));
  }

  async trade(seconds: number): Promise<void> {
    const traders = ACCOUNTS.map((accountId, account) =>
      this.#tradeWith(this.#keys.get(accountId)!, `${assetOf(account)}-BRL`),
    );
    const until = Date.now() + seconds * 1000;
    const phaseMs = Math.max(600, Math.min(3_000, (seconds * 1000) / PHASES.length));
    for (let number = 0; number < PHASES.length || Date.now() < until; number += 1) {
      const phase = PHASES[number % PHASES.length]!;
      await this.#service.behave(phase.mode);
      await pause(phaseMs / 2);
      await this.#kill(phase, phaseMs / 4);
      await pause(phaseMs / 4);
      this.#say(`${phase.mode}, killed: ${phase.killed ?? "nobody"}; taken ${this.#service.taken.length}`);
    }
    await this.#refuseOne();
    this.#isTrading = false;
    await Promise.all(traders);
  }

  /** On a busy machine a phase may pass without a delivery. */
  async #refuseOne(): Promise<void> {
    const patience = Date.now() + ARRIVED_MS_MAX;
    await this.#service.behave("refusing");
    while ((await this.#page("dead", "&limit=1")).items.length === 0) {
      if (Date.now() > patience) throw new Error("no delivery was given up");
      await pause(LOOK_MS);
    }
  }

  /** The service behaves again: all that is left arrives, and what was given up is sent again. */
  async settle(): Promise<Figures> {
    await this.#service.behave("ok");
    await this.#arrived("pending");
    const dead = await this.#all("dead");
    const { body } = await this.#operator.send("POST", "/v1/settlements/redrive", {});
    await this.#arrived("pending");
    await this.#arrived("dead");
    this.#failedStops += (await this.#server!.stop()) === 0 ? 0 : 1;
    return this.#compare(new Set(dead.map(({ settlementId }) => settlementId)), {
      redriven: body.redriven,
      failedStops: this.#failedStops,
    });
  }

  async end(): Promise<void> {
    const { process: child } = this.#server ?? {};
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  get #operator(): Client {
    return new Client(this.#server!.url, ADMIN_KEY);
  }

  async #startExchange(): Promise<void> {
    const env = {
      ...this.#service.environment,
      PREGAO_WALLET_TIMEOUT_MS: "500",
      PREGAO_WALLET_ATTEMPTS: "4",
    };
    this.#server = await startServer({ directory: join(this.#directory, "data"), env });
  }

  async #kill({ killed }: Phase, downMs: number): Promise<void> {
    if (killed === "service" || killed === "both") await this.#service.kill();
    if (killed === "exchange" || killed === "both") {
      const child = this.#server!.process;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      this.#killedExchange += 1;
      await this.#startExchange();
    }
    if (killed === "nobody, but the exchange is stopped") {
      this.#failedStops += (await this.#server!.stop()) === 0 ? 0 : 1;
      await this.#startExchange();
    }
    await pause(downMs);
    if (killed !== "service" && killed !== "both") return;
    this.#killedService += 1;
    await this.#service.restart();
  }

  async #tradeWith(key: string, market: string): Promise<void> {
    while (this.#isTrading) {
      const orders = Array.from({ length: ORDERS_AT_ONCE }, () => ({
        market,
        type: "limit",
        side: Math.random() < 0.5 ? "buy" : "sell",
        price: `10.0${Math.floor(Math.random() * 4)}`,
        quantity: String(1 + Math.floor(Math.random() * 5)),
      }));
      // While the exchange is being killed and started, nobody answers.
      await new Client(this.#server!.url, key).post("/v1/orders/batch", { orders }).catch(() => {});
      await pause(PAUSE_MS);
    }
  }

  async #all(status: "pending" | "dead"): Promise<Body[]> {
    const items: Body[] = [];
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? "" : `&cursor=${cursor}`;
      const body = await this.#page(status, `&limit=${PAGE}${from}`);
      items.push(...body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    return items;
  }

  /** An exchange that has much to do may say so instead: then it is asked again. */
  async #page(status: "pending" | "dead", more: string): Promise<Body> {
    const patience = Date.now() + ARRIVED_MS_MAX;
    for (;;) {
      const answer = await this.#operator.get(`/v1/settlements?status=${status}${more}`);
      if (answer.status === 200) return answer.body;
      if (answer.status !== 503 || Date.now() > patience) throw new Error(JSON.stringify(answer.body));
      await pause(LOOK_MS);
    }
  }

  /** Waits until there is none of a status; what waits for its time is told to go on. */
  async #arrived(status: "pending" | "dead"): Promise<void> {
    const patience = Date.now() + ARRIVED_MS_MAX;
    for (;;) {
      const left = await this.#page(status, "&limit=1");
      if (left.items.length === 0) return;
      if (Date.now() > patience) throw new Error(`some are ${status}: ${JSON.stringify(left.items)}`);
      // Only what waits for its time holds others up, and that is little.
      const waiting = (await this.#page(status, `&limit=${PAGE}`)).items.filter(
        ({ nextAttemptAt }: Body) => nextAttemptAt !== null,
      );
      for (const { settlementId } of waiting) {
        const path = `/v1/settlements/${encodeURIComponent(settlementId)}/redrive`;
        await this.#operator.send("POST", path, {});
      }
      await pause(LOOK_MS);
    }
  }

  #compare(dead: ReadonlySet<string>, told: { redriven: number; failedStops: number }): Figures {
    const { taken, complaints } = this.#service;
    const data = join(this.#directory, "data");
    const ledger = new Database(join(data, "ledger.sqlite"), { readonly: true });
    const trades = new Map(
      (ledger.prepare(TRADES).all() as TradeRow[]).map((trade) => [`${trade.market}/${trade.trade}`, trade]),
    );
    const sums = ledger.prepare(SUMS).all() as { account: string; asset: string; total: number }[];
    ledger.close();
    const store = new Database(join(data, "settlements.sqlite"), { readonly: true });
    const sent = store.prepare("SELECT count(*) FROM attempts").pluck().get() as number;
    const retried = store.prepare("SELECT count(*) FROM attempts WHERE attempt > 1").pluck().get() as number;
    store.close();
    const arrived = new Set(taken.map(({ settlementId }) => settlementId));
    return {
      trades: trades.size,
      sent,
      retried,
      dead: dead.size,
      ...told,
      killedExchange: this.#killedExchange,
      killedService: this.#killedService,
      lost: [...trades.keys()].filter((id) => !arrived.has(id)).length,
      wrong:
        taken.length -
        arrived.size +
        taken.filter((each) => !isOf(trades.get(each.settlementId), each)).length,
      outOfOrder: outOfOrder(taken.filter(({ settlementId }) => !dead.has(settlementId))),
      offBalance: differences(taken, sums),
      complaints,
    };
  }
}

type TradeRow = {
  readonly market: string;
  readonly trade: number;
  readonly price: number;
  readonly quantity: number;
  readonly buyer: string;
  readonly seller: string;
};

const TRADES = `
  SELECT market, trade, price_ticks AS price, quantity_lots AS quantity,
    CASE taker_side WHEN 'buy' THEN taker ELSE maker END AS buyer,
    CASE taker_side WHEN 'buy' THEN maker ELSE taker END AS seller
  FROM readable_trades`;

/** What trades have moved, by the ledger's own entries. */
const SUMS = `
  SELECT account_id AS account, asset, sum(amount_minor) AS total FROM readable_entries WHERE kind = 'trade'
  GROUP BY account_id, asset`;

function isOf(trade: TradeRow | undefined, { operations }: Taken): boolean {
  const [credit, debit, ...more] = operations;
  if (trade === undefined || credit === undefined || debit === undefined || more.length > 0) return false;
  const amounts = [credit, debit].every(
    ({ value, quantity }) => Math.round(value * 100) === trade.price && quantity === trade.quantity,
  );
  const users = String(credit.userId) === trade.buyer && String(debit.userId) === trade.seller;
  return amounts && users && credit.operationType === "CREDIT" && debit.operationType === "DEBIT";
}

function outOfOrder(taken: readonly Taken[]): number {
  const last = new Map<string, number>();
  let count = 0;
  for (const { settlementId, operations } of taken) {
    const trade = Number(settlementId.split("/")[1]);
    for (const userId of new Set(operations.map((operation) => String(operation.userId)))) {
      if (trade < (last.get(userId) ?? 0)) count += 1;
      last.set(userId, trade);
    }
  }
  return count;
}

/** The receiver's books, made of nothing but what it took, against the ledger's. */
function differences(
  taken: readonly Taken[],
  sums: readonly { account: string; asset: string; total: number }[],
): string[] {
  const totals = new Map<string, number>();
  const add = (key: string, amount: number) => totals.set(key, (totals.get(key) ?? 0) + amount);
  for (const { settlementId, operations } of taken) {
    const base = settlementId.split("-")[0]!;
    for (const { userId, value, quantity, operationType } of operations) {
      const sign = operationType === "CREDIT" ? 1 : -1;
      add(`${userId} ${base}`, sign * quantity);
      add(`${userId} BRL`, -sign * Math.round(value * 100) * quantity);
    }
  }
  for (const { account, asset, total } of sums) add(`${account} ${asset}`, -total);
  return [...totals].filter(([, total]) => total !== 0).map(([key, total]) => `${key}: ${total}`);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
