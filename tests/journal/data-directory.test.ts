import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkContents, openDataDirectory } from "../../src/journal/data-directory.ts";

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** Which directories are synced as a data directory is opened, seen from a directory that was there before. */
async function synced(path: string, before: string | null): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), "pregao-data-directory-"));
  roots.push(root);
  if (before !== null) mkdirSync(join(root, before), { recursive: true });
  const names: string[] = [];
  await openDataDirectory(join(root, path), {
    syncDirectory: async (directory) => void names.push(relative(root, directory)),
  });
  return names.sort();
}

test("the name of a directory that is made is made durable, and the names above it that were made with it", async () => {
  expect(await synced("data", null)).toEqual([""]);
  expect(await synced("a/b/data", "a")).toEqual(["a", "a/b"]);
});

test("a directory that is there already is opened without a sync", async () => {
  expect(await synced("data", "data")).toEqual([]);
});

test.each(["ledger.sqlite", "settlements.sqlite", "lock"])(
  "a directory in the place of %s is named",
  (name) => {
    const root = mkdtempSync(join(tmpdir(), "pregao-data-directory-"));
    roots.push(root);
    mkdirSync(join(root, name));
    expect(() => checkContents(root)).toThrow(`${join(root, name)} cannot be used: it is no file`);
  },
);
