/** Deliveries by the real server, over its life: configured late, left out for a while, refused, redriven, and files deleted. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfiguration } from "../../../src/cli/configuration.ts";
import { UsageError } from "../../../src/cli/exit-codes.ts";
import { checkWalletService } from "../../../src/cli/wallet-service.ts";
import {
  ADMIN_KEY,
  type Body,
  Client,
  openTrader,
  type RunningServer,
  startServer,
} from "../../edge/harness.ts";
import { run } from "../../process/command-line.ts";

const LOOK_MS = 20;
const PATIENCE_MS = 20_000;

type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

const directory = mkdtempSync(join(tmpdir(), "pregao-settlements-"));
const elsewhere = mkdtempSync(join(tmpdir(), "pregao-settlements-"));
const received: Received[] = [];
let status = 200;
let service: Server;
let server: RunningServer | undefined;
let operator: Client;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  service = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text) => {
      body += text;
    });
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      response.writeHead(status).end(status === 200 ? "" : "unknown user");
    });
  }).listen(0, "127.0.0.1");
  await once(service, "listening");
});
afterAll(async () => {
  await server?.stop();
  service.closeAllConnections();
  service.close();
  for (const made of [directory, elsewhere]) rmSync(made, { recursive: true, force: true });
});

const environment = () => ({
  PREGAO_WALLET_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}/wallet`,
  PREGAO_WALLET_ALLOW: "127.0.0.1",
});

async function restart(env: Record<string, string>): Promise<void> {
  if (server !== undefined) expect(await server.stop()).toBe(0);
  server = await startServer({ directory, env });
  operator = new Client(server.url, ADMIN_KEY);
  if (alice !== undefined)
    [alice, bob] = [new Client(server.url, alice.key), new Client(server.url, bob.key)];
}

async function trade(headers: Record<string, string> = {}): Promise<{ maker: Body; taker: Body }> {
  const order = { market: "VIB-BRL", type: "limit", price: "10.50", quantity: "2" };
  const maker = await bob.post("/v1/orders", { ...order, side: "sell" });
  const taker = await alice.post("/v1/orders", { ...order, side: "buy" }, headers);
  expect(taker.body.fills).toHaveLength(1);
  return { maker: maker.body.order, taker: taker.body.order };
}

const keys = () => received.map(({ headers }) => headers["idempotency-key"]);

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const patience = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > patience) throw new Error(`it has not come to that: ${keys()} ${server?.log()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A name in a path; the slash of a settlement's must not be taken for one of the path's. */
const named = (id: string) => `/v1/settlements/${encodeURIComponent(id)}`;

it("has none without a service, and says what to set", async () => {
  await restart({});
  alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "10000" } });
  bob = await openTrader(operator, { accountId: "bob", funds: { VIB: "1000" } });
  await trade();
  const { status: answered, body } = await operator.get("/v1/settlements");
  expect(answered).toBe(404);
  expect(body.detail).toContain("PREGAO_WALLET_URL");
});

it("delivers what is traded from the first configuration on, signed by a secret of its own making", async () => {
  await restart(environment());
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const { maker, taker } = await trade({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  await until(() => received.length === 1);
  const { headers, body } = received[0]!;
  const file = join(directory, "wallet.secret");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(
    new Webhook(readFileSync(file, "utf8").trim()).verify(body, headers as Record<string, string>),
  ).toEqual({
    settlementId: "VIB-BRL/2",
    operations: [
      { value: 10.5, quantity: 2, userId: "alice", operationType: "CREDIT", requestId: expect.any(String) },
      { value: 10.5, quantity: 2, userId: "bob", operationType: "DEBIT", requestId: expect.any(String) },
    ],
  });
  expect(headers.traceparent).toContain(traceId);
  await until(async () => (await operator.get(named("VIB-BRL/2"))).body.status === "delivered");
  expect((await operator.get(named("VIB-BRL/2"))).body).toMatchObject({
    settlementId: "VIB-BRL/2",
    price: "10.50",
    quantity: "2",
    buyer: { accountId: "alice", requestId: taker.requestId },
    seller: { accountId: "bob", requestId: maker.requestId },
    attempts: [{ attempt: 1, outcome: "delivered", httpStatus: 200, detail: null }],
  });
  expect((await operator.send("POST", `${named("VIB-BRL/2")}/redrive`, {})).body.code).toBe(
    "already-delivered",
  );
  for (const id of ["VIB-BRL/1", "VIB-BRL/99", "NO-BRL/1", "VIB-BRL", "VIB-BRL/x", "17"]) {
    expect((await operator.get(named(id))).status, id).toBe(404);
  }
});

it("leaves nothing out of a run without the service, and shows what was refused until it is redriven", async () => {
  await restart({});
  await trade();
  status = 422;
  await restart(environment());
  await trade();
  await until(async () => (await operator.get("/v1/settlements?status=dead")).body.items.length === 2);
  expect((await operator.get(named("VIB-BRL/3"))).body).toMatchObject({
    status: "dead",
    attempts: [{ outcome: "refused", httpStatus: 422, detail: "unknown user" }],
  });
  await until(() => server!.log().includes("refused, 422"));
  expect(server!.log()).not.toContain("unknown user");
  status = 200;
  const redriven = await operator.send("POST", `${named("VIB-BRL/4")}/redrive`, {});
  expect(redriven).toMatchObject({ status: 200, body: { status: "pending", attemptCount: 1 } });
  await until(async () => (await operator.get("/v1/settlements?status=delivered")).body.items.length === 2);
  expect((await operator.send("POST", "/v1/settlements/redrive", {})).body).toEqual({ redriven: 1 });
  await until(async () => (await operator.get("/v1/settlements?status=delivered")).body.items.length === 3);
  const page = await operator.get("/v1/settlements?limit=2");
  expect(page.body.items.map((item: Body) => item.settlementId)).toEqual(["VIB-BRL/4", "VIB-BRL/3"]);
  const next = await operator.get(`/v1/settlements?limit=2&cursor=${page.body.nextCursor}`);
  expect(next.body).toMatchObject({ items: [{ settlementId: "VIB-BRL/2" }], nextCursor: null });
  await until(async () => {
    const { body } = await operator.get("/metrics");
    return body.includes('pregao_settlements{status="dead"} 0') && body.includes('outcome="refused"} 2');
  });
});

it("sends nothing twice after the ledger was deleted, and all again after its own file was", async () => {
  expect(await server!.stop()).toBe(0);
  expect(run(["verify", directory])).toMatchObject({ status: 0 });
  received.length = 0;
  server = undefined;
  rmSync(join(directory, "ledger.sqlite"));
  await restart(environment());
  await trade();
  await until(() => received.length > 0);
  await until(async () => (await operator.get("/v1/settlements?status=delivered")).body.items.length === 4);
  expect(keys()).toEqual(["VIB-BRL/5"]);
  expect(await server!.stop()).toBe(0);
  server = undefined;
  rmSync(join(directory, "settlements.sqlite"));
  await restart(environment());
  await until(() => received.length === 5);
  expect(keys()).toEqual([5, 2, 3, 4, 5].map((number) => `VIB-BRL/${number}`));
});

it("sends nothing twice out of a backup, which has what was delivered and the secret", async () => {
  await until(async () => (await operator.get("/v1/settlements?status=pending")).body.items.length === 0);
  const copy = join(elsewhere, "backup");
  expect(run(["backup", directory, copy]).stdout).toContain("settlements: copied");
  expect(await server!.stop()).toBe(0);
  received.length = 0;
  server = await startServer({ directory: copy, env: environment() });
  operator = new Client(server.url, ADMIN_KEY);
  [alice, bob] = [new Client(server.url, alice.key), new Client(server.url, bob.key)];
  await trade();
  await until(() => received.length > 0);
  expect(keys()).toEqual(["VIB-BRL/6"]);
  const secret = readFileSync(join(copy, "wallet.secret"), "utf8").trim();
  const [{ headers, body }] = received as [Received];
  expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow();
});

it.each([
  { url: "http://127.0.0.1/", says: "set PREGAO_WALLET_ALLOW=127.0.0.1" },
  { url: "http://[::1]/", says: "set PREGAO_WALLET_ALLOW=::1" },
  { url: "http://169.254.169.254/latest", says: "set PREGAO_WALLET_ALLOW=169.254.169.254" },
  { url: "http://localhost/", says: "an address inside" },
  { url: "ftp://example.com/", says: "must be a URL that begins with http:// or https://" },
  { url: "nonsense", says: "must be a URL that begins with http:// or https://" },
  { url: "https://user:secret@example.com/", says: "must hold no user and password" },
])("does not start with the service at $url", async ({ url, says }) => {
  const fault = await faultOf({ PREGAO_WALLET_URL: url });
  expect(fault).toContain("PREGAO_WALLET_URL");
  expect(fault).toContain(says);
  expect(fault).not.toContain("secret@");
});

it.each([
  { PREGAO_WALLET_SECRET: "whsec_short" },
  { PREGAO_WALLET_TOKEN: "two words" },
  { PREGAO_WALLET_ALLOW: "inside" },
  { PREGAO_WALLET_ATTEMPTS: "0" },
  { PREGAO_WALLET_TIMEOUT_MS: "99" },
])("does not start with %o, and does not repeat a secret", async (env) => {
  const [name, value] = Object.entries(env)[0]!;
  const fault = await faultOf(env);
  expect(fault).toContain(name);
  if (/SECRET|TOKEN/.test(name)) expect(fault).not.toContain(value);
});

it("ends with the code of a wrong configuration where the service is inside", () => {
  const url = { PREGAO_WALLET_URL: "http://169.254.169.254/latest" };
  const ended = run(["serve", "--data", join(directory, "other"), "--port", "0"], url);
  expect(ended.status).toBe(2);
  expect(ended.stderr).toContain("set PREGAO_WALLET_ALLOW=169.254.169.254");
});

/** What an operator is told who starts the exchange like this. */
async function faultOf(environment: Record<string, string>): Promise<string> {
  try {
    const { walletService } = readConfiguration({}, environment);
    if (walletService !== null) await checkWalletService(walletService);
    return "none";
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
}
