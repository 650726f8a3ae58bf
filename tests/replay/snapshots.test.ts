import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { OrderTerms } from "../../src/domain/commands.ts";
import { epochMs, marketIndex } from "../../src/domain/units.ts";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import { DamagedJournalError } from "../../src/journal/errors.ts";
import type { ClosedSegment } from "../../src/journal/recovery.ts";
import { SnapshotStore } from "../../src/journal/snapshot-store.ts";
import type { FeedEntry } from "../../src/projections/feeds/feed-entry.ts";
import type { Present } from "../../src/replay/present.ts";
import { recover } from "../../src/replay/recover.ts";
import { memoryDisk } from "../journal/support.ts";
import { SEED, STORIES } from "../properties/search.ts";
import { story } from "../properties/stories.ts";
import {
  copyOf,
  digestOf,
  liveThrough,
  longStory,
  NO_LEDGER,
  namesIn,
  newestIn,
  type Past,
  reopen,
  seen,
  snapshotAt,
  withoutSnapshots,
} from "./past.ts";

const RUNS = Math.ceil(STORIES / 40);

const loadedIn = ({ reports }: { readonly reports: readonly { readonly kind: string }[] }) =>
  reports.filter(({ kind }) => kind === "snapshot-loaded").length;

describe("a start from a snapshot", () => {
  test("comes to what a replay from the beginning comes to, and to what happened live", async () => {
    let loaded = 0;
    const every = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(story(160), every, async (told, apart) => {
        const past = await liveThrough(told, async (closed, directory) => {
          if (closed.segment % apart === 0) await snapshotAt(directory, closed);
        });
        const whole = await reopen(withoutSnapshots(past.directory), past.ledger);
        const resumed = await reopen(past.directory, past.ledger);
        expect(digestOf(whole)).toBe(past.digest);
        expect(digestOf(resumed)).toBe(past.digest);
        expect(seen(resumed)).toEqual(seen(past.present));
        expect(resumed.journal.eventDigest).toBe(whole.journal.eventDigest);
        expect(resumed.journal.bytes).toBe(whole.journal.bytes);
        expect(resumed.journal.lastAt).toBe(whole.journal.lastAt);
        loaded += loadedIn(resumed);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(loaded).toBeGreaterThan(RUNS / 3);
  }, 120_000);
});

/** A long story, with a snapshot at the end of each segment from the second on. */
const told = longStory();
let past: Past;
let end: number;

beforeAll(async () => {
  past = await liveThrough(told, async (closed, directory) => {
    if (closed.segment > 1) await snapshotAt(directory, closed);
  });
  end = past.ledger.seq;
  expect(past.closed.length).toBeGreaterThan(5);
});

describe("the snapshots that are kept", () => {
  test("are the newest two", () => {
    const seqs = past.closed.slice(-2).map((closed) => closed.seq);
    expect(namesIn(past.directory, "snapshots")).toEqual(
      seqs.map((number) => `${String(number).padStart(16, "0")}.snapshot`),
    );
  });

  test("include one that the ledger has come to, however old that is", async () => {
    const behind = await liveThrough(told, async (closed, directory) => {
      if (closed.segment < 5) await snapshotAt(directory, closed, { ledgerSeq: past.closed[0]!.seq });
    });
    const seqs = behind.closed.slice(0, 4).map((closed) => closed.seq);
    expect(namesIn(behind.directory, "snapshots").map((name) => Number.parseInt(name, 10))).toEqual([
      seqs[0],
      seqs[2],
      seqs[3],
    ]);
    const slow = { seq: seqs[0]!, frameHash: behind.closed[0]!.frameHash };
    const { published, ...present } = await reopen(behind.directory, slow);
    expect(digestOf(present)).toBe(past.digest);
    expect(published[0]).toBe(seqs[0]! + 1);
  });

  test("are not used when the ledger is gone, which is made anew from the first frame", async () => {
    const { published, ...present } = await reopen(copyOf(past.directory), NO_LEDGER);
    expect(loadedIn(present)).toBe(0);
    expect(published).toEqual(Array.from({ length: end }, (_, i) => i + 1));
    expect(digestOf(present)).toBe(past.digest);
  });
});

describe("a damaged snapshot", () => {
  test("falls back to the one before, and says so", async () => {
    const directory = copyOf(past.directory);
    const newest = newestIn(directory);
    const bytes = readFileSync(newest);
    bytes[bytes.length - 9]! ^= 1;
    writeFileSync(newest, bytes);
    const present = await reopen(directory, past.ledger);
    expect(present.reports).toContainEqual({
      kind: "snapshot-unusable",
      file: newest,
      what: "the digest of its sections does not match",
    });
    const loaded = present.reports.find(({ kind }) => kind === "snapshot-loaded");
    expect(loaded).toMatchObject({ seq: past.closed.at(-2)!.seq });
    expect(digestOf(present)).toBe(past.digest);
  });

  test("with every bit flipped is never another state", async () => {
    const short = await liveThrough(
      { ...told, steps: told.steps.slice(0, 40) },
      async (closed, directory) => {
        if (closed.segment <= 2) await snapshotAt(directory, closed);
      },
    );
    const newest = newestIn(short.directory);
    const whole = readFileSync(newest);
    const flipped = Buffer.from(whole);
    const store = new SnapshotStore({
      directory: "",
      disk: memoryDisk(new Map([[basename(newest), flipped]])),
    });
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const [file] = (await store.list()).files;
      if (file !== undefined && typeof (await store.read(file)) !== "string")
        expect.fail(`bit ${bit} is not noticed`);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
    }
    const [file] = (await store.list()).files;
    expect(await store.read(file!)).toMatchObject({ file: { seq: short.closed[1]!.seq } });
    for (let bit = 3; bit < whole.length * 8; bit += 1_009) {
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(newest, flipped);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const present = await reopen(copyOf(short.directory), short.ledger);
      expect(digestOf(present), `bit ${bit}`).toBe(short.digest);
    }
  }, 120_000);

  test("that the system cannot read is passed over, and it is said why", async () => {
    const directory = copyOf(past.directory);
    const newest = newestIn(directory);
    rmSync(newest);
    mkdirSync(newest);
    const present = await reopen(directory, past.ledger);
    expect(present.reports).toContainEqual({
      kind: "snapshot-unusable",
      file: newest,
      what: expect.stringMatching(/^it cannot be read: EISDIR/),
    });
    expect(digestOf(present)).toBe(past.digest);
  });

  test("cut off at any length is passed over", async () => {
    const directory = copyOf(past.directory);
    const newest = newestIn(directory);
    const whole = readFileSync(newest);
    for (const length of [0, 1, 255, 256, 271, 272, whole.length >> 1, whole.length - 1]) {
      writeFileSync(newest, whole.subarray(0, length));
      const present = await reopen(copyOf(directory), past.ledger);
      expect(present.reports.filter(({ kind }) => kind === "snapshot-unusable")).toHaveLength(1);
      expect(digestOf(present)).toBe(past.digest);
    }
  });
});

describe("a snapshot that does not belong to the journal", () => {
  const refused = (directory: string, ledger = past.ledger) =>
    expect(reopen(directory, ledger)).rejects.toThrowError(DamagedJournalError);

  test("is refused if it is another journal's", async () => {
    const other = await liveThrough(told, async (closed, directory) => {
      if (closed.segment === 2) await snapshotAt(directory, closed);
    });
    const [name] = namesIn(other.directory, "snapshots");
    const directory = withoutSnapshots(past.directory);
    const store = new SnapshotStore({ directory: join(directory, "snapshots") });
    await store.open();
    writeFileSync(
      join(directory, "snapshots", name!),
      readFileSync(join(other.directory, "snapshots", name!)),
    );
    await expect(reopen(copyOf(directory), past.ledger)).rejects.toThrow(
      "the snapshot belongs to another journal",
    );
    // One that the ledger has not come to is a watermark all the same.
    await refused(directory, NO_LEDGER);
  });

  test("is refused if it stands beyond the journal's end", async () => {
    const directory = copyOf(past.directory);
    const newest = past.closed.at(-1)!;
    for (const name of namesIn(directory, "journal").slice(newest.segment - 1)) {
      rmSync(join(directory, "journal", name));
    }
    const early = { seq: past.closed[1]!.seq, frameHash: past.closed[1]!.frameHash };
    await expect(reopen(directory, early)).rejects.toThrow(/but the snapshot .* has seen/);
    await expect(reopen(directory, past.ledger)).rejects.toThrow("the segment is missing");
  });
});

test("a segment that is gone from between others is missed, though the start would read none of them", async () => {
  const directory = copyOf(past.directory);
  expect(past.closed.at(-1)!.segment).toBeGreaterThan(3);
  rmSync(join(directory, "journal", "00000002.segment"));
  await expect(reopen(directory, past.ledger)).rejects.toThrow(
    /journal\/00000002\.segment, .*: the segment is missing/,
  );
});

test("a snapshot may stand behind the frame of a clean stop", async () => {
  const directory = withoutSnapshots(past.directory);
  const closed: ClosedSegment[] = [];
  const { journal } = await recover({
    directory,
    ledger: past.ledger,
    feedEventsMax: 1,
    limits: { reserveBytes: 0, probeMs: 1_000 },
    segmentBytes: 64 * 1024,
    publish: () => {},
    onClosed: (segment) => closed.push(segment),
    onReport: () => {},
  });
  // It does not fit the rest of the segment, whose last frame is therefore that of the stop.
  const command = { kind: "OpenAccount", accountId: "late", name: "x".repeat(6_000) } as const;
  const at = epochMs(journal.lastAt + 1);
  await journal.append([{ seq: journal.nextSeq, at, requestId: "", traceId: null, command }]);
  await journal.close();
  expect(closed.at(-1)!.seq).toBe(end);
  await snapshotAt(directory, closed.at(-1)!);
  for (const ledger of [past.ledger, NO_LEDGER]) {
    const again = await reopen(copyOf(directory), ledger);
    expect(loadedIn(again)).toBe(ledger === past.ledger ? 1 : 0);
    expect(again.engine.appliedSeq).toBe(end + 1);
  }
});

describe("segments that nobody will read again", () => {
  let removed: Past;
  beforeAll(async () => {
    removed = await liveThrough(told, async (closed, directory) => {
      if (closed.segment > 1) await snapshotAt(directory, closed, { keepsSegments: false });
    });
  });

  test("are removed before the older of two snapshots, and a start does without them", async () => {
    const older = removed.closed.at(-2)!;
    expect(namesIn(removed.directory, "journal")[0]).toBe(
      `${String(older.segment + 1).padStart(8, "0")}.segment`,
    );
    const present = await reopen(copyOf(removed.directory), removed.ledger);
    expect(digestOf(present)).toBe(removed.digest);
    expect(seen(present)).toEqual(seen(removed.present));
  });

  test("are not missed when the newer snapshot is damaged", async () => {
    const directory = copyOf(removed.directory);
    writeFileSync(newestIn(directory), "no snapshot");
    const present = await reopen(directory, removed.ledger);
    expect(digestOf(present)).toBe(removed.digest);
  });

  test("are missed when the ledger or both snapshots are gone, which is refused", async () => {
    const words = /00000001\.segment, offset 0, sequence 1: the segment is missing, and no snapshot/;
    await expect(reopen(copyOf(removed.directory), NO_LEDGER)).rejects.toThrow(words);
    await expect(reopen(withoutSnapshots(removed.directory), removed.ledger)).rejects.toThrow(words);
  });

  test("go one by one, so that no power failure leaves a gap", async () => {
    let unsynced = 0;
    let most = 0;
    const disk: Disk = {
      ...nodeDisk,
      remove: (path) => {
        if (path.endsWith(".segment")) unsynced += 1;
        most = Math.max(most, unsynced);
        return nodeDisk.remove(path);
      },
      syncDirectory: (path) => {
        unsynced = 0;
        return nodeDisk.syncDirectory(path);
      },
    };
    const { length: before } = namesIn(past.directory, "journal");
    const directory = copyOf(past.directory);
    await snapshotAt(directory, past.closed.at(-1)!, { keepsSegments: false, disk });
    expect(namesIn(directory, "journal").length).toBeLessThan(before - 1);
    expect(most).toBe(1);
  });

  test("stay until the archive has them", async () => {
    const archivedSegment = 1;
    const partly = await liveThrough(told, async (closed, directory) => {
      if (closed.segment > 1) await snapshotAt(directory, closed, { keepsSegments: false, archivedSegment });
    });
    expect(namesIn(removed.directory, "journal")[0]! > "00000002.segment").toBe(true);
    expect(namesIn(partly.directory, "journal")[0]).toBe("00000002.segment");
  });

  test("stay while the ledger has come to one snapshot only", async () => {
    const behind = await liveThrough(told, async (closed, directory) => {
      const ledgerSeq = past.closed[0]!.seq;
      await snapshotAt(directory, closed, { ledgerSeq, keepsSegments: false });
    });
    expect(namesIn(behind.directory, "journal")[0]).toBe("00000001.segment");
  });
});

describe("the feeds", () => {
  /** All that can be resumed from. */
  const kept = ({ live: { feed } }: Pick<Present, "live">, from = feed.oldestSeq) => ({
    oldestSeq: from,
    appliedSeq: feed.appliedSeq,
    told: [...feed.after(from)],
  });

  test("can be resumed after a start from a snapshot from where they could before", async () => {
    const present = await reopen(copyOf(past.directory), past.ledger);
    expect(loadedIn(present)).toBe(1);
    const before = kept(past.present);
    // Some of it is behind the snapshot, most of it is in front, and some was forgotten.
    const { seq: stood } = past.closed.at(-1)!;
    expect(before.oldestSeq).toBeGreaterThan(0);
    expect(before.told.some(({ seq }) => seq > stood)).toBe(true);
    for (const kind of ["orders", "trades", "wallets"] as const) {
      expect(before.told.some((entry) => entry.seq <= stood && entry[kind].length > 0)).toBe(true);
    }
    expect(plain(kept(present))).toEqual(plain(before));
    expect(present.live.books.snapshot(marketIndex(0), null).seq).toBe(end);
  });

  test("keep as much as the configuration says now, of what there is", async () => {
    const few = await reopen(copyOf(past.directory), past.ledger, { feedEventsMax: 40 });
    const many = await reopen(copyOf(past.directory), past.ledger, { feedEventsMax: 10_000 });
    const from = few.live.feed.oldestSeq;
    expect(few.live.feed.events).toBeLessThanOrEqual(40);
    expect(plain(kept(few))).toEqual(plain(kept(past.present, from)));
    const older = many.live.feed.oldestSeq;
    expect(older).toBeLessThan(past.present.live.feed.oldestSeq);
    expect(plain(kept(many, past.present.live.feed.oldestSeq))).toEqual(plain(kept(past.present)));
    const whole = await reopen(withoutSnapshots(past.directory), past.ledger, { feedEventsMax: 10_000 });
    expect(whole.live.feed.oldestSeq).toBe(0);
    expect(plain(kept(many))).toEqual(plain(kept(whole, older)));
  });
});

/** Terms come from an event live, and from columns after a restart: what they say is what counts. */
function plain({ told, ...rest }: { readonly told: readonly FeedEntry[] }): unknown {
  const orders = (entry: FeedEntry) =>
    entry.orders.map(({ type, order }) => {
      const { kind: _, order: __, ...terms } = order.terms as OrderTerms & { kind?: string; order?: number };
      return { type, order: { ...order, terms } };
    });
  return { ...rest, told: told.map((entry) => ({ ...entry, orders: orders(entry) })) };
}
