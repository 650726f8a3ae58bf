/** Who may open a socket, how it stays open, and how it ends. */
import { createConnection, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, refusedUpgrade } from "./client.ts";
import { ADMIN_KEY, type Floor, type Member, openFloor } from "./floor.ts";

let floor: Floor;
let alice: Member;

beforeAll(async () => {
  floor = await openFloor();
  alice = floor.member("alice");
});
afterAll(() => floor.stop());

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const http = (url: string) => url.replace("ws://", "http://");
const hostOf = (url: string) => new URL(url).host;

describe("the upgrade", () => {
  test("is refused while the exchange is starting", async () => {
    const starting = await openFloor({ isStarting: true });
    const { status, headers, problem } = await refusedUpgrade(starting.url);
    expect(status).toBe(503);
    expect(headers["retry-after"]).toBeDefined();
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(problem).toMatchObject({ code: "starting", requestId: headers["x-request-id"] });
    await starting.stop();
  });

  test("is open to pages of the same host, and to clients that are no pages", async () => {
    for (const origin of [undefined, `http://${hostOf(floor.url)}`]) {
      const client = await Client.open(floor.url, origin === undefined ? {} : { origin });
      expect(await client.ask({ op: "ping" })).toMatchObject({ ok: true });
      await client.close();
    }
  });

  test.each([
    "http://evil.example",
    "null",
    "http://127.0.0.1:1",
    "file://",
    "nonsense",
    "https://127.0.0.1",
  ])("is refused to a page of %s", async (origin) => {
    const { status, problem } = await refusedUpgrade(floor.url, { origin });
    expect([status, problem.code]).toEqual([403, "forbidden"]);
  });

  test("takes a key in the Authorization header, which is then the socket's", async () => {
    const client = await Client.open(floor.url, bearer(alice.key));
    expect(await client.ask({ op: "subscribe", channel: "orders" })).toMatchObject({
      ok: true,
      accountId: "alice",
    });
    expect(await client.ask({ op: "auth", key: alice.key })).toMatchObject({
      ok: false,
      error: { code: "invalid-request" },
    });
    await client.close();
    const operator = await Client.open(floor.url, bearer(ADMIN_KEY));
    const subscribed = await operator.ask({ op: "subscribe", channel: "orders", accountId: "alice" });
    expect(subscribed).toMatchObject({ ok: true });
    await operator.close();
  });

  test.each(["Bearer pk_no_such", "Bearer", "Basic abc", "", "Bearer a b"])(
    "is refused with the Authorization header %j",
    async (authorization) => {
      const { status, headers, problem } = await refusedUpgrade(floor.url, { headers: { authorization } });
      expect([status, problem.code]).toEqual([401, "unauthorized"]);
      expect(headers["www-authenticate"]).toBe("Bearer");
    },
  );

  test("has a bound on the sockets, and room again after one has closed", async () => {
    const small = await openFloor({ limits: { socketsMax: 2 } });
    const first = await Client.open(small.url);
    const second = await Client.open(small.url);
    const { status, headers, problem } = await refusedUpgrade(small.url);
    expect([status, problem.code]).toEqual([503, "overloaded"]);
    expect(headers["retry-after"]).toBeDefined();
    await first.close();
    // The server hears of the end a moment later.
    await expect
      .poll(() => Client.open(small.url).then((client) => client.close().then(() => "open")))
      .toBe("open");
    await second.close();
    await small.stop();
  });

  test("a request without one is told what the path is", async () => {
    const answer = await fetch(http(floor.url));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid-request", errors: [{ path: "Upgrade" }] });
  });

  const handshake = "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n";
  test.each([
    [`${handshake}Upgrade: h2c\r\n\r\n`, "another protocol"],
    [`${handshake}Upgrade: websocket\r\n\r\n`, "no version"],
    [`${handshake}Upgrade: websocket\r\nSec-WebSocket-Version: 7\r\n\r\n`, "an old version"],
    [
      `${handshake}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: no\r\n\r\n`,
      "a bad key",
    ],
    ["GET /plain HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "another path"],
  ])("%j is refused for %s", async (request) => {
    const answer = await rawAnswer(floor.url, request);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('"code":"invalid-request"');
  });
});

describe("an open socket", () => {
  test("is pinged, and ended if it gives no sign of life", async () => {
    const lively = await openFloor({ limits: { keepaliveMs: 50 } });
    const answering = await Client.open(lively.url);
    const silent = await Client.open(lively.url, { autoPong: false });
    let pings = 0;
    answering.socket.on("ping", () => {
      pings += 1;
    });
    expect(await silent.closed).toMatchObject({ code: 1006 });
    await expect.poll(() => pings, { timeout: 10_000 }).toBeGreaterThan(5);
    expect(await answering.ask({ op: "ping" })).toMatchObject({ ok: true });
    await answering.close();
    await lively.stop();
  });

  test("is closed when its key is revoked, and only then", async () => {
    const carol = floor.member("carol");
    const byOperation = await Client.open(floor.url);
    await byOperation.ask({ op: "auth", key: carol.key });
    await byOperation.ask({ op: "subscribe", channel: "wallets" });
    const byHeader = await Client.open(floor.url, bearer(carol.key));
    const alices = await Client.open(floor.url, bearer(alice.key));
    const nobodys = await Client.open(floor.url);
    floor.apply({ kind: "RevokeKey", keyId: carol.keyId });
    floor.deposit(carol.account, 1);
    for (const client of [byOperation, byHeader]) {
      expect(await client.closed).toMatchObject({ code: 1008 });
      expect(client.of("wallets")).toEqual([]);
    }
    expect(await alices.ask({ op: "ping" })).toMatchObject({ ok: true });
    expect(await nobodys.ask({ op: "auth", key: carol.key })).toMatchObject({
      error: { code: "unauthorized" },
    });
    expect((await refusedUpgrade(floor.url, bearer(carol.key))).status).toBe(401);
    await alices.close();
    await nobodys.close();
  });

  test("that is being closed for its key makes room at once, however long it takes", async () => {
    const small = await openFloor({ limits: { socketsMax: 1, closeGraceMs: 600_000 } });
    const dan = small.member("dan");
    const deaf = await Client.open(small.url, bearer(dan.key));
    deaf.socket.pause();
    small.apply({ kind: "RevokeKey", keyId: dan.keyId });
    const next = await Client.open(small.url);
    expect(await next.ask({ op: "ping" })).toMatchObject({ ok: true });
    await next.close();
    deaf.socket.resume();
    expect(await deaf.closed).toMatchObject({ code: 1008 });
    await small.stop();
  });

  test("that does not close when it is told to is cut a moment later", async () => {
    const strict = await openFloor({ limits: { closeGraceMs: 50 } });
    const eve = strict.member("eve");
    const deaf = await Client.open(strict.url, bearer(eve.key));
    deaf.socket.pause();
    strict.apply({ kind: "RevokeKey", keyId: eve.keyId });
    const connections = () =>
      new Promise((resolve) => strict.server.getConnections((_, count) => resolve(count)));
    await expect.poll(connections, { timeout: 10_000 }).toBe(0);
    deaf.socket.terminate();
    await strict.stop();
  });

  test("is closed with 1001 at shutdown; one that does not answer is cut", async () => {
    const ending = await openFloor({ limits: { closeGraceMs: 100 } });
    const polite = await Client.open(ending.url);
    const deaf = await Client.open(ending.url);
    await deaf.ask({ op: "ping" });
    deaf.socket.pause();
    await ending.stop();
    expect(await polite.closed).toMatchObject({ code: 1001 });
    deaf.socket.resume();
    await deaf.closed;
  });
});

/** The answer to bytes, whatever they are. */
function rawAnswer(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = "";
    const connection: Socket = createConnection(Number(port), hostname, () => connection.write(request));
    connection.on("data", (chunk) => {
      text += String(chunk);
    });
    connection.on("close", () => resolve(text));
    connection.on("error", reject);
  });
}
