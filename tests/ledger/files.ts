/** Ledger files of a test: a directory that goes with it, and what is in a file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import { openForWriting } from "../../src/projections/ledger/schema.ts";

export function freshPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "ledger-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "ledger.sqlite");
}

/** `settlementsFrom` is the command with which its outbox begins. */
export function openWriter(
  path = freshPath(),
  settlementsFrom: number | null = null,
): { database: Database.Database; writer: LedgerWriter } {
  const { database } = openForWriting(path);
  onTestFinished(() => {
    database.close();
  });
  return { database, writer: new LedgerWriter(database, settlementsFrom) };
}

/** Every row of every table, in the order of its key. */
export function dump(path: string): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck();
  const tables = names.all() as string[];
  const rows = tables.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]);
  database.close();
  return Object.fromEntries(rows);
}
