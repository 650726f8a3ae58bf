/**
 * A disk that fails once, at each of its calls in turn: whatever the journal asks of it, and whenever it says no,
 * nothing is acknowledged from then on, and what was acknowledged before is all there when the disk works again.
 */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import type { Sequenced } from "../../src/domain/commands.ts";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import {
  appendBatch,
  EVERY_COMMAND,
  entriesOf,
  newFastDirectory,
  openJournal,
  sequenced,
} from "./support.ts";

/** A few batches fill a segment, so that several are begun and prepared ahead. */
const SEGMENT_BYTES = 6 * 1024;
const BATCHES = 14;
const BATCH = EVERY_COMMAND.slice(9, 18);

const OPERATIONS = ["sync", "syncDirectory", "write", "writeAside", "rename", "open", "close"] as const;
type Operation = (typeof OPERATIONS)[number];

/** Fails at the call of this number, counted from one, and never else. */
function failingAt(operation: Operation, call: number): Disk & { readonly failed: () => boolean } {
  let calls = 0;
  const asked = nodeDisk[operation] as (...args: unknown[]) => unknown;
  const failing = (...args: unknown[]) => {
    calls += 1;
    if (calls !== call) return asked(...args);
    const error = Object.assign(new Error(`EIO: i/o error, ${operation}`), { code: "EIO" });
    if (operation === "write") throw error;
    return Promise.reject(error);
  };
  return { ...nodeDisk, [operation]: failing, failed: () => calls >= call };
}

type Told = { readonly acknowledged: readonly Sequenced[]; readonly unknown: readonly Sequenced[] };

/** Appends until something fails, and a little longer. */
async function appendUntilFailure(directory: string, disk: Disk): Promise<Told> {
  const acknowledged: Sequenced[] = [];
  const opened = await openJournal(directory, { disk, segmentBytes: SEGMENT_BYTES }).catch(() => null);
  if (opened === null) return { acknowledged, unknown: [] };
  const { journal } = opened;
  let unknown: readonly Sequenced[] = [];
  try {
    for (let i = 0; i < BATCHES; i += 1) {
      unknown = sequenced(BATCH, journal.nextSeq);
      acknowledged.push(...(await appendBatch(journal, BATCH)).entries);
      unknown = [];
    }
  } catch {
    for (let i = 0; i < 3; i += 1) {
      await expect(journal.append(sequenced(BATCH, journal.nextSeq))).rejects.toThrow();
    }
  }
  await journal.close().catch(() => {});
  return { acknowledged, unknown };
}

test.each(OPERATIONS)(
  "%s fails at each of its calls in turn, and nothing that was acknowledged is lost",
  async (operation) => {
    let call = 1;
    for (; ; call += 1) {
      const directory = newFastDirectory();
      const disk = failingAt(operation, call);
      const { acknowledged, unknown } = await appendUntilFailure(directory, disk);
      const again = await openJournal(directory, { segmentBytes: SEGMENT_BYTES });
      const found = entriesOf(again.frames);
      await again.journal.close();
      const expected = found.length > acknowledged.length ? [...acknowledged, ...unknown] : acknowledged;
      expect(found).toEqual(expected);
      rmSync(directory, { recursive: true });
      if (!disk.failed()) {
        expect(acknowledged.length).toBe(BATCHES * BATCH.length);
        break;
      }
    }
    // The last one found nothing to fail at any more.
    process.stdout.write(
      `${operation}: failed at ${call - 1} calls, none acknowledged after it, none lost\n`,
    );
    expect(call).toBeGreaterThan(3);
  },
);
