/**
 * Who may do what: every call against every role. The table must have every route that the server has, so a
 * new one fails here until somebody has said who may use it, and what it tells about another's account.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";
import { startEdge } from "./stand-in.ts";

const SCOPES = ["read", "trade", "withdraw", "transfer"] as const;
type Access = "public" | "admin" | (typeof SCOPES)[number];

/** What bob, who has every scope, tries on Alice's account, and the status that he meets. */
type Try = { readonly path: string; readonly body?: object; readonly status: number };

type Row = {
  readonly access: Access;
  /** As the server has it; GET stands for HEAD, too. */
  readonly route: string;
  /** One that there is, where the route has parameters. */
  readonly path?: string;
  /** For every route that is about an account. */
  readonly foreign?: readonly Try[];
};

const MARKET = "VIB-BRL";
const HERS = { accountId: "alice" };
const ORDER = { market: MARKET, side: "buy", type: "limit", price: "1.00", quantity: "1" };
const MONEY = { asset: "BRL", amount: "1.00", reference: "r" };
/** Where the number of Alice's order comes. */
const ITS = "{order}";

const at = (path: string, status: number, body?: object): Try =>
  body === undefined ? { path, status } : { path, status, body };
/** Reads and DELETEs name an account in the query. */
const asked = (path: string) => at(`${path}?accountId=alice`, 403);

const ROWS: readonly Row[] = [
  {
    access: "trade",
    route: "POST /v1/orders",
    foreign: [at("/v1/orders", 403, { ...ORDER, ...HERS })],
  },
  {
    access: "trade",
    route: "POST /v1/orders/batch",
    // A batch is answered as a whole; the refusal is its item's.
    foreign: [at("/v1/orders/batch", 200, { orders: [{ ...ORDER, ...HERS }] })],
  },
  {
    access: "trade",
    route: "POST /v1/orders/cancel-after",
    foreign: [at("/v1/orders/cancel-after", 403, { seconds: 1, ...HERS })],
  },
  {
    access: "read",
    route: "POST /v1/orders/preview",
    foreign: [at("/v1/orders/preview", 403, { ...ORDER, ...HERS })],
  },
  {
    access: "trade",
    route: "PATCH /v1/orders/:id",
    path: "/v1/orders/1",
    foreign: [
      at(`/v1/orders/${ITS}`, 404, { quantity: "1" }),
      at(`/v1/orders/${ITS}`, 403, { quantity: "1", ...HERS }),
    ],
  },
  { access: "trade", route: "DELETE /v1/orders", foreign: [asked("/v1/orders")] },
  {
    access: "trade",
    route: "DELETE /v1/orders/:id",
    path: "/v1/orders/1",
    foreign: [at(`/v1/orders/${ITS}`, 404), asked(`/v1/orders/${ITS}`)],
  },
  { access: "read", route: "GET /v1/orders", foreign: [asked("/v1/orders")] },
  {
    access: "read",
    route: "GET /v1/orders/:id",
    path: "/v1/orders/1",
    foreign: [at(`/v1/orders/${ITS}`, 404), asked(`/v1/orders/${ITS}`)],
  },
  {
    access: "read",
    route: "GET /v1/orders/by-client-id/:clientOrderId",
    path: "/v1/orders/by-client-id/x",
    foreign: [at("/v1/orders/by-client-id/hers", 404), asked("/v1/orders/by-client-id/hers")],
  },
  {
    access: "read",
    route: "GET /v1/fills",
    foreign: [asked("/v1/fills"), at(`/v1/fills?orderId=${ITS}&accountId=alice`, 403)],
  },
  { access: "read", route: "GET /v1/fills/export", foreign: [asked("/v1/fills/export")] },
  { access: "read", route: "GET /v1/wallets", foreign: [asked("/v1/wallets")] },
  {
    access: "read",
    route: "GET /v1/wallets/:asset",
    path: "/v1/wallets/BRL",
    foreign: [asked("/v1/wallets/BRL")],
  },
  { access: "read", route: "GET /v1/statement", foreign: [asked("/v1/statement")] },
  { access: "read", route: "GET /v1/statement/export", foreign: [asked("/v1/statement/export")] },
  {
    access: "read",
    route: "GET /v1/markets/:market/trades/export",
    path: `/v1/markets/${MARKET}/trades/export`,
    // Trades are everybody's, so no account can be named.
    foreign: [at(`/v1/markets/${MARKET}/trades/export?accountId=alice`, 400)],
  },
  {
    access: "transfer",
    route: "POST /v1/transfers",
    foreign: [at("/v1/transfers", 403, { ...MONEY, ...HERS, toAccountId: "bob" })],
  },
  {
    access: "withdraw",
    route: "POST /v1/withdrawals",
    foreign: [at("/v1/withdrawals", 403, { ...MONEY, ...HERS })],
  },
  { access: "admin", route: "POST /v1/deposits" },
  { access: "admin", route: "POST /v1/accounts" },
  { access: "admin", route: "GET /v1/accounts/:accountId", path: "/v1/accounts/alice" },
  { access: "admin", route: "PATCH /v1/accounts/:accountId", path: "/v1/accounts/alice" },
  { access: "admin", route: "POST /v1/accounts/:accountId/keys", path: "/v1/accounts/alice/keys" },
  { access: "admin", route: "DELETE /v1/keys/:keyId", path: "/v1/keys/nope" },
  { access: "admin", route: "POST /v1/assets" },
  { access: "admin", route: "GET /v1/assets" },
  { access: "admin", route: "POST /v1/markets" },
  { access: "admin", route: "GET /v1/trace/:id", path: "/v1/trace/command:1" },
  { access: "admin", route: "PATCH /v1/markets/:market", path: `/v1/markets/${MARKET}` },
  { access: "admin", route: "GET /v1/events" },
  { access: "admin", route: "GET /v1/status" },
  { access: "admin", route: "POST /operations" },
  { access: "admin", route: "GET /operations" },
  { access: "admin", route: "GET /operations/:id", path: "/operations/alice%7Cnope" },
  { access: "admin", route: "POST /wallet/create" },
  { access: "admin", route: "GET /wallet/:userId", path: "/wallet/alice" },
  { access: "admin", route: "POST /wallet" },
  { access: "admin", route: "GET /v1/settlements" },
  { access: "admin", route: "GET /v1/settlements/:id", path: "/v1/settlements/VIB-BRL%2F1" },
  {
    access: "admin",
    route: "POST /v1/settlements/:id/redrive",
    path: "/v1/settlements/VIB-BRL%2F1/redrive",
  },
  { access: "admin", route: "POST /v1/settlements/redrive" },
  { access: "public", route: "GET /v1/markets" },
  { access: "public", route: "GET /v1/markets/:market", path: `/v1/markets/${MARKET}` },
  { access: "public", route: "GET /v1/markets/:market/book", path: `/v1/markets/${MARKET}/book` },
  { access: "public", route: "GET /v1/markets/:market/trades", path: `/v1/markets/${MARKET}/trades` },
  { access: "public", route: "GET /health/live" },
  { access: "public", route: "GET /health/ready" },
  { access: "public", route: "GET /metrics" },
  { access: "public", route: "GET /openapi.json" },
  { access: "public", route: "GET /docs" },
  { access: "public", route: "GET /docs/" },
  { access: "public", route: "GET /docs/json" },
  { access: "public", route: "GET /docs/yaml" },
  { access: "public", route: "GET /docs/static/*", path: "/docs/static/swagger-ui.css" },
  { access: "public", route: "GET /docs/static/index.html" },
  { access: "public", route: "GET /docs/static/swagger-initializer.js" },
];

/** Which of these a socket's operations need is told by the walk over sockets. */
const SOCKET_ROUTES = ["GET /v1/ws", "HEAD /v1/ws"];

let server: RunningServer;
let operator: Client;
let bob: Client;
let order: number;
const clients = new Map<string, Client>();

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000" } });
  bob = await openTrader(operator, { accountId: "bob", funds: { BRL: "1000" } });
  order = (await alice.post("/v1/orders", { ...ORDER, clientOrderId: "hers" })).body.order.orderId;
  const makeKey = async (scopes: readonly string[]): Promise<Body> =>
    (await operator.post("/v1/accounts/alice/keys", { name: "test", scopes })).body;
  clients.set("operator", operator);
  clients.set("nobody", new Client(server.url));
  clients.set("wrong key", new Client(server.url, "pk_0123456789abcdef_c2VjcmV0"));
  const { key } = await makeKey(["read"]);
  clients.set("right id, wrong secret", new Client(server.url, `${key.slice(0, -1)}!`));
  const revoked = await makeKey(SCOPES);
  await operator.delete(`/v1/keys/${revoked.keyId}`);
  clients.set("revoked key", new Client(server.url, revoked.key));
  for (const scope of SCOPES) clients.set(scope, new Client(server.url, (await makeKey([scope])).key));
});
afterAll(() => server.dispose());

const STRANGERS = ["nobody", "wrong key", "right id, wrong secret", "revoked key"];
const ROLES = [...STRANGERS, ...SCOPES, "operator"];

/** What the role meets: `in` where it passes the door, whatever comes after it. */
function expected(access: Access, role: string): number | "in" {
  if (access === "public" || role === "operator") return "in";
  if (STRANGERS.includes(role)) return 401;
  return role === access ? "in" : 403;
}

function methodsOf({ route }: Row): string[] {
  const method = route.split(" ")[0]!;
  return method === "GET" ? ["GET", "HEAD"] : [method];
}

function pathOf({ route, path }: Row): string {
  return path ?? route.split(" ")[1]!;
}

it("has every route that the server has, and no other", async () => {
  const { server: edge } = await startEdge();
  const tabled = ROWS.flatMap((row) =>
    methodsOf(row).map((method) => `${method} ${row.route.split(" ")[1]}`),
  );
  expect([...tabled, ...SOCKET_ROUTES].sort()).toEqual([...edge.routes].sort());
  await edge.close();
});

it("says of every call that needs a scope what becomes of another's account", () => {
  const silent = ROWS.filter(({ access, foreign }) => (foreign === undefined) !== (access === "admin"));
  expect(silent.filter(({ access }) => access !== "public")).toEqual([]);
});

describe.each(ROWS)("$access: $route", (row) => {
  it.each(ROLES)("for %s", async (role) => {
    for (const method of methodsOf(row)) {
      // An empty list passes the door and nothing after it, so that no route does anything.
      const body = method === "POST" || method === "PATCH" ? { body: "[]" } : {};
      const { status, headers } = await clients.get(role)!.send(method, pathOf(row), body);
      const met = status === 401 || status === 403 ? status : "in";
      expect(met).toBe(expected(row.access, role));
      expect(status).toBeLessThan(500);
      expect(headers.get("www-authenticate")).toBe(status === 401 ? "Bearer" : null);
    }
  });

  it.each(row.foreign ?? [])("for bob on Alice's account: $path", async ({ path, body, status }) => {
    const before = await stateOfAlice();
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    for (const method of methodsOf(row)) {
      const answer = await bob.send(method, path.replace(ITS, String(order)), sent);
      expect(answer).toMatchObject({ status, seq: null });
      expect(JSON.stringify(answer.body)).not.toContain('"alice"');
      if (row.route.endsWith("/batch")) {
        expect(answer.body.results).toMatchObject([{ status: 403, code: "forbidden" }]);
      }
    }
    expect(await stateOfAlice()).toBe(before);
  });
});

/** A walk that has changed nothing leaves all of this as it was. */
async function stateOfAlice(): Promise<string> {
  const parts = ["wallets", "orders", "statement"].map((part) =>
    operator.get(`/v1/${part}?accountId=alice`).then(({ body }) => body),
  );
  return JSON.stringify(await Promise.all(parts));
}
