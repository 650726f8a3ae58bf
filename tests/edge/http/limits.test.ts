/** The limits of the HTTP server itself, each of which is a trap where its default is left alone. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, sendRaw, startServer } from "../harness.ts";

let server: RunningServer;
let operator: Client;
let trader: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  trader = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000" } });
});
afterAll(() => server.dispose());

const ORDER = JSON.stringify({ market: "VIB-BRL", side: "buy", type: "limit", price: "1.00", quantity: "1" });
const BODY_MAX = 64 * 1024;

describe("a body", () => {
  const types = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/jsonp",
    "application/json; charset=latin1",
    "application/json; charset=utf-16",
    "application/problem+json",
    "nonsense",
    "application/json, text/plain",
    ";",
  ];
  it.each(types)("of type %s is refused", async (type) => {
    const answer = await trader.send("POST", "/v1/orders", {
      body: ORDER,
      headers: { "content-type": type },
    });
    expect(answer).toMatchObject({ status: 415, seq: null, body: { code: "unsupported-media-type" } });
  });

  it("without a type is refused", async () => {
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${trader.key}\r\n`;
    const received = await sendRaw(server.url, `${head}Content-Length: ${ORDER.length}\r\n\r\n${ORDER}`);
    expect(received).toMatch(/^HTTP\/1\.1 415 /);
  });

  it.each(["gzip", "br", "deflate", "x"])("with content-encoding %s is refused", async (encoding) => {
    const answer = await trader.send("POST", "/v1/orders", {
      body: ORDER,
      headers: { "content-encoding": encoding },
    });
    expect(answer).toMatchObject({ status: 415, body: { code: "unsupported-media-type" } });
  });

  it.each(["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])(
    "of type %s is read",
    async (type) => {
      const answer = await trader.send("POST", "/v1/orders", {
        body: ORDER,
        headers: { "content-type": type },
      });
      expect(answer.status).toBe(201);
    },
  );

  it("may have 64 KiB and not a byte more", async () => {
    const most = ORDER.padEnd(BODY_MAX, " ");
    expect((await trader.send("POST", "/v1/orders", { body: most })).status).toBe(201);
    const more = await trader.send("POST", "/v1/orders", { body: `${most} ` });
    expect(more).toMatchObject({ status: 413, seq: null, body: { code: "payload-too-large" } });
  });

  it("in chunks is measured as well", async () => {
    const chunk = `${(0x1000).toString(16)}\r\n${" ".repeat(0x1000)}\r\n`;
    const head = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${trader.key}\r\n`;
    const chunked = `${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`;
    const received = await sendRaw(server.url, chunked);
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
    expect(received).toContain('"code":"payload-too-large"');
  });

  it.each(["GET", "DELETE"])("is not for %s", async (method) => {
    const head = `${method} /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${trader.key}\r\n`;
    const body = '{"accountId":"alice"}';
    const received = await sendRaw(
      server.url,
      `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(received).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("headers", () => {
  it("may have 16 KiB, and more is 431 in problem form", async () => {
    const long = (bytes: number) =>
      `GET /v1/markets HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(bytes)}\r\n\r\n`;
    expect(await sendRaw(server.url, long(12_000))).toMatch(/^HTTP\/1\.1 200 /);
    const received = await sendRaw(server.url, long(20_000));
    const [head = "", body = ""] = received.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large/);
    expect(head).toMatch(/\r\nX-Request-Id: /);
    expect(JSON.parse(body)).toMatchObject({ code: "headers-too-large", status: 431 });
    expect(await sendRaw(server.url, `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(
      / 431 /,
    );
  });

  it("with an expectation that nobody knows are answered all the same", async () => {
    const received = await sendRaw(server.url, "GET /v1/markets HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n");
    expect(received).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("are answered with a new request id, whatever the client sends as one", async () => {
    const ids = new Set<string>();
    for (let count = 0; count < 3; count += 1) {
      const { headers } = await operator.get("/v1/markets", { "x-request-id": "mine" });
      ids.add(headers.get("x-request-id")!);
    }
    expect(ids.size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  });

  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const parents = [
    { traceparent: `00-${trace}-00f067aa0ba902b7-01`, traceId: trace },
    { traceparent: `cc-${trace}-00f067aa0ba902b7-01-more`, traceId: trace },
    { traceparent: `00-${trace}-00f067aa0ba902b7-01-more`, traceId: null },
    { traceparent: `ff-${trace}-00f067aa0ba902b7-01`, traceId: null },
    { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01`, traceId: null },
    { traceparent: `00-${trace}-${"0".repeat(16)}-01`, traceId: null },
    { traceparent: `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`, traceId: null },
    { traceparent: "nonsense", traceId: null },
    { traceparent: "", traceId: null },
  ];
  it.each(parents)("traceparent $traceparent gives $traceId", async ({ traceparent, traceId }) => {
    const { body } = await trader.send("POST", "/v1/orders", { body: ORDER, headers: { traceparent } });
    expect(body.order.traceId).toBe(traceId);
  });
});

describe("a method", () => {
  const rows = [
    { path: "/v1/orders", allow: "DELETE, GET, HEAD, POST" },
    { path: "/v1/orders/1", allow: "DELETE, GET, HEAD, PATCH" },
    { path: "/v1/orders/batch", allow: "POST" },
    { path: "/v1/orders/preview", allow: "POST" },
    { path: "/v1/orders/cancel-after", allow: "POST" },
    { path: "/v1/wallets", allow: "GET, HEAD" },
    { path: "/v1/deposits", allow: "POST" },
    { path: "/v1/accounts/alice", allow: "GET, HEAD, PATCH" },
    { path: "/v1/markets", allow: "GET, HEAD, POST" },
    { path: "/v1/markets/VIB-BRL", allow: "GET, HEAD, PATCH" },
    { path: "/v1/keys/x", allow: "DELETE" },
    { path: "/health/live", allow: "GET, HEAD" },
    { path: "/metrics", allow: "GET, HEAD" },
    { path: "/openapi.json", allow: "GET, HEAD" },
  ];
  it.each(rows)("that $path does not have is 405 with Allow", async ({ path, allow }) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"]) {
      if (allow.includes(method)) continue;
      const answer = await operator.send(method, path, {});
      expect(answer).toMatchObject({ status: 405, seq: null, body: { code: "method-not-allowed" } });
      expect(answer.headers.get("allow")).toBe(allow);
    }
    // fetch refuses to send TRACE.
    const traced = await new Promise<number | undefined>((resolve, reject) => {
      request(server.url + path, { method: "TRACE" }, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(traced).toBe(405);
  });

  it("other than those of HTTP's core is 404 or 405, never a fault", async () => {
    for (const method of ["PROPFIND", "PURGE", "QUERY", "MKCOL"]) {
      expect([404, 405]).toContain((await operator.send(method, "/v1/orders", {})).status);
    }
  });

  it("HEAD answers as GET does, without a body", async () => {
    const answer = await operator.send("HEAD", "/v1/markets", {});
    expect(answer).toMatchObject({ status: 200, body: "" });
    expect(answer.seq).toBeGreaterThan(0);
  });
});

describe("a connection", () => {
  it("that does not finish its headers or its body in time is closed with a problem", async () => {
    const begin = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${trader.key}\r\n`;
    const unfinished = [begin, `${begin}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`];
    const received = await Promise.all(unfinished.map((bytes) => readUntilClosed(bytes)));
    for (const text of received) {
      expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(text).toContain('"code":"request-timeout"');
    }
  }, 30_000);

  it("is told how long it is kept", async () => {
    const { headers } = await operator.get("/v1/markets");
    expect(headers.get("keep-alive")).toBe("timeout=30");
  });
});

describe("the log", () => {
  it("has one line an answer, and no keys or bodies in it", async () => {
    const own = await startServer();
    const client = new Client(own.url, ADMIN_KEY);
    const made = await client.post("/v1/accounts", { accountId: "secretive" });
    await client.get("/v1/wallets?accountId=hidden-in-a-query", { cookie: "cookie-in-a-header" });
    expect(await own.stop()).toBe(0);
    const lines = own
      .log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const line = lines.filter(({ requestId }) => requestId === made.headers.get("x-request-id"));
    expect(line).toEqual([expect.objectContaining({ method: "POST", route: "/v1/accounts", status: 201 })]);
    for (const secret of [ADMIN_KEY, "Bearer", "secretive", "hidden-in-a-query", "cookie-in-a-header"]) {
      expect(own.log()).not.toContain(secret);
    }
    await own.dispose();
  });
});

/** Waits as long as the server does. */
function readUntilClosed(bytes: string): Promise<string> {
  return sendRaw(server.url, bytes, 1_000, 20_000);
}
