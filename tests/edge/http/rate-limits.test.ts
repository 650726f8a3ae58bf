/** What a client meets that asks too often: 429 with what is left and when to come back, and nobody else meets it. */
import { createConnection } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, Client, openTrader, type Received, type RunningServer, startServer } from "../harness.ts";

/** So slow to come back that a slow machine changes nothing: the next request is a second away. */
const ONE_A_SECOND = { PREGAO_RATE_LIMIT: "1" };
const WRONG_KEYS = 20;
const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "1.00", quantity: "1" };

/** Sends so many at once and gives all answers. */
function burst(count: number, send: (index: number) => Promise<Received>): Promise<Received[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => send(index)));
}

function statuses(answers: readonly Received[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function expectRefused(answer: Received, name: string): void {
  expect(answer).toMatchObject({
    status: 429,
    seq: null,
    body: { type: "/problems/rate-limited", code: "rate-limited", status: 429 },
  });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(answer.headers.get("ratelimit")).toMatch(new RegExp(`^"${name}";r=0;t=[1-9]\\d*$`));
  expect(answer.headers.get("ratelimit-policy")).toMatch(new RegExp(`^"${name}";q=\\d+;w=\\d+$`));
}

test("a preview counts as one request, and one more for every ten orders that it looks at", async () => {
  const server = await startServer({ env: { PREGAO_RATE_LIMIT: "20" } });
  try {
    const operator = new Client(server.url, ADMIN_KEY);
    const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000" } });
    await openTrader(operator, { accountId: "bob", funds: { VIB: "1000" } });
    const sell = { ...ORDER, accountId: "bob", side: "sell" };
    expect((await operator.post("/v1/orders/batch", { orders: Array(35).fill(sell) })).status).toBe(200);
    const small = await alice.post("/v1/orders/preview", { ...ORDER, quantity: "35" });
    expect(small.body.order).toMatchObject({ status: "filled" });
    expect(small.headers.get("ratelimit")).toBe('"key";r=16;t=1');
    await operator.post("/v1/orders/batch", { orders: Array(50).fill(sell) });
    await burst(3, () => alice.post("/v1/orders/preview", { ...ORDER, quantity: "85" }));
    expectRefused(await alice.get("/v1/wallets"), "key");
  } finally {
    await server.dispose();
  }
});

describe("a limit of one request a second", () => {
  let server: RunningServer;
  let operator: Client;
  let alice: Client;
  let bob: Client;

  beforeAll(async () => {
    server = await startServer({ env: ONE_A_SECOND });
    operator = new Client(server.url, ADMIN_KEY);
    alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000" } });
    bob = await openTrader(operator, { accountId: "bob", funds: { BRL: "1000" } });
  });
  afterAll(() => server.dispose());

  test("is each key's own, and a request beyond it decides nothing", async () => {
    const reached = (await operator.get("/v1/status")).body.appliedSeq;
    const answers = await burst(10, () => alice.post("/v1/orders", ORDER));
    const taken = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 429);
    expect(taken.length + refused.length).toBe(10);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expectRefused(answer, "key");
    expect(taken[0]!.headers.get("ratelimit-policy")).toBe('"key";q=1;w=1');
    expect(taken[0]!.headers.get("ratelimit")).toBe('"key";r=0;t=1');
    expect((await bob.get("/v1/wallets")).status).toBe(200);
    expect((await operator.get("/v1/status")).body.appliedSeq).toBe(reached + taken.length);
  });

  test("is over when Retry-After says so", async () => {
    const answers = await burst(10, () => alice.get("/v1/wallets"));
    const refused = answers.find(({ status }) => status === 429)!;
    await new Promise((resolve) =>
      setTimeout(resolve, Number(refused.headers.get("retry-after")) * 1000 + 50),
    );
    expect((await alice.get("/v1/wallets")).status).toBe(200);
  });

  test("is none for the operator, nor for probes", async () => {
    expect(statuses(await burst(50, () => operator.get("/v1/accounts/alice")))).toEqual({ 200: 50 });
    const nobody = new Client(server.url);
    for (const path of ["/health/live", "/health/ready", "/metrics"]) {
      expect(statuses(await burst(10, () => nobody.get(path)))).toEqual({ 200: 10 });
    }
  });

  test.each([
    ["GET", "/v1/markets", 200],
    ["GET", "/v1/wallets", 401],
    ["GET", "/v1/nothing", 404],
    ["PUT", "/v1/markets", 405],
    ["GET", "/openapi.json", 200],
  ])("counts what shows no key by address: %s %s", async (method, path, usual) => {
    const answers = await burst(10, () => new Client(server.url).send(method, path, {}));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expectRefused(answer, "address");
    expect(answers.filter(({ status }) => status !== 429 && status !== usual)).toEqual([]);
  });

  test("leaves an address that has used up its share to those with a key", async () => {
    await burst(10, () => new Client(server.url).get("/v1/markets"));
    const carol = await openTrader(operator, { accountId: "carol" });
    expect((await carol.get("/v1/wallets")).status).toBe(200);
  });
});

describe("wrong keys", () => {
  let server: RunningServer;
  let operator: Client;
  let alice: Client;

  beforeAll(async () => {
    server = await startServer({ env: { PREGAO_RATE_LIMIT: "1000" } });
    operator = new Client(server.url, ADMIN_KEY);
    alice = await openTrader(operator, { accountId: "alice" });
  });
  afterAll(() => server.dispose());

  test("are refused unseen after some, the operator's key among them, and accounts trade on", async () => {
    const guess = (index: number) =>
      new Client(server.url, `operator-key-${1_000_000 + index}`).get("/v1/status");
    const answers = await burst(WRONG_KEYS * 3, guess);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(WRONG_KEYS);
    for (const answer of refused) expectRefused(answer, "wrong-keys");
    const told = answers.filter(({ status }) => status !== 429);
    expect(told.length).toBeGreaterThanOrEqual(WRONG_KEYS);
    expect(statuses(told)).toEqual({ 401: told.length });
    // Whether it is right is not found out from there now.
    expect(statuses(await burst(3, () => operator.get("/v1/status")))[429]).toBeGreaterThan(0);
    expect(statuses(await burst(20, () => alice.get("/v1/wallets")))).toEqual({ 200: 20 });
  });
});

describe("behind a proxy", () => {
  let server: RunningServer;
  const from = (address: string) => ({ "x-forwarded-for": address });
  afterAll(() => server.dispose());

  test("an address is the client's if the proxy is trusted", async () => {
    server = await startServer({ env: { ...ONE_A_SECOND, PREGAO_TRUSTED_PROXIES: "127.0.0.1,10.0.0.0/8" } });
    const nobody = new Client(server.url);
    const same = await burst(5, () => nobody.get("/v1/markets", from("203.0.113.1")));
    expect(statuses(same)[429]).toBeGreaterThan(0);
    const others = await burst(5, (i) =>
      nobody.get("/v1/markets", from(`6.6.6.6, 203.0.113.${10 + i}, 10.0.0.9`)),
    );
    expect(statuses(others)).toEqual({ 200: 5 });
    const network = await burst(5, (i) => nobody.get("/v1/markets", from(`2001:db8:1:2::${i}`)));
    expect(statuses(network)[429]).toBeGreaterThan(0);
  });

  test("and never chosen by the client otherwise", async () => {
    const open = await startServer({ env: ONE_A_SECOND });
    const answers = await burst(5, (i) => new Client(open.url).get("/v1/markets", from(`203.0.113.${i}`)));
    expect(statuses(answers)[429]).toBeGreaterThan(0);
    await open.dispose();
  });
});

describe("connections", () => {
  test("of one address are bounded, and there is room again when one has closed", async () => {
    const server = await startServer({ env: { PREGAO_CONNECTIONS_PER_ADDRESS: "3" } });
    const { hostname, port } = new URL(server.url);
    const open = () => createConnection({ host: hostname, port: Number(port) });
    const answered = (socket: ReturnType<typeof open>) =>
      new Promise<string>((resolve) => {
        socket.once("data", (bytes) => resolve(String(bytes).slice(0, 12)));
        socket.once("close", () => resolve("closed"));
        socket.on("error", () => resolve("closed"));
        socket.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
      });
    const first = [open(), open(), open()];
    expect(await Promise.all(first.map(answered))).toEqual(Array(3).fill("HTTP/1.1 200"));
    expect(await answered(open())).toBe("closed");
    first[0]!.destroy();
    // The server hears of the end a moment later.
    await expect.poll(() => answered(open()), { timeout: 5_000 }).toBe("HTTP/1.1 200");
    for (const socket of first) socket.destroy();
    await server.dispose();
  });
});

test.each([
  { env: { PREGAO_HOST: "0.0.0.0" }, why: "that others can reach" },
  { env: { PREGAO_TRUSTED_PROXIES: "127.0.0.1" }, why: "to which a proxy brings others" },
])("an exchange $why limits each key to 500 a second unless it is told otherwise", async ({ env }) => {
  const server = await startServer({ env });
  const alice = await openTrader(new Client(server.url, ADMIN_KEY), { accountId: "alice" });
  const { status, headers } = await alice.get("/v1/wallets");
  expect([status, headers.get("ratelimit-policy")]).toEqual([200, '"key";q=500;w=1']);
  expect(headers.get("ratelimit")).toMatch(/^"key";r=499;t=1$/);
  await server.dispose();
});

test("an exchange on loopback limits nobody unless it is told to", async () => {
  const server = await startServer();
  const answers = await burst(200, () => new Client(server.url, "pk_wrong_key").get("/v1/wallets"));
  expect(statuses(answers)).toEqual({ 401: 200 });
  expect(answers[0]!.headers.get("ratelimit")).toBeNull();
  await server.dispose();
});
