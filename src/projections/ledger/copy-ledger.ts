/** Copies the ledger while it is being written, as it was at one point in time. */
import { existsSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
import { readCursor } from "./cursor.ts";
import { copyPages, isDamage } from "./database-file.ts";
import type { LedgerCursor } from "./messages.ts";
import { whyUnusable } from "./schema.ts";

/** The copy's cursor; or why there is no copy, which is no loss: a ledger is computed from the journal. */
export type LedgerCopy = { readonly cursor: LedgerCursor } | { readonly leftOut: string };

export async function copyLedger(from: string, to: string): Promise<LedgerCopy> {
  if (!existsSync(from)) return { leftOut: "there is none" };
  try {
    await copyPages(from, to);
    return readCopy(to);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return leaveOut(to, error.message);
  }
}

function readCopy(to: string): LedgerCopy {
  const copy = new Database(to);
  try {
    const unusable = whyUnusable(copy);
    if (unusable !== null) return leaveOut(to, unusable);
    // One file, without a log beside it; the exchange goes back to a log when it opens it.
    copy.pragma("journal_mode = DELETE");
    return { cursor: readCursor(copy) };
  } finally {
    copy.close();
  }
}

function leaveOut(copy: string, why: string): LedgerCopy {
  for (const suffix of ["", "-journal"]) rmSync(copy + suffix, { force: true });
  return { leftOut: why };
}
