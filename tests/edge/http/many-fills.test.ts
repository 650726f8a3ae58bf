/** An order that trades with very many others: no answer grows with them, and none of its fills is lost. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const SHOWN_MAX = 1_000;
const BATCH = 50;
const MAKERS = SHOWN_MAX + BATCH;

let server: RunningServer;
let taker: Client;
const sweep = {
  market: "VIB-BRL",
  type: "limit",
  side: "buy",
  price: "100.00",
  quantity: String(MAKERS),
  clientOrderId: "sweep",
};
/** What every answer has to show, of whichever of its orders it tells. */
const latest = Array.from({ length: SHOWN_MAX }, (_, i) => MAKERS - SHOWN_MAX + 1 + i);
const tradesOf = ({ fills }: Body) => fills.map(({ tradeId }: Body) => tradeId);

beforeAll(async () => {
  server = await startServer();
  const operator = new Client(server.url, ADMIN_KEY);
  const maker = await openTrader(operator, { accountId: "maker", funds: { VIB: "10000" } });
  taker = await openTrader(operator, { accountId: "taker", funds: { BRL: "1000000.00" } });
  const order = { market: "VIB-BRL", type: "limit", side: "sell", price: "100.00", quantity: "1" };
  for (let placed = 0; placed < MAKERS; placed += BATCH) {
    const { status } = await maker.post("/v1/orders/batch", { orders: Array(BATCH).fill(order) });
    expect(status).toBe(200);
  }
}, 60_000);
afterAll(() => server.dispose());

describe("an order with more fills than an answer shows", () => {
  test("is previewed for as long as it meets no more orders than a preview looks at", async () => {
    const most = await taker.post("/v1/orders/preview", { ...sweep, quantity: String(SHOWN_MAX) });
    expect(most.body.order).toMatchObject({ status: "filled", filledQuantity: String(SHOWN_MAX) });
    expect(tradesOf(most.body)).toEqual(Array.from({ length: SHOWN_MAX }, (_, i) => i + 1));
    expect(most.body.balances[0]).toMatchObject({ asset: "VIB", total: String(SHOWN_MAX) });
    const more = await taker.post("/v1/orders/preview", { ...sweep, quantity: String(SHOWN_MAX + 1) });
    expect(more).toMatchObject({ status: 422, body: { code: "preview-too-large" } });
    expect(more.body.detail).toContain("more than 1000 resting orders");
  });

  test("is shown with the latest of them when it is placed, sent again, alone or in a batch, and read", async () => {
    const placed = await taker.post("/v1/orders", sweep);
    expect(placed.body.order).toMatchObject({ status: "filled", filledQuantity: String(MAKERS) });
    expect(tradesOf(placed.body)).toEqual(latest);
    const again = await taker.post("/v1/orders", sweep);
    expect([again.status, again.replayed]).toEqual([200, true]);
    expect(again.body).toEqual(placed.body);
    const together = await taker.post("/v1/orders/batch", { orders: [sweep, sweep] });
    expect(together.body.results.map(tradesOf)).toEqual([latest, latest]);
    const read = await taker.get("/v1/orders/by-client-id/sweep");
    expect(read.body).toEqual(placed.body);
  });

  test("has all of them in the list of its fills", async () => {
    const { body: found } = await taker.get("/v1/orders/by-client-id/sweep");
    const path = `/v1/fills?orderId=${found.order.orderId}&limit=1000`;
    const first = (await taker.get(path)).body;
    const second = (await taker.get(`${path}&cursor=${first.nextCursor}`)).body;
    const all = [...first.items, ...second.items].map(({ tradeId }: Body) => tradeId);
    expect(all).toEqual(Array.from({ length: MAKERS }, (_, i) => MAKERS - i));
  });
});
