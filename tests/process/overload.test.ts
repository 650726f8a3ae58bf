/**
 * An exchange that is asked for more than it can do: every order is placed or refused with when to come back,
 * what was acknowledged is in the ledger, and service goes on as before. How fast is the benchmark's question.
 */
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, HttpClient } from "../../bench/load/http-client.ts";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../edge/harness.ts";

const FLOOD_MS = 4_000;
const CONNECTIONS = 2_000;
const TRADERS = 20;
const FUNDS = { BRL: "1000000000", VIB: "1000000000" };

let server: RunningServer;
let operator: Client;
const keys: string[] = [];

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  for (let i = 0; i < TRADERS; i += 1) {
    keys.push((await openTrader(operator, { accountId: `trader-${i}`, funds: FUNDS })).key!);
  }
});
afterAll(() => server.dispose());

const orderOf = (trader: number) =>
  JSON.stringify({
    market: "VIB-BRL",
    side: trader % 2 === 0 ? "buy" : "sell",
    type: "limit",
    price: "100.00",
    quantity: "1",
  });

/** Every connection sends its next order with the answer to the last, until the time is over. */
async function flood(): Promise<readonly (Answer | undefined)[]> {
  const client = new HttpClient(server.url, CONNECTIONS);
  const answers: (Answer | undefined)[] = [];
  const endsAt = performance.now() + FLOOD_MS;
  const one = (connection: number) =>
    new Promise<void>((resolve) => {
      const trader = connection % TRADERS;
      const request = {
        method: "POST",
        path: "/v1/orders",
        authorization: `Bearer ${keys[trader]}`,
        body: orderOf(trader),
      };
      const send = () =>
        client.send(request, (answer) => {
          answers.push(answer);
          if (answer === undefined || performance.now() > endsAt) resolve();
          else setImmediate(send);
        });
      send();
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, connection) => one(connection)));
  client.close();
  return answers;
}

test("while flooded it places or refuses, and nothing that it said is untrue", async () => {
  const answers = await flood();
  const acknowledged: number[] = [];
  for (const answer of answers) {
    expect(answer).toBeDefined();
    const { status, body, saysWhen } = answer!;
    if (status === 201) acknowledged.push(JSON.parse(body).order.orderId);
    else expect([status, JSON.parse(body).code, saysWhen]).toEqual([503, "overloaded", true]);
  }
  expect(acknowledged.length).toBeGreaterThan(CONNECTIONS);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);

  const trader = new Client(server.url, keys[0]);
  const placed = await trader.send("POST", "/v1/orders", { body: orderOf(0) });
  expect(placed.status).toBe(201);
  expect((await trader.get(`/v1/orders/${placed.body.order.orderId}`)).status).toBe(200);

  expect(await server.stop()).toBe(0);
  const ledger = new Database(join(server.directory, "ledger.sqlite"), { readonly: true });
  const find = ledger.prepare("SELECT 1 FROM orders WHERE order_id = ?").pluck();
  expect(acknowledged.filter((order) => find.get(order) === undefined)).toEqual([]);
  const sums = ledger.prepare("SELECT sum(amount) FROM entries GROUP BY asset").pluck().all();
  expect(sums).toEqual([0, 0]);
  ledger.close();
});
