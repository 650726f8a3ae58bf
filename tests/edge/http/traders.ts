/** A server with two traders who have plenty of both kinds of money, for the tests that trade. */
import { afterAll, beforeAll, expect } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

export const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "100.99", quantity: "10" };

const FUNDS = { BRL: "1000000.00", VIB: "10000" };

export type Traders = {
  readonly server: RunningServer;
  readonly operator: Client;
  readonly alice: Client;
  readonly bob: Client;
};

/** Starts the server before the file's tests and ends it after them. */
export function withTraders(use: (traders: Traders) => void): void {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer();
    const operator = new Client(server.url, ADMIN_KEY);
    const alice = await openTrader(operator, { accountId: "alice", funds: FUNDS });
    const bob = await openTrader(operator, { accountId: "bob", funds: FUNDS });
    use({ server, operator, alice, bob });
  });
  afterAll(() => server.dispose());
}

/** Lists a market that no other test trades in, and gives its name. */
export async function newMarket(operator: Client, base: string, terms: object = {}): Promise<string> {
  await operator.post("/v1/assets", { asset: base, scale: 0 });
  const market = `${base}-BRL`;
  const listed = { market, base, quote: "BRL", tickSize: "0.01", lotSize: "1", ...terms };
  expect((await operator.post("/v1/markets", listed)).status).toBe(201);
  for (const accountId of ["alice", "bob"]) {
    const deposit = { accountId, asset: base, amount: "1000", reference: `seed-${base}` };
    expect((await operator.post("/v1/deposits", deposit)).status).toBe(201);
  }
  return market;
}
