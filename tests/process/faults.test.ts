/** The process as an operator meets it: what it prints, what it exits with, and what it does when the disk fails. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test, vi } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../edge/harness.ts";
import { run, temporaryDirectory } from "./command-line.ts";

const FAULTY_DISK = new URL("./faulty-disk.mjs", import.meta.url).href;
const WAIT = { timeout: 10_000, interval: 20 };

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function started(options: Parameters<typeof startServer>[0] = {}): Promise<RunningServer> {
  const server = await startServer({ directory: temporaryDirectory(), ...options });
  cleanups.push(() => server.stop());
  return server;
}

/** A server whose disk fails on command. */
async function withFaultyDisk() {
  const faults = temporaryDirectory();
  const env = { NODE_OPTIONS: `--import ${FAULTY_DISK}`, FAULT_DIRECTORY: faults };
  const server = await started({ env });
  return {
    server,
    begin: (fault: string) => writeFileSync(join(faults, fault), ""),
    end: (fault: string) => rmSync(join(faults, fault)),
  };
}

test.each([
  { args: ["serve", "--port", "many"], why: "--port" },
  { args: ["serve", "--port", "65536"], why: "--port" },
  { args: ["serve", "--nonsense"], why: "--nonsense" },
  { args: ["sell"], why: "sell" },
  { args: ["serve", "--config", "/nowhere.json"], why: "/nowhere.json" },
])("wrong usage ends with exit code 2 and names what is wrong: $args", ({ args, why }) => {
  const { status, stderr } = run([...args, ...(args[0] === "serve" ? ["--data", temporaryDirectory()] : [])]);
  expect(status).toBe(2);
  expect(stderr).toContain(why);
});

test.each([
  { PREGAO_ADMIN_KEY: "too-short" },
  { PREGAO_PORT: "-1" },
  { PREGAO_LOG_LEVEL: "loud" },
  { PREGAO_RATE_LIMIT: "1.5" },
  { PREGAO_CONNECTIONS_PER_ADDRESS: "-1" },
  { PREGAO_TRUSTED_PROXIES: "10.0.0.0/33" },
  { PREGAO_TRUSTED_PROXIES: "127.0.0.1,proxy.example" },
])("a variable that does not fit ends with exit code 2 and is named: %o", (env) => {
  const { status, stderr } = run(["serve", "--data", temporaryDirectory()], env as Record<string, string>);
  expect(status).toBe(2);
  expect(stderr).toContain(Object.keys(env)[0]);
});

test("a key of the configuration file that nobody knows is refused by name", () => {
  const directory = temporaryDirectory();
  const file = join(directory, "pregao.json");
  writeFileSync(file, JSON.stringify({ port: 0, prot: 1 }));
  const { status, stderr } = run(["serve", "--data", directory, "--config", file]);
  expect(status).toBe(2);
  expect(stderr).toContain("prot");
});

test("a data directory that cannot be used ends with exit code 2 and is named", () => {
  const file = join(temporaryDirectory(), "a-file");
  writeFileSync(file, "");
  const { status, stderr } = run(["serve", "--data", file]);
  expect(status).toBe(2);
  expect(stderr).toContain(file);
});

test.each([
  { path: "journal", is: "file", no: "directory" },
  { path: "snapshots", is: "file", no: "directory" },
  { path: "ledger.sqlite", is: "directory", no: "file" },
  { path: "lock", is: "directory", no: "file" },
  { path: "journal/next-segment.aside", is: "directory", no: "file" },
  { path: "snapshots/next-snapshot.aside", is: "directory", no: "file" },
])("a $is where $path belongs ends with exit code 2, and is left as it is", ({ path, is, no }) => {
  const directory = temporaryDirectory();
  const wrong = join(directory, path);
  mkdirSync(is === "file" ? dirname(wrong) : wrong, { recursive: true });
  if (is === "file") writeFileSync(wrong, "");
  const { status, stderr } = run(["serve", "--data", directory, "--port", "0"]);
  expect(stderr).toBe(
    `pregao: ${wrong} cannot be used: it is no ${no}; move it away, or name another data directory\n`,
  );
  expect(status).toBe(2);
  expect(statSync(wrong).isFile()).toBe(is === "file");
});

test("a directory where a segment belongs is damage, with exit code 4", () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "journal", "00000001.segment"), { recursive: true });
  const { status, stderr } = run(["serve", "--data", directory, "--port", "0"]);
  expect(stderr).toContain("journal/00000001.segment, offset 0, sequence 1: it is a directory and no file");
  expect(status).toBe(4);
});

test("a ledger that cannot be opened is told in one line that names it", () => {
  const directory = temporaryDirectory();
  // Where SQLite keeps its log beside the file.
  mkdirSync(join(directory, "ledger.sqlite-wal"));
  const { status, stderr } = run(["serve", "--data", directory, "--port", "0"]);
  expect(stderr).toMatch(/^pregao: the ledger \S+\/ledger\.sqlite cannot be opened: [^\n]+\n$/);
  expect(status).toBe(1);
});

test("a new exchange for which there is no space ends with exit code 5, and says what to do", async () => {
  const directory = temporaryDirectory();
  const args = ["serve", "--port", "0", "--data", directory];
  const { status, stdout, stderr } = run(args, { PREGAO_DISK_RESERVE_MIB: "1000000000" });
  expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
  expect(stderr).toMatch(/less free space than the reserve.* start again$/m);
  await started({ directory });
});

test("a port that is taken ends with exit code 2", async () => {
  const { url } = await started();
  const { status, stderr } = run(["serve", "--data", temporaryDirectory(), "--port", new URL(url).port]);
  expect(status).toBe(2);
  expect(stderr).toContain("EADDRINUSE");
});

test("a second process on the same data directory ends with exit code 3 and changes nothing", async () => {
  const { directory, url } = await started();
  const { status, stderr } = run(["serve", "--data", directory, "--port", "0"]);
  expect(status).toBe(3);
  expect(stderr).toContain(directory);
  expect((await new Client(url).get("/health/ready")).status).toBe(200);
});

test("a journal that is damaged in the middle ends with exit code 4, and is left as it is", async () => {
  const server = await started();
  await openTrader(new Client(server.url, ADMIN_KEY), { accountId: "alice", funds: { BRL: "10.00" } });
  await server.stop();
  const segments = join(server.directory, "journal");
  const file = join(segments, readdirSync(segments).find((name) => name.endsWith(".segment"))!);
  const bytes = readFileSync(file);
  bytes[4200]! ^= 1;
  writeFileSync(file, bytes);
  const { status, stderr } = run(["serve", "--data", server.directory, "--port", "0"]);
  expect(status).toBe(4);
  expect(stderr).toMatch(/\.segment, offset 4096, sequence 1/);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test("a stop by SIGTERM or SIGINT finishes, closes and exits with 0", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const server = await started();
    server.process.kill(signal);
    expect(await server.stop()).toBe(0);
  }
});

test("the operator's key is made once, for nobody else to read, and works", async () => {
  const directory = temporaryDirectory();
  const first = await startServer({ directory, env: { PREGAO_ADMIN_KEY: undefined as never } });
  const file = join(directory, "admin.key");
  const key = readFileSync(file, "utf8").trim();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await new Client(first.url, key).get("/v1/status")).status).toBe(200);
  await first.stop();
  const second = await started({ directory, env: { PREGAO_ADMIN_KEY: undefined as never } });
  expect((await new Client(second.url, key).get("/v1/status")).status).toBe(200);
});

test("a directory where the operator's key belongs ends with exit code 2 and is named", () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "admin.key"));
  const env = { PREGAO_ADMIN_KEY: undefined as never };
  const { status, stderr } = run(["serve", "--data", directory, "--port", "0"], env);
  expect(stderr).toContain(`the operator's key ${join(directory, "admin.key")} cannot be used: EISDIR`);
  expect(status).toBe(2);
});

test("a directory where the wallet service's secret belongs ends with exit code 2 and is named", () => {
  const directory = temporaryDirectory();
  const file = join(directory, "wallet.secret");
  mkdirSync(file);
  const env = { PREGAO_WALLET_URL: "http://127.0.0.1:9", PREGAO_WALLET_ALLOW: "127.0.0.1" };
  const { status, stderr } = run(["serve", "--data", directory, "--port", "0"], env);
  expect(stderr).toContain(`the wallet service's secret ${file} cannot be used: EISDIR`);
  expect(status).toBe(2);
});

test("after a failed sync nothing is acknowledged, and the process exits with 5", async () => {
  const { server, begin } = await withFaultyDisk();
  const operator = new Client(server.url, ADMIN_KEY);
  await operator.post("/v1/accounts", { accountId: "alice" });
  const ended = new Promise<number | null>((resolve) => server.process.once("exit", resolve));
  begin("sync-fails");
  const answers = await Promise.allSettled(
    ["bob", "carol"].map((accountId) => operator.post("/v1/accounts", { accountId })),
  );
  for (const answer of answers) {
    // A connection that breaks is no acknowledgement either.
    if (answer.status === "rejected") continue;
    expect(answer.value.status).toBe(503);
    expect(answer.value.body.code).toBe("journal-failed");
    expect(answer.value.body.detail).toContain("unknown");
  }
  expect(await ended).toBe(5);
  expect(server.log()).toContain("fdatasync");
  const again = await started({ directory: server.directory });
  const read = await new Client(again.url, ADMIN_KEY).get("/v1/accounts/alice");
  expect(read.status).toBe(200);
});

test("on a full disk commands are refused and reads go on, until there is space again", async () => {
  const { server, begin, end } = await withFaultyDisk();
  const operator = new Client(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "10.00" } });
  const deposit = (reference: string) =>
    operator.post("/v1/deposits", { accountId: "alice", asset: "BRL", amount: "1.00", reference });
  begin("disk-is-full");
  const refused = await vi.waitFor(async () => {
    const answer = await deposit("while-full");
    expect(answer.status).toBe(503);
    return answer;
  }, WAIT);
  expect(refused.body.code).toBe("disk-full");
  expect(refused.headers.get("retry-after")).toBeTruthy();
  expect((await alice.get("/v1/wallets/BRL")).status).toBe(200);
  expect((await alice.get("/v1/statement")).status).toBe(200);
  end("disk-is-full");
  await vi.waitFor(async () => expect((await deposit("after")).status).toBe(201), WAIT);
});

test("a ledger that was deleted is rebuilt from the journal, row by row the same", async () => {
  const server = await started();
  const operator = new Client(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000.00" } });
  const bob = await openTrader(operator, { accountId: "bob", funds: { VIB: "10" } });
  const order = { market: "VIB-BRL", type: "limit", price: "9.50", quantity: "3" };
  await bob.post("/v1/orders", { ...order, side: "sell" });
  await alice.post("/v1/orders", { ...order, side: "buy", clientOrderId: "mine" });
  await server.stop();
  const file = join(server.directory, "ledger.sqlite");
  const before = dump(file);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  const again = await started({ directory: server.directory });
  await new Client(again.url, alice.key).get("/v1/statement");
  await again.stop();
  expect(existsSync(file)).toBe(true);
  expect(dump(file)).toEqual(before);
});

function dump(file: string): Record<string, unknown[]> {
  const database = new Database(file, { readonly: true });
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .pluck()
    .all() as string[];
  const rows = tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all()] as const);
  database.close();
  return Object.fromEntries(rows);
}
