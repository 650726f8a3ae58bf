import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AsOf, PastFault } from "../../src/domain/past.ts";
import { type EpochMs, epochMs, type Seq, seq } from "../../src/domain/units.ts";
import { Past, seqAsOf } from "../../src/replay/past.ts";
import { PastError } from "../../src/replay/past-error.ts";
import { SEED, STORIES } from "../properties/search.ts";
import { type Story, story } from "../properties/stories.ts";
import { liveThrough, longStory, namesIn, seen, snapshotAt } from "./past.ts";

const RUNS = Math.ceil(STORIES / 60);

/** What was seen after each command, and the commands with what they caused. */
type Lived = {
  readonly directory: string;
  readonly lastSeq: Seq;
  readonly lastAt: EpochMs;
  /** By sequence; that of 0 is missing. */
  readonly seen: readonly unknown[];
  readonly committed: readonly unknown[];
  readonly times: readonly EpochMs[];
};

async function live(told: Story, { every, removes = false }: { every: number; removes?: boolean }) {
  const lived: { seen: unknown[]; committed: unknown[]; times: EpochMs[] } = {
    seen: [null],
    committed: [null],
    times: [epochMs(0)],
  };
  const { directory, ledger } = await liveThrough(
    told,
    async (closed, place) => {
      if (closed.segment % every === 0) await snapshotAt(place, closed, { keepsSegments: !removes });
    },
    (committed, present) => {
      lived.seen.push(plain(seen(present)));
      lived.committed.push(plain(committed));
      lived.times.push(committed.entry.at);
    },
  );
  return { directory, lastSeq: ledger.seq, lastAt: lived.times.at(-1)!, ...lived } satisfies Lived;
}

/** A copy, in which the negative zero that only a test can make is a zero, as it is in the journal. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const faultOf = (asked: Promise<unknown>): Promise<PastFault> =>
  asked.then(
    () => expect.fail("there is an answer"),
    (error: unknown) => (error as PastError).fault,
  );

async function pastAt(directory: string, at: Seq, durableSeq: Seq): Promise<Past> {
  const past = await Past.nearest(directory, at);
  await past.goTo(at, { durableSeq });
  return past;
}

/** The commands from here on. */
async function* commandsOf(past: Past, durableSeq: Seq) {
  for (let next = await past.next(durableSeq); next !== null; next = await past.next(durableSeq)) yield next;
}

describe("the past", () => {
  test("is at every sequence what live was then, from wherever it begins, and goes on as live did", async () => {
    await fc.assert(
      fc.asyncProperty(story(120), fc.integer({ min: 1, max: 5 }), fc.nat(), async (told, every, from) => {
        const { directory, lastSeq, ...was } = await live(told, { every });
        const begin = seq(from % (lastSeq + 1));
        const past = await pastAt(directory, begin, lastSeq);
        if (begin > 0) expect(seen(past.present)).toEqual(was.seen[begin]);
        for await (const { committed } of commandsOf(past, lastSeq)) {
          const { seq: now } = committed.entry;
          expect(plain(committed)).toEqual(was.committed[now]);
          expect(seen(past.present)).toEqual(was.seen[now]);
          expect(past.at).toBe(was.times[now]);
        }
        expect(past.seq).toBe(lastSeq);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test("is opened at every sequence of a long story", async () => {
    const { directory, lastSeq, ...was } = await live(longStory(), { every: 3 });
    expect(namesIn(directory, "snapshots").length).toBeGreaterThan(1);
    for (let at = 1; at <= lastSeq; at += 7) {
      const past = await pastAt(directory, seq(at), lastSeq);
      expect(seen(past.present)).toEqual(was.seen[at]);
    }
  });

  test("is not read beyond what is durable, and goes on when more is", async () => {
    const { directory, lastSeq, ...was } = await live(longStory(), { every: 1_000 });
    const past = await Past.nearest(directory, seq(0));
    for (let durable = 0; durable <= lastSeq; durable = Math.min(durable + 13, lastSeq + 1)) {
      const durableSeq = seq(Math.min(durable, lastSeq));
      for await (const { committed } of commandsOf(past, durableSeq)) {
        expect(plain(committed)).toEqual(was.committed[committed.entry.seq]);
      }
      expect(past.seq).toBe(durableSeq);
      expect(await past.next(durableSeq)).toBeNull();
    }
  });

  test("has for every time the last sequence at or before it", async () => {
    const { directory, lastSeq, lastAt, times } = await live(longStory(), { every: 1_000 });
    const now = { seq: lastSeq, at: epochMs(lastAt + 10) };
    const asOf = (moment: AsOf) => seqAsOf(directory, moment, now);
    for (let at = times[1]!; at <= now.at; at = epochMs(at + 9)) {
      expect(await asOf({ at })).toBe(times.findLastIndex((time) => time <= at));
    }
    expect(await faultOf(asOf({ at: times[1]! - 1 }))).toEqual({ kind: "before-the-beginning" });
    expect(await faultOf(asOf({ at: now.at + 1 }))).toEqual({ kind: "after-now", seq: lastSeq });
    expect(await faultOf(asOf({ seq: 0 }))).toEqual({ kind: "before-the-beginning" });
    expect(await faultOf(asOf({ seq: lastSeq + 1 }))).toEqual({ kind: "after-now", seq: lastSeq });
  });

  test("says from where on it is kept, once segments have been removed", async () => {
    const { directory, lastSeq, lastAt, ...was } = await live(longStory(), { every: 3, removes: true });
    expect(namesIn(directory, "journal")).not.toContain("00000001.segment");
    const oldestSeq = Number(namesIn(directory, "snapshots")[0]!.slice(0, 16));
    const open = (at: number) => pastAt(directory, seq(at), lastSeq);
    const removed = { kind: "removed", oldestSeq };
    expect(await faultOf(open(oldestSeq - 1))).toEqual(removed);
    for (const at of [oldestSeq, oldestSeq + 1, lastSeq]) {
      expect(seen((await open(at)).present)).toEqual(was.seen[at]);
    }
    const now = { seq: lastSeq, at: lastAt };
    const at = was.times[oldestSeq]!;
    expect(await faultOf(seqAsOf(directory, { at: at - 1 }, now))).toEqual(removed);
    expect(await seqAsOf(directory, { at }, now)).toBeGreaterThanOrEqual(oldestSeq);
  });

  test("stays between two commands when it is given up, and goes on from there", async () => {
    const { directory, lastSeq, ...was } = await live(longStory(), { every: 1_000 });
    const past = await Past.nearest(directory, lastSeq);
    await past.goTo(seq(100), { durableSeq: lastSeq });
    const given = new AbortController();
    given.abort(new PastError({ kind: "given-up" }));
    const way = { durableSeq: lastSeq, signal: given.signal };
    expect(await faultOf(past.goTo(lastSeq, way))).toEqual({ kind: "given-up" });
    expect(seen(past.present)).toEqual(was.seen[100]);
    await past.goTo(lastSeq, { durableSeq: lastSeq });
    expect(seen(past.present)).toEqual(was.seen[lastSeq]);
  });

  test("says so when what it would read next is removed under it", async () => {
    const { directory, lastSeq } = await live(longStory(), { every: 1_000 });
    const past = await pastAt(directory, seq(1), lastSeq);
    const [first, second] = namesIn(directory, "journal");
    for (const name of [first!, second!]) rmSync(join(directory, "journal", name));
    expect(await faultOf(past.goTo(lastSeq, { durableSeq: lastSeq }))).toEqual({
      kind: "removed",
      oldestSeq: null,
    });
  });
});
