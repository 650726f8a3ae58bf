import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Sequenced } from "../../src/domain/commands.ts";
import { contentEnd, type Disk, nodeDisk } from "../../src/journal/disk.ts";
import { JournalFailedError } from "../../src/journal/errors.ts";
import {
  appendBatch,
  copyOfOpen,
  EVERY_COMMAND,
  entriesOf,
  newDirectory,
  openJournal,
  sequenced,
} from "./support.ts";

const noSpace = () => Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
const broken = () => Object.assign(new Error("EIO: i/o error"), { code: "EIO" });

/** A disk on which parts can be broken while it is in use. */
function faultyDisk(): Disk & { broken: Partial<Disk> } {
  const faulty: { broken: Partial<Disk> } = { broken: {} };
  return Object.assign(faulty, nodeDisk, {
    write: (...args: Parameters<Disk["write"]>) => (faulty.broken.write ?? nodeDisk.write)(...args),
    writeAside: (...args: Parameters<Disk["writeAside"]>) =>
      (faulty.broken.writeAside ?? nodeDisk.writeAside)(...args),
    sync: (...args: Parameters<Disk["sync"]>) => (faulty.broken.sync ?? nodeDisk.sync)(...args),
    freeBytes: (...args: Parameters<Disk["freeBytes"]>) =>
      (faulty.broken.freeBytes ?? nodeDisk.freeBytes)(...args),
  });
}

describe("a journal whose disk fails", () => {
  const failingWrite = () => {
    throw broken();
  };
  test.each<[string, Partial<Disk>]>([
    ["write", { write: failingWrite }],
    ["sync", { sync: () => Promise.reject(broken()) }],
  ])("at a %s acknowledges nothing from then on, even when the disk works again", async (_what, fault) => {
    const disk = faultyDisk();
    const directory = newDirectory();
    const { journal } = await openJournal(directory, { disk });
    const { entries } = await appendBatch(journal, EVERY_COMMAND);
    const before = copyOfOpen(directory);
    disk.broken = fault;
    const next = sequenced(EVERY_COMMAND, journal.nextSeq);
    await expect(journal.append(next)).rejects.toThrow(JournalFailedError);
    expect(journal.durableSeq).toBe(entries.length);
    disk.broken = {};
    await expect(journal.append(next)).rejects.toThrow("EIO");
    await expect(journal.close()).rejects.toThrow(JournalFailedError);
    const again = await openJournal(before);
    expect(entriesOf(again.frames)).toEqual(entries);
    await again.journal.close();
  });

  test("while a segment is prepared fails at the append that needs it", async () => {
    const disk = faultyDisk();
    const { journal } = await openJournal(newDirectory(), { disk });
    disk.broken = { writeAside: () => Promise.reject(broken()) };
    const appends = async () => {
      for (let i = 0; i < 100; i += 1) await appendBatch(journal, EVERY_COMMAND);
    };
    await expect(appends()).rejects.toThrow(JournalFailedError);
    expect(journal.durableSeq).toBeGreaterThanOrEqual(EVERY_COMMAND.length * 5);
    await expect(journal.close()).rejects.toThrow("preparing a segment");
  });
});

describe("a journal whose disk is full", () => {
  test("accepts nothing below the reserve and by itself again above it", async () => {
    const disk = faultyDisk();
    let freeBytes = 5_000;
    disk.broken = { freeBytes: async () => freeBytes };
    const limits = { reserveBytes: 5_000, probeMs: 5 };
    const { journal } = await openJournal(newDirectory(), { disk, limits });
    expect(journal.accepting).toBe(true);
    freeBytes = 4_999;
    await vi.waitUntil(() => !journal.accepting);
    await appendBatch(journal, EVERY_COMMAND);
    freeBytes = 5_000;
    await vi.waitUntil(() => journal.accepting);
    disk.broken = { freeBytes: () => Promise.reject(broken()) };
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(journal.accepting).toBe(true);
    await journal.close();
  });

  test("knows it from the start", async () => {
    const disk = faultyDisk();
    disk.broken = { freeBytes: async () => 1 };
    const limits = { reserveBytes: 2, probeMs: 1_000 };
    const { journal } = await openJournal(newDirectory(), { disk, limits });
    expect(journal.accepting).toBe(false);
    await journal.close();
  });

  test("keeps an append waiting for the next segment until there is space, and loses nothing", async () => {
    const disk = faultyDisk();
    const directory = newDirectory();
    const { journal } = await openJournal(directory, { disk });
    disk.broken = { writeAside: () => Promise.reject(noSpace()) };
    const written: Sequenced[] = [];
    let done = false;
    const appends = (async () => {
      for (let i = 0; i < 40; i += 1) written.push(...(await appendBatch(journal, EVERY_COMMAND)).entries);
      done = true;
    })();
    await vi.waitUntil(() => !journal.accepting);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(done).toBe(false);
    expect(journal.accepting).toBe(false);
    disk.broken = {};
    await appends;
    await vi.waitUntil(() => journal.accepting);
    await journal.close();
    const again = await openJournal(directory);
    expect(entriesOf(again.frames)).toEqual(written);
    await again.journal.close();
  });

  test.each([true, false])(
    "can be closed while an append waits for space (known to be full before: %s)",
    async (knownFull) => {
      const disk = faultyDisk();
      const directory = newDirectory();
      const { journal } = await openJournal(directory, { disk });
      let fail = () => {};
      const held = new Promise<void>((_resolve, reject) => {
        fail = () => reject(noSpace());
      });
      held.catch(() => {});
      disk.broken = { writeAside: () => held };
      if (knownFull) fail();
      let acknowledged = 0;
      const appends = (async () => {
        for (;;) acknowledged += (await appendBatch(journal, EVERY_COMMAND)).entries.length;
      })();
      const ended = expect(appends).rejects.toThrow(JournalFailedError);
      let bytes = -1;
      const stuck = () => {
        const still = journal.bytes === bytes;
        bytes = journal.bytes;
        return still;
      };
      await vi.waitUntil(stuck, { interval: 50 });
      const closed = expect(journal.close()).rejects.toThrow(JournalFailedError);
      fail();
      await closed;
      await ended;
      expect(readdirSync(directory)).toEqual(["00000001.segment"]);
      const again = await openJournal(directory);
      expect(entriesOf(again.frames).length).toBe(acknowledged);
      await again.journal.close();
    },
  );
});

describe("closing", () => {
  test("waits for the append in flight", async () => {
    const directory = newDirectory();
    const { journal } = await openJournal(directory);
    const entries = sequenced(EVERY_COMMAND, 1);
    const appended = journal.append(entries);
    await journal.close();
    await appended;
    const again = await openJournal(directory);
    expect(entriesOf(again.frames)).toEqual(entries);
    await again.journal.close();
  });
});

test("a torn tail that a full disk cannot take aside stops the start, says what to do, and is repaired by the next", async () => {
  const directory = newDirectory();
  const { journal } = await openJournal(directory);
  await appendBatch(journal, EVERY_COMMAND);
  const whole = journal.nextSeq;
  await appendBatch(journal, EVERY_COMMAND);
  const left = copyOfOpen(directory);
  await journal.close();
  const [name] = readdirSync(left).filter((file) => file.endsWith(".segment"));
  const path = join(left, name!);
  const bytes = readFileSync(path);
  bytes[contentEnd(bytes, 0) - 1]! ^= 1;
  writeFileSync(path, bytes);
  const disk = faultyDisk();
  disk.broken = { writeAside: () => Promise.reject(noSpace()) };
  const opened = openJournal(left, { disk });
  await expect(opened).rejects.toThrow(JournalFailedError);
  await expect(opened).rejects.toThrow(
    /torn tail of 00000001\.segment: ENOSPC.* Free some space on this disk/,
  );
  disk.broken = {};
  const again = await openJournal(left, { disk });
  expect(again.reports.some(({ kind }) => kind === "tail-repaired")).toBe(true);
  expect(again.journal.nextSeq).toBe(whole);
  await again.journal.close();
});
