/** Journals of every release, read by this one: what they meant then they mean now, byte for byte of every event. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { retell } from "../fixtures/retell.ts";

const PLACE = fileURLToPath(new URL("../fixtures/journals", import.meta.url));
const journals = readdirSync(PLACE).flatMap((version) =>
  readdirSync(join(PLACE, version)).map((name) => [version, name] as const),
);

test("there are journals of a release, of several segments and with a torn tail", () => {
  expect(journals.map(([, name]) => name)).toEqual(
    expect.arrayContaining(["every-kind", "segments", "torn-tail"]),
  );
});

test.each(journals)("release %s, %s: comes to the same events, wallets and books", async (version, name) => {
  const directory = join(PLACE, version, name);
  expect(await retell(directory)).toBe(readFileSync(join(directory, "expected.txt"), "utf8"));
});
