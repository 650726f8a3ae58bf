/**
 * Checks a ledger against the events that it was computed from: another is computed beside it from the same events,
 * and the two must have the same rows, table by table. What must hold of any ledger is checked as well: its pages and
 * indexes are sound, the entries of every transaction sum to zero, and its balances are those of the wallets.
 *
 * The ledger is looked at in a copy, so that opening it changes nothing.
 */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Seq } from "../../domain/units.ts";
import { readCursor } from "./cursor.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import type { LedgerCursor, LedgerFrame } from "./messages.ts";
import { keptReader, Retention } from "./retention.ts";
import { EXTERNAL_ACCOUNT, openForWriting, whyUnusable } from "./schema.ts";
import { unpackHex } from "./words.ts";

/** What one transaction of the ledger beside takes at most, as when it runs live. */
const BATCH_BYTES = 1024 * 1024;

const NOT_COMPARED = "not compared, for the journal does not reach back to its beginning";

/** What was found; a fault is null where everything is as it should be. */
export type LedgerFinding = { readonly what: string; readonly found: string; readonly fault: string | null };

/** The total of a wallet, as the events left it. */
export type WalletTotal = { readonly account: number; readonly asset: number; readonly total: number };

export class LedgerCheck {
  readonly cursor: LedgerCursor;
  readonly #ledger: Database.Database;
  readonly #beside: Database.Database;
  readonly #writer: LedgerWriter;
  #waiting: LedgerFrame[] = [];
  #waitingBytes = 0;

  /** `scratch` is an empty directory. Null if there is no ledger; a text says why it cannot be used as one. */
  static open(path: string, scratch: string): LedgerCheck | string | null {
    if (!existsSync(path)) return null;
    const copy = join(scratch, "ledger.sqlite");
    for (const suffix of ["-wal", ""]) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    }
    const ledger = new Database(copy);
    try {
      const unusable = whyUnusable(ledger);
      if (unusable === null) return new LedgerCheck(ledger, join(scratch, "beside.sqlite"));
      ledger.close();
      return unusable;
    } catch (error) {
      ledger.close();
      if (error instanceof Database.SqliteError) return error.message;
      throw error;
    }
  }

  private constructor(ledger: Database.Database, beside: string) {
    this.#ledger = ledger;
    this.cursor = readCursor(ledger);
    this.#beside = openForWriting(beside).database;
    // It is thrown away, so it need not survive anything.
    this.#beside.pragma("synchronous = OFF");
    const settlementsFrom = ledger.prepare("SELECT settlements_from FROM cursor").pluck().get();
    this.#writer = new LedgerWriter(this.#beside, settlementsFrom as number | null);
  }

  /** Takes every frame, in order, from the first one on; what the ledger has not seen yet is passed over. */
  feed(frame: LedgerFrame): void {
    if (frame.lastSeq > this.cursor.seq) return;
    this.#waiting.push({ ...frame, outcomes: frame.outcomes.slice() });
    this.#waitingBytes += frame.outcomes.length;
    if (this.#waitingBytes >= BATCH_BYTES) this.#write();
  }

  /**
   * `wallets` are those of the last command that the ledger has seen. Without `all` events from the first on, there
   * is nothing to compare its rows with.
   */
  findings(wallets: Iterable<WalletTotal>, { all }: { readonly all: boolean }): LedgerFinding[] {
    this.#write();
    const sound = this.#soundness();
    // What follows reads the tables, and tables that are not sound say nothing.
    if (sound.fault !== null) return [sound];
    const rows = all ? this.#rows() : { what: "ledger's rows", found: NOT_COMPARED, fault: null };
    return [sound, rows, this.#sums(), this.#balances(wallets)];
  }

  close(): void {
    this.#ledger.close();
    this.#beside.close();
  }

  #write(): void {
    if (this.#waiting.length > 0) this.#writer.apply(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #soundness(): LedgerFinding {
    const what = "ledger's file";
    try {
      const found = this.#ledger.pragma("integrity_check(1)", { simple: true }) as string;
      if (found !== "ok") return { what, found: "damaged", fault: found };
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      return { what, found: "damaged", fault: error.message };
    }
    return { what, found: `up to sequence ${this.cursor.seq}, pages and indexes`, fault: null };
  }

  #rows(): LedgerFinding {
    const what = "ledger's rows";
    const [tables, expected] = [tablesOf(this.#ledger), tablesOf(this.#beside)];
    if (JSON.stringify(tables) !== JSON.stringify(expected)) {
      return {
        what,
        found: "other tables",
        fault: "its tables, views or indexes are not those of this release",
      };
    }
    const dropped = this.#dropAlike();
    let rows = 0;
    const names = expected.filter(({ type }) => type === "table").map(({ name }) => name);
    for (const name of names) {
      const compared = compareTable(name, this.#ledger, this.#beside);
      rows += compared.rows;
      if (compared.fault !== null) return { what, found: `${rows} rows compared`, fault: compared.fault };
    }
    const found = `${rows} in ${names.length} tables, as computed anew${dropped}`;
    return { what, found, fault: null };
  }

  /**
   * Lets the ledger beside go of what this one has let go of: what stays is a matter of the rows alone. The sweep may
   * be under way, and is finished in the copy that is looked at.
   */
  #dropAlike(): string {
    const { droppedSeq, arrivedSettlement } = keptReader(this.#ledger)();
    if (droppedSeq === 0) return "";
    const hash = this.#beside.prepare("SELECT hash FROM frames WHERE last_seq = ?").pluck().get(droppedSeq) as
      | Buffer
      | string
      | undefined;
    const beside = new Retention(this.#beside);
    if (hash !== undefined) {
      beside.advance({ seq: droppedSeq as Seq, frameHash: unpackHex(hash), arrivedSettlement });
    }
    for (const retention of [beside, new Retention(this.#ledger)]) while (retention.sweep()) {}
    return `; what lies up to sequence ${droppedSeq} has moved to the archive`;
  }

  #sums(): LedgerFinding {
    const what = "entries";
    const unbalanced = this.#ledger
      .prepare("SELECT seq, asset FROM entries GROUP BY seq, asset HAVING sum(amount) <> 0 LIMIT 1")
      .get() as { readonly seq: number; readonly asset: number } | undefined;
    const count = this.#ledger.prepare("SELECT count(*) FROM entries").pluck().get();
    if (unbalanced === undefined)
      return { what, found: `${count}, zero in sum by command and asset`, fault: null };
    const { seq, asset } = unbalanced;
    const fault = `the entries of sequence ${seq} do not sum to zero in asset ${asset}`;
    return { what, found: `${count}`, fault };
  }

  /** On paths of their own: the ledger adds entries up, the events say what the wallets came to. */
  #balances(wallets: Iterable<WalletTotal>): LedgerFinding {
    const what = "balances";
    const totals = new Map<string, number>();
    for (const { account, asset, total } of wallets) totals.set(`${account} ${asset}`, total);
    const rows = this.#ledger.prepare("SELECT account, asset, total FROM balances WHERE account <> ?");
    let count = 0;
    for (const row of rows.iterate(EXTERNAL_ACCOUNT)) {
      const { account, asset, total } = row as WalletTotal;
      const wallet = totals.get(`${account} ${asset}`) ?? 0;
      totals.delete(`${account} ${asset}`);
      count += 1;
      if (wallet === total) continue;
      const fault = `account ${account} has ${total} of asset ${asset} in the ledger, and ${wallet} in its wallet`;
      return { what, found: `${count} compared`, fault };
    }
    const missing = [...totals].find(([, total]) => total !== 0);
    if (missing === undefined) return { what, found: `${count}, as in the wallets`, fault: null };
    const fault = `the ledger has no balance for account and asset ${missing[0]}, whose wallet has ${missing[1]}`;
    return { what, found: `${count} compared`, fault };
  }
}

type Part = { readonly type: string; readonly name: string; readonly sql: string | null };

function tablesOf(database: Database.Database): Part[] {
  const parts =
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name";
  return database.prepare(parts).all() as Part[];
}

/** Reads both tables by their keys, side by side, up to the first difference. */
function compareTable(
  table: string,
  ledger: Database.Database,
  beside: Database.Database,
): { readonly rows: number; readonly fault: string | null } {
  const columns = ledger.prepare("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid").all(table) as {
    readonly name: string;
    readonly pk: number;
  }[];
  const keys = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const select = `SELECT * FROM ${table} ORDER BY ${keys.map(({ name }) => name).join(", ")}`;
  const expected = beside.prepare(select).raw().iterate() as IterableIterator<unknown[]>;
  let rows = 0;
  try {
    for (const row of ledger.prepare(select).raw().iterate() as IterableIterator<unknown[]>) {
      const computed = expected.next();
      if (computed.done === true) return { rows, fault: `${table} has more rows than the ${rows} computed` };
      const place = row.findIndex((value, i) => !isSame(value, computed.value[i]));
      if (place >= 0) {
        const key = keys.map(
          ({ name }) => `${name} ${row[columns.findIndex((column) => column.name === name)]}`,
        );
        const values = `is ${shown(row[place])} and was computed to be ${shown(computed.value[place])}`;
        return { rows, fault: `${table}, ${key.join(", ")}: ${columns[place]!.name} ${values}` };
      }
      rows += 1;
    }
    const isShort = expected.next().done !== true;
    return { rows, fault: isShort ? `${table} ends after ${rows} rows, and more were computed` : null };
  } finally {
    expected.return?.();
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b));
}

function shown(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("hex") : JSON.stringify(value);
}
