/**
 * More than a thousand malformed requests of many kinds at one exchange: every one is answered with what the
 * client did wrong, none hangs, none is a fault of ours, and nothing is changed by any of them.
 */
import { describe, expect, it, test } from "vitest";
import { Random } from "../../simulation/random.ts";
import type { Client, RunningServer } from "../harness.ts";
import { expectRefused, type Flooded, inTurns, ORDER, TEXT, withFlooded } from "./flooded.ts";

let server: RunningServer;
let trader: Client;
let state: Flooded["state"];
let before: string;
withFlooded((flooded) => {
  ({ server, trader, state, before } = flooded);
});
let sent = 0;

describe("requests", () => {
  type Sent = { method: string; path: string; body?: string | Buffer; headers?: Record<string, string> };
  const body = (text: string | Buffer, headers = {}): Sent => ({
    method: "POST",
    path: "/v1/orders",
    body: text,
    headers,
  });

  const values: unknown[] = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    2 ** 53,
    "",
    " ",
    "0",
    "-1",
    "1e3",
    "NaN",
    "１",
    "\u0000",
    [],
    {},
    [1],
    "9".repeat(33),
    "x".repeat(1_000),
    "\ud800",
    "__proto__",
    { toString: 1 },
    [[[[]]]],
    "1.",
    ".5",
    "00",
    "+1",
  ];
  const fieldByField = [
    "market",
    "side",
    "type",
    "price",
    "quantity",
    "timeInForce",
    "postOnly",
    "clientOrderId",
    "expiresAt",
    "selfTradePrevention",
    "triggerPrice",
    "quoteQuantity",
    "displayQuantity",
    "accountId",
  ].flatMap((field) => values.map((value) => body(JSON.stringify({ ...ORDER, [field]: value }))));

  const nonsense = (() => {
    const chance = new Random(3);
    const letters = '{}[]":,\\0123456789eE+-.truefalsn \u0000é';
    return Array.from({ length: 300 }, () => {
      const at = chance.below(TEXT.length);
      const put = Array.from({ length: chance.below(4) }, () => letters[chance.below(letters.length)]).join(
        "",
      );
      return body(TEXT.slice(0, at) + put + TEXT.slice(at + chance.below(3)));
    });
  })();

  const bytes = (() => {
    const chance = new Random(4);
    return Array.from({ length: 60 }, () => {
      const text = Buffer.from(TEXT);
      text[chance.below(text.length)] = 128 + chance.below(128);
      return body(text);
    });
  })();

  const shapes = [
    ...Array.from({ length: 20 }, (_, i) => body("[".repeat(2 ** i).slice(0, 60_000))),
    ...Array.from({ length: 15 }, (_, i) => body(`${'{"a":'.repeat(i * 20)}1${"}".repeat(i * 20)}`)),
    ...Object.keys(ORDER).map((field) => body(TEXT.replace("{", `{"${field}":"x",`))),
    ...["gzip", "br", "deflate", "zstd", "x"].map((coding) => body(TEXT, { "content-encoding": coding })),
    ...[
      "text/plain",
      "application/xml",
      "multipart/form-data; boundary=x",
      "*/*",
      "application/json;charset=utf-7",
    ].map((type) => body(TEXT, { "content-type": type })),
    body(TEXT.padEnd(64 * 1024 + 1, " ")),
  ];

  const tricks = [
    "//v1/orders",
    "/v1//orders",
    "/v1/./orders/../nothing",
    "/v1/orders;x=1",
    "/v1/orders%00",
    "/v1/orders%2f1",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/docs/static/..%2f..%2fpackage.json",
    "/docs/static/%2e%2e/%2e%2e/package.json",
    "/%",
    "/%c0%ae",
    "/%u0031",
    "/v1/orders/%F0%28%8C%28",
    "/V1/ORDERS",
    "/v1/orders/1e3",
    "/v1/orders/-1",
    "/v1/orders/0x1",
    "/v1/orders/9007199254740993",
    `/v1/orders/${"1".repeat(300)}`,
    "/v1/markets/__proto__",
    "/v1/wallets/toString",
    "/.git/config",
    "/.env",
    "/admin",
    "/v1/orders/by-client-id/%2e%2e%2f",
  ].map((path): Sent => ({ method: "GET", path }));

  const queries = [
    "limit",
    "cursor",
    "from",
    "to",
    "status",
    "side",
    "market",
    "orderId",
    "accountId",
    "x",
    "__proto__",
  ].flatMap((name) =>
    ["", "-1", "1e9", "%00", "%F0%9F%92%A9", "a&x=1", "1&x=1", "[]", "9".repeat(30)].map((value): Sent => {
      // One parameter that there is not makes each of them wrong, whatever else it says.
      return { method: "GET", path: `/v1/fills?${name}=${value}&nonsense=1` };
    }),
  );

  const methods = ["PUT", "OPTIONS", "PROPFIND", "PURGE", "MKCOL", "SEARCH", "LINK"].flatMap((method) =>
    ["/v1/orders", "/v1/wallets", "/v1/markets", "/metrics", "/v1/ws", "/docs/json", "/v1/nothing", "/"].map(
      (path): Sent => ({ method, path }),
    ),
  );

  const keys = [
    "",
    "Bearer",
    "Bearer ",
    "Basic YTpi",
    "Bearer a b",
    "bearer pk_",
    "Bearer pk__",
    "Bearer pk_a_b_c",
    "Token x",
  ].flatMap((authorization) =>
    ["/v1/wallets", "/v1/status"].map((path): Sent => ({ method: "GET", path, headers: { authorization } })),
  );

  const groups = { fieldByField, nonsense, bytes, shapes, tricks, queries, methods, keys };
  it.each(Object.entries(groups))("of the kind %s are refused", async (_, all) => {
    await inTurns<Sent>(all, async ({ method, path, ...rest }) => {
      sent += 1;
      const answer = await trader.send(method, path, rest);
      expectRefused(answer.status, { method, path, body: String(rest.body) });
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(answer.body).toMatchObject({
        status: answer.status,
        requestId: answer.headers.get("x-request-id"),
      });
      expect(answer.seq).toBeNull();
    });
    expect(await state()).toBe(before);
  });
});

test("all in all there were more than a thousand, and the exchange is as it was", async () => {
  expect(sent).toBeGreaterThan(1_000);
  expect(server.process.exitCode).toBeNull();
  expect(server.log()).not.toContain('"level":50');
  const order = { ...ORDER, market: "VIB-BRL" };
  expect((await trader.post("/v1/orders", order)).status).toBe(201);
});
