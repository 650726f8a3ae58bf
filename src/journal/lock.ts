/**
 * One process for one data directory, by a lock that the operating system keeps: an exclusive transaction of
 * SQLite on a file of its own. It ends with the process however that ends, which a file with a number in it does not.
 */
import { mkdirSync } from "node:fs";
import Database from "better-sqlite3";
import { pathsIn } from "./data-directory.ts";

/** Another process has the data directory; the command line exits with 3. */
export class DirectoryInUseError extends Error {
  override readonly name = "DirectoryInUseError";
}

/** Held until it is released or the process ends. */
export type DirectoryLock = { release(): void };

/** Takes the data directory for this process; makes it if there is none. */
export function lockDataDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true });
  const database = openLockFile(pathsIn(directory).lock);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) {
      throw new DirectoryInUseError(`the data directory ${directory} is in use by another process`);
    }
    throw error;
  }
  return { release: () => void database.close() };
}

function openLockFile(file: string): Database.Database {
  try {
    return new Database(file, { timeout: 0 });
  } catch (error) {
    if (!isBindingMissing(error)) throw error;
    throw new Error(
      "better-sqlite3 has no compiled binding for this Node.js and system; run: npm rebuild better-sqlite3",
      { cause: error },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

/** Not found where it is looked for, or built for another Node.js. */
function isBindingMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return (
    code === "ERR_DLOPEN_FAILED" || code === "MODULE_NOT_FOUND" || error.message.includes("bindings file")
  );
}
