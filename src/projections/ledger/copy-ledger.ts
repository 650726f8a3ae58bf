/** Copies the ledger while it is being written, as it was at one point in time. */
import { existsSync, rmSync } from "node:fs";
import Database from "better-sqlite3";
import { readCursor } from "./cursor.ts";
import type { LedgerCursor } from "./messages.ts";
import { whyUnusable } from "./schema.ts";

/** More pages than any file has: a copy in steps would begin anew after each write of the exchange. */
const ALL_PAGES = 2 ** 31 - 1;

/** The copy's cursor; or why there is no copy, which is no loss: a ledger is computed from the journal. */
export type LedgerCopy = { readonly cursor: LedgerCursor } | { readonly leftOut: string };

export async function copyLedger(from: string, to: string): Promise<LedgerCopy> {
  if (!existsSync(from)) return { leftOut: "there is none" };
  try {
    await copyPages(from, to);
    return readCopy(to);
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : "";
    if (code !== "SQLITE_NOTADB" && !code.startsWith("SQLITE_CORRUPT")) throw error;
    return leaveOut(to, (error as Error).message);
  }
}

async function copyPages(from: string, to: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true });
  try {
    await source.backup(to, { progress: () => ALL_PAGES });
  } finally {
    source.close();
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
