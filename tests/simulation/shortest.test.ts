/** A simulation that finds a fault, planted in a copy: what it shows of it, and how the seed is kept. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProjectCopy } from "../faults/copy.ts";
import { DURABILITY_FAULTS } from "../faults/durability-faults.ts";

const FAULT = "a frame is acknowledged before it is synced";
const RUN_MS_MAX = 120_000;

const copy = new ProjectCopy();
let told: string;

beforeAll(async () => {
  const fault = DURABILITY_FAULTS.find(({ name }) => name === FAULT)!;
  const run = () =>
    copy.run("tsx", ["tests/simulation/simulate.ts", "--seed", "1", "--runs", "1"], {
      environment: {},
      msMax: RUN_MS_MAX,
    });
  told = (await copy.planted({ ...fault, file: `src/${fault.file}` }, run))!;
}, RUN_MS_MAX);

afterAll(() => copy.remove());

test("a seed that fails is shown by the shortest trace, which ends with what is wrong", () => {
  expect(told).toMatch(/^seed 1 FAILS: of \d+ commands that were shown \d+ are left$/m);
  const counts = /^ {2}of its (\d+) steps (\d+) are enough, with (\d+) of (\d+) commands:$/m.exec(told);
  const [steps, enough, sent, all] = counts!.slice(1).map(Number) as [number, number, number, number];
  expect(steps).toBeGreaterThan(50);
  expect(all).toBeGreaterThan(50);
  // One command that is acknowledged, and a power failure that takes it.
  expect([enough, sent]).toEqual([2, 1]);
  expect(told).toMatch(/ 24 at \d+: q21 .*\n.* answered q21 at 24\n.* the power fails/);
  expect(told).toMatch(/ WRONG: of 24 commands that were shown 23 are left\n/);
  expect(told).toContain("seeds that failed: 1\n");
});

test("it is said how to run it again, and how it becomes a test", () => {
  expect(told).toContain("again: npm run simulate -- --seed 1 --runs 1 --trace\n");
  expect(told).toMatch(
    /a test from now on: \{ seed: 1, what: "of \d+ commands that were shown \d+ are left" \} in tests\/simulation\/seeds\.ts\n/,
  );
});
