/** A trace shows what the operator's own wallet service was told of its trades, attempt by attempt. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { traceSchema } from "../../../src/edge/http/trace-schemas.ts";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const PATIENCE_MS = 20_000;
const LOOK_MS = 50;

/** What the service has been told, by its idempotency key; it answers the first attempt with a failure. */
const told: { readonly key: unknown; readonly traceparent: unknown }[] = [];
let service: Server;
let server: RunningServer;
let operator: Client;

beforeAll(async () => {
  service = createServer((request, response) => {
    told.push({ key: request.headers["idempotency-key"], traceparent: request.headers.traceparent });
    request.resume().on("end", () => response.writeHead(told.length === 1 ? 503 : 200).end());
  }).listen(0, "127.0.0.1");
  await once(service, "listening");
  const { port } = service.address() as AddressInfo;
  const env = { PREGAO_WALLET_URL: `http://127.0.0.1:${port}/wallet`, PREGAO_WALLET_ALLOW: "127.0.0.1" };
  server = await startServer({ env });
  operator = new Client(server.url, ADMIN_KEY);
});

afterAll(async () => {
  await server.dispose();
  service.closeAllConnections();
  service.close();
});

async function delivered(): Promise<Body> {
  for (const patience = Date.now() + PATIENCE_MS; Date.now() < patience; ) {
    const { body } = await operator.get(`/v1/trace/${TRACE_ID}`);
    if (body.commands[0].settlements[0]?.status === "delivered") return body;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`it was not delivered in time: ${JSON.stringify(told)} ${server.log()}`);
}

it("leads from a client's trace id to the delivery of its trade, with the attempt that failed", async () => {
  const alice = await openTrader(operator, { accountId: "alice", funds: { VIB: "100" } });
  const bob = await openTrader(operator, { accountId: "bob", funds: { BRL: "1000.00" } });
  const order = { market: "VIB-BRL", type: "limit", price: "10.50", quantity: "2" };
  const maker = await alice.post("/v1/orders", { ...order, side: "sell" });
  const traceparent = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
  const taker = await bob.post("/v1/orders", { ...order, side: "buy" }, { traceparent });
  const trace = await delivered();
  expect(traceSchema.parse(trace)).toEqual(trace);
  expect(trace.deliveries).toBe("configured");
  const [{ settlements }] = trace.commands;
  expect(settlements).toMatchObject([
    {
      settlementId: "VIB-BRL/1",
      buyer: { accountId: "bob", requestId: taker.body.order.requestId },
      seller: { accountId: "alice", requestId: maker.body.order.requestId },
      attempts: [
        { attempt: 1, outcome: "failed", httpStatus: 503 },
        { attempt: 2, outcome: "delivered", httpStatus: 200 },
      ],
    },
  ]);
  expect(told.map(({ key }) => key)).toEqual(["VIB-BRL/1", "VIB-BRL/1"]);
  expect(told[0]!.traceparent).toContain(TRACE_ID);
  const shown = await operator.get("/v1/settlements/VIB-BRL%2F1");
  expect(shown.body).toEqual(settlements[0]);
});
