/** A manifest that has grown long, and pauses that grow: what no short archive comes to. */
import { expect, it } from "vitest";
import { type ArchivedRange, Manifest } from "../../../src/outward/archive/manifest.ts";
import { patiently } from "../../../src/outward/archive/patience.ts";
import type { Target } from "../../../src/outward/archive/target.ts";
import { pauseAfter } from "../../../src/outward/pauses.ts";

const JOURNAL = "0123456789abcdef0123456789abcdef";
const HASH = "ab".repeat(32);
const RANGES = 1_203;

function inMemory(): { readonly objects: Map<string, Uint8Array>; readonly target: Target } {
  const objects = new Map<string, Uint8Array>();
  const target: Target = {
    name: "memory/",
    size: async (key) => objects.get(key)?.length ?? null,
    read: async (key, { from, to }) => objects.get(key)!.slice(from, to),
    write: async (key, bytes) => {
      objects.set(key, bytes.slice());
    },
    upload: () => Promise.reject(new Error("a manifest uploads nothing")),
  };
  return { objects, target };
}

/** Ten commands each, but for every seventh segment, which has none. */
function* ranges(): Generator<ArchivedRange> {
  let firstSeq = 1;
  for (let segment = 1; segment <= RANGES; segment += 1) {
    const lastSeq = segment % 7 === 0 ? firstSeq - 1 : firstSeq + 9;
    const at = "2026-01-02T03:04:05.678Z";
    yield {
      segment,
      firstSeq,
      lastSeq,
      firstAt: at,
      lastAt: at,
      frameHash: HASH,
      endHash: HASH,
      objects: [],
    };
    firstSeq = lastSeq + 1;
  }
}

async function all(manifest: Manifest, after: number): Promise<ArchivedRange[]> {
  const found: ArchivedRange[] = [];
  for await (const range of manifest.rangesAfter(after)) found.push(range);
  return found;
}

it("ranges of long ago are in pages that never change, and are found there", async () => {
  const { objects, target } = inMemory();
  const manifest = await Manifest.read(target, JOURNAL);
  expect([manifest.last, await all(manifest, 0)]).toEqual([undefined, []]);
  const added = [...ranges()];
  for (const range of added) await manifest.add(range);
  expect([...objects.keys()].sort()).toEqual([
    `${JOURNAL}/manifest.json`,
    `${JOURNAL}/manifest/00000001.json`,
    `${JOURNAL}/manifest/00000002.json`,
  ]);
  const again = await Manifest.read(target, JOURNAL);
  expect(again.last).toEqual(added.at(-1));
  const last = added.at(-1)!.lastSeq;
  for (const after of [0, 5, 4_290, 8_000, last - 1, last]) {
    expect(await all(again, after)).toEqual(added.filter(({ lastSeq }) => lastSeq > after));
  }
  const page = objects.get(`${JOURNAL}/manifest/00000001.json`)!;
  page[40]! ^= 1;
  await expect(all(again, 0)).rejects.toThrow("manifest/00000001.json is not what the manifest says it is");
  expect((await all(again, last - 1)).length).toBe(1);
});

it("a manifest of a later release is refused, and one of another journal", async () => {
  const { objects, target } = inMemory();
  const put = (contents: object) =>
    objects.set(`${JOURNAL}/manifest.json`, Buffer.from(JSON.stringify(contents)));
  const contents = { format: "pregao-archive", version: 1, journalId: JOURNAL, pages: [], ranges: [] };
  put({ ...contents, version: 2 });
  await expect(Manifest.read(target, JOURNAL)).rejects.toThrow(/is no manifest of this release: version/);
  put({ ...contents, journalId: "f".repeat(32) });
  await expect(Manifest.read(target, JOURNAL)).rejects.toThrow(/is of the journal ffff/);
});

it("pauses double up to a bound, and chance takes up to half of one away", () => {
  const bounds = { firstMs: 250, longestMs: 8_000 };
  const pauses = [1, 2, 3, 4, 5, 6, 7, 60].map((failures) => pauseAfter(failures, bounds, 1));
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  expect([pauseAfter(3, bounds, 0.5), pauseAfter(3, bounds, 0)]).toEqual([750, 500]);
});

it("what may pass is tried so often, what may not is tried once", async () => {
  let tries = 0;
  const failing = (until: number) => () => {
    tries += 1;
    return tries < until ? Promise.reject(new Error(`failure ${tries}`)) : Promise.resolve("done");
  };
  const patience = { tries: 4, pauseMs: 1 };
  expect(await patiently(failing(4), () => true, patience)).toBe("done");
  tries = 0;
  await expect(patiently(failing(9), () => true, patience)).rejects.toThrow("failure 4");
  tries = 0;
  await expect(patiently(failing(9), () => false, patience)).rejects.toThrow("failure 1");
});
