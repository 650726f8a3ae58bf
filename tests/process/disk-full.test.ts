/**
 * A disk that is really full: a small one of its own, filled to the last block and freed again. Commands are refused
 * and reads go on meanwhile; afterwards the exchange takes commands again by itself, and nothing is lost or doubled.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, vi } from "vitest";
import { ADMIN_KEY, Client, openTrader, type Received, startServer } from "../edge/harness.ts";
import { run } from "./command-line.ts";
import { LoopDisk, testOnLoopDisk } from "./loop-disk.ts";

const DISK_MIB = 128;
const WAIT = { timeout: 20_000, interval: 50 };
/** What is left free when all but that is taken: less than the reserve, and enough for the ledger. */
const LEFT_BYTES = 8 * 1024 * 1024;
/** As long as they may be, so that the first segment is half full after some ten thousand of them. */
const REFERENCE_CHARACTERS = 64;
const AT_ONCE = 32;

const test = await testOnLoopDisk("ext4");

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An exchange on a small disk, with an account that has money. */
async function onSmallDisk(env: Record<string, string>) {
  const disk = new LoopDisk("ext4", DISK_MIB);
  cleanups.push(() => disk.dispose());
  const directory = join(disk.path, "data");
  const server = await startServer({ directory, env });
  cleanups.push(() => server.process.kill("SIGKILL"));
  const operator = new Client(server.url, ADMIN_KEY);
  const alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "10.00" } });
  const deposit = (reference: string) =>
    operator.post("/v1/deposits", { accountId: "alice", asset: "BRL", amount: "1.00", reference });
  const filler = join(disk.path, "filler");
  const fillUp = (leftBytes: number) => fill(filler, leftBytes);
  return { directory, server, alice, deposit, fill: fillUp, free: () => rmSync(filler) };
}

/** Takes all the space there is, to the last block, and gives some back. */
function fill(path: string, leftBytes: number): void {
  const file = openSync(path, "w");
  for (let bytes = 1024 * 1024; bytes >= 512; ) {
    try {
      writeSync(file, Buffer.alloc(bytes, 1));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
      bytes /= 2;
    }
  }
  ftruncateSync(file, fstatSync(file).size - leftBytes);
  closeSync(file);
}

async function refusal(answers: () => Promise<Received>): Promise<Received> {
  return vi.waitFor(async () => {
    const answer = await answers();
    expect(answer.status).toBe(503);
    return answer;
  }, WAIT);
}

test("below its reserve an exchange refuses commands and serves all reads, until there is space again", async () => {
  const { alice, deposit, fill, free } = await onSmallDisk({ PREGAO_DISK_RESERVE_MIB: "16" });
  expect((await deposit("before")).status).toBe(201);
  fill(LEFT_BYTES);
  let tries = 0;
  const refused = await refusal(() => deposit(`filling-${tries++}`));
  expect(refused.body.code).toBe("disk-full");
  expect(refused.headers.get("retry-after")).toBeTruthy();
  for (const path of ["/v1/wallets/BRL", "/v1/orders", "/v1/statement", "/v1/markets/VIB-BRL/book"]) {
    expect((await alice.get(path)).status).toBe(200);
  }
  free();
  await vi.waitFor(async () => expect((await deposit("after")).status).toBe(201), WAIT);
  expect((await deposit("before")).replayed).toBe(true);
});

test("without a reserve it goes on while the journal has room of its own, then waits for space, and loses nothing", async () => {
  const env = { PREGAO_DISK_RESERVE_MIB: "0" };
  const exchange = await onSmallDisk(env);
  const { alice, server, deposit, fill, free } = exchange;
  fill(0);
  const acknowledged = new Map<string, number>();
  let unanswered = 0;
  let next = 0;
  const sendUntilRefused = async () => {
    for (;;) {
      const reference = `r-${next++}-`.padEnd(REFERENCE_CHARACTERS, "x");
      const answer = await deposit(reference);
      if (answer.status === 503) {
        expect(answer.body.code).toBe("disk-full");
        unanswered += 1;
        return;
      }
      expect(answer.status).toBe(201);
      acknowledged.set(reference, answer.body.transactionId);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendUntilRefused));
  expect(unanswered).toBe(AT_ONCE);
  expect(acknowledged.size).toBeGreaterThan(1_000);
  const balance = (await alice.get("/v1/wallets/BRL")).body.available;
  expect(balance).toBe(`${10 + acknowledged.size}.00`);
  free();
  await vi.waitFor(async () => expect((await deposit("after")).status).toBe(201), WAIT);
  await vi.waitFor(async () => expect((await alice.get("/v1/statement")).status).toBe(200), WAIT);
  server.process.kill("SIGKILL");
  const again = await startServer({ directory: exchange.directory, env });
  cleanups.push(() => again.process.kill("SIGKILL"));
  const operator = new Client(again.url, ADMIN_KEY);
  for (const [reference, transactionId] of [...acknowledged].slice(-200)) {
    const body = { accountId: "alice", asset: "BRL", amount: "1.00", reference };
    const answer = await operator.post("/v1/deposits", body);
    expect([answer.replayed, answer.body.transactionId]).toEqual([true, transactionId]);
  }
  const read = await new Client(again.url, alice.key).get("/v1/wallets/BRL");
  expect(read.body.available).toBe(`${11 + acknowledged.size}.00`);
  expect(await again.stop()).toBe(0);
  expect(run(["verify", exchange.directory])).toMatchObject({ status: 0, stderr: "" });
  process.stdout.write(`full disk: ${acknowledged.size} acknowledged while full, none lost\n`);
}, 120_000);

test("a backup that does not fit names its target and leaves nothing of it", async () => {
  const { directory, stop } = await startServer();
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  await stop();
  const disk = new LoopDisk("ext4", 16);
  cleanups.push(() => disk.dispose());
  fill(join(disk.path, "filler"), 1024 * 1024);
  const target = join(disk.path, "backup");
  const { status, stderr } = run(["backup", directory, target]);
  expect(stderr).toMatch(/^pregao: (.*) was not made: ENOSPC/m);
  expect(stderr).toContain(target);
  expect(status).toBe(1);
  expect(readdirSync(disk.path).filter((name) => name.startsWith("backup"))).toEqual([]);
});

test("a verification that finds no room to work in says so, and that nothing was found out", async () => {
  const { directory, stop } = await startServer();
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  await stop();
  const disk = new LoopDisk("ext4", 16);
  cleanups.push(() => disk.dispose());
  fill(join(disk.path, "filler"), 64 * 1024);
  const { status, stdout, stderr } = run(["verify", directory], { TMPDIR: disk.path });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(`nothing was found out: the temporary directory ${disk.path} has no room`);
  expect(stderr).toContain("TMPDIR");
  expect(readdirSync(disk.path).filter((name) => name.startsWith("pregao"))).toEqual([]);
});
