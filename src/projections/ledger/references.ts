/** What an entry was named by the client that moved the money: the reference of a movement, or of a settlement. */
import type { Database, Statement } from "better-sqlite3";
import type { EntryRow } from "./rows.ts";
import { ENTRY_KINDS, numberOf } from "./words.ts";

const SETTLEMENT = numberOf(ENTRY_KINDS, "settlement");

export class References {
  readonly #ofMovement: Statement;
  readonly #ofSettlement: Statement;

  constructor(database: Database) {
    this.#ofMovement = database.prepare("SELECT reference FROM transfers WHERE seq = ?").pluck();
    this.#ofSettlement = database.prepare("SELECT reference FROM settled_entries WHERE entry = ?").pluck();
  }

  /** Trades have none. */
  of({ trade, kind, entry, seq }: EntryRow): string | null {
    if (trade !== null) return null;
    return (kind === SETTLEMENT ? this.#ofSettlement.get(entry) : this.#ofMovement.get(seq)) as string;
  }
}
