/**
 * More than a thousand malformed requests of many kinds at one exchange: every one is answered with what the
 * client did wrong, none hangs, none is a fault of ours, and nothing is changed by any of them.
 */
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const AT_ONCE = 32;
const ANSWER_MS_MAX = 15_000;
/** There is no such market, so that what a mutation leaves whole is refused all the same. */
const ORDER = {
  accountId: "alice",
  market: "NOPE-BRL",
  side: "buy",
  type: "limit",
  price: "1.00",
  quantity: "1",
};
const TEXT = JSON.stringify(ORDER);

let server: RunningServer;
let operator: Client;
let trader: Client;
let before: string;
let sent = 0;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  trader = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000", VIB: "10" } });
  await trader.post("/v1/orders", { ...ORDER, market: "VIB-BRL", clientOrderId: "rests" });
  before = await state();
});
afterAll(() => server.dispose());

/** The journal's position, the book, and all of an account: what a request could have changed. */
async function state(): Promise<string> {
  const { appendedSeq, appliedSeq } = (await operator.get("/v1/status")).body;
  const paths = [
    "/v1/markets",
    "/v1/markets/VIB-BRL/book",
    "/v1/assets",
    "/v1/wallets?accountId=alice",
    "/v1/orders?accountId=alice",
    "/v1/statement?accountId=alice",
  ];
  const bodies = await Promise.all(paths.map(async (path) => (await operator.get(path)).body));
  const digest = createHash("sha256").update(JSON.stringify(bodies)).digest("hex");
  return `${appendedSeq} ${appliedSeq} ${digest}`;
}

/** The same numbers at every run, so that a failure can be looked at. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Sends bytes over a connection of their own; the status of every answer, until the connection ends. */
function statusesOf(bytes: string | Buffer): Promise<number[]> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    const patience = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`no end after ${JSON.stringify(String(bytes).slice(0, 200))}: ${received.slice(0, 200)}`),
      );
    }, ANSWER_MS_MAX);
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    // The server may close before it has read all that we send.
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(patience);
      resolve([...received.matchAll(/(?:^|\})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
    });
    socket.end(bytes);
  });
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function expectRefused(status: number, what: unknown): void {
  sent += 1;
  if (status >= 400 && status < 500) return;
  throw new Error(`${status} for ${JSON.stringify(what).slice(0, 300)}`);
}

const HEAD = (key: string) => `Host: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;
const post = (head: string, body = "") => `POST /v1/orders HTTP/1.1\r\n${HEAD(ADMIN_KEY)}${head}\r\n${body}`;

describe("bytes", () => {
  const lines = [
    "",
    "\r\n",
    "GET",
    "GET /",
    "GET  / HTTP/1.1",
    "GET / HTTP/1.1 x",
    "GET / HTTP/2.0",
    "GET / HTTP/0.9",
    "GET / HTTP/1.1\u0000",
    "GET / http/1.1",
    "get / HTTP/1.1",
    "GE\tT / HTTP/1.1",
    "/ HTTP/1.1",
    "GET http:// HTTP/1.1",
    "GET \\..\\.. HTTP/1.1",
    "GET * HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "CONNECT x:1 HTTP/1.1",
    "PRI * HTTP/2.0",
    "\u0016\u0003\u0001 HTTP/1.1",
    "POST /v1/orders HTTP/1.1\nHost: x",
    ...Array.from({ length: 30 }, (_, i) => `${"ABCDEFGHIJKLMNOPQRSTUVWXYZ".slice(0, i + 1)} / HTTP/1.1`),
  ].map((line) => `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);

  const headers = [
    ...["X : y", " X: y", "X\u0001: y", "X: \u0000", "X: a\rb", ": y", "X", "X y", "X: y\n Z: a", "é: x"],
    ...["Content-Length: 1e3", "Content-Length: 0x10", "Content-Length: 1, 2", "Content-Length: "],
    ...[
      "Content-Length: 99999999999999999999",
      "Content-Length: -0",
      "Content-Length: +5",
      "Content-Length: 1.5",
    ],
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    ...["gzip", "chunked, gzip", "xchunked", "identity", "chunked, chunked", " chunked\u000b"].map(
      (coding) => `Transfer-Encoding: ${coding}`,
    ),
    `X: ${"x".repeat(20_000)}`,
    Array.from({ length: 3_000 }, (_, i) => `X-${i}: x`).join("\r\n"),
    `${"X".repeat(17_000)}: y`,
    "Content-Encoding: gzip\r\nContent-Length: 5",
  ].map((line) => post(`${line}\r\nConnection: close\r\n`, "00000"));

  const chunks = [
    ...[
      "zz\r\n",
      "-1\r\n",
      "\r\n",
      "5\r\n12345",
      "5\r\n1234567\r\n0\r\n\r\n",
      "5;\u0000=x\r\n12345\r\n0\r\n\r\n",
    ],
    ...["ffffffffffffffffff\r\n", "1 \r\nx\r\n0\r\n\r\n", "0x5\r\n12345\r\n0\r\n\r\n", "5\n12345\n0\n\n"],
    `5;${"x".repeat(20_000)}\r\n12345\r\n0\r\n\r\n`,
    "0\r\nX: \u0001\r\n\r\n",
    "2\r\n{}\r\n0\r\n\r\n",
    "0\r\n\r\n",
    `10001\r\n${" ".repeat(0x10001)}\r\n0\r\n\r\n`,
  ].map((body) => post("Transfer-Encoding: chunked\r\nConnection: close\r\n", body));

  const random = (() => {
    const below = chance(1);
    return Array.from({ length: 150 }, () =>
      Buffer.from(Array.from({ length: 1 + below(300) }, () => below(256))),
    );
  })();

  /** A whole request with some bytes exchanged: it may be whole still, and names a market that there is not. */
  const hurt = (() => {
    const below = chance(2);
    const whole = Buffer.from(post(`Content-Length: ${TEXT.length}\r\nConnection: close\r\n`, TEXT));
    return Array.from({ length: 200 }, () => {
      const bytes = Buffer.from(whole);
      for (let i = 0; i <= below(4); i += 1) bytes[below(bytes.length)] = below(256);
      return bytes;
    });
  })();

  const truncated = Array.from({ length: 60 }, (_, i) => {
    const whole = post(`Content-Length: ${TEXT.length}\r\nConnection: close\r\n`, TEXT);
    return whole.slice(0, Math.floor((whole.length * (i + 1)) / 62));
  });

  const groups = { lines, headers, chunks, random, hurt, truncated };
  it.each(Object.entries(groups))(
    "that are bad %s are answered with 4xx, or their connection ends",
    async (_, all) => {
      let answered = 0;
      await inTurns<string | Buffer>(all, async (bytes) => {
        const statuses = await statusesOf(bytes);
        if (statuses.length === 0) sent += 1;
        for (const status of statuses) expectRefused(status, String(bytes));
        if (statuses.length > 0) answered += 1;
      });
      // Bytes that end before a request does are none, and a connection that is reset may lose its answer.
      expect(answered).toBeGreaterThan(all.length / 3);
      expect(await state()).toBe(before);
    },
  );

  test("in a pipeline are answered one by one, up to what is no HTTP", async () => {
    const bad = post(`Content-Length: ${TEXT.length}\r\n`, TEXT);
    const nothing = "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n";
    const statuses = await statusesOf(`${bad}${nothing}`.repeat(50));
    expect(statuses).toEqual(Array.from({ length: 50 }, () => [404, 404]).flat());
    for (const status of statuses) expectRefused(status, "a pipeline");
    expect((await statusesOf(`${nothing}nonsense\r\n\r\n${bad}`)).slice(0, 1)).toEqual([404]);
    expect(await state()).toBe(before);
  });
});

describe("requests", () => {
  type Sent = { method: string; path: string; body?: string | Buffer; headers?: Record<string, string> };
  const body = (text: string | Buffer, headers = {}): Sent => ({
    method: "POST",
    path: "/v1/orders",
    body: text,
    headers,
  });

  const values: unknown[] = [
    ...[
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
    ],
    ...[
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
    ],
  ];
  const fields = [
    "market",
    "side",
    "type",
    "price",
    "quantity",
    "timeInForce",
    "postOnly",
    "clientOrderId",
    "expiresAt",
  ];
  const fieldByField = [
    ...fields,
    "selfTradePrevention",
    "triggerPrice",
    "quoteQuantity",
    "displayQuantity",
    "accountId",
  ].flatMap((field) => values.map((value) => body(JSON.stringify({ ...ORDER, [field]: value }))));

  const nonsense = (() => {
    const below = chance(3);
    const letters = '{}[]":,\\0123456789eE+-.truefalsn \u0000é';
    return Array.from({ length: 150 }, () => {
      const at = below(TEXT.length);
      const put = Array.from({ length: below(4) }, () => letters[below(letters.length)]).join("");
      return body(TEXT.slice(0, at) + put + TEXT.slice(at + below(3)));
    });
  })();

  const bytes = (() => {
    const below = chance(4);
    return Array.from({ length: 60 }, () => {
      const text = Buffer.from(TEXT);
      text[below(text.length)] = 128 + below(128);
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
    ...[
      "//v1/orders",
      "/v1//orders",
      "/v1/./orders/../nothing",
      "/v1/orders;x=1",
      "/v1/orders%00",
      "/v1/orders%2f1",
    ],
    ...[
      "/%2e%2e/%2e%2e/etc/passwd",
      "/docs/static/..%2f..%2fpackage.json",
      "/docs/static/%2e%2e/%2e%2e/package.json",
    ],
    ...[
      "/%",
      "/%c0%ae",
      "/%u0031",
      "/v1/orders/%F0%28%8C%28",
      "/V1/ORDERS",
      "/v1/orders/1e3",
      "/v1/orders/-1",
    ],
    ...[
      "/v1/orders/0x1",
      "/v1/orders/9007199254740993",
      `/v1/orders/${"1".repeat(300)}`,
      "/v1/markets/__proto__",
    ],
    ...["/v1/wallets/toString", "/.git/config", "/.env", "/admin", "/v1/orders/by-client-id/%2e%2e%2f"],
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

test("connections that send a byte now and then are ended, and hold nobody up meanwhile", async () => {
  const { hostname, port } = new URL(server.url);
  const whole = post(`Content-Length: ${TEXT.length}\r\n`, TEXT);
  const slow = Array.from({ length: 50 }, (_, index) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    let at = index;
    socket.write(whole.slice(0, at));
    const drip = setInterval(() => socket.write(whole[at++] ?? " "), 250);
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    socket.on("error", () => {});
    return new Promise<string>((resolve) => {
      socket.on("close", () => {
        clearInterval(drip);
        resolve(received);
      });
    });
  });
  let served = 0;
  const ended = Promise.all(slow);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    expect((await trader.get("/v1/wallets")).status).toBe(200);
    served += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  for (const text of await ended) expect(text).toMatch(/^HTTP\/1\.1 408 /);
  expect(served).toBeGreaterThan(50);
  expect(await state()).toBe(before);
});

test("all in all there were more than a thousand, and the exchange is as it was", async () => {
  expect(sent).toBeGreaterThan(1_000);
  expect(server.process.exitCode).toBeNull();
  expect(server.log()).not.toContain('"level":50');
  const order = { ...ORDER, market: "VIB-BRL" };
  expect((await trader.post("/v1/orders", order)).status).toBe(201);
});
