/** What must never be written down: keys, headers and bodies, at any log level, whatever goes wrong. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { LOG_LEVELS } from "../../../src/edge/log.ts";
import { ADMIN_KEY, Client, openTrader, type RunningServer, sendRaw, startServer } from "../harness.ts";

/** Found in what is sent, and nowhere else. */
const MARKS = {
  header: "mark-in-a-header",
  query: "mark-in-a-query",
  body: "mark-in-a-body",
  path: "mark-in-a-path",
  wrongKey: "pk_0123456789abcdef_mark-in-a-wrong-key",
  raw: "mark-in-no-http",
};
const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "1.00", quantity: "1" };

const servers: RunningServer[] = [];
afterAll(async () => {
  for (const server of servers) await server.dispose();
});

/** One request of each kind that there is, right and wrong. Gives the key that was made on the way. */
async function sendAllKinds(server: RunningServer): Promise<string> {
  const operator = new Client(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000" } });
  const key = alice.key!;
  const headers = { cookie: MARKS.header, "x-api-key": key };
  await alice.post("/v1/orders", ORDER, headers);
  await alice.post("/v1/orders", { ...ORDER, clientOrderId: MARKS.body });
  await alice.post("/v1/orders", { ...ORDER, [MARKS.body]: key });
  await alice.send("POST", "/v1/orders", { body: `{"${MARKS.body}":` });
  await alice.post("/v1/orders", { ...ORDER, quantity: "1000000" });
  await alice.post("/v1/orders/batch", { orders: [{ ...ORDER, price: MARKS.body }] });
  await alice.get(`/v1/wallets?key=${key}&x=${MARKS.query}`);
  await alice.get(`/v1/orders/${MARKS.path}`);
  await alice.get(`/${MARKS.path}/${key}`);
  await alice.get(`/%zz${MARKS.path}`);
  await alice.send("PUT", "/v1/orders", { headers });
  await new Client(server.url, MARKS.wrongKey).get("/v1/wallets");
  await alice.get("/v1/status");
  await operator.delete(`/v1/keys/${MARKS.path}`);
  await alice.get("/v1/markets", { "x-long": MARKS.header.repeat(2_000) }).catch(() => {});
  await sendRaw(server.url, `${MARKS.raw} ${key}\r\n\r\n`);
  await sendRaw(server.url, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nX: \u0000\r\n\r\n`);
  await talkBySocket(server.url, key);
  return key;
}

async function talkBySocket(url: string, key: string): Promise<void> {
  const messages = [
    { op: "auth", key: MARKS.wrongKey },
    { op: "auth", key },
    { op: "place", ...ORDER, clientOrderId: `${MARKS.body}-2` },
    { op: "place", [MARKS.body]: key },
    { op: MARKS.body },
  ];
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/ws`);
  await new Promise((resolve) => socket.once("open", resolve));
  const answered = new Promise<void>((resolve) => {
    let answers = 0;
    socket.on("message", () => {
      answers += 1;
      if (answers === messages.length) resolve();
    });
  });
  for (const message of messages) socket.send(JSON.stringify(message));
  await answered;
  socket.close();
}

test.each(LOG_LEVELS)("a log of level %s holds nothing that a client has sent", async (level) => {
  const server = await startServer({ env: { PREGAO_LOG_LEVEL: level } });
  servers.push(server);
  const key = await sendAllKinds(server);
  expect(await server.stop()).toBe(0);
  const log = server.log();
  // A secret may have underscores of its own.
  const secret = /^pk_[0-9a-f]+_(.{20,})$/.exec(key)![1]!;
  for (const text of [...Object.values(MARKS), ADMIN_KEY, key, secret, "Bearer", "authorization"]) {
    expect(log.toLowerCase()).not.toContain(text.toLowerCase());
  }
  const lines = log === "" ? [] : log.trim().split("\n");
  const isTold = level === "trace" || level === "debug" || level === "info";
  expect(lines.length > 10).toBe(isTold);
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty("level");
});

test("the data directory has a hash of each key, and no key that was shown", async () => {
  const server = await startServer();
  servers.push(server);
  const key = await sendAllKinds(server);
  await server.stop();
  const secret = key.slice(key.indexOf("_", 3) + 1);
  const files = readdirSync(server.directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(server.directory, name))
    .filter((file) => statSync(file).isFile());
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const content = readFileSync(file);
    for (const text of [secret, ADMIN_KEY]) expect(content.includes(text)).toBe(false);
  }
});

test("metrics, the contract and the status show no key", async () => {
  const server = await startServer();
  servers.push(server);
  const key = await sendAllKinds(server);
  const operator = new Client(server.url, ADMIN_KEY);
  for (const path of ["/metrics", "/openapi.json", "/v1/status"]) {
    const shown = JSON.stringify((await operator.get(path)).body);
    for (const text of [...Object.values(MARKS), ADMIN_KEY, key]) expect(shown).not.toContain(text);
  }
});

test("a configuration file that is no JSON is named, and not repeated", async () => {
  const directory = mkdtempSync(join(tmpdir(), "pregao-secrets-"));
  const file = join(directory, "pregao.json");
  writeFileSync(file, `{"adminKey": ${ADMIN_KEY}}`);
  const started = startServer({ directory, env: { PREGAO_CONFIG: file } });
  const error = await started.then(
    () => "started",
    (fault: Error) => fault.message,
  );
  expect(error).toContain("ended with 2");
  expect(error).toContain("is not valid JSON");
  expect(error).not.toContain(ADMIN_KEY.slice(0, 8));
  rmSync(directory, { recursive: true, force: true });
});
