/** Who may do what: every route against every kind of key. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const SCOPES = ["read", "trade", "withdraw", "transfer"] as const;
type Access = "public" | "admin" | (typeof SCOPES)[number];

const ROUTES: readonly [Access, string, string][] = [
  ["trade", "POST", "/v1/orders"],
  ["trade", "POST", "/v1/orders/batch"],
  ["trade", "POST", "/v1/orders/cancel-after"],
  ["read", "POST", "/v1/orders/preview"],
  ["trade", "PATCH", "/v1/orders/1"],
  ["trade", "DELETE", "/v1/orders"],
  ["trade", "DELETE", "/v1/orders/1"],
  ["read", "GET", "/v1/orders"],
  ["read", "GET", "/v1/orders/1"],
  ["read", "GET", "/v1/orders/by-client-id/x"],
  ["read", "GET", "/v1/fills"],
  ["read", "GET", "/v1/wallets"],
  ["read", "GET", "/v1/wallets/BRL"],
  ["read", "GET", "/v1/statement"],
  ["transfer", "POST", "/v1/transfers"],
  ["withdraw", "POST", "/v1/withdrawals"],
  ["admin", "POST", "/v1/deposits"],
  ["admin", "POST", "/v1/accounts"],
  ["admin", "GET", "/v1/accounts/alice"],
  ["admin", "PATCH", "/v1/accounts/alice"],
  ["admin", "POST", "/v1/accounts/alice/keys"],
  ["admin", "DELETE", "/v1/keys/nope"],
  ["admin", "POST", "/v1/assets"],
  ["admin", "GET", "/v1/assets"],
  ["admin", "POST", "/v1/markets"],
  ["admin", "PATCH", "/v1/markets/VIB-BRL"],
  ["admin", "GET", "/v1/status"],
  ["public", "GET", "/v1/markets"],
  ["public", "GET", "/v1/markets/VIB-BRL"],
  ["public", "GET", "/v1/markets/VIB-BRL/book"],
  ["public", "GET", "/v1/markets/VIB-BRL/trades"],
  ["public", "GET", "/health/live"],
  ["public", "GET", "/health/ready"],
  ["public", "GET", "/metrics"],
  ["public", "GET", "/openapi.json"],
  ["public", "GET", "/docs/"],
];

let server: RunningServer;
const clients = new Map<string, Client>();

beforeAll(async () => {
  server = await startServer();
  const operator = new Client(server.url, ADMIN_KEY);
  await openTrader(operator, { accountId: "alice" });
  clients.set("operator", operator);
  clients.set("nobody", new Client(server.url));
  clients.set("stranger", new Client(server.url, "pk_0123456789abcdef_c2VjcmV0"));
  for (const scope of SCOPES) {
    const { body } = await operator.post("/v1/accounts/alice/keys", { name: scope, scopes: [scope] });
    clients.set(scope, new Client(server.url, body.key));
  }
});
afterAll(() => server.dispose());

/** What the role meets: `in` where it passes the door, whatever comes after it. */
function expected(access: Access, role: string): number | "in" {
  if (access === "public" || role === "operator") return "in";
  if (role === "nobody" || role === "stranger") return 401;
  return role === access ? "in" : 403;
}

describe.each(ROUTES)("%s: %s %s", (access, method, path) => {
  it.each(["nobody", "stranger", "operator", ...SCOPES])("for %s", async (role) => {
    // An empty body passes the door and nothing after it, so that no route does anything.
    const body = method === "POST" || method === "PATCH" ? { body: "[]" } : {};
    const { status } = await clients.get(role)!.send(method, path, body);
    const met = status === 401 || status === 403 ? status : "in";
    expect(met).toBe(expected(access, role));
    expect(status).toBeLessThan(500);
  });
});

it("knows every route that is documented", async () => {
  const { body } = await clients.get("nobody")!.get("/openapi.json");
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, "*")}`),
  );
  const tested = ROUTES.map(([, method, path]) => {
    const parts = ["1", "x", "alice", "nope", "VIB-BRL", "BRL"].join("|");
    return `${method} ${path.replaceAll(new RegExp(`/(${parts})(?=/|$)`, "g"), "/*")}`;
  });
  expect(documented.filter((route) => !tested.includes(route))).toEqual([]);
});
