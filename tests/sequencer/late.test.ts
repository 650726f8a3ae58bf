/** A disk that cannot keep up: what comes too late for its frame is refused at once, but not what ends orders. */
import { expect, test } from "vitest";
import type { Command } from "../../src/domain/commands.ts";
import { accountIndex, epochMs, orderId, seq } from "../../src/domain/units.ts";
import { Sequencer, WAITED_MS_MAX } from "../../src/sequencer/sequencer.ts";
import { nodeTimers } from "../../src/sequencer/timers.ts";

const account = accountIndex(1);
const PLAIN: Command = { kind: "RevokeKey", keyId: "k" };
const ENDING: readonly Command[] = [
  { kind: "CancelOrder", account, order: orderId(1) },
  { kind: "CancelAllOrders", account, market: null },
  { kind: "SetCancelAfter", account, seconds: 1 },
];

/** A sequencer whose frames are on disk when the test says so, on a clock of the test's own. */
function stage() {
  const written: (() => void)[] = [];
  const clock = { now: 1_700_000_000_000, elapsed: 0 };
  const answers: number[] = [];
  const sequencer = new Sequencer<number>(
    { seq: seq(0), at: epochMs(clock.now) },
    {
      journal: {
        append: () => new Promise((resolve) => written.push(() => resolve("hash"))),
        witness: () => {},
        accepting: true,
      },
      engine: { apply: () => [], nextExpiry: null },
      project: ({ entry }) => entry.seq,
      publish: () => {},
      saturated: () => false,
      now: () => epochMs(clock.now),
      newRequestId: () => "own",
      timers: { ...nodeTimers, elapsed: () => clock.elapsed },
      onFailure: (error) => {
        throw error;
      },
    },
  );
  const submit = (command: Command) =>
    sequencer.submit({ requestId: "r", traceId: null, command }, (outcome) => {
      if ("committed" in outcome) answers.push(outcome.committed.entry.seq);
    });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { sequencer, clock, written, answers, submit, turn };
}

test("while a command has waited for too long, only what ends orders is taken", async () => {
  const { sequencer, clock, written, answers, submit, turn } = stage();
  expect(submit(PLAIN)).toBeNull();
  await turn();
  // The first is being written, and this one waits for the next frame.
  expect(submit(PLAIN)).toBeNull();
  clock.elapsed += WAITED_MS_MAX;
  expect(submit(PLAIN)).toBeNull();
  clock.elapsed += 1;
  expect(submit(PLAIN)).toBe("overloaded");
  const together = [{ requestId: "r", traceId: null, command: PLAIN }];
  expect(sequencer.submitTogether(together, () => {})).toBe("overloaded");
  expect(ENDING.map(submit)).toEqual([null, null, null]);
  written.shift()!();
  await turn();
  // All that was taken is in the frame that is being written now.
  expect(submit(PLAIN)).toBeNull();
  written.shift()!();
  await turn();
  written.shift()!();
  await turn();
  expect(answers).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("a frame that takes long refuses nothing while nobody waits behind it", async () => {
  const { clock, submit, turn } = stage();
  expect(submit(PLAIN)).toBeNull();
  await turn();
  clock.elapsed += 10 * WAITED_MS_MAX;
  expect(submit(PLAIN)).toBeNull();
});

test("a machine whose clock is set, while a command waits, refuses nobody for that", async () => {
  const { clock, submit, turn } = stage();
  expect(submit(PLAIN)).toBeNull();
  await turn();
  expect(submit(PLAIN)).toBeNull();
  clock.now += 10 * WAITED_MS_MAX;
  expect(submit(PLAIN)).toBeNull();
});
