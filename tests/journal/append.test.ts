import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader, ByteWriter, DecodeError } from "../../src/domain/codec.ts";
import type { Command } from "../../src/domain/commands.ts";
import { COMMAND_KINDS } from "../../src/domain/event-codec.ts";
import { EMPTY_FRAME_BYTES } from "../../src/journal/frame.ts";
import { readRecord, writeRecord } from "../../src/journal/record.ts";
import {
  appendBatch,
  EVERY_COMMAND,
  entriesOf,
  newDirectory,
  newFastDirectory,
  openJournal,
  outcomesOf,
  SEGMENT_BYTES,
  sequenced,
} from "./support.ts";

describe("a record", () => {
  test("is tried of every kind of command", () => {
    expect(new Set(EVERY_COMMAND.map(({ kind }) => kind))).toEqual(new Set(COMMAND_KINDS));
  });

  test.each(EVERY_COMMAND.map((command) => [command.kind, command] as const))(
    "of %s is read as it was written",
    (_kind, command) => {
      const writer = new ByteWriter();
      const [entry] = sequenced([command], 5);
      writeRecord(writer, entry!);
      const reader = new ByteReader(writer.view());
      const { requestId, traceId } = entry!;
      expect(readRecord(reader)).toEqual({ requestId, traceId, command });
      expect(reader.done).toBe(true);
    },
  );

  test("that is cut anywhere is not read", () => {
    const writer = new ByteWriter();
    writeRecord(writer, sequenced([EVERY_COMMAND[0]!], 5)[0]!);
    for (let length = 0; length < writer.length; length += 1) {
      expect(() => readRecord(new ByteReader(writer.view().subarray(0, length)))).toThrow(DecodeError);
    }
  });
});

describe("a journal", () => {
  test("gives back every batch as it was appended, in order", async () => {
    const directory = newDirectory();
    const first = await openJournal(directory);
    expect(first.journal.nextSeq).toBe(1);
    expect(first.journal.durableSeq).toBe(0);
    const one = await appendBatch(first.journal, EVERY_COMMAND);
    const two = await appendBatch(first.journal, EVERY_COMMAND.slice(0, 1));
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(first.journal.durableSeq).toBe(EVERY_COMMAND.length + 1);
    expect(first.journal.lastAt).toBe(EVERY_COMMAND.length + 1);
    await first.journal.close();

    const second = await openJournal(directory);
    expect(entriesOf(second.frames)).toEqual([...one.entries, ...two.entries]);
    expect(second.frames.map(({ hash }) => hash)).toEqual([one.hash, two.hash]);
    expect(second.frames.map(({ firstSeq }) => firstSeq)).toEqual([1, EVERY_COMMAND.length + 1]);
    expect(second.journal.nextSeq).toBe(first.journal.nextSeq);
    expect(second.journal.lastAt).toBe(first.journal.lastAt);
    expect(second.journal.bytes).toBe(first.journal.bytes);
    expect(second.journal.journalId).toBe(first.journal.journalId);
    await second.journal.close();
  });

  test("goes on after a clean stop, and stopping twice adds nothing", async () => {
    const directory = newDirectory();
    for (let run = 1; run <= 5; run += 1) {
      const { journal, frames } = await openJournal(directory);
      expect(frames.length).toBe(run - 1);
      await appendBatch(journal, EVERY_COMMAND);
      await journal.close();
      const again = await openJournal(directory);
      await again.journal.close();
      expect(again.journal.bytes).toBe(journal.bytes);
    }
  });

  test("rolls over to the next segment when one is full, and keeps every segment at its length", async () => {
    const directory = newDirectory();
    const { journal } = await openJournal(directory);
    const written = [];
    for (let i = 0; i < 60; i += 1) written.push((await appendBatch(journal, EVERY_COMMAND)).entries);
    await journal.close();
    const segments = readdirSync(directory).filter((name) => name.endsWith(".segment"));
    expect(segments.length).toBeGreaterThan(4);
    for (const name of segments) expect(statSync(join(directory, name)).size).toBe(SEGMENT_BYTES);
    expect(readdirSync(directory)).toEqual(segments);
    const { journal: again, frames, reports } = await openJournal(directory);
    expect(entriesOf(frames)).toEqual(written.flat());
    expect(reports.filter(({ kind }) => kind === "segment-read").length).toBe(segments.length);
    await again.close();
  });

  test("fills a segment to its last byte with the frame of a clean stop, and goes on in the next", async () => {
    const measured = await openJournal(newDirectory());
    await appendBatch(measured.journal, EVERY_COMMAND);
    const segmentBytes = measured.journal.bytes + EMPTY_FRAME_BYTES;
    await measured.journal.close();

    const directory = newDirectory();
    const written = [];
    for (let run = 0; run < 3; run += 1) {
      const { journal } = await openJournal(directory, { segmentBytes });
      written.push(...(await appendBatch(journal, EVERY_COMMAND)).entries);
      await journal.close();
      expect(journal.bytes).toBe(segmentBytes * (run + 1));
    }
    expect(readdirSync(directory).length).toBe(3);
    const { journal, frames } = await openJournal(directory, { segmentBytes });
    expect(entriesOf(frames)).toEqual(written);
    const tooMuch = sequenced([...EVERY_COMMAND, ...EVERY_COMMAND], journal.nextSeq);
    await expect(journal.append(tooMuch)).rejects.toThrow("a frame fits an empty segment");
    await journal.close();
  });

  test("makes a new directory's first segment small, so that it opens at once", async () => {
    const directory = join(newDirectory(), "journal");
    const { journal } = await openJournal(directory, { segmentBytes: 64 * 1024 * 1024 });
    await journal.close();
    expect(readdirSync(directory)).toEqual(["00000001.segment"]);
    expect(statSync(join(directory, "00000001.segment")).size).toBe(4 * 1024 * 1024);
  });

  test("refuses gaps, time that goes back, and a second append in flight", async () => {
    const { journal } = await openJournal(newDirectory());
    await expect(journal.append(sequenced(EVERY_COMMAND, 2))).rejects.toThrow("sequences leave no gap");
    const entries = sequenced(EVERY_COMMAND, 1, 1000);
    const appended = journal.append(entries);
    await expect(journal.append(entries)).rejects.toThrow("one append is in flight");
    await appended;
    const next = sequenced(EVERY_COMMAND, journal.nextSeq, 999);
    await expect(journal.append(next)).rejects.toThrow("witnessed before the next");
    journal.witness(outcomesOf(entries));
    await expect(journal.append(next)).rejects.toThrow("time never goes back");
    await journal.close();
    await expect(journal.append(next)).rejects.toThrow("closed journal");
  });

  test("survives any list of commands in any batches", async () => {
    const word = fc.string({ unit: "binary", maxLength: 40 });
    const amount = fc.maxSafeNat();
    const command: fc.Arbitrary<Command> = fc.oneof(
      fc.constantFrom(...EVERY_COMMAND),
      fc.record({
        kind: fc.constant("DepositFunds" as const),
        account: amount,
        asset: amount,
        amount,
        reference: word,
      }) as unknown as fc.Arbitrary<Command>,
      fc.record({ kind: fc.constant("OpenAccount" as const), accountId: word, name: fc.option(word) }),
    );
    const batches = fc.array(fc.array(command, { minLength: 1, maxLength: 20 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(batches, async (story) => {
        const directory = newFastDirectory();
        const { journal } = await openJournal(directory);
        const written = [];
        for (const batch of story) written.push(...(await appendBatch(journal, batch)).entries);
        await journal.close();
        const again = await openJournal(directory);
        expect(entriesOf(again.frames)).toEqual(written);
        await again.journal.close();
      }),
      { numRuns: 60 },
    );
  });
});
