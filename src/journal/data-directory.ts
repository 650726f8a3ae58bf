/**
 * What a data directory holds, by name. One that is new is made so that a power failure right after the first start
 * leaves it; one that has something else where its own belongs is refused before anything is done to it.
 */
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Disk, nodeDisk } from "./disk.ts";
import { SEGMENT_ASIDE } from "./segment-supply.ts";
import { SNAPSHOT_ASIDE } from "./snapshot-store.ts";

/** It cannot be read and written, or something in it is not what its name says; the command line exits with 2. */
export class UnusableDirectoryError extends Error {
  override readonly name = "UnusableDirectoryError";
}

/** The paths of what a data directory holds. */
export function pathsIn(directory: string) {
  return {
    journal: join(directory, "journal"),
    snapshots: join(directory, "snapshots"),
    ledger: join(directory, "ledger.sqlite"),
    settlements: join(directory, "settlements.sqlite"),
    lock: join(directory, "lock"),
    /** What is being prepared and sent to an archive. It is of value to nobody but a run that goes on. */
    archiveWork: join(directory, "archive-work"),
    adminKey: join(directory, "admin.key"),
    walletSecret: join(directory, "wallet.secret"),
  };
}

/** Makes the directory if it is not there, durably, and checks that it can be used. @throws UnusableDirectoryError */
export async function openDataDirectory(
  directory: string,
  disk: Pick<Disk, "syncDirectory"> = nodeDisk,
): Promise<void> {
  try {
    const first = mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (first !== undefined) await syncNames(directory, first, disk);
    readdirSync(directory);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UnusableDirectoryError(
      `the data directory ${directory} cannot be used: ${(error as Error).message}`,
    );
  }
  checkContents(directory, constants.R_OK | constants.W_OK);
}

/**
 * Checks that files stand where files belong, and directories where those do: what fails on them later would not say
 * which, nor why. @throws UnusableDirectoryError
 */
export function checkContents(directory: string, access: number = constants.R_OK): void {
  const { journal, snapshots, ledger, settlements, lock } = pathsIn(directory);
  for (const path of [journal, snapshots]) checkKind(path, "directory", access | constants.X_OK);
  const asides = [join(journal, SEGMENT_ASIDE), join(snapshots, SNAPSHOT_ASIDE)];
  for (const path of [ledger, settlements, lock, ...asides]) checkKind(path, "file", access);
}

/** Makes the names durable of a directory and of those above it, from the first that was made. */
async function syncNames(directory: string, first: string, disk: Pick<Disk, "syncDirectory">): Promise<void> {
  const top = resolve(dirname(first));
  for (let path = resolve(directory); path !== top; path = dirname(path)) {
    await disk.syncDirectory(dirname(path));
  }
}

function checkKind(path: string, kind: "directory" | "file", access: number): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  const unusable = (why: string) => new UnusableDirectoryError(`${path} cannot be used: ${why}`);
  let fits: boolean;
  try {
    const found = statSync(path);
    fits = kind === "file" ? found.isFile() : found.isDirectory();
    if (fits) accessSync(path, access);
  } catch (error) {
    throw unusable((error as Error).message);
  }
  if (!fits) throw unusable(`it is no ${kind}; move it away, or name another data directory`);
}
