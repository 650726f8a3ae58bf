import { describe, expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import { JournalFailedError } from "../../src/journal/errors.ts";
import { appendBatch, copyOfOpen, EVERY_COMMAND, newDirectory, openJournal, outcomesOf } from "./support.ts";

/** The directory of a journal whose process was killed after its last write. */
async function killed(): Promise<string> {
  const directory = newDirectory();
  const { journal } = await openJournal(directory);
  await appendBatch(journal, EVERY_COMMAND);
  await appendBatch(journal, EVERY_COMMAND);
  const left = copyOfOpen(directory);
  await journal.close();
  return left;
}

describe("opening a journal that was not closed", () => {
  test("writes its end again and syncs it before anything is replayed", async () => {
    const steps: string[] = [];
    const disk: Disk = {
      ...nodeDisk,
      write: (...args) => {
        steps.push("write");
        nodeDisk.write(...args);
      },
      sync: async (file) => {
        await nodeDisk.sync(file);
        steps.push("sync");
      },
    };
    const { journal } = await openJournal(await killed(), {
      disk,
      replay: ({ entries }) => {
        steps.push("replay");
        return outcomesOf(entries);
      },
    });
    expect(steps.slice(0, 4)).toEqual(["write", "sync", "replay", "replay"]);
    await journal.close();
  });

  test("shows nothing if that fails", async () => {
    let replayed = 0;
    const disk = { ...nodeDisk, sync: () => Promise.reject(new Error("EIO: i/o error")) };
    const opened = openJournal(await killed(), {
      disk,
      replay: ({ entries }) => {
        replayed += 1;
        return outcomesOf(entries);
      },
    });
    await expect(opened).rejects.toThrow(JournalFailedError);
    expect(replayed).toBe(0);
  });
});
