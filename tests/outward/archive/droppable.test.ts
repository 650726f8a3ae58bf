/** What the ledger may let go of, by the manifest alone. */
import { expect, it } from "vitest";
import { seq } from "../../../src/domain/units.ts";
import { droppable } from "../../../src/outward/archive/droppable.ts";
import { type ArchivedObject, type ArchivedRange, Manifest } from "../../../src/outward/archive/manifest.ts";
import type { Target } from "../../../src/outward/archive/target.ts";

const HASH = "ab".repeat(32);
/** The hash of nothing. */
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const KINDS = ["segment", "commands", "orders", "trades", "entries"] as const;

const target: Target = {
  name: "memory/",
  size: async (key) => (key.endsWith("manifest.json") ? null : 0),
  read: () => Promise.reject(new Error("there is nothing in it")),
  write: async () => {},
  upload: () => Promise.reject(new Error("nothing is uploaded")),
};

async function dropped(objects: readonly ArchivedObject[], appliedSeq = 9): Promise<number[]> {
  const manifest = await Manifest.read(target, "0123456789abcdef0123456789abcdef");
  const at = "2026-01-02T03:04:05.678Z";
  const place = { segment: 1, firstSeq: 1, lastSeq: 9, firstAt: at, lastAt: at };
  const range: ArchivedRange = { ...place, frameHash: HASH, endHash: HASH, objects: [...objects] };
  await manifest.add(range);
  const seqs: number[] = [];
  const ledger = { droppedSeq: seq(0), appliedSeq: seq(appliedSeq) };
  const dropping = { manifest, target, ledger, retentionDays: 1, now: Date.parse(at) * 2 };
  for await (const boundary of droppable(dropping)) seqs.push(boundary.seq);
  return seqs;
}

const whole = KINDS.map((kind): ArchivedObject => ({ kind, key: `${kind}/1`, bytes: 0, sha256: EMPTY }));

it("a range goes with everything that it must have, and never with less", async () => {
  expect(await dropped(whole)).toEqual([9]);
  for (const missing of KINDS) {
    const objects = whole.filter(({ kind }) => kind !== missing);
    await expect(dropped(objects)).rejects.toThrow(new RegExp(`sequence 1 to 9 without its ${missing}`));
  }
  await expect(dropped([])).rejects.toThrow(/without its segment/);
});

it("a ledger that is being made anew lets go of a range once it has come to its end", async () => {
  expect(await dropped(whole, 8)).toEqual([]);
  expect(await dropped(whole, 9)).toEqual([9]);
});
