/**
 * A wallet service for tests, in a process of its own that can be killed: what it takes, it has written down before it
 * answers, and it knows what it has by the idempotency key. How it behaves is told by its parent:
 * `ok`, `slow`, `stalled`, `flapping`, `garbage` and `refusing`.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const [file, port, secret, token] = process.argv.slice(2);
const webhook = new Webhook(secret);
const taken = new Map();
if (existsSync(file)) {
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [id, body] = line.split("\t");
    if (body !== undefined) taken.set(id, body);
  }
}
let mode = "ok";
let repeated = 0;

const chance = (share) => Math.random() < share;

/** Takes a delivery once. What is not as it should be is told, and ends the test. */
function take(request, body) {
  const id = request.headers["idempotency-key"];
  const complain = (what) => process.send({ complaint: `${id}: ${what}` });
  if (request.method !== "POST" || request.url !== "/wallet")
    complain(`came by ${request.method} ${request.url}`);
  if (request.headers.authorization !== `Bearer ${token}`) complain("came without the token");
  if (!/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(request.headers.traceparent))
    complain("came without a trace");
  try {
    webhook.verify(body, request.headers);
  } catch (error) {
    complain(error.message);
  }
  const known = taken.get(id);
  if (known !== undefined && known !== body) complain("came again with another body");
  if (known === undefined) {
    appendFileSync(file, `${id}\t${body}\n`);
    taken.set(id, body);
  } else repeated += 1;
}

const GARBAGE = [
  (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf an answer"),
  (socket) => socket.end("HTTP/1.1 OKAY 200\r\n\r\n"),
  (socket) => socket.end("HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
  (socket) => socket.end("\u0000\u0001 this is no HTTP\r\n\r\n"),
  (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`),
  (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno chunk\r\n"),
  (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`),
  (socket) => socket.end("HTTP/1.1 299\r\nContent-Length: -1\r\n\r\n"),
  (socket) => socket.destroy(),
];

const FLAPS = [
  (response) => response.writeHead(500).end("no"),
  (response) => response.writeHead(503, { "retry-after": "1" }).end(),
  (response) => response.writeHead(429, { "retry-after": "0" }).end(),
  (response) => response.writeHead(307, { location: "/elsewhere" }).end(),
  (response) => response.socket.destroy(),
];

const pick = (list) => list[Math.floor(Math.random() * list.length)];

const BEHAVIOURS = {
  ok: (_, response, accept) => {
    accept();
    response.end("{}");
  },
  slow: (_, response, accept) => {
    accept();
    setTimeout(() => response.end("{}"), Math.random() * 200);
  },
  stalled: (_, __, accept) => {
    if (chance(0.5)) accept();
  },
  flapping: (_, response, accept) => {
    if (chance(0.7)) {
      accept();
      response.end("{}");
      return;
    }
    if (chance(0.5)) accept();
    pick(FLAPS)(response);
  },
  garbage: (_, response, accept) => {
    if (chance(0.5)) accept();
    pick(GARBAGE)(response.socket);
  },
  refusing: (request, response, accept) => {
    const trade = Number(request.headers["idempotency-key"].split("/")[1]);
    if (trade % 11 === 0) {
      response.writeHead(422, { "content-type": "text/plain" }).end("unknown user\u0007");
      return;
    }
    accept();
    response.end("{}");
  },
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    BEHAVIOURS[mode](request, response, () => take(request, body));
  });
});
server.listen(Number(port), "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", (message) => {
  mode = message.mode;
  process.send({ mode, taken: taken.size, repeated });
});
process.on("disconnect", () => process.exit());
