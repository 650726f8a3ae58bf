/** Bytes that are HTTP in part or not at all, by the hundred: refused or cut off, and nothing is changed by them. */
import { connect } from "node:net";
import { describe, expect, it, test } from "vitest";
import { Random } from "../../simulation/random.ts";
import { ADMIN_KEY, type Client, type RunningServer } from "../harness.ts";
import { expectRefused, type Flooded, inTurns, TEXT, withFlooded } from "./flooded.ts";

const ANSWER_MS_MAX = 15_000;

let server: RunningServer;
let trader: Client;
let state: Flooded["state"];
let before: string;
withFlooded((flooded) => {
  ({ server, trader, state, before } = flooded);
});
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
    "X : y",
    " X: y",
    "X\u0001: y",
    "X: \u0000",
    "X: a\rb",
    ": y",
    "X",
    "X y",
    "X: y\n Z: a",
    "é: x",
    "Content-Length: 1e3",
    "Content-Length: 0x10",
    "Content-Length: 1, 2",
    "Content-Length: ",
    "Content-Length: 99999999999999999999",
    "Content-Length: -0",
    "Content-Length: +5",
    "Content-Length: 1.5",
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
    "zz\r\n",
    "-1\r\n",
    "\r\n",
    "5\r\n12345",
    "5\r\n1234567\r\n0\r\n\r\n",
    "5;\u0000=x\r\n12345\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\n",
    "1 \r\nx\r\n0\r\n\r\n",
    "0x5\r\n12345\r\n0\r\n\r\n",
    "5\n12345\n0\n\n",
    `5;${"x".repeat(20_000)}\r\n12345\r\n0\r\n\r\n`,
    "0\r\nX: \u0001\r\n\r\n",
    "2\r\n{}\r\n0\r\n\r\n",
    "0\r\n\r\n",
    `10001\r\n${" ".repeat(0x10001)}\r\n0\r\n\r\n`,
  ].map((body) => post("Transfer-Encoding: chunked\r\nConnection: close\r\n", body));

  const random = (() => {
    const chance = new Random(1);
    return Array.from({ length: 150 }, () =>
      Buffer.from(Array.from({ length: 1 + chance.below(300) }, () => chance.below(256))),
    );
  })();

  /** A whole request with some bytes exchanged: it may be whole still, and names a market that there is not. */
  const hurt = (() => {
    const chance = new Random(2);
    const whole = Buffer.from(post(`Content-Length: ${TEXT.length}\r\nConnection: close\r\n`, TEXT));
    return Array.from({ length: 200 }, () => {
      const bytes = Buffer.from(whole);
      for (let i = 0; i <= chance.below(4); i += 1) bytes[chance.below(bytes.length)] = chance.below(256);
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
