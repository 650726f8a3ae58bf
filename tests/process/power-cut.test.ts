/**
 * Power cuts for real: the exchange runs on a disk of its own, under load, and the disk loses all that was not synced.
 * Each time, all that was acknowledged is there again, and what had no answer is done once.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { readJournal } from "../../src/journal/recovery.ts";
import { type RunningServer, startServer } from "../edge/harness.ts";
import { run } from "./command-line.ts";
import { type FileSystem, LoopDisk, testOnLoopDisk } from "./loop-disk.ts";
import {
  checkLedger,
  checkMoney,
  openTraders,
  retryAllAndCompare,
  seeded,
  type Trader,
  trade,
} from "./trading.ts";

const APPEND_FOREVER = fileURLToPath(new URL("./append-forever.ts", import.meta.url));
/** More of them with CUTS. */
const CUTS = Number(process.env.CUTS ?? 5);
const DISK_MIB = 400;
const CLIENTS = 12;
/** Acknowledgements after which the power goes, at whatever moment that is. */
const ACKNOWLEDGED_A_ROUND = [30, 400] as const;

async function cutAfter(
  { server, disk }: { readonly server: RunningServer; readonly disk: LoopDisk },
  traders: readonly Trader[],
  count: number,
): Promise<number> {
  const cut = await disk.armed();
  const ended = once(server.process, "exit");
  let seen = 0;
  let cutting: Promise<void> | undefined;
  const acknowledged = () => {
    seen += 1;
    if (seen === count) cutting = cut().finally(() => server.process.kill("SIGKILL"));
  };
  await Promise.all(traders.map((trader) => trade(server.url, trader, acknowledged)));
  await cutting;
  await ended;
  disk.unmount();
  disk.mount();
  return seen;
}

/** Appends until the power goes, after so many acknowledgements; gives the last that was acknowledged, and their number. */
async function appendUntilCut(directory: string, disk: LoopDisk, count: number) {
  const cut = await disk.armed();
  const child = spawn(process.execPath, ["--import", "tsx", APPEND_FOREVER, directory], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "exit");
  let acknowledged = 0;
  let seen = 0;
  let cutting: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    seen += 1;
    if (seen === count) cutting = cut().finally(() => child.kill("SIGKILL"));
  }
  await cutting;
  await ended;
  disk.unmount();
  disk.mount();
  return { acknowledged, seen };
}

for (const fileSystem of ["ext4", "xfs"] as const satisfies readonly FileSystem[]) {
  const test = await testOnLoopDisk(fileSystem);
  test(
    `a power cut on ${fileSystem} loses no acknowledged command, and a retry doubles none`,
    async () => {
      const random = seeded();
      const disk = new LoopDisk(fileSystem, DISK_MIB);
      const directory = join(disk.path, "data");
      const env = { PREGAO_DISK_RESERVE_MIB: "8" };
      let server: RunningServer | undefined;
      try {
        server = await startServer({ directory, env });
        const traders = await openTraders(server, { count: CLIENTS, random });
        const [least, most] = ACKNOWLEDGED_A_ROUND;
        let acknowledged = 0;
        for (let round = 0; round < CUTS; round += 1) {
          const count = least + Math.floor(random() * (most - least));
          acknowledged += await cutAfter({ server, disk }, traders, count);
          server = await startServer({ directory, env });
        }
        await retryAllAndCompare(server, traders);
        await checkMoney(server, traders);
        expect(await server.stop()).toBe(0);
        checkLedger(directory, traders);
        expect(run(["verify", directory])).toMatchObject({ status: 0, stderr: "" });
        process.stdout.write(`${fileSystem}: ${CUTS} power cuts, ${acknowledged} acknowledged, none lost\n`);
      } finally {
        server?.process.kill("SIGKILL");
        disk.dispose();
      }
    },
    60_000 + CUTS * 15_000,
  );

  test(
    `a power cut on ${fileSystem} leaves every acknowledged frame, however often a segment is begun`,
    async () => {
      const random = seeded();
      const disk = new LoopDisk(fileSystem, DISK_MIB);
      const directory = join(disk.path, "journal");
      try {
        let appended = 0;
        let segments = 0;
        for (let round = 0; round < CUTS; round += 1) {
          const { acknowledged, seen } = await appendUntilCut(
            directory,
            disk,
            20 + Math.floor(random() * 300),
          );
          const found = await readJournal({ directory, watermarks: [], replay: () => null });
          expect(found!.nextSeq - 1).toBeGreaterThanOrEqual(acknowledged);
          appended += seen;
          segments = found!.segment;
        }
        expect(segments).toBeGreaterThan(CUTS);
        process.stdout.write(
          `${fileSystem}: ${CUTS} power cuts, ${appended} frames acknowledged in ${segments} segments, none lost\n`,
        );
      } finally {
        disk.dispose();
      }
    },
    60_000 + CUTS * 15_000,
  );
}
