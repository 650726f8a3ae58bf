import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Sequenced } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import { Engine } from "../../src/engine/engine.ts";
import { stepsOf, story } from "./stories.ts";

const { PREGAO_STORIES, PREGAO_SEED } = process.env;
const STORIES = Math.ceil(Number(PREGAO_STORIES ?? 1200) / 4);
const SEED = PREGAO_SEED === undefined ? Date.now() & 0x7fffffff : Number(PREGAO_SEED);
console.info(`dumps: PREGAO_SEED=${SEED}`);

const told = fc.record({ story: story(160), cut: fc.double({ min: 0, max: 1, noNaN: true }) });

/** What commands bring about, in the encoding over which digests are taken. */
function apply(engine: Engine, entries: readonly Sequenced[]): Uint8Array {
  const writer = new ByteWriter();
  for (const entry of entries) encodeOutcome(writer, { entry, events: engine.apply(entry) });
  return writer.view();
}

describe("an engine that was dumped and restored", () => {
  test("has the same dump, and goes on exactly as the one that was dumped", () => {
    fc.assert(
      fc.property(told, ({ story, cut }) => {
        const entries = [...stepsOf(story)].map(({ entry }) => entry);
        const place = Math.floor(cut * entries.length);
        const live = new Engine();
        apply(live, entries.slice(0, place));
        const restored = Engine.restore(live.dump());
        restored.check();
        expect(restored.appliedSeq).toBe(live.appliedSeq);
        expect(restored.nextExpiry).toBe(live.nextExpiry);
        expect(restored.dump()).toEqual(live.dump());
        expect(apply(restored, entries.slice(place))).toEqual(apply(live, entries.slice(place)));
        expect(restored.dump()).toEqual(live.dump());
      }),
      { seed: SEED, numRuns: STORIES },
    );
  }, 120_000);

  test("comes to the same dump whatever orders have come and gone before", () => {
    fc.assert(
      fc.property(told, ({ story, cut }) => {
        const entries = [...stepsOf(story)].map(({ entry }) => entry);
        const place = Math.floor(cut * entries.length);
        const live = new Engine();
        apply(live, entries.slice(0, place));
        let restored = live;
        for (const entry of entries.slice(place)) {
          // A restored engine has its orders in other slots than one that has lived through all of it.
          if (restored === live || entry.seq % 7 === 0) restored = Engine.restore(restored.dump());
          restored.apply(entry);
          live.apply(entry);
        }
        expect(restored.dump()).toEqual(live.dump());
      }),
      { seed: SEED, numRuns: STORIES },
    );
  }, 120_000);
});
