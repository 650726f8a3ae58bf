import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { outcomesOf } from "../journal/run-frame.ts";
import { SEED, STORIES } from "./search.ts";
import { type Story, stepsOf, story } from "./stories.ts";

const RUN = { seed: SEED, numRuns: Math.ceil(STORIES / 4) };

const told = fc.record({ story: story(160), cut: fc.double({ min: 0, max: 1, noNaN: true }) });

/** An engine that has lived through a part of a story, and what it has not heard yet. */
function halfway({ story, cut }: { readonly story: Story; readonly cut: number }) {
  const entries = [...stepsOf(story)].map(({ entry }) => entry);
  const place = Math.floor(cut * entries.length);
  const live = new Engine();
  for (const entry of entries.slice(0, place)) live.apply(entry);
  return { live, rest: entries.slice(place) };
}

describe("an engine that was dumped and restored", () => {
  test("has the same dump, and goes on exactly as the one that was dumped", () => {
    fc.assert(
      fc.property(told, (it) => {
        const { live, rest } = halfway(it);
        const restored = Engine.restore(live.dump());
        restored.check();
        expect(restored.appliedSeq).toBe(live.appliedSeq);
        expect(restored.nextExpiry).toBe(live.nextExpiry);
        expect(restored.dump()).toEqual(live.dump());
        expect(outcomesOf({ engine: restored }, rest)).toEqual(outcomesOf({ engine: live }, rest));
        expect(restored.dump()).toEqual(live.dump());
      }),
      RUN,
    );
  }, 120_000);

  test("comes to the same dump whatever orders have come and gone before", () => {
    fc.assert(
      fc.property(told, (it) => {
        const { live, rest } = halfway(it);
        let restored = live;
        for (const entry of rest) {
          // A restored engine has its orders in other slots than one that has lived through all of it.
          if (restored === live || entry.seq % 7 === 0) restored = Engine.restore(restored.dump());
          restored.apply(entry);
          live.apply(entry);
        }
        expect(restored.dump()).toEqual(live.dump());
      }),
      RUN,
    );
  }, 120_000);
});
