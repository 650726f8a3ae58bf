/** What an answer tells a browser: every one of them is safe to look at, and none is for pages of other sites. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, Client, type RunningServer, sendRaw, startServer } from "../harness.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.dispose());

const NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'";

describe("every answer is taken for what it is, shown in no frame, and told to no other site", () => {
  test.each([
    ["GET", "/v1/markets"],
    ["GET", "/v1/wallets"],
    ["POST", "/v1/orders"],
    ["GET", "/v1/nothing"],
    ["PUT", "/v1/orders"],
    ["GET", "/%zz"],
    ["GET", "/metrics"],
    ["GET", "/health/live"],
    ["GET", "/openapi.json"],
    ["GET", "/v1/ws"],
    ["HEAD", "/v1/markets"],
    ["GET", "/docs/static/nothing.js"],
  ])("%s %s", async (method, path) => {
    const { headers } = await new Client(server.url).send(method, path, {});
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none';.* frame-ancestors 'none'$/);
  });

  test("even one to bytes that are no HTTP", async () => {
    const [head = ""] = (await sendRaw(server.url, "nonsense\r\n\r\n")).split("\r\n\r\n");
    for (const line of ["x-content-type-options: nosniff", `content-security-policy: ${NOTHING_RUNS}`]) {
      expect(head.split("\r\n")).toContain(line);
    }
  });
});

test("the page of the documentation may run its own scripts, and nothing else", async () => {
  const client = new Client(server.url);
  const page = await client.get("/docs/");
  const policy = page.headers.get("content-security-policy")!;
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe|\*|https?:|upgrade-insecure/);
  const sources = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  expect(sources.length).toBeGreaterThan(3);
  for (const path of sources) {
    expect(path).toMatch(/^\.\/static\//);
    const { status } = await client.get(new URL(path, `${server.url}/docs/`).pathname);
    expect(status).toBe(200);
  }
  // A script between the tags would need more than 'self'.
  expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>/);
  expect(page.body).not.toMatch(/<style|\son[a-z]+="/);
});

describe("a page of another site", () => {
  const headers = { origin: "https://evil.example", authorization: `Bearer ${ADMIN_KEY}` };

  test("is allowed to read nothing", async () => {
    const answer = await new Client(server.url).get("/v1/markets", headers);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  test("gets no leave to send what is more than a form", async () => {
    const preflight = { ...headers, "access-control-request-method": "POST" };
    const answer = await new Client(server.url).send("OPTIONS", "/v1/orders", { headers: preflight });
    expect(answer.status).toBe(405);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "cannot place an order with a form of type %s",
    async (type) => {
      const body =
        '{"market":"VIB-BRL","side":"buy","type":"limit","price":"1","quantity":"1","accountId":"fees"}';
      const answer = await new Client(server.url).send("POST", "/v1/orders", {
        body,
        headers: { ...headers, "content-type": type },
      });
      expect(answer).toMatchObject({ status: 415, seq: null });
    },
  );
});
