/** Reading the end of a journal while somebody appends to it: a reader never takes what is on its way for damage. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import { DamagedJournalError } from "../../src/journal/errors.ts";
import { readJournal } from "../../src/journal/recovery.ts";
import { settle } from "../../src/journal/settle.ts";
import {
  appendBatch,
  copyOfOpen,
  EVERY_COMMAND,
  newDirectory,
  openJournal,
  SEGMENT_BYTES,
} from "./support.ts";

let directory: string;
/** Where each of the three frames begins, and where the last one ends. */
const offsets: number[] = [];

beforeAll(async () => {
  const written = newDirectory();
  const { journal } = await openJournal(written);
  for (let i = 0; i < 3; i += 1) {
    offsets.push(journal.bytes);
    await appendBatch(journal, EVERY_COMMAND.slice(i, i + 2));
  }
  offsets.push(journal.bytes);
  directory = copyOfOpen(written);
  await journal.close();
});

/** A disk that at the first look shows less of the segment than there is: `range` is missing. */
function lagging(from: number, to: number): Disk {
  let looks = 0;
  return {
    ...nodeDisk,
    async read(file, into, position) {
      const bytes = await nodeDisk.read(file, into, position);
      if (into.length === SEGMENT_BYTES && looks++ === 0) into.fill(0, from, to);
      return bytes;
    },
  };
}

async function framesSeen(disk: Disk, settled: boolean): Promise<number> {
  let frames = 0;
  await readJournal({
    directory,
    disk,
    watermarks: [],
    replay: () => {
      frames += 1;
      return null;
    },
    ...(settled && { beforeLast: (file, bytes) => settle(file, bytes, disk) }),
  });
  return frames;
}

test("a frame that the first look missed, with a later one behind it, is read at the second", async () => {
  const missed = () => lagging(offsets[1]!, offsets[1]! + 40);
  await expect(framesSeen(missed(), false)).rejects.toThrow(DamagedJournalError);
  expect(await framesSeen(missed(), true)).toBe(3);
});

test("what is begun after the first look is left to the next reader", async () => {
  expect(await framesSeen(lagging(offsets[2]!, SEGMENT_BYTES), true)).toBe(2);
});

test("a frame that the first look saw in part is no damage, wherever it was cut", async () => {
  for (let cut = offsets[2]!; cut < offsets[3]! - 40; cut += 3) {
    expect(await framesSeen(lagging(cut, SEGMENT_BYTES), true)).toBe(2);
  }
});

test("the segment is synced after it was read, so that what is shown is durable", async () => {
  const steps: string[] = [];
  const disk: Disk = {
    ...nodeDisk,
    read: (...args) => nodeDisk.read(...args).finally(() => steps.push("read")),
    sync: (file) => nodeDisk.sync(file).finally(() => steps.push("sync")),
  };
  const file = join(directory, "00000001.segment");
  await settle(file, readFileSync(file), disk);
  expect(steps).toEqual(["read", "sync"]);
});
