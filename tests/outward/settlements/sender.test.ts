/** What an attempt comes to, whatever a receiver says; and where none is made at all. */
import { createServer, type Server, type Socket } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import { AddressRules, inwardAddressOf } from "../../../src/outward/settlements/addresses.ts";
import { backoffMs, retryAfterMs } from "../../../src/outward/settlements/backoff.ts";
import { isSecret, newSecret } from "../../../src/outward/settlements/secrets.ts";
import { type ReceiverOptions, Sender } from "../../../src/outward/settlements/sender.ts";

const TIMEOUT_MS = 300;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const MESSAGE = { settlementId: "VIB-BRL/17", body: '{"settlementId":"VIB-BRL/17"}', traceId: TRACE };

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A receiver that answers with these bytes, and then ends the connection unless it is to be kept. */
async function receiving(answer: (request: string, socket: Socket) => void) {
  const requests: string[] = [];
  let connections = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      requests.push(bytes.toString());
      answer(bytes.toString(), socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}/wallet?x=1`, requests, connections: () => connections };
}

function senderTo(url: string, options: Partial<ReceiverOptions> = {}): Sender {
  const secrets = [newSecret()];
  const sender = new Sender({
    url,
    token: "t",
    secrets,
    allowed: ["127.0.0.1"],
    timeoutMs: TIMEOUT_MS,
    ...options,
  });
  cleanups.push(() => sender.close());
  return sender;
}

const full = (status: string, headers = "", body = "") =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("an answer", () => {
  it.each([
    { answer: full("200 OK"), outcome: "delivered", httpStatus: 200 },
    { answer: full("201 Created", "", "{}"), outcome: "delivered", httpStatus: 201 },
    { answer: "HTTP/1.1 204 No Content\r\n\r\n", outcome: "delivered", httpStatus: 204 },
    { answer: `HTTP/1.1 103 Early Hints\r\n\r\n${full("200 OK")}`, outcome: "delivered", httpStatus: 200 },
    {
      answer: full("302 Found", "Location: http://127.0.0.1:1/\r\n"),
      outcome: "redirected",
      httpStatus: 302,
    },
    { answer: full("400 Bad", "", "no such user\u0007\n"), outcome: "refused", detail: "no such user" },
    { answer: full("401 Unauthorized"), outcome: "refused", httpStatus: 401 },
    { answer: full("429 Slow", "Retry-After: 3\r\n"), outcome: "throttled", retryAfterMs: 3000 },
    { answer: full("429 Slow", "Retry-After: 99999999\r\n"), outcome: "throttled", retryAfterMs: 600_000 },
    {
      answer: full("429 Slow", `Retry-After: ${"9".repeat(30)}\r\n`),
      outcome: "throttled",
      retryAfterMs: 600_000,
    },
    { answer: full("429 Slow", "Retry-After: -5\r\n"), outcome: "throttled", retryAfterMs: 0 },
    { answer: full("429 Slow", "Retry-After: soon\r\n"), outcome: "throttled", retryAfterMs: 0 },
    { answer: full("500 Oh", "", "x".repeat(9000)), outcome: "failed", detail: "x".repeat(400) },
    { answer: full("503 Later", "Retry-After: 2\r\n"), outcome: "failed", retryAfterMs: 2000 },
    { answer: full("999 What"), outcome: "failed", httpStatus: 999 },
    { answer: "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", outcome: "unreachable" },
    { answer: "HTTP/1.1 200 OK\r\nContent-Le", outcome: "unreachable" },
    { answer: "HTTP/1.1 OKAY\r\n\r\n", outcome: "garbled" },
    { answer: "SSH-2.0-OpenSSH\r\n", outcome: "garbled" },
    { answer: `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, outcome: "garbled" },
    { answer: full("200 OK", "", "x".repeat(70_000)), outcome: "garbled" },
    { answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", outcome: "garbled" },
    { answer: "", outcome: "unreachable" },
  ])("is judged by what it says, to its end: $outcome", async ({ answer, ...expected }) => {
    const { url, requests } = await receiving((_, socket) => socket.end(answer));
    expect(await senderTo(url).send(MESSAGE)).toMatchObject(expected);
    expect(requests).toHaveLength(1);
  });

  it.each(["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])(
    "that is not complete in time is none: %j",
    async (beginning) => {
      const { url } = await receiving((_, socket) => socket.write(beginning));
      expect(await senderTo(url).send(MESSAGE)).toMatchObject({ outcome: "timed-out" });
    },
  );

  it("is not to be had where nobody listens", async () => {
    expect(await senderTo("http://127.0.0.1:1/").send(MESSAGE)).toMatchObject({ outcome: "unreachable" });
  });
});

describe("a delivery", () => {
  it("carries its key, its trace, the token and a signature by every secret", async () => {
    const { url, requests } = await receiving((_, socket) => socket.end(full("200 OK")));
    const secrets = [newSecret(), newSecret()];
    await senderTo(url, { secrets }).send(MESSAGE);
    const [head, body] = requests[0]!.split("\r\n\r\n") as [string, string];
    const [line, ...rest] = head.split("\r\n");
    const headers = Object.fromEntries(
      rest.map((text) =>
        text.toLowerCase().startsWith("webhook-signature")
          ? ["webhook-signature", text.slice(19)]
          : (text.split(": ") as [string, string]),
      ),
    );
    expect(line).toBe("POST /wallet?x=1 HTTP/1.1");
    expect(body).toBe(MESSAGE.body);
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "idempotency-key": "VIB-BRL/17",
      "webhook-id": "VIB-BRL/17",
      authorization: "Bearer t",
      traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`)),
    });
    for (const secret of secrets) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow("No matching signature found");
  });

  it("goes over a connection that was kept, and over a new one if that was closed meanwhile", async () => {
    let isClosing = false;
    const { url, requests, connections } = await receiving((_, socket) => {
      if (isClosing && connections() === 1) socket.destroy();
      else socket.write(full("200 OK"));
    });
    const sender = senderTo(url);
    await sender.send(MESSAGE);
    await sender.send(MESSAGE);
    expect(connections()).toBe(1);
    isClosing = true;
    expect(await sender.send(MESSAGE)).toMatchObject({ outcome: "delivered" });
    expect({ connections: connections(), requests: requests.length }).toEqual({
      connections: 2,
      requests: 4,
    });
  });

  it("goes over a new one, too, where many were kept and all of them are closed", async () => {
    let isClosing = false;
    const waiting: Socket[] = [];
    const { url, connections } = await receiving((_, socket) => {
      if (isClosing && connections() <= 4) socket.destroy();
      else if (isClosing) socket.write(full("200 OK"));
      else waiting.push(socket);
      // Answered together, so that none is used for another meanwhile.
      if (waiting.length === 4) for (const each of waiting.splice(0)) each.write(full("200 OK"));
    });
    const sender = senderTo(url);
    await Promise.all(Array.from({ length: 4 }, () => sender.send(MESSAGE)));
    expect(connections()).toBe(4);
    isClosing = true;
    expect(await sender.send(MESSAGE)).toEqual({
      outcome: "delivered",
      httpStatus: 200,
      detail: null,
      retryAfterMs: 0,
    });
    expect(connections()).toBe(5);
  });

  it("does not go inside unless that is allowed, by name or by number", async () => {
    const { url, connections } = await receiving((_, socket) => socket.end(full("200 OK")));
    for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1"]) {
      const sender = senderTo(url.replace("127.0.0.1", host), { allowed: [] });
      expect(await sender.send(MESSAGE)).toMatchObject({ outcome: "forbidden-address" });
    }
    expect(connections()).toBe(0);
    const allowed = senderTo(url.replace("127.0.0.1", "localhost"), { allowed: ["127.0.0.0/8"] });
    expect(await allowed.send(MESSAGE)).toMatchObject({ outcome: "delivered" });
  });
});

describe("an address", () => {
  const none = new AddressRules([]);
  it.each([
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "no address",
  ])("%s is inside", (address) => {
    expect(none.permits(address)).toBe(false);
  });

  it.each(["1.1.1.1", "172.32.0.1", "172.15.0.1", "100.128.0.1", "193.0.0.1", "2606:4700::1111", "2a00::1"])(
    "%s is outside",
    (address) => {
      expect(none.permits(address)).toBe(true);
    },
  );

  it("inside may be allowed, by itself or with its network, in either spelling", () => {
    const rules = new AddressRules(["10.0.0.0/8", "::1", "fd00::/8"]);
    for (const address of ["10.9.9.9", "::ffff:10.0.0.1", "::1", "fd12::1"]) {
      expect(rules.permits(address), address).toBe(true);
    }
    expect(rules.permits("127.0.0.1")).toBe(false);
  });

  it("is looked for behind a name; a name that leads nowhere now is looked at again later", async () => {
    const inward = (url: string) => inwardAddressOf(new URL(url), none);
    expect(await inward("http://localhost/")).toMatch(/^(127\.0\.0\.1|::1)$/);
    expect(await inward("http://[::1]:8080/")).toBe("::1");
    expect(await inward("http://0x7f000001/")).toBe("127.0.0.1");
    expect(await inward("https://1.1.1.1/")).toBeNull();
    expect(await inward("https://nowhere.invalid/")).toBeNull();
  });
});

it("waits longer from failure to failure, up to an hour, spread by chance", () => {
  const waits = [1, 2, 3, 12, 13, 99].map((failures) => backoffMs(failures, 0, 1));
  expect(waits).toEqual([1000, 2000, 4000, 2_048_000, 3_600_000, 3_600_000]);
  expect([0, 0.5, 1].map((chance) => backoffMs(3, 0, chance))).toEqual([2000, 3000, 4000]);
  expect(backoffMs(1, 90_000, 0)).toBe(90_000);
});

it("reads Retry-After in seconds and as a date, within bounds", () => {
  const now = Date.parse("2026-11-22T08:00:00Z");
  const read = (header: string | undefined) => retryAfterMs(header, now);
  expect(read("Sun, 22 Nov 2026 08:00:30 GMT")).toBe(30_000);
  expect(read("Sun, 22 Nov 2026 07:00:00 GMT")).toBe(0);
  expect(read("Sun, 22 Nov 2036 07:00:00 GMT")).toBe(600_000);
  expect([read(undefined), read("-5"), read(""), read("0")]).toEqual([0, 0, 0, 0]);
});

it("knows a secret by its form", () => {
  expect(isSecret(newSecret())).toBe(true);
  for (const text of ["", "whsec_", "whsec_c2hvcnQ=", newSecret().slice(6), `${newSecret()}!`]) {
    expect(isSecret(text), text).toBe(false);
  }
});
