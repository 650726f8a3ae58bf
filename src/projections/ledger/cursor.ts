/** How far a ledger has come, as its file says. */
import type { Database } from "better-sqlite3";
import type { Seq } from "../../domain/units.ts";
import type { LedgerCursor } from "./messages.ts";
import { unpackHex } from "./words.ts";

export function readCursor(database: Database): LedgerCursor {
  const row = database.prepare("SELECT seq, frame_hash FROM cursor").raw().get();
  const [seq, hash] = row as [number, Buffer | string | null];
  return { seq: seq as Seq, frameHash: hash === null ? null : unpackHex(hash) };
}
