/**
 * The promise that matters most, on the real process: killed at any moment, under load, it loses nothing
 * that was acknowledged, and a client that sends again what it has no answer for doubles nothing.
 */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { type RunningServer, startServer } from "../edge/harness.ts";
import { run } from "./command-line.ts";
import {
  checkLedger,
  checkMoney,
  openTraders,
  retryAllAndCompare,
  seeded,
  type Trader,
  trade,
} from "./trading.ts";

/** More of them with KILLS. */
const ROUNDS = Number(process.env.KILLS ?? 8);
const CLIENTS = 12;
/** Acknowledgements after which a round ends, by a kill at whatever moment that is. */
const ACKNOWLEDGED_A_ROUND = [40, 300] as const;

async function killAfter(server: RunningServer, traders: readonly Trader[], count: number): Promise<void> {
  let seen = 0;
  const killed = once(server.process, "exit");
  const acknowledged = () => {
    seen += 1;
    if (seen === count) server.process.kill("SIGKILL");
  };
  await Promise.all(traders.map((trader) => trade(server.url, trader, acknowledged)));
  await killed;
}

test(
  "killed at any moment under load, it loses no acknowledged command and doubles none",
  async () => {
    const random = seeded();
    let server = await startServer();
    const { directory } = server;
    try {
      const traders = await openTraders(server, { count: CLIENTS, random });
      const [least, most] = ACKNOWLEDGED_A_ROUND;
      for (let round = 0; round < ROUNDS; round += 1) {
        await killAfter(server, traders, least + Math.floor(random() * (most - least)));
        server = await startServer({ directory });
      }
      await retryAllAndCompare(server, traders);
      await checkMoney(server, traders);
      expect(await server.stop()).toBe(0);
      checkLedger(directory, traders);
      expect(run(["verify", directory])).toMatchObject({ status: 0, stderr: "" });
    } finally {
      server.process.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    }
  },
  60_000 + ROUNDS * 10_000,
);
