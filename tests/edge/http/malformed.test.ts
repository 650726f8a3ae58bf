/** Bodies and queries that a client may get wrong: refused by name, changing nothing, and never a fault of ours. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

let server: RunningServer;
let operator: Client;
let trader: Client;
let reached: number;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  trader = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000", VIB: "10" } });
  reached = (await operator.get("/v1/status")).body.appliedSeq;
});
afterAll(async () => {
  await server.dispose();
});

const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "1.00", quantity: "1" };
const MONEY = { asset: "BRL", amount: "1", reference: "r" };

/** Every case must leave the journal where it was. */
async function nothingHappened(): Promise<void> {
  expect((await operator.get("/v1/status")).body.appliedSeq).toBe(reached);
}

type Case = {
  readonly body: unknown;
  readonly path: string;
  readonly code?: string;
};

const orderCases: Case[] = [
  // Amounts.
  ...[100.99, 1, 0, -1, true, {}, ["1"]].map((price) => ({ body: { ...ORDER, price }, path: "price" })),
  ...["", " 1", "1 ", "+1", "-1", "1.", ".5", "01", "00", "1e3", "1E3", "0x10", "1,000", "1_000"].map(
    (price) => ({
      body: { ...ORDER, price },
      path: "price",
    }),
  ),
  ...["NaN", "Infinity", "１", "1.0.0", "1\u0000", "\ud800", "1".repeat(33), "9".repeat(5000)].map(
    (quantity) => ({
      body: { ...ORDER, quantity },
      path: "quantity",
    }),
  ),
  ...["0", "0.0", "0.000000"].map((quantity) => ({ body: { ...ORDER, quantity }, path: "quantity" })),
  { body: { ...ORDER, quantity: 10 }, path: "quantity" },
  { body: { ...ORDER, price: null }, path: "price" },
  { body: { ...ORDER, quantity: null }, path: "quantity" },
  // What goes together and what does not.
  { body: { ...ORDER, price: undefined }, path: "price" },
  { body: { ...ORDER, quantity: undefined }, path: "quantity" },
  { body: { ...ORDER, quoteQuantity: "10" }, path: "quoteQuantity" },
  { body: { ...ORDER, type: "market" }, path: "price" },
  { body: { ...ORDER, type: "market", price: null, quantity: null }, path: "quantity" },
  { body: { ...ORDER, type: "market", price: null, quoteQuantity: "5" }, path: "quoteQuantity" },
  {
    body: { ...ORDER, type: "market", side: "sell", price: null, quantity: null, quoteQuantity: "5" },
    path: "quoteQuantity",
  },
  {
    body: { ...ORDER, type: "market", price: null, quantity: null, quoteQuantity: "5", timeInForce: "fok" },
    path: "timeInForce",
  },
  {
    body: { ...ORDER, type: "market", price: null, quantity: null, quoteQuantity: "5.001" },
    path: "quoteQuantity",
  },
  { body: { ...ORDER, type: "market", price: null, timeInForce: "gtc" }, path: "timeInForce" },
  { body: { ...ORDER, type: "market", price: null, timeInForce: "gtd" }, path: "timeInForce" },
  { body: { ...ORDER, type: "market", price: null, postOnly: true }, path: "postOnly" },
  { body: { ...ORDER, timeInForce: "ioc", postOnly: true }, path: "postOnly" },
  { body: { ...ORDER, timeInForce: "fok", postOnly: true }, path: "postOnly" },
  { body: { ...ORDER, timeInForce: "gtd" }, path: "expiresAt" },
  { body: { ...ORDER, expiresAt: "2100-01-01T00:00:00Z" }, path: "expiresAt" },
  // Times.
  ...[
    "2100-02-30T00:00:00Z",
    "2100-01-01",
    "2100-01-01T00:00:00",
    "2100-01-01T00:00:00+00:00",
    "2100-01-01T24:00:00Z",
    "2100-01-01T00:60:00Z",
    "2100-01-01T00:00:60Z",
    "2100-01-01T00:00:00.1234Z",
    "2100-13-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "+2100-01-01T00:00:00Z",
    "tomorrow",
    "",
    "4102444800000",
    4102444800000,
  ].map((expiresAt) => ({ body: { ...ORDER, timeInForce: "gtd", expiresAt }, path: "expiresAt" })),
  // Words.
  ...["Buy", "BUY", "", null, 1, "bid"].map((side) => ({ body: { ...ORDER, side }, path: "side" })),
  ...["stop-market", "iceberg", "LIMIT", null, 7].map((type) => ({
    body: { ...ORDER, type },
    path: "type",
  })),
  ...["GTC", "day", "", 0].map((timeInForce) => ({ body: { ...ORDER, timeInForce }, path: "timeInForce" })),
  ...["true", 1, 0, "yes"].map((postOnly) => ({ body: { ...ORDER, postOnly }, path: "postOnly" })),
  ...["cancel-newest", "none", ""].map((selfTradePrevention) => ({
    body: { ...ORDER, selfTradePrevention },
    path: "selfTradePrevention",
  })),
  ...["", " ", "a b", "é", "x".repeat(65), "a\n", "a\u0000", 1, {}, "\ud83d"].map((clientOrderId) => ({
    body: { ...ORDER, clientOrderId },
    path: "clientOrderId",
  })),
  ...["", 1, {}, [], "x".repeat(65)].map((market) => ({ body: { ...ORDER, market }, path: "market" })),
  { body: { ...ORDER, market: undefined }, path: "market" },
  { body: { ...ORDER, side: undefined }, path: "side" },
  { body: { ...ORDER, type: undefined }, path: "type" },
  ...["vib-brl", "VIB", "VIB-BRL ", "constructor", "__proto__", "toString"].map((market) => ({
    body: { ...ORDER, market },
    path: "",
    code: "unknown-market",
  })),
  // Fields that there are not.
  ...["postonly", "Price", "id", "constructor", "toString", "priceBand", "\ud800", ""].map((field) => ({
    body: { ...ORDER, [field]: "1" },
    path: field,
  })),
];

/** Texts that JSON.stringify would never make. */
const textCases: { text: string | Buffer; path?: string; status?: number }[] = [
  { text: "" },
  { text: " " },
  { text: "{" },
  { text: "}" },
  { text: "nonsense" },
  { text: "null" },
  { text: "true" },
  { text: "1" },
  { text: '"text"' },
  { text: "[]" },
  { text: `[${JSON.stringify(ORDER)}]` },
  { text: `${JSON.stringify(ORDER)}${JSON.stringify(ORDER)}` },
  { text: JSON.stringify(ORDER).replace("}", ",}") },
  { text: JSON.stringify(ORDER).replaceAll('"', "'") },
  { text: `${JSON.stringify(ORDER)}//` },
  { text: `\ufeff${JSON.stringify(ORDER)}` },
  { text: '{"price":NaN}' },
  { text: JSON.stringify(ORDER).replace('"1.00"', "1e999"), path: "price" },
  { text: '{"a":"\u0000"}' },
  { text: '{"a":"\\x"}' },
  { text: JSON.stringify(ORDER).replace("{", '{"a":"\\ud800",'), path: "a" },
  { text: "[".repeat(100) },
  { text: "[".repeat(30_000) + "]".repeat(30_000) },
  { text: `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}` },
  { text: `{${Array.from({ length: 4000 }, (_, index) => `"k${index}":1`).join(",")}}` },
  { text: JSON.stringify(ORDER).replace("{", '{"price":"2.00",'), path: "price" },
  { text: JSON.stringify(ORDER).replace("{", '{"\\u0070rice":"2.00",'), path: "price" },
  { text: JSON.stringify(ORDER).replace("{", '{"x":{"y":[{"z":1,"z":2}]},'), path: "x.y[0].z" },
  { text: JSON.stringify(ORDER).replace("{", '{"__proto__":{"price":"1"},'), path: "__proto__" },
  { text: JSON.stringify(ORDER).replace("{", '{"__proto__":null,"__proto__":null,'), path: "__proto__" },
  { text: JSON.stringify(ORDER).replace("{", '{"constructor":{"prototype":{}},'), path: "constructor" },
  { text: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), status: 415 },
  { text: Buffer.from([0xc0, 0xaf]), status: 415 },
  { text: Buffer.from(JSON.stringify(ORDER), "utf16le") },
];

const moneyCases: { route: string; body: object; path: string }[] = [
  ...[1, "1.001", "0", "-1", "", null].map((amount) => ({
    route: "/v1/withdrawals",
    body: { ...MONEY, amount },
    path: "amount",
  })),
  ...["", "a b", "x".repeat(65), null, 1].map((reference) => ({
    route: "/v1/withdrawals",
    body: { ...MONEY, reference },
    path: "reference",
  })),
  { route: "/v1/withdrawals", body: { ...MONEY, reference: undefined }, path: "reference" },
  { route: "/v1/withdrawals", body: { ...MONEY, to: "x" }, path: "to" },
  { route: "/v1/transfers", body: MONEY, path: "toAccountId" },
  { route: "/v1/transfers", body: { ...MONEY, toAccountId: "alice" }, path: "toAccountId" },
  { route: "/v1/transfers", body: { ...MONEY, toAccountId: 1 }, path: "toAccountId" },
];

const operatorCases: { method: string; route: string; body: object; path: string }[] = [
  ...["", "a b", "a/b", "é", "x".repeat(65), 1].map((accountId) => ({
    method: "POST",
    route: "/v1/accounts",
    body: { accountId },
    path: "accountId",
  })),
  ...["", "a\u0000", "a\nb", "\ud800", "x".repeat(65), 1].map((name) => ({
    method: "POST",
    route: "/v1/accounts",
    body: { name },
    path: "name",
  })),
  { method: "POST", route: "/v1/deposits", body: MONEY, path: "accountId" },
  { method: "PATCH", route: "/v1/accounts/alice", body: {}, path: "status" },
  { method: "PATCH", route: "/v1/accounts/alice", body: { status: "frozen" }, path: "status" },
  { method: "POST", route: "/v1/accounts/alice/keys", body: { scopes: ["read"] }, path: "name" },
  { method: "POST", route: "/v1/accounts/alice/keys", body: { name: "n" }, path: "scopes" },
  { method: "POST", route: "/v1/accounts/alice/keys", body: { name: "n", scopes: [1] }, path: "scopes[0]" },
  {
    method: "POST",
    route: "/v1/accounts/alice/keys",
    body: { name: "n", scopes: ["admin"] },
    path: "scopes[0]",
  },
  ...["", "usd", "TOOLONGNAME", "US D", 1].map((asset) => ({
    method: "POST",
    route: "/v1/assets",
    body: { asset, scale: 2 },
    path: "asset",
  })),
  ...[-1, 13, 1.5, "2", null].map((scale) => ({
    method: "POST",
    route: "/v1/assets",
    body: { asset: "USD", scale },
    path: "scale",
  })),
];

const queryCases: { route: string; path: string }[] = [
  ...["0", "-1", "1001", "1.5", "abc", "", "1e2", "%20", "00", "9".repeat(30)].map((limit) => ({
    route: `/v1/orders?limit=${limit}`,
    path: "limit",
  })),
  ...["", "x", "MQ", "Yw", "YzE=", "%00", "Y2Fi", "x".repeat(200)].map((cursor) => ({
    route: `/v1/fills?cursor=${cursor}`,
    path: "cursor",
  })),
  ...["0", "1001", "-5", "x"].map((depth) => ({
    route: `/v1/markets/VIB-BRL/book?depth=${depth}`,
    path: "depth",
  })),
  ...["yesterday", "2100-01-01", "0", ""].map((from) => ({
    route: `/v1/statement?from=${from}`,
    path: "from",
  })),
  { route: "/v1/statement?to=2100-02-30T00:00:00Z", path: "to" },
  { route: "/v1/orders?status=pending", path: "status" },
  { route: "/v1/orders?side=up", path: "side" },
  { route: "/v1/orders?sort=asc", path: "sort" },
  { route: "/v1/orders?limit=1&limit=2", path: "limit" },
  { route: "/v1/orders?market=VIB-BRL&market=VIB-BRL", path: "market" },
  { route: "/v1/orders?__proto__=1", path: "__proto__" },
  { route: "/v1/orders?constructor=1", path: "constructor" },
  { route: "/v1/orders?accountId[]=bob", path: "accountId[]" },
  { route: "/v1/wallets?asset=BRL", path: "asset" },
  { route: "/v1/markets?limit=1", path: "limit" },
  { route: "/v1/markets/VIB-BRL?x", path: "x" },
  { route: "/health/live?verbose=1", path: "verbose" },
];

describe("a malformed body", () => {
  it.each(orderCases)(
    "of an order is refused: $path in $body",
    async ({ body, path, code = "invalid-request" }) => {
      const answer = await trader.post("/v1/orders", body);
      expect({ code: answer.body.code, seq: answer.seq }).toEqual({ code, seq: null });
      expect(answer.body.status).toBe(answer.status);
      if (code === "invalid-request") {
        expect(answer.status).toBe(400);
        expect(answer.body.errors).toEqual([{ path, message: expect.stringMatching(/./) }]);
      }
      await nothingHappened();
    },
  );

  it.each(textCases)("is refused as text: $text", async ({ text, path, status = 400 }) => {
    const answer = await trader.send("POST", "/v1/orders", { body: text });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body.code).toBe(status === 400 ? "invalid-request" : "unsupported-media-type");
    if (path !== undefined) expect(answer.body.errors[0].path).toBe(path);
    await nothingHappened();
  });

  it.each(moneyCases)("of $route is refused: $path in $body", async ({ route, body, path }) => {
    const answer = await trader.post(route, body);
    expect(answer).toMatchObject({ status: 400, seq: null, body: { errors: [{ path }] } });
    await nothingHappened();
  });

  it.each(operatorCases)(
    "of $method $route is refused: $path in $body",
    async ({ method, route, body, path }) => {
      const answer = await operator.send(method, route, { body: JSON.stringify(body) });
      expect(answer).toMatchObject({ status: 400, seq: null, body: { errors: [{ path }] } });
      await nothingHappened();
    },
  );

  it("is explained in the client's words", async () => {
    const number = await trader.post("/v1/orders", { ...ORDER, price: 100.99 });
    expect(number.body.detail).toMatch(
      /^price must be a decimal string such as "100\.99".*, not a JSON number\.$/,
    );
    const unknown = await trader.post("/v1/orders", { ...ORDER, postonly: true });
    expect(unknown.body.errors).toEqual([{ path: "postonly", message: "is not a known field" }]);
    const side = await trader.post("/v1/orders", { ...ORDER, side: "bid" });
    expect(side.body.errors).toEqual([{ path: "side", message: "must be one of buy, sell" }]);
    const repeated = await trader.get("/v1/orders?limit=1&limit=2");
    expect(repeated.body.errors).toEqual([{ path: "limit", message: "may be given only once" }]);
    const missing = await trader.post("/v1/orders", { ...ORDER, price: undefined });
    expect(missing.body.errors).toEqual([{ path: "price", message: "is required for a limit order" }]);
    const array = await trader.post("/v1/orders", []);
    expect(array.body.detail).toBe("The request body must be a JSON object, not an array.");
    const empty = await trader.send("POST", "/v1/orders", {});
    expect(empty.body.detail).toBe("The request needs a body that is a JSON object.");
  });
});

describe("a malformed query", () => {
  it.each(queryCases)("$route is refused at $path", async ({ route, path }) => {
    const answer = await trader.get(route);
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid-request", errors: [{ path }] } });
    await nothingHappened();
  });

  it.each(["/v1/orders", "/v1/withdrawals", "/v1/accounts"])("is refused at POST %s", async (route) => {
    expect((await operator.post(`${route}?dryRun=1`, {})).status).toBe(400);
    await nothingHappened();
  });
});
