/** An exchange to be flooded with what is malformed, and how to tell that nothing of it was changed. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const AT_ONCE = 32;
/** There is no such market, so that what a mutation leaves whole is refused all the same. */
export const ORDER = {
  accountId: "alice",
  market: "NOPE-BRL",
  side: "buy",
  type: "limit",
  price: "1.00",
  quantity: "1",
};
export const TEXT = JSON.stringify(ORDER);

export type Flooded = {
  readonly server: RunningServer;
  readonly trader: Client;
  /** The journal's position, the book, and all of an account: what a request could have changed. */
  readonly state: () => Promise<string>;
  /** The same before the flood. */
  readonly before: string;
};

/** Starts the server before the file's tests and ends it after them. */
export function withFlooded(use: (flooded: Flooded) => void): void {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer();
    const operator = new Client(server.url, ADMIN_KEY);
    const trader = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000", VIB: "10" } });
    await trader.post("/v1/orders", { ...ORDER, market: "VIB-BRL", clientOrderId: "rests" });
    const state = () => stateOf(operator);
    use({ server, trader, state, before: await state() });
  });
  afterAll(() => server.dispose());
}

async function stateOf(operator: Client): Promise<string> {
  const { appendedSeq, appliedSeq } = (await operator.get("/v1/status")).body;
  const paths = [
    "/v1/markets",
    "/v1/markets/VIB-BRL/book",
    "/v1/assets",
    "/v1/wallets?accountId=alice",
    "/v1/orders?accountId=alice",
    "/v1/statement?accountId=alice",
  ];
  const bodies = await Promise.all(paths.map(async (path) => (await operator.get(path)).body));
  const digest = createHash("sha256").update(JSON.stringify(bodies)).digest("hex");
  return `${appendedSeq} ${appliedSeq} ${digest}`;
}

export async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** A refusal is the client's fault: 4xx. */
export function expectRefused(status: number, what: unknown): void {
  if (status >= 400 && status < 500) return;
  throw new Error(`${status} for ${JSON.stringify(what).slice(0, 300)}`);
}
