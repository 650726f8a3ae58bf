/** Questions about the past while orders flow, and after the server was killed: what was shown then is shown again. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { xorshift } from "../../bench/load/flow.ts";
import {
  ADMIN_KEY,
  type Body,
  Client,
  openTrader,
  type RunningServer,
  startServer,
} from "../edge/harness.ts";
import { newMarket } from "../edge/http/traders.ts";

/** Orders of the trader whose market is looked at, each of which changes its book. */
const ORDERS = 100;
const FUNDS = { BRL: "1000000.00", VIB: "100000" };
const BOOK = "/v1/markets/VIB-BRL/book";

/** What the book and alice's wallets were at a sequence. */
type Shown = { readonly seq: number; readonly book: Body; readonly wallets: Body };

let server: RunningServer;
let operator: Client;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  alice = await openTrader(operator, { accountId: "alice", funds: FUNDS });
  bob = await openTrader(operator, { accountId: "bob", funds: FUNDS });
});
afterAll(() => server.dispose());

/** Alice alone trades in her market, so what she reads after an order is what it was at the order's sequence. */
async function tradeAlone(shown: Shown[]): Promise<void> {
  const random = xorshift(11);
  for (let order = 0; order < ORDERS; order += 1) {
    const side = random() < 0.5 ? "buy" : "sell";
    const price = `10.${String(Math.floor(random() * 20)).padStart(2, "0")}`;
    const body = { market: "VIB-BRL", type: "limit", side, price, quantity: "2" };
    const { seq, status } = await alice.post("/v1/orders", body);
    expect(status).toBe(201);
    const [book, wallets] = await Promise.all([alice.get(BOOK), alice.get("/v1/wallets")]);
    shown.push({ seq: seq!, book: book.body, wallets: wallets.body });
  }
}

/** Orders in another market, for as long as it is said. */
async function makeLoad(market: string, isOver: () => boolean): Promise<number> {
  let placed = 0;
  const order = { market, type: "limit", side: "buy", price: "1.00", quantity: "1" };
  while (!isOver()) {
    const { status, body } = await bob.post("/v1/orders", order);
    expect(status).toBe(201);
    expect((await bob.delete(`/v1/orders/${body.order.orderId}`)).status).toBe(200);
    placed += 1;
  }
  return placed;
}

async function expectThen({ seq, book, wallets }: Shown): Promise<void> {
  const asOf = { seq, at: expect.any(String) };
  const [bookThen, walletsThen] = await Promise.all([
    alice.get(`${BOOK}?asOf=${seq}`),
    alice.get(`/v1/wallets?asOf=${seq}`),
  ]);
  // Another's command may have come between the order and the read of its book.
  expect(bookThen.body).toEqual({ ...book, seq, asOf });
  expect(walletsThen.body).toEqual({ ...wallets, asOf });
}

test("the past is answered while orders flow, and again after the server was killed", async () => {
  const market = await newMarket(operator, "NOISE");
  const shown: Shown[] = [];
  let isOver = false;
  const trading = tradeAlone(shown).finally(() => {
    isOver = true;
  });
  const loading = [1, 2, 3].map(() => makeLoad(market, () => isOver));
  const random = xorshift(12);
  let travelled = 0;
  while (!isOver) {
    const then = shown[Math.floor(random() * shown.length)];
    if (then === undefined) await alice.get(BOOK);
    else await expectThen(then);
    travelled += 1;
  }
  await trading;
  for (const placed of await Promise.all(loading)) expect(placed).toBeGreaterThan(0);
  expect(travelled).toBeGreaterThan(0);

  server.process.kill("SIGKILL");
  await new Promise((resolve) => server.process.once("exit", resolve));
  const { directory } = server;
  server = await startServer({ directory });
  alice = new Client(server.url, alice.key);
  for (let place = 0; place < shown.length; place += 10) await expectThen(shown[place]!);
  for (const then of [shown.at(-1)!, shown[0]!]) await expectThen(then);
});
