/** The strict reading of JSON against JSON.parse, which is right about everything but duplicates and nesting. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NESTING_MAX, readJson, readJsonBytes } from "../../src/edge/json.ts";

const NOTHING = Symbol("no JSON");

function reference(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NOTHING;
  }
}

/** How deep brackets outside of strings go, counted in another way than by the reader. */
function nesting(text: string): number {
  const bare = text.replaceAll(/"(?:\\[\s\S]|[^"\\])*"?/g, "");
  let depth = 0;
  let deepest = 0;
  for (const each of bare) {
    if (each === "{" || each === "[") depth += 1;
    if (each === "}" || each === "]") depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

const alphabet = fc.constantFrom(
  ...'{}[]":,\\ \n01e-+.truefalsn',
  "\u0000",
  "é",
  "\ud800",
  "__proto__",
  '"a"',
  '"a":1',
);
const text = fc.oneof(
  fc.string({ unit: alphabet, maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.json({ maxDepth: 6 }),
  // Valid, and then hurt in one place.
  fc.tuple(fc.json({ maxDepth: 4 }), fc.nat(), alphabet).map(([json, at, put]) => {
    const from = at % (json.length + 1);
    return json.slice(0, from) + put + json.slice(from + 1);
  }),
  fc
    .array(fc.constantFrom('"a":1', '"b":[]', '"\\u0061":{}'), { maxLength: 4 })
    .map((members) => `[{${members.join(",")}}]`),
  fc.nat(200).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  fc.nat(200).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
);

test("any text is read as JSON.parse reads it, or refused with a reason that holds", () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(text, (given) => {
      const parsed = reference(given);
      const read = readJson(given);
      kinds.add("value" in read ? "value" : read.kind);
      if ("value" in read) expect(read.value).toEqual(parsed);
      else if (read.kind === "duplicate") expect(parsed).not.toBe(NOTHING);
      else expect(parsed === NOTHING || nesting(given) > NESTING_MAX).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  expect([...kinds].sort()).toEqual(["duplicate", "syntax", "value"]);
});

test("a key that an object names twice is found wherever it is, and no other", () => {
  type Tree = readonly [key: string, value: Tree | number][];
  const key = fc.constantFrom("a", "b", "__proto__", "", "toString", 'q"', "\\");
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.array(fc.tuple(key, fc.oneof({ maxDepth: 4 }, fc.nat(9), tie("tree"))), { maxLength: 4 }),
  }));
  const write = (branch: Tree): string =>
    `{${branch.map(([name, value]) => `${JSON.stringify(name)}:${typeof value === "number" ? value : write(value)}`).join(",")}}`;
  const repeats = (branch: Tree): boolean =>
    new Set(branch.map(([name]) => name)).size < branch.length ||
    branch.some(([, value]) => typeof value !== "number" && repeats(value));
  fc.assert(
    fc.property(tree, (branch) => {
      const read = readJson(write(branch));
      expect("value" in read ? "value" : read.kind).toBe(repeats(branch) ? "duplicate" : "value");
    }),
    { numRuns: 5_000 },
  );
});

test("any bytes are read as their text, or refused as no text", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((json) => Uint8Array.from(Buffer.from(json))),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const read = readJsonBytes(Buffer.from(given));
      const isText = Buffer.from(Buffer.from(given).toString()).equals(Buffer.from(given));
      if (isText) expect(read).toEqual(readJson(Buffer.from(given).toString()));
      else expect(read).toMatchObject({ kind: "encoding" });
    }),
    { numRuns: 5_000 },
  );
});
