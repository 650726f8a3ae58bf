import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Command, Request, Sequenced } from "../../src/domain/commands.ts";
import type { Event } from "../../src/domain/events.ts";
import { accountIndex, assetIndex, epochMs, minor, seq } from "../../src/domain/units.ts";
import { FRAME_BYTES_MAX } from "../../src/journal/frame.ts";
import { writeRecord } from "../../src/journal/record.ts";
import {
  BATCH_MAX,
  type OutcomeTogether,
  Sequencer,
  TOGETHER_MAX,
  WAITING_MAX,
} from "../../src/sequencer/sequencer.ts";

const AT = epochMs(1_700_000_000_000);
const EXPIRY: Command = { kind: "ExpireOrders" };

/** A sequencer whose disk keeps frames in an array and whose engine does nothing; expiries are due as told. */
function stage({ expiriesDue = 0, failsAtSeq = Number.POSITIVE_INFINITY } = {}) {
  const frames: Sequenced[][] = [];
  const failures: Error[] = [];
  let due = expiriesDue;
  const sequencer = new Sequencer<number>(
    { seq: seq(0), at: AT },
    {
      journal: {
        append: async (entries) => {
          frames.push([...entries]);
          return "hash";
        },
        witness: () => {},
        accepting: true,
      },
      engine: {
        apply: (entry): Event[] => {
          if (entry.seq >= failsAtSeq) throw new Error("the engine stumbled");
          if (entry.command.kind === "ExpireOrders") due -= 1;
          return [];
        },
        get nextExpiry() {
          return due > 0 ? AT : null;
        },
      },
      project: ({ entry }) => entry.seq,
      publish: () => {},
      saturated: () => false,
      now: () => AT,
      newRequestId: () => "own",
      onFailure: (error) => failures.push(error),
    },
  );
  return { sequencer, frames, failures };
}

function request(requestId: string): Request {
  return { requestId, traceId: null, command: { kind: "RevokeKey", keyId: requestId } };
}

const requests = (name: string, count: number) =>
  Array.from({ length: count }, (_, place) => request(`${name}-${place}`));

function together(sequencer: Sequencer<number>, group: readonly Request[]) {
  const outcomes: OutcomeTogether<number>[] = [];
  const refusal = sequencer.submitTogether(group, (outcome) => outcomes.push(outcome));
  return { outcomes, refusal };
}

const idsOf = (frame: readonly Sequenced[]) => frame.map(({ requestId }) => requestId);

describe("long settlements", () => {
  test("leave a frame no longer than the journal takes it, and commands stay in their order", async () => {
    const { sequencer, frames } = stage();
    const entries = Array.from({ length: 500 }, (_, n) => ({
      account: accountIndex(2 ** 31),
      side: "buy" as const,
      quantity: minor(2 ** 53 - 1),
      value: minor(2 ** 53 - 1),
      reference: String(n).padStart(64, "r"),
    }));
    const asset = assetIndex(2 ** 31);
    const settlementId = "i".repeat(64);
    const command: Command = { kind: "SettleFunds", base: asset, quote: asset, entries, settlementId };
    for (let n = 0; n < 30; n += 1) {
      sequencer.submit({ requestId: "q".repeat(26), traceId: "t".repeat(32), command }, () => {});
      sequencer.submit(request(`plain-${n}`), () => {});
    }
    await sequencer.close();
    expect(frames.flat().map(({ seq: its }) => its)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(frames.length).toBeGreaterThan(1);
    for (const frame of frames) {
      const writer = new ByteWriter();
      for (const entry of frame) writeRecord(writer, entry);
      expect(writer.length).toBeLessThan(FRAME_BYTES_MAX - 1_024);
    }
    expect(Math.max(...frames.map(({ length }) => length))).toBeGreaterThan(10);
  });
});

describe("commands that are submitted together", () => {
  test("have consecutive sequences in one frame, and are answered once, in their order", async () => {
    const { sequencer, frames } = stage();
    sequencer.submit(request("before"), () => {});
    const { outcomes, refusal } = together(sequencer, requests("group", 3));
    sequencer.submit(request("after"), () => {});
    expect(refusal).toBeNull();
    await sequencer.close();
    expect(frames.map(idsOf)).toEqual([["before", "group-0", "group-1", "group-2", "after"]]);
    expect(outcomes).toHaveLength(1);
    const [outcome] = outcomes;
    const done = outcome !== undefined && "done" in outcome ? outcome.done : [];
    expect(done.map(({ committed, projected }) => [committed.entry.requestId, projected])).toEqual([
      ["group-0", 2],
      ["group-1", 3],
      ["group-2", 4],
    ]);
  });

  test("are not parted by the end of a frame, but left whole to the next, which an expiry may begin", async () => {
    const { sequencer, frames } = stage({ expiriesDue: 2 });
    for (const single of requests("single", BATCH_MAX - 1)) sequencer.submit(single, () => {});
    const first = together(sequencer, requests("first", 2));
    const second = together(sequencer, requests("second", TOGETHER_MAX));
    await sequencer.close();
    expect(frames.map(({ length }) => length)).toEqual([BATCH_MAX, 1 + 2 + TOGETHER_MAX]);
    expect(idsOf(frames[1]!).slice(0, 4)).toEqual(["own", "first-0", "first-1", "second-0"]);
    expect(frames.map(([entry]) => entry?.command)).toEqual([EXPIRY, EXPIRY]);
    expect([...first.outcomes, ...second.outcomes]).toHaveLength(2);
  });

  test("fill a frame to its last place", async () => {
    const { sequencer, frames } = stage();
    for (const single of requests("single", BATCH_MAX - 2)) sequencer.submit(single, () => {});
    together(sequencer, requests("group", 2));
    sequencer.submit(request("after"), () => {});
    await sequencer.close();
    expect(frames.map(({ length }) => length)).toEqual([BATCH_MAX, 1]);
  });

  test("are refused as a whole when the queue has no room for the last of them", async () => {
    const { sequencer, frames } = stage();
    for (const single of requests("single", WAITING_MAX - 2)) sequencer.submit(single, () => {});
    const refused = together(sequencer, requests("refused", 3));
    const taken = together(sequencer, requests("taken", 2));
    expect([refused.refusal, taken.refusal]).toEqual(["overloaded", null]);
    expect(sequencer.submit(request("late"), () => {})).toBe("overloaded");
    await sequencer.close();
    expect(refused.outcomes).toEqual([]);
    expect(taken.outcomes).toHaveLength(1);
    const ids = frames.flatMap(idsOf);
    expect(ids).toHaveLength(WAITING_MAX);
    expect(ids.filter((id) => id.startsWith("refused"))).toEqual([]);
  });

  test("are answered once with the failure, wherever it comes", async () => {
    const { sequencer, failures } = stage({ failsAtSeq: 2 });
    const parted = together(sequencer, requests("parted", 3));
    const behind = together(sequencer, requests("behind", 2));
    await sequencer.close();
    const failed = { failed: expect.objectContaining({ message: "the engine stumbled" }) };
    expect([parted.outcomes, behind.outcomes]).toEqual([[failed], [failed]]);
    expect(failures).toHaveLength(1);
    expect(together(sequencer, requests("late", 1)).refusal).toBe("journal-failed");
  });

  test.each([{ count: 0 }, { count: TOGETHER_MAX + 1 }])("are never $count", ({ count }) => {
    const { sequencer } = stage();
    expect(() => together(sequencer, requests("group", count))).toThrow("does not hold");
  });
});
