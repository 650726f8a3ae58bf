/** The change stream out of the journal: from every sequence on, with snapshots on the way or without, what was told live. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { epochMs, type Seq, seq } from "../../src/domain/units.ts";
import { changeLine, changeOf } from "../../src/projections/changes/change-line.ts";
import { changesBehind } from "../../src/replay/changes-behind.ts";
import { Past } from "../../src/replay/past.ts";
import type { PastDesk } from "../../src/replay/past-question.ts";
import { SEED, STORIES } from "../properties/search.ts";
import { type Story, story } from "../properties/stories.ts";
import { liveThrough, longStory, namesIn, snapshotAt } from "./past.ts";

const RUNS = Math.ceil(STORIES / 120);

/** Lives through a story with a snapshot at the end of every so many segments, and keeps the lines as they come. */
async function live(told: Story, { every }: { readonly every: number }) {
  const lines: string[] = [];
  const { directory, ledger } = await liveThrough(
    told,
    async (closed, place) => {
      if (closed.segment % every === 0) await snapshotAt(place, closed);
    },
    (committed, { live: projections }, feed) => {
      const change = changeOf(committed, feed?.orders ?? [], projections.orders);
      lines.push(changeLine(change, projections.directory));
    },
  );
  expect(lines).toHaveLength(ledger.seq);
  return { directory, lastSeq: ledger.seq, lines };
}

/** What the thread of the past gives a question; the state is kept from one to the next. */
function deskOf(directory: string, lastSeq: Seq): PastDesk {
  let kept: Past | undefined;
  const durable = { durableSeq: lastSeq };
  return {
    directory,
    now: { seq: lastSeq, at: epochMs(0) },
    signal: new AbortController().signal,
    seqAsOf: () => expect.fail("a stream knows its sequence"),
    past: async (at) => {
      if (kept === undefined || kept.seq > at) kept = await Past.nearest(directory, at);
      await kept.goTo(at, durable);
      return kept;
    },
  };
}

/** Reads piece by piece, as a stream does. */
async function readAll(desk: PastDesk, after: Seq, through: Seq, bytesMax: number): Promise<string> {
  let text = "";
  let position = after;
  while (position < through) {
    const { lines, lastSeq } = await changesBehind({ after: position, through, bytesMax }, desk);
    expect(lastSeq).toBeGreaterThan(position);
    text += Buffer.from(lines).toString();
    position = lastSeq;
  }
  expect(position).toBe(through);
  return text;
}

test("is what was told live, byte for byte, in any story, from any sequence to any other, in pieces of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      story(120),
      fc.integer({ min: 1, max: 5 }),
      fc.tuple(fc.nat(), fc.nat()),
      fc.constantFrom(1, 700, 5_000, 1_000_000),
      async (told, every, [from, to], bytesMax) => {
        const { directory, lastSeq, lines } = await live(told, { every });
        const through = seq(1 + (to % lastSeq));
        const after = seq(from % through);
        const text = await readAll(deskOf(directory, lastSeq), after, through, bytesMax);
        expect(text).toBe(lines.slice(after, through).join(""));
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
});

test("from every sequence of a long story it is the end of what it is from the first", async () => {
  const { directory, lastSeq, lines } = await live(longStory(), { every: 3 });
  expect(namesIn(directory, "snapshots").length).toBeGreaterThan(1);
  const all = lines.join("");
  expect(await readAll(deskOf(directory, lastSeq), seq(0), lastSeq, 10_000)).toBe(all);
  for (let after = 1; after < lastSeq; after += 11) {
    const text = await readAll(deskOf(directory, lastSeq), seq(after), lastSeq, 20_000);
    expect(all.endsWith(text)).toBe(true);
    expect(text).toBe(lines.slice(after).join(""));
  }
});
