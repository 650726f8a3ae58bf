/** Paths that lead nowhere and bytes that are no HTTP: answered as problems, changing nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, Client, type RunningServer, sendRaw, startServer } from "../harness.ts";

let server: RunningServer;
let operator: Client;
let reached: number;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  reached = (await operator.get("/v1/status")).body.appliedSeq;
});
afterAll(() => server.dispose());

const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "1.00", quantity: "1" };

async function nothingHappened(): Promise<void> {
  expect((await operator.get("/v1/status")).body.appliedSeq).toBe(reached);
}

describe("a strange path", () => {
  const paths = [
    "/",
    "//",
    "/v1",
    "/v1/",
    "/v1/orders/?accountId=fees",
    "/v1/order",
    "/V1/orders",
    "/v1/orders/1/fills",
    "/v1/orders/by-client-id/?accountId=fees",
    "/v1/orders/by-client-id/a/b",
    "/v1/markets/VIB-BRL/candles",
    "/v1/markets/VIB-BRL/ticker",
    "/v1/settlements",
    "/v1/events/1",
    "/operations/1/2",
    "/v1/..%2f..%2fetc%2fpasswd",
    "/v1/orders/%2e%2e%2f?accountId=fees",
    `/v1/orders/${"9".repeat(300)}`,
    "/v1/orders/%00?accountId=fees",
    "/v1/wallets/%F0%9F%92%A9?accountId=fees",
    "/v1/wallets/__proto__?accountId=fees",
    "/v1/markets/constructor",
    "/favicon.ico",
  ];
  it.each(paths)("%s is not found", async (path) => {
    const answer = await operator.get(path);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ status: 404, requestId: answer.headers.get("x-request-id") });
    await nothingHappened();
  });

  it.each(["/%", "/%zz", "/v1/orders/%E0%A4%A", "/v1/markets/%c3%28", "/%ff%fe"])(
    "%s is malformed",
    async (path) => {
      const answer = await operator.get(path);
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid-request" } });
      expect(answer.headers.get("x-request-id")).toBe(answer.body.requestId);
      await nothingHappened();
    },
  );
});

describe("bytes that are no HTTP", () => {
  const order = JSON.stringify(ORDER);
  const head = `Host: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: application/json\r\n`;
  const rows = [
    { why: "nonsense", bytes: "nonsense\r\n\r\n" },
    { why: "no version", bytes: "GET /\r\n\r\n" },
    { why: "an unknown method", bytes: "BREW /v1/orders HTTP/1.1\r\nHost: x\r\n\r\n" },
    { why: "an unknown version", bytes: "GET / HTTP/9.9\r\nHost: x\r\n\r\n" },
    { why: "no host", bytes: "GET /v1/markets HTTP/1.1\r\n\r\n" },
    {
      why: "a length that is none",
      bytes: `POST /v1/orders HTTP/1.1\r\n${head}Content-Length: x\r\n\r\n${order}`,
    },
    {
      why: "a negative length",
      bytes: `POST /v1/orders HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n${order}`,
    },
    {
      why: "two lengths",
      bytes: `POST /v1/orders HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n${order}`,
    },
    {
      why: "a length and chunks",
      bytes: `POST /v1/orders HTTP/1.1\r\n${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    },
    {
      why: "a bad chunk",
      bytes: `POST /v1/orders HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    },
    { why: "a NUL in a header", bytes: "GET /v1/markets HTTP/1.1\r\nHost: x\r\nX: \u0000\r\n\r\n" },
    { why: "a control character in the path", bytes: "GET /v1/\u0001 HTTP/1.1\r\nHost: x\r\n\r\n" },
    { why: "TLS", bytes: Buffer.from("16030100a5010000a10303", "hex") },
  ];
  it.each(rows)("$why: a problem, and the connection is closed", async ({ bytes }) => {
    const received = await sendRaw(server.url, bytes);
    expect(received).toMatch(/^HTTP\/1\.1 4\d\d /);
    await nothingHappened();
  });

  it("are answered in problem form with a request id", async () => {
    const received = await sendRaw(server.url, "nonsense\r\n\r\n");
    const [head = "", body = ""] = received.split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(head).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
    const { code, requestId } = JSON.parse(body);
    expect(code).toBe("invalid-request");
    expect(head).toContain(`X-Request-Id: ${requestId}`);
  });

  it("in the middle of a body change nothing", async () => {
    const bytes = `POST /v1/orders HTTP/1.1\r\n${head}Content-Length: ${order.length}\r\n\r\n${order.slice(0, -5)}`;
    await sendRaw(server.url, bytes, 200);
    await nothingHappened();
  });
});
