/** The exit codes of every subcommand, and which error means which. */
import { UnusableDirectoryError } from "../journal/data-directory.ts";
import { DamagedJournalError, JournalFailedError } from "../journal/errors.ts";
import { DirectoryInUseError } from "../journal/lock.ts";

export const EXIT = {
  done: 0,
  /** A failed check, or an unexpected fault. */
  fault: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Another process has the data directory. */
  inUse: 3,
  /** The journal is damaged in a way that recovery must not guess about. */
  damaged: 4,
  /** The disk failed, while running or as the journal was opened; nothing was acknowledged after that. */
  diskFailed: 5,
} as const;

/** What was asked for cannot be done as it was asked: an option, a variable, a configuration file. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Addresses that cannot be listened on are a matter of configuration. */
const LISTEN_CODES = new Set(["EADDRINUSE", "EADDRNOTAVAIL", "EACCES", "ENOTFOUND", "EAI_AGAIN"]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof UnusableDirectoryError) return EXIT.usage;
  if (error instanceof DirectoryInUseError) return EXIT.inUse;
  if (error instanceof DamagedJournalError) return EXIT.damaged;
  if (error instanceof JournalFailedError) return EXIT.diskFailed;
  const { syscall, code } = error as NodeJS.ErrnoException;
  const listening = syscall === "listen" || syscall === "getaddrinfo";
  return listening && LISTEN_CODES.has(code ?? "") ? EXIT.usage : EXIT.fault;
}
