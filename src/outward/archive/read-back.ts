/** Reads what is kept back, a piece at a time, and holds it against what it must be. */
import { createHash } from "node:crypto";
import type { Target } from "./target.ts";

const PIECE_BYTES = 8 * 1024 * 1024;

/** What an object must come back as. */
export type Expected = { readonly key: string; readonly bytes: number; readonly sha256: string };

/** What is wrong with a copy, or null if it is whole. */
export async function copyFault(target: Target, { key, bytes, sha256 }: Expected): Promise<string | null> {
  const size = await target.size(key);
  if (size === null) return "it is not there";
  if (size !== bytes) return `it has ${size} bytes and not ${bytes}`;
  const hash = createHash("sha256");
  for (let from = 0; from < bytes; from += PIECE_BYTES) {
    hash.update(await target.read(key, { from, to: Math.min(from + PIECE_BYTES, bytes) }));
  }
  const found = hash.digest("hex");
  return found === sha256 ? null : `its SHA-256 is ${found} and not ${sha256}`;
}
