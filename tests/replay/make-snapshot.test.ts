import { rmSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import { SnapshotDiffersError } from "../../src/replay/make-snapshot.ts";
import {
  copyOf,
  digestOf,
  liveThrough,
  longStory,
  namesIn,
  newestIn,
  type Past,
  reopen,
  snapshotAt,
  withoutSnapshots,
} from "./past.ts";

/** A long story, with snapshots at the ends of its last segments. */
let past: Past;

beforeAll(async () => {
  past = await liveThrough(longStory(), async (closed, directory) => {
    if (closed.segment > 1) await snapshotAt(directory, closed);
  });
});

describe("a snapshot that is being made", () => {
  const task = () => ({ directory: withoutSnapshots(past.directory), closed: past.closed.at(-1)! });

  test("is not kept if the replay comes to something else than the live exchange", async () => {
    const { directory, closed } = task();
    const other = { ...closed, eventDigest: "00".repeat(32) };
    await expect(snapshotAt(directory, other)).rejects.toThrowError(SnapshotDiffersError);
    expect(namesIn(directory, "snapshots")).toEqual([]);
  });

  test("is not kept if it is read back as something else", async () => {
    const { directory, closed } = task();
    const garbling: Disk = {
      ...nodeDisk,
      writeAside: async (file, bytes, position) => {
        const written = Uint8Array.from(bytes);
        if (written.length > 1_000) written[500]! ^= 4;
        await nodeDisk.writeAside(file, written, position);
      },
    };
    await expect(snapshotAt(directory, closed, { disk: garbling })).rejects.toThrow(
      "a snapshot that was read back is not what was written",
    );
    expect(namesIn(directory, "snapshots")).toEqual([]);
  });

  test("leaves nothing aside when the space ends while it is written", async () => {
    const { directory, closed } = task();
    const filling: Disk = {
      ...nodeDisk,
      writeAside: async (file, bytes, position) => {
        if (position > 1_000) throw new Error("no space left on device");
        await nodeDisk.writeAside(file, bytes, position);
      },
    };
    await expect(snapshotAt(directory, closed, { disk: filling })).rejects.toThrow("no space left");
    expect(namesIn(directory, "snapshots")).toEqual([]);
  });

  test("is not written if the space would not last", async () => {
    const { directory, closed } = task();
    const full: Disk = { ...nodeDisk, freeBytes: async () => 100 };
    expect(await snapshotAt(directory, closed, { disk: full })).toMatchObject({ kind: "no-space" });
    expect(namesIn(directory, "snapshots")).toEqual([]);
  });

  test("may be cut short at any step: nothing is lost, and the next one is made", async () => {
    const closed = past.closed.at(-1)!;
    let crashes = 0;
    for (let step = 0; ; step += 1) {
      const directory = copyOf(past.directory);
      rmSync(newestIn(directory));
      const made = await snapshotAt(directory, closed, { disk: crashingAt(step), keepsSegments: false }).then(
        () => true,
        () => false,
      );
      const present = await reopen(copyOf(directory), past.ledger);
      expect(digestOf(present), `step ${step}`).toBe(past.digest);
      expect(await snapshotAt(directory, closed)).toMatchObject({ kind: "made", seq: closed.seq });
      if (made) break;
      crashes += 1;
    }
    expect(crashes).toBeGreaterThan(15);
  }, 60_000);
});

/** A disk on which one step that changes something is done by half, and nothing after it. */
function crashingAt(step: number): Disk {
  let steps = 0;
  const crash = () => {
    throw new Error("the process was killed");
  };
  const counted = () => {
    steps += 1;
    if (steps > step) crash();
  };
  return {
    ...nodeDisk,
    writeAside: async (file, bytes, position) => {
      if (steps === step) await nodeDisk.writeAside(file, bytes.subarray(0, bytes.length >> 1), position);
      counted();
      await nodeDisk.writeAside(file, bytes, position);
    },
    sync: async (file) => {
      counted();
      await nodeDisk.sync(file);
    },
    rename: async (from, to) => {
      counted();
      await nodeDisk.rename(from, to);
    },
    remove: async (path) => {
      counted();
      await nodeDisk.remove(path);
    },
    syncDirectory: async (directory) => {
      counted();
      await nodeDisk.syncDirectory(directory);
    },
  };
}
