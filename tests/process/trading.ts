/**
 * Clients that want many things done, each once, and go on with that across any number of crashes: what has no
 * answer is sent again, and so is, now and then, what has one. In the end it shows what was lost and what doubled.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "vitest";
import { xorshift } from "../../bench/load/flow.ts";
import { ADMIN_KEY, Client, openTrader, type Received, type RunningServer } from "../edge/harness.ts";

const TRADER_FUNDS = { BRL: "1000000.00", VIB: "100000" };

/** Something a client wants done once, and which id it was answered with, if it was. */
type Intent = {
  readonly path: "/v1/orders" | "/v1/deposits";
  readonly body: Record<string, string>;
  id: number | undefined;
};

/** Whose key it is, and what was sent with it. */
export type Known = Pick<Trader, "name" | "key" | "intents">;

export class Trader {
  readonly name: string;
  readonly key: string;
  readonly intents: Intent[] = [];
  readonly random: () => number;

  constructor(name: string, key: string, random: () => number) {
    this.name = name;
    this.key = key;
    this.random = random;
  }

  /** What is sent next: first all that has no answer, then now and then something old again, then new. */
  next(): Intent {
    const open = this.intents.find(({ id }) => id === undefined);
    if (open !== undefined) return open;
    if (this.random() < 0.1 && this.intents.length > 0) {
      return this.intents[Math.floor(this.random() * this.intents.length)]!;
    }
    const intent = this.#newIntent();
    this.intents.push(intent);
    return intent;
  }

  #newIntent(): Intent {
    const number = this.intents.length;
    if (this.random() < 0.15) {
      const body = { accountId: this.name, asset: "BRL", amount: "1.00", reference: `more-${number}` };
      return { path: "/v1/deposits", body, id: undefined };
    }
    const side = this.random() < 0.5 ? "buy" : "sell";
    const price = `10.${String(Math.floor(this.random() * 20)).padStart(2, "0")}`;
    const body = {
      market: "VIB-BRL",
      type: "limit",
      side,
      price,
      quantity: "2",
      clientOrderId: `o-${number}`,
    };
    return { path: "/v1/orders", body, id: undefined };
  }
}

/** One client: sends one thing after another until the server is gone, or its disk. */
export async function trade(url: string, trader: Trader, acknowledged: () => void): Promise<void> {
  const client = new Client(url, trader.key);
  const operator = new Client(url, ADMIN_KEY);
  for (;;) {
    const intent = trader.next();
    let answer: Received;
    try {
      answer = await (intent.path === "/v1/orders" ? client : operator).post(intent.path, intent.body);
    } catch {
      return;
    }
    // The disk has failed and the process is about to end: what became of this is not known.
    if (answer.status >= 500) return;
    expect([200, 201], JSON.stringify(answer.body)).toContain(answer.status);
    const id = answer.body.order?.orderId ?? answer.body.transactionId;
    if (intent.id !== undefined) {
      expect(answer.replayed).toBe(true);
      expect(id).toBe(intent.id);
    }
    intent.id = id;
    acknowledged();
  }
}

/** Opens accounts with money, and a key each. */
export async function openTraders(
  server: RunningServer,
  { count, random }: { readonly count: number; readonly random: () => number },
): Promise<Trader[]> {
  const traders: Trader[] = [];
  for (let i = 0; i < count; i += 1) {
    const name = `trader-${i}`;
    const operator = new Client(server.url, ADMIN_KEY);
    const opened = await openTrader(operator, { accountId: name, funds: TRADER_FUNDS });
    traders.push(new Trader(name, opened.key!, random));
  }
  return traders;
}

/** Whatever was ever sent is sent once more: each is answered with the id that it was acknowledged with. */
export async function retryAllAndCompare(server: RunningServer, traders: readonly Known[]): Promise<void> {
  const operator = new Client(server.url, ADMIN_KEY);
  await Promise.all(
    traders.map(async (trader) => {
      const client = new Client(server.url, trader.key);
      for (const intent of trader.intents) {
        const answer = await (intent.path === "/v1/orders" ? client : operator).post(
          intent.path,
          intent.body,
        );
        const id = answer.body.order?.orderId ?? answer.body.transactionId;
        if (intent.id === undefined) intent.id = id;
        else expect(answer.replayed).toBe(true);
        expect(id).toBe(intent.id);
      }
    }),
  );
}

/** Every deposit has arrived once, and nothing was made or lost by trading. */
export async function checkMoney(server: RunningServer, traders: readonly Trader[]): Promise<void> {
  const totals = { BRL: 0, VIB: 0 };
  let deposits = 0;
  for (const trader of traders) {
    const { body } = await new Client(server.url, trader.key).get("/v1/wallets");
    for (const { asset, total } of body.items as { asset: "BRL" | "VIB"; total: string }[]) {
      totals[asset] += Math.round(Number(total) * 100);
    }
    deposits += trader.intents.filter(({ path }) => path === "/v1/deposits").length;
  }
  expect(totals.BRL).toBe((1_000_000 * traders.length + deposits) * 100);
  expect(totals.VIB).toBe(100_000 * traders.length * 100);
}

/** The ledger has each order once, and none that nobody sent. */
export function checkLedger(directory: string, traders: readonly Trader[]): void {
  const database = new Database(join(directory, "ledger.sqlite"), { readonly: true });
  const found = database.prepare("SELECT order_id FROM orders ORDER BY order_id").pluck().all();
  database.close();
  const sent = traders
    .flatMap(({ intents }) => intents)
    .filter(({ path }) => path === "/v1/orders")
    .map(({ id }) => id as number);
  expect(found).toEqual(sent.sort((a, b) => a - b));
}

/** Says the seed, for a run that failed is to be had again, with SEED. */
export function seeded(seed = Number(process.env.SEED ?? Date.now())): () => number {
  process.stdout.write(`SEED=${seed}\n`);
  return xorshift(seed);
}
