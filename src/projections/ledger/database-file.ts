/** Files of SQLite as their one writer opens them, and as others copy them meanwhile. */
import { existsSync, renameSync } from "node:fs";
import Database from "better-sqlite3";

/** More pages than any file has: a copy in steps would begin anew after each write. */
const ALL_PAGES = 2 ** 31 - 1;

export type OpenedFile = {
  readonly database: Database.Database;
  /** Where a file was moved that could not be used, and why. */
  readonly moved: { readonly to: string; readonly why: string } | null;
};

/** Opens a file, a new one if there is none. One that cannot be used is moved aside, never deleted. */
export function openOrMoveAside(
  path: string,
  whyUnusable: (database: Database.Database) => string | null,
): OpenedFile {
  const found = openUsable(path, whyUnusable);
  if (typeof found !== "string") return { database: found, moved: null };
  const to = moveAside(path);
  const fresh = openUsable(path, whyUnusable);
  if (typeof fresh === "string") throw new Error(`a new ${path} cannot be used: ${fresh}`);
  return { database: fresh, moved: { to, why: found } };
}

/** Copies a file as it is at one point in time. */
export async function copyPages(from: string, to: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true });
  try {
    await source.backup(to, { progress: () => ALL_PAGES });
  } finally {
    source.close();
  }
}

/** Whether a file is no database, or one that is not whole. */
export function isDamage(error: unknown): error is Error {
  const code = error instanceof Database.SqliteError ? error.code : "";
  return code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT");
}

/** The database, or why the file cannot be used as one. */
function openUsable(
  path: string,
  whyUnusable: (database: Database.Database) => string | null,
): Database.Database | string {
  const database = new Database(path);
  try {
    const why = whyUnusable(database);
    if (why === null) return database;
    database.close();
    return why;
  } catch (error) {
    database.close();
    if (isDamage(error)) return error.message;
    throw error;
  }
}

function moveAside(path: string): string {
  const to = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  // The log belongs to its file: beside a new one it would be taken for the new one's.
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, to + suffix);
  }
  return to;
}
