/**
 * One sync fails, each in turn, from the first of a new exchange on: the process ends with 5 without acknowledging
 * anything more, and the next one has all that was acknowledged, and does what is sent again once.
 */
import { once } from "node:events";
import { expect, test } from "vitest";
import { type RunningServer, startServer } from "../edge/harness.ts";
import { run, temporaryDirectory } from "./command-line.ts";
import { checkMoney, openTraders, retryAllAndCompare, seeded, type Trader, trade } from "./trading.ts";

const FAULTY_DISK = new URL("./faulty-disk.mjs", import.meta.url).href;
const CLIENTS = 3;
/** A new exchange makes its first segment and writes its first commands; then every trader opens with four more. */
const SYNCS_OF_OPENING = 3 + CLIENTS * 4;
const EXIT_DISK_FAILED = 5;

const faulty = (syncFailsAt: number) => ({
  NODE_OPTIONS: `--import ${FAULTY_DISK}`,
  SYNC_FAILS_AT: `${syncFailsAt}`,
});

test.each([1, 2])("an exchange that cannot sync at its first start ends with 5: sync %i", (syncFailsAt) => {
  const args = ["serve", "--port", "0", "--data", temporaryDirectory()];
  const { status, stdout, stderr } = run(args, faulty(syncFailsAt));
  expect({ status, stdout }).toEqual({ status: EXIT_DISK_FAILED, stdout: "" });
  expect(stderr).toContain("fdatasync");
});

test.each([1, 2, 3, 8, 40])(
  "after a sync fails nothing is acknowledged, and nothing that was is lost: sync %i of trading",
  async (which) => {
    const directory = temporaryDirectory();
    const env = faulty(SYNCS_OF_OPENING + which);
    let server: RunningServer = await startServer({ directory, env });
    try {
      const traders = await openTraders(server, { count: CLIENTS, random: seeded(which) });
      const ended = once(server.process, "exit");
      let acknowledged = 0;
      await Promise.all(traders.map((trader: Trader) => trade(server.url, trader, () => acknowledged++)));
      expect(await ended).toEqual([EXIT_DISK_FAILED, null]);
      expect(server.log()).toContain("fdatasync");
      server = await startServer({ directory });
      await retryAllAndCompare(server, traders);
      await checkMoney(server, traders);
      expect(await server.stop()).toBe(0);
      expect(run(["verify", directory])).toMatchObject({ status: 0, stderr: "" });
      process.stdout.write(
        `sync ${env.SYNC_FAILS_AT} failed: ${acknowledged} acknowledged before it, none lost\n`,
      );
    } finally {
      server.process.kill("SIGKILL");
    }
  },
);
