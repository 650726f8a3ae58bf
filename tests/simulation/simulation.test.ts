import { describe, expect, test } from "vitest";
import { addCounts, type Counted, noCounts } from "./counts.ts";
import { planOf } from "./plan.ts";
import { SEEDS_THAT_FAILED } from "./seeds.ts";
import { simulate } from "./simulation.ts";

const BLOCK = 100;
/** Several times what it takes on two processors that others use as well. */
const BLOCK_MS_MAX = 180_000;
const BLOCKS = Array.from({ length: 10 }, (_, block) => 1 + block * BLOCK);

/** What a thousand seeds must have been through to say anything. */
const DENSE: Partial<Record<Counted, number>> = {
  commands: 50_000,
  "unknown outcomes": 2_000,
  retries: 500,
  "turned away: disk full": 1_000,
  "process crashes": 500,
  "power failures": 1_000,
  "clean stops": 500,
  "recoveries cut short": 50,
  "torn tails": 40,
  "snapshots made": 300,
  "snapshots loaded": 300,
  "segments removed": 30,
  "failures met": 100,
  "bits flipped": 500,
  "flips refused": 300,
  "flips repaired": 30,
  "flips passed over": 100,
  "ledgers lost": 50,
};

describe("a simulated exchange", () => {
  test.each([1, 2, 17, 333])("of seed %i does the same, byte for byte, each time it is run", async (seed) => {
    const first = await simulate(planOf(seed));
    const second = await simulate(planOf(seed));
    expect(second).toEqual(first);
  });

  test.each(SEEDS_THAT_FAILED)(
    "has no fault any more where seed $seed found one: $what",
    async ({ seed }) => {
      expect((await simulate(planOf(seed))).violation).toBeNull();
    },
  );

  const sum = noCounts();
  test.each(BLOCKS)(
    "loses nothing that it acknowledged, whatever its disk does: seeds from %i on",
    async (from) => {
      for (let seed = from; seed < from + BLOCK; seed += 1) {
        const { violation, counts } = await simulate(planOf(seed));
        addCounts(sum, counts);
        expect(violation, `npm run simulate -- --seed ${seed} --runs 1`).toBeNull();
      }
    },
    BLOCK_MS_MAX,
  );

  test("meets all that can befall it many times in a thousand seeds", () => {
    const rare = Object.entries(DENSE).filter(([name, least]) => sum[name as Counted] < least);
    expect(rare).toEqual([]);
  });
});
