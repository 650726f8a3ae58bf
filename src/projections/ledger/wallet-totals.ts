/**
 * Every account's running total in every asset, and where the chain of its entries ends. Totals are counted
 * from the entries alone, so that they can be held against what the engine says of its wallets: two
 * independent ways to one number.
 */
import type { Database, Statement } from "better-sqlite3";
import { assert } from "../../domain/assert.ts";
import type { WalletChanged } from "../../domain/events.ts";
import { MARK_EVERY } from "./schema.ts";

type Wallet = {
  readonly account: number;
  readonly asset: number;
  total: number;
  lastEntry: number | null;
  entryCount: number;
  changed: boolean;
};

/** What an entry adds to its row: the total after it, and the entry of the same wallet before it. */
type WalletStep = { readonly total: number; readonly previous: number | null };

export class WalletTotals {
  /** By account; its few assets are a dense list. */
  readonly #wallets = new Map<number, (Wallet | undefined)[]>();
  #changed: Wallet[] = [];
  readonly #save: Statement;
  readonly #mark: Statement;

  constructor(database: Database) {
    const rows = database
      .prepare("SELECT account, asset, total, last_entry, entry_count FROM balances")
      .raw();
    for (const row of rows.iterate() as IterableIterator<[number, number, number, number | null, number]>) {
      const [account, asset, total, lastEntry, entryCount] = row;
      const wallet = this.#wallet(account, asset);
      Object.assign(wallet, { total, lastEntry, entryCount });
    }
    this.#save = database.prepare(
      `INSERT INTO balances (account, asset, total, last_entry, entry_count) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET
         total = excluded.total, last_entry = excluded.last_entry, entry_count = excluded.entry_count`,
    );
    this.#mark = database.prepare("INSERT INTO entry_marks (account, asset, entry) VALUES (?, ?, ?)");
  }

  /** Adds the signed amount of an entry to its wallet. */
  add(account: number, asset: number, amount: number, entry: number): WalletStep {
    const wallet = this.#wallet(account, asset);
    const previous = wallet.lastEntry;
    wallet.total += amount;
    assert(Number.isSafeInteger(wallet.total), "a total is a safe integer of minor units");
    wallet.lastEntry = entry;
    wallet.entryCount += 1;
    if (wallet.entryCount % MARK_EVERY === 0) this.#mark.run(account, asset, entry);
    if (!wallet.changed) {
      wallet.changed = true;
      this.#changed.push(wallet);
    }
    return { total: wallet.total, previous };
  }

  /** Holds a wallet of the engine, as it is after a command, against the entries up to that command. */
  check({ account, asset, available, held }: WalletChanged): void {
    const total = this.#wallets.get(account)?.[asset]?.total ?? 0;
    assert(total === available + held, "an account's entries sum to what its wallet holds");
  }

  /** Writes what has changed since the last time. */
  save(): void {
    for (const wallet of this.#changed) {
      this.#save.run(wallet.account, wallet.asset, wallet.total, wallet.lastEntry, wallet.entryCount);
      wallet.changed = false;
    }
    this.#changed = [];
  }

  #wallet(account: number, asset: number): Wallet {
    let wallets = this.#wallets.get(account);
    if (wallets === undefined) {
      wallets = [];
      this.#wallets.set(account, wallets);
    }
    const known = wallets[asset];
    if (known !== undefined) return known;
    const wallet = { account, asset, total: 0, lastEntry: null, entryCount: 0, changed: false };
    wallets[asset] = wallet;
    return wallet;
  }
}
