/**
 * The change stream of the real server, and the example that builds on it: both are killed at any moment, under load, and
 * in the end the copy of the balances is what the exchange has, and what was told live is what the journal tells.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_KEY, type Body, Client, type RunningServer, startServer } from "../edge/harness.ts";
import { openTraders, seeded, type Trader, trade } from "./trading.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/balances-copy.mjs", import.meta.url));
const ROUNDS = Number(process.env.KILLS ?? 2);
const CLIENTS = 6;
const ACKNOWLEDGED_A_ROUND = [40, 160] as const;
const TAILS = 12;
const PATIENCE_MS = 45_000;
const TURNED_AWAY_MS = 150;
const authorization = `Bearer ${ADMIN_KEY}`;

/** An address that stays while the server behind it is killed and comes again elsewhere. */
class Door {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The server behind it, or nothing while it is down. */
  target = "";

  constructor() {
    this.#server = createServer((client) => {
      if (this.target === "") {
        // At once, a fetch that is the first of its process may miss it, while it still loads its parser, and wait on.
        client.on("error", () => {});
        setTimeout(() => client.destroy(), TURNED_AWAY_MS);
        return;
      }
      const behind = connect({ host: "127.0.0.1", port: Number(new URL(this.target).port) });
      for (const [from, to] of [
        [client, behind],
        [behind, client],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Keeps all lines that it is told live, in their order, whatever happens to the server. */
class Recorder {
  lines: string[] = [];
  #isOver = false;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async record(): Promise<void> {
    while (!this.#isOver) {
      await this.#follow().catch(() => {});
      await wait(20);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  async #follow(): Promise<void> {
    const address = `${this.#url}/v1/events?fromSeq=${this.lines.length}&follow=true`;
    const response = await fetch(address, { headers: { authorization } });
    expect(response.status).toBe(200);
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body!) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      this.lines.push(...lines.filter((line) => line !== ""));
    }
  }
}

let door: Door;
let url: string;
let server: RunningServer;
let recorder: Recorder;
let recording: Promise<void>;
let copier: ChildProcess | undefined;
const random = seeded();
const draw = (least: number, most: number) => least + Math.floor(random() * (most - least));

beforeAll(async () => {
  server = await startServer();
  door = new Door();
  url = await door.open();
  door.target = server.url;
  recorder = new Recorder(url);
  recording = recorder.record();
});

afterAll(async () => {
  recorder.end();
  copier?.kill("SIGKILL");
  server.process.kill("SIGKILL");
  door.close();
  await recording;
  rmSync(server.directory, { recursive: true, force: true });
});

const copyFile = () => join(server.directory, "balances.json");

function startCopy(): void {
  copier = spawn(process.execPath, [EXAMPLE, copyFile()], {
    env: { ...process.env, PREGAO_URL: url, PREGAO_KEY: ADMIN_KEY },
    stdio: "ignore",
  });
}

/** Trades until the server has acknowledged so much, and kills it, and the copy some time before. */
async function tradeAndKill(traders: readonly Trader[]): Promise<void> {
  const total = draw(...ACKNOWLEDGED_A_ROUND);
  const copyEnds = draw(1, total);
  let seen = 0;
  const killed = once(server.process, "exit");
  await Promise.all(
    traders.map((trader) =>
      trade(server.url, trader, () => {
        seen += 1;
        if (seen === copyEnds) {
          copier?.kill("SIGKILL");
          startCopy();
        }
        if (seen !== total) return;
        server.process.kill("SIGKILL");
        door.target = "";
      }),
    ),
  );
  await killed;
  server = await startServer({ directory: server.directory });
  door.target = server.url;
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isTrue() && Date.now() < deadline) await wait(20);
  expect(isTrue()).toBe(true);
}

const copied = (): Body =>
  existsSync(copyFile()) ? JSON.parse(readFileSync(copyFile(), "utf8")) : { seq: 0 };

async function eventsAfter(seq: number): Promise<string> {
  const response = await fetch(`${server.url}/v1/events?fromSeq=${seq}`, { headers: { authorization } });
  expect(response.status).toBe(200);
  return response.text();
}

test("a copy of the balances is equal in the end, however often it and the exchange are killed", async () => {
  const traders = await openTraders(server, { count: CLIENTS, random });
  startCopy();
  for (let round = 0; round < ROUNDS; round += 1) await tradeAndKill(traders);
  const operator = new Client(server.url, ADMIN_KEY);
  const { appliedSeq } = (await operator.get("/v1/status")).body;
  await until(() => copied().seq === appliedSeq);
  const { balances } = copied();
  for (const accountId of [...traders.map(({ name }) => name), "fees"]) {
    const { items } = (await operator.get(`/v1/wallets?accountId=${accountId}`)).body;
    for (const { asset, available, held } of items) {
      const copy = balances[accountId]?.[asset];
      if (copy === undefined) expect(Number(available) + Number(held)).toBe(0);
      else expect(copy).toEqual({ available, held });
    }
  }
});

test("what was told live is what the journal tells, byte for byte, from every sequence on", async () => {
  const { appliedSeq } = (await new Client(server.url, ADMIN_KEY).get("/v1/status")).body;
  await until(() => recorder.lines.length === appliedSeq);
  expect(recorder.lines.map((line) => JSON.parse(line).seq)).toEqual(
    recorder.lines.map((_, place) => place + 1),
  );
  const all = recorder.lines.map((line) => `${line}\n`);
  const starts = [0, appliedSeq, ...Array.from({ length: TAILS }, () => draw(0, appliedSeq))];
  for (const seq of starts) expect(await eventsAfter(seq)).toBe(all.slice(seq).join(""));
});

test("a stop does not wait for who follows, not even for one that reads nothing", async () => {
  const deaf = connect({ host: "127.0.0.1", port: Number(new URL(server.url).port) });
  deaf.write(`GET /v1/events?follow=true HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`);
  await once(deaf, "readable");
  const startedAt = Date.now();
  expect(await server.stop()).toBe(0);
  expect(Date.now() - startedAt).toBeLessThan(8_000);
  deaf.destroy();
});
