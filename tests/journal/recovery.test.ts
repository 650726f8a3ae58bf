import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Sequenced } from "../../src/domain/commands.ts";
import { seq } from "../../src/domain/units.ts";
import { DamagedJournalError } from "../../src/journal/errors.ts";
import { EMPTY_FRAME_BYTES } from "../../src/journal/frame.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from "../../src/journal/segment.ts";
import {
  appendBatch,
  copyOfOpen,
  EVERY_COMMAND,
  entriesOf,
  newDirectory,
  newFastDirectory,
  type Opened,
  openJournal,
  outcomesOf,
  resetDirectory,
} from "./support.ts";

const SMALL_SEGMENT_BYTES = 5 * 1024;
const SMALL = { segmentBytes: SMALL_SEGMENT_BYTES };

/** A journal of three frames as a crash leaves it, or as a clean stop does, in one small segment. */
type Story = {
  readonly crashed: string;
  readonly closed: string;
  readonly batches: readonly (readonly Sequenced[])[];
  readonly hashes: readonly string[];
  /** Where each frame begins, and at the end where the last one ends. */
  readonly offsets: readonly number[];
};

let story: Story;
const file = (directory: string, segment = 1) =>
  join(directory, `${String(segment).padStart(8, "0")}.segment`);

beforeAll(async () => {
  const directory = newDirectory();
  const { journal } = await openJournal(directory, SMALL);
  const batches: (readonly Sequenced[])[] = [];
  const hashes: string[] = [];
  const offsets = [SEGMENT_HEADER_BYTES];
  for (const commands of [EVERY_COMMAND.slice(9, 11), EVERY_COMMAND.slice(6, 7), EVERY_COMMAND.slice(2, 4)]) {
    const { entries, hash } = await appendBatch(journal, commands);
    batches.push(entries);
    hashes.push(hash);
    offsets.push(journal.bytes);
  }
  const crashed = copyOfOpen(directory);
  await journal.close();
  story = { crashed, closed: directory, batches, hashes, offsets };
});

const lastOf = (entries: readonly Sequenced[]) => entries.at(-1)!.seq;

/** What opening a damaged journal comes to: how many of the story's frames it has, or that it is refused. */
async function outcomeOf(directory: string, watermark = 0): Promise<number | "refused"> {
  let opened: Opened;
  try {
    const watermarks = [{ holder: "the ledger", seq: seq(watermark), frameHash: null }];
    opened = await openJournal(directory, { ...SMALL, watermarks });
  } catch (error) {
    if (!(error instanceof DamagedJournalError)) throw error;
    expect(error.message).toMatch(/00000001\.segment, offset \d+, sequence \d+: ./);
    expect(existsSync(join(directory, "quarantine"))).toBe(false);
    return "refused";
  }
  const { journal, frames } = opened;
  expect(entriesOf(frames)).toEqual(story.batches.slice(0, frames.length).flat());
  expect(journal.nextSeq).toBe(entriesOf(frames).length + 1);
  await journal.close();
  return frames.length;
}

function quarantined(directory: string): Buffer | undefined {
  const quarantine = join(directory, "quarantine");
  if (!existsSync(quarantine)) return undefined;
  const names = readdirSync(quarantine);
  expect(names.length).toBe(1);
  expect(names[0]).toMatch(/^00000001\.segment-\d+-\d{4}-.*\.tail$/);
  return readFileSync(join(quarantine, names[0]!));
}

describe("a journal that a crash cut", () => {
  test("at any byte of its last frame has everything before that frame, and goes on", async () => {
    const [from, to] = story.offsets.slice(2) as [number, number];
    const whole = readFileSync(file(story.crashed));
    const work = newFastDirectory();
    for (let cut = from; cut <= to; cut += 1) {
      for (const shorten of [true, false]) {
        resetDirectory(work, story.crashed);
        if (shorten) truncateSync(file(work), cut);
        else writeFileSync(file(work), Buffer.from(whole).fill(0, cut));
        expect(await outcomeOf(work)).toBe(cut === to ? 3 : 2);
        const kept = quarantined(work);
        if (cut === from || cut === to) expect(kept).toBeUndefined();
        else expect(kept).toEqual(trimZeros(whole.subarray(from, cut)));
        expect(readFileSync(file(work)).length).toBe(SMALL_SEGMENT_BYTES);
      }
    }
  });

  test("at its last frame is refused if the ledger has seen that frame", async () => {
    const [from, to] = story.offsets.slice(2) as [number, number];
    const work = newFastDirectory();
    for (let cut = from; cut < to; cut += 7) {
      resetDirectory(work, story.crashed);
      truncateSync(file(work), cut);
      expect(await outcomeOf(work, lastOf(story.batches[2]!))).toBe("refused");
      expect(readFileSync(file(work)).length).toBe(cut);
      resetDirectory(work, story.crashed);
      truncateSync(file(work), cut);
      expect(await outcomeOf(work, lastOf(story.batches[1]!))).toBe(2);
    }
  });

  test("keeps everything if only the frame of the clean stop was cut", async () => {
    const end = story.offsets[3]!;
    const work = newFastDirectory();
    for (let cut = end; cut <= end + EMPTY_FRAME_BYTES; cut += 1) {
      resetDirectory(work, story.closed);
      truncateSync(file(work), cut);
      expect(await outcomeOf(work, lastOf(story.batches[2]!))).toBe(3);
    }
  });

  test("with the first part of its last frame missing is cut there too", async () => {
    const [from, to] = story.offsets.slice(2) as [number, number];
    const work = newFastDirectory();
    for (let behind = from + 1; behind < to; behind += 5) {
      resetDirectory(work, story.crashed);
      const bytes = readFileSync(file(work)).fill(0, from, behind);
      writeFileSync(file(work), bytes);
      expect(await outcomeOf(work)).toBe(2);
    }
  });

  test("goes on with new frames where the tail was, and reports what it did", async () => {
    const work = newFastDirectory();
    resetDirectory(work, story.crashed);
    truncateSync(file(work), story.offsets[3]! - 1);
    const { journal, reports } = await openJournal(work, SMALL);
    const report = reports.find(({ kind }) => kind === "tail-repaired");
    const tailBytes = story.offsets[3]! - 1 - story.offsets[2]!;
    expect(report).toMatchObject({ file: file(work), offset: story.offsets[2], seq: 3, tailBytes });
    const { entries } = await appendBatch(journal, EVERY_COMMAND.slice(0, 1));
    await journal.close();
    const again = await openJournal(work, SMALL);
    expect(entriesOf(again.frames)).toEqual([...story.batches.slice(0, 2).flat(), ...entries]);
    expect(again.reports.some(({ kind }) => kind === "tail-repaired")).toBe(false);
    await again.journal.close();
  });
});

describe("a journal with a flipped bit", () => {
  /** Flips every byte up to the end of the content, and a few of the zeros behind. */
  async function flipAll(
    directory: string,
    watermark: number,
    patterns: readonly number[],
    expected: (offset: number) => unknown,
  ) {
    const whole = readFileSync(file(directory));
    const contentBytes = trimZeros(whole).length;
    const work = newFastDirectory();
    for (let offset = 0; offset < whole.length; offset += 1) {
      // The padding of the header is all alike; a sample of it is enough.
      if (offset > 64 && offset < SEGMENT_HEADER_BYTES - 40 && offset % 97 !== 0) continue;
      if (offset > contentBytes + 40 && offset % 97 !== 0) continue;
      for (const pattern of patterns) {
        rmSync(join(work, "quarantine"), { recursive: true, force: true });
        const bytes = Buffer.from(whole);
        bytes[offset]! ^= pattern;
        writeFileSync(file(work), bytes);
        const outcome = await outcomeOf(work, watermark);
        if (outcome !== expected(offset)) expect.fail(`offset ${offset} ^ ${pattern}: ${outcome}`);
      }
    }
  }

  test("is refused, unless the bit is in a last frame that nobody has seen, or behind it", async () => {
    const [, , last] = story.offsets;
    await flipAll(story.crashed, 0, [0x01, 0x80, 0xff], (offset) => {
      if (offset < last!) return "refused";
      return offset < story.offsets[3]! ? 2 : 3;
    });
  });

  test("is refused wherever it is in a frame that the ledger has seen", async () => {
    const end = story.offsets[3]!;
    await flipAll(story.crashed, lastOf(story.batches[2]!), [0x10], (offset) =>
      offset < end ? "refused" : 3,
    );
  });

  test("is refused anywhere in any command after a clean stop, even without a ledger", async () => {
    const end = story.offsets[3]!;
    await flipAll(story.closed, 0, [0x02], (offset) => (offset < end ? "refused" : 3));
  });
});

describe("a journal", () => {
  test("is refused if two frames at its end are bad, even when the last one is torn", async () => {
    const work = newFastDirectory();
    resetDirectory(work, story.crashed);
    const bytes = readFileSync(file(work)).fill(0, story.offsets[3]! - 20);
    bytes[story.offsets[1]! + 50]! ^= 1;
    writeFileSync(file(work), bytes);
    expect(await outcomeOf(work)).toBe("refused");
  });

  test("is refused if a frame is cut out of it", async () => {
    const work = newFastDirectory();
    resetDirectory(work, story.crashed);
    const whole = readFileSync(file(work));
    const [from, to] = story.offsets.slice(1, 3) as [number, number];
    const gap = Buffer.concat([whole.subarray(0, from), whole.subarray(to), Buffer.alloc(to - from)]);
    writeFileSync(file(work), gap);
    await expect(openJournal(work, SMALL)).rejects.toThrow(/offset \d+, sequence 3: .* leaves a gap/);
  });

  test("is refused if it ends below a watermark, an empty directory included", async () => {
    const watermarks = [{ holder: "the ledger", seq: seq(9), frameHash: null }];
    const empty = newDirectory();
    await expect(openJournal(empty, { watermarks })).rejects.toThrow(
      "the journal ends after sequence 0, but the ledger has seen 9",
    );
    expect(readdirSync(empty)).toEqual([]);
    await expect(openJournal(copyOfOpen(story.closed), { ...SMALL, watermarks })).rejects.toThrow(
      "the journal ends after sequence 5, but the ledger has seen 9",
    );
  });

  test("is refused if the ledger has seen another frame at its sequence", async () => {
    const at = lastOf(story.batches[1]!);
    const watermark = (frameHash: string) => [{ holder: "the ledger", seq: at, frameHash }];
    const good = await openJournal(copyOfOpen(story.closed), {
      ...SMALL,
      watermarks: watermark(story.hashes[1]!),
    });
    await good.journal.close();
    const other = { ...SMALL, watermarks: watermark(story.hashes[0]!) };
    await expect(openJournal(copyOfOpen(story.closed), other)).rejects.toThrow("belongs to another journal");
  });

  test("is refused if its replay causes anything else than what happened live", async () => {
    const replay = () => outcomesOf(story.batches[0]!);
    await expect(openJournal(copyOfOpen(story.closed), { ...SMALL, replay })).rejects.toThrow(
      /sequence 4: replay does not equal what happened live: .* up to sequence 3 differ/,
    );
  });

  test("passes on what a replay throws", async () => {
    const replay = () => {
      throw new Error("an invariant");
    };
    await expect(openJournal(copyOfOpen(story.closed), { ...SMALL, replay })).rejects.toThrow("an invariant");
  });

  test("ignores what a crash left of a segment in the making", async () => {
    const work = copyOfOpen(story.crashed);
    writeFileSync(join(work, "next-segment.aside"), "half a segment");
    expect(await outcomeOf(work)).toBe(3);
    expect(readdirSync(work)).toEqual(["00000001.segment"]);
  });

  test("lets the event loop turn while it replays", async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const replay = (frame: { readonly entries: readonly Sequenced[] }) => {
      const until = performance.now() + 60;
      while (performance.now() < until);
      return outcomesOf(frame.entries);
    };
    const { journal } = await openJournal(copyOfOpen(story.closed), { ...SMALL, replay });
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
    await journal.close();
  });
});

describe("a journal of several segments", () => {
  let many: string;
  let other: string;
  let entries: readonly Sequenced[];

  beforeAll(async () => {
    many = newDirectory();
    other = newDirectory();
    for (const directory of [many, other]) {
      const { journal } = await openJournal(directory, SMALL);
      const written = [];
      for (let i = 0; i < 12; i += 1)
        written.push((await appendBatch(journal, EVERY_COMMAND.slice(3, 7))).entries);
      await journal.close();
      entries = written.flat();
    }
    expect(readdirSync(many).length).toBeGreaterThan(3);
  });

  const refused = (directory: string) => expect(openJournal(directory, SMALL)).rejects;

  test("is read whole", async () => {
    const { journal, frames } = await openJournal(copyOfOpen(many), SMALL);
    expect(entriesOf(frames)).toEqual(entries);
    await journal.close();
  });

  test("is refused if a segment is missing, the first included", async () => {
    for (const segment of [1, 2]) {
      const work = copyOfOpen(many);
      const { firstSeq } = decodeSegmentHeader(readFileSync(file(work, segment))) as SegmentHeader;
      rmSync(file(work, segment));
      await refused(work).toThrow(
        `0000000${segment}.segment, offset 0, sequence ${firstSeq}: the segment is missing`,
      );
    }
  });

  test("is refused if a segment comes from another journal", async () => {
    const work = copyOfOpen(many);
    writeFileSync(file(work, 2), readFileSync(file(other, 2)));
    await refused(work).toThrow("the segment belongs to another journal");
  });

  test("is refused if two segments changed places", async () => {
    const work = copyOfOpen(many);
    writeFileSync(file(work, 2), readFileSync(file(many, 3)));
    await refused(work).toThrow("the file holds segment 3");
  });

  test("is refused if anything stands behind the last frame of a full segment", async () => {
    const work = copyOfOpen(many);
    const bytes = readFileSync(file(work, 2));
    bytes[bytes.length - 1] = 1;
    writeFileSync(file(work, 2), bytes);
    await refused(work).toThrow(/00000002\.segment, offset \d+, sequence \d+: the bytes here/);
  });

  test("is refused if the last frame of a full segment is gone", async () => {
    const work = copyOfOpen(many);
    const bytes = readFileSync(file(work, 1));
    writeFileSync(file(work, 1), bytes.fill(0, trimZeros(bytes).length - 60));
    await refused(work).toThrow(DamagedJournalError);
    writeFileSync(file(work, 1), bytes.fill(0, SEGMENT_HEADER_BYTES));
    await refused(work).toThrow("leaves a gap");
  });

  test("is refused if a file has the wrong length", async () => {
    const work = copyOfOpen(many);
    truncateSync(file(work, 1), SMALL_SEGMENT_BYTES - 1);
    await refused(work).toThrow("5119 bytes long and not 5120");
    truncateSync(file(work, 1), SMALL_SEGMENT_BYTES + 1);
    await refused(work).toThrow("5121 bytes long and not 5120");
  });

  test("is refused if the last segment has no header", async () => {
    for (const length of [0, 100]) {
      const work = copyOfOpen(many);
      truncateSync(file(work, readdirSync(work).length), length);
      await refused(work).toThrow("shorter than a segment's header");
    }
  });
});

function trimZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return Buffer.from(bytes.subarray(0, end));
}
