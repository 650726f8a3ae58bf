/** `pregao journal`: what it says of a journal, also of one that an exchange is appending to. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_KEY, Client, openTrader, type RunningServer, startServer } from "../edge/harness.ts";
import { MAIN, run } from "./command-line.ts";

const ORDERS = 40;

let server: RunningServer;
let alice: Client;
let orderIds: number[];

beforeAll(async () => {
  server = await startServer();
  const operator = new Client(server.url, ADMIN_KEY);
  await operator.post("/v1/assets", { asset: "GOLD", scale: 4 });
  const gold = { market: "GOLD-BRL", base: "GOLD", quote: "BRL", tickSize: "0.05", lotSize: "0.2" };
  expect((await operator.post("/v1/markets", { ...gold, takerFee: "0.001" })).status).toBe(201);
  alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000.00", GOLD: "17.5" } });
  const terms = { market: "GOLD-BRL", side: "sell", type: "limit", price: "120.50", quantity: "0.2" };
  orderIds = [];
  for (let i = 0; i < ORDERS; i += 1) {
    const { body } = await alice.post("/v1/orders", { ...terms, clientOrderId: `mine-${i}` });
    orderIds.push(body.order.orderId);
  }
  await alice.patch(`/v1/orders/${orderIds[0]}`, { price: "121.00" });
  await alice.delete(`/v1/orders/${orderIds[1]}`);
});

afterAll(() => server.dispose());

const records = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("shows what a running exchange has acknowledged, every command a line, and changes nothing", () => {
  const journal = join(server.directory, "journal");
  const before = readdirSync(journal).map((name) => statSync(join(journal, name)).mtimeMs);
  const { status, stdout, stderr } = run(["journal", server.directory]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const lines = records(stdout);
  expect(lines.map((line) => Number(line.trim().split(" ")[0]))).toEqual(lines.map((_, i) => i + 1));
  expect(stdout).toMatch(/^# segment 1, 00000001\.segment\n# frame at offset 4096, sequences 1 to 3, /);
  expect(lines[orderIds[0]! - 1]).toMatch(
    /Z {2}PlaceOrder {2}accountId=alice market=GOLD-BRL side=sell type=limit .* price=120\.50 quantity=0\.2 .* clientOrderId=mine-0 requestId=\w{26}$/,
  );
  expect(lines.at(-2)).toContain(
    `AmendOrder  accountId=alice orderId=${orderIds[0]} market=GOLD-BRL price=121.00`,
  );
  expect(lines.at(-1)).toContain(`CancelOrder  accountId=alice orderId=${orderIds[1]}`);
  expect(lines.find((line) => line.includes("asset=GOLD amount"))).toContain(
    "amount=17.5000 reference=seed-GOLD",
  );
  expect(readdirSync(journal).map((name) => statSync(join(journal, name)).mtimeMs)).toEqual(before);
});

test("shows a range, and as JSON the same record with the place of its frame", () => {
  const [from, to] = [orderIds[3]!, orderIds[5]!];
  const { status, stdout } = run([
    "journal",
    server.directory,
    "--from",
    `${from}`,
    "--to",
    `${to}`,
    "--json",
  ]);
  expect(status).toBe(0);
  const found = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(found.map(({ seq }) => seq)).toEqual([from, from + 1, to]);
  expect(found[0]).toMatchObject({
    kind: "PlaceOrder",
    accountId: "alice",
    price: "120.50",
    quantity: "0.2",
    clientOrderId: "mine-3",
    expiresAt: null,
    frame: { segment: 1, epoch: 0, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
});

test("says where the journal ends to who asks for what lies behind", () => {
  const { status, stdout, stderr } = run(["journal", server.directory, "--from", "100000"]);
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(stderr).toBe(`the journal ends with sequence ${orderIds.at(-1)! + 2}\n`);
});

test("ends quietly when whoever reads it has seen enough", () => {
  const pipe = `"${process.execPath}" "${MAIN}" journal "${server.directory}" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const output = execFileSync("bash", ["-c", `{ ${pipe}; } 2>&1`], { encoding: "utf8" });
  expect(output).toBe("# segment 1, 00000001.segment\n0\n");
});

test.each([
  { args: ["--from", "0"], why: "whole number from 1" },
  { args: ["--to", "x"], why: "whole number from 1" },
  { args: ["--from", "5", "--to", "4"], why: "--to 4 lies before --from 5" },
])("a range that is none is wrong usage: $args", ({ args, why }) => {
  const { status, stderr } = run(["journal", server.directory, ...args]);
  expect(status).toBe(2);
  expect(stderr).toContain(why);
});

test("a directory without a journal is wrong usage", () => {
  const { status, stderr } = run(["journal", join(server.directory, "journal")]);
  expect(status).toBe(2);
  expect(stderr).toContain("there is no journal in");
});

test("names the damage, after all that stands before it, and exits with 4", async () => {
  expect(await server.stop()).toBe(0);
  const whole = run(["journal", server.directory]).stdout;
  expect(whole).toMatch(/# clean stop at offset \d+, /);
  const [, offset] = /# frame at offset (\d+), sequences 10 /.exec(whole) as unknown as [string, string];
  const file = join(server.directory, "journal", "00000001.segment");
  const bytes = readFileSync(file);
  bytes[Number(offset) + 60]! ^= 4;
  writeFileSync(file, bytes);
  const { status, stdout, stderr } = run(["journal", server.directory]);
  expect(status).toBe(4);
  expect(records(stdout).length).toBe(9);
  expect(stderr).toContain(`journal/00000001.segment, offset ${offset}, sequence 10: `);
});
