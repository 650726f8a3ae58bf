/** Where a command lies in the journal, as the ledger knows it. */
import type { Database } from "better-sqlite3";
import { unpackHex } from "./words.ts";

/** A frame of the journal: its last command, and its chained hash. */
type Frame = { readonly lastSeq: number; readonly hash: string };

/** Reads the frame that holds a command; of one that has been let go, or is still to come, the last one before it. */
export function frameReader(database: Database): (seq: number) => Frame | undefined {
  const row = database
    .prepare("SELECT last_seq, hash FROM frames WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1")
    .raw();
  return (seq) => {
    const found = row.get(seq) as [number, Buffer | string] | undefined;
    return found === undefined ? undefined : { lastSeq: found[0], hash: unpackHex(found[1]) };
  };
}
