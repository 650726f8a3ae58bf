/**
 * What names stood for, account by account, with a bound on how much is kept. After a restart an account's
 * names are unpacked when they are first asked for: most accounts have many, and few are active at once.
 */
import { assert } from "../domain/assert.ts";
import type { ColumnReader, ColumnWriter, Texts } from "../domain/columns.ts";
import type { AccountIndex } from "../domain/units.ts";
import type { Contents } from "./contents.ts";
import { grownDoubles, grownIntegers } from "./grown.ts";
import { NameTable, NONE, type Row } from "./name-table.ts";

/** Names of one account that may be forgotten, and are not yet. */
export const REMEMBERED_MAX = 10_000;

const FIRST = 16;

/** What a name stood for, and with which content. */
export type Remembered<T, C = string> = { readonly named: T; readonly content: C };

/** The memories of all accounts for names of one kind, a row a name. */
export class Memories<T extends number, C> {
  readonly #table = new NameTable();
  readonly #contents: Contents<C>;
  #named = new Float64Array(FIRST);
  /** Each account's names that may be forgotten, linked in their order: which goes first, which last, and how many they are. */
  #oldest = new Int32Array(FIRST).fill(NONE);
  #newest = new Int32Array(FIRST).fill(NONE);
  #fadingCounts = new Int32Array(FIRST);
  #packed: PackedNames | undefined;

  constructor(contents: Contents<C>) {
    this.#contents = contents;
  }

  /** Whether nothing has ever been kept. */
  get isEmpty(): boolean {
    return this.#table.rowsEnd === 0 && (this.#packed === undefined || this.#packed.isEmpty);
  }

  get(account: AccountIndex, name: string): Remembered<T> | undefined {
    if (this.#packed !== undefined) this.#unpack(account);
    const row = this.#table.find(account, name);
    return row === NONE ? undefined : { named: this.#named[row] as T, content: this.#contents.text(row) };
  }

  /** Of a name that is not remembered. */
  keep(account: AccountIndex, name: string, { named, content }: Remembered<T, C | string>): void {
    if (this.#packed !== undefined) this.#unpack(account);
    const row = this.#table.add(account, name);
    if (row === this.#named.length) this.#named = grownDoubles(this.#named, 2 * row);
    this.#named[row] = named;
    this.#contents.keep(row, content);
  }

  /** From now on the name may be forgotten, when enough others have come after it. */
  fade(account: AccountIndex, name: string): void {
    if (this.#packed !== undefined) this.#unpack(account);
    const table = this.#table;
    const row = table.find(account, name);
    assert(row !== NONE, "a name that may be forgotten is remembered");
    while (account >= this.#oldest.length) this.#growAccounts();
    table.setLink(row, NONE);
    const newest = this.#newest[account]!;
    if (newest === NONE) this.#oldest[account] = row;
    else table.setLink(newest, row);
    this.#newest[account] = row;
    if (this.#fadingCounts[account]! < REMEMBERED_MAX) this.#fadingCounts[account]! += 1;
    else this.#forgetOldest(account);
  }

  /** Account by account: the names that may be forgotten, the next to go first, and then the others, by what they stand for. */
  dump(writer: ColumnWriter): void {
    for (const account of this.#packed?.accounts ?? []) this.#unpack(account);
    const kept = this.#keptRows();
    const accounts = [...kept.keys()].sort((one, other) => one - other);
    const rows = accounts.flatMap((account) => [...this.#fadingRows(account), ...kept.get(account)!]);
    writer.numbers(accounts);
    writer.numbers(accounts.map((account) => this.#fadingCounts[account] ?? 0));
    writer.numbers(accounts.map((account) => kept.get(account)!.length));
    writer.texts(rows.map((row) => this.#table.nameAt(row)));
    writer.numbers(rows.map((row) => this.#named[row]!));
    writer.texts(rows.map((row) => this.#contents.text(row)));
  }

  restore(reader: ColumnReader): void {
    assert(this.#table.rowsEnd === 0 && this.#packed === undefined, "an empty memory is filled");
    this.#packed = new PackedNames(reader);
  }

  #forgetOldest(account: AccountIndex): void {
    const oldest = this.#oldest[account]!;
    this.#oldest[account] = this.#table.linkOf(oldest);
    this.#table.remove(oldest);
  }

  /** The rows of every account that has names, without those that may be forgotten. */
  #keptRows(): Map<AccountIndex, Row[]> {
    const table = this.#table;
    const isFading = new Uint8Array(table.rowsEnd);
    this.#oldest.forEach((_, account) => {
      for (const row of this.#fadingRows(account as AccountIndex)) isFading[row] = 1;
    });
    const kept = new Map<AccountIndex, Row[]>();
    for (let row = 0; row < table.rowsEnd; row += 1) {
      const account = table.accountAt(row);
      if (account === NONE) continue;
      const rows = kept.get(account) ?? [];
      if (rows.length === 0) kept.set(account, rows);
      if (isFading[row] === 0) rows.push(row);
    }
    for (const rows of kept.values()) rows.sort((one, other) => this.#named[one]! - this.#named[other]!);
    return kept;
  }

  #fadingRows(account: AccountIndex): Row[] {
    const rows: Row[] = [];
    for (let row = this.#oldest[account] ?? NONE; row !== NONE; row = this.#table.linkOf(row)) rows.push(row);
    return rows;
  }

  #unpack(account: AccountIndex): void {
    const packed = this.#packed;
    const place = packed?.take(account);
    if (packed === undefined || place === undefined) return;
    this.#packed = undefined;
    for (let row = place.start; row < place.start + place.count; row += 1) {
      const { name, named, content } = packed.at(row);
      this.keep(account, name, { named: named as T, content });
      if (row < place.start + place.fading) this.fade(account, name);
    }
    if (!packed.isEmpty) this.#packed = packed;
  }

  #growAccounts(): void {
    const length = 2 * this.#oldest.length;
    this.#oldest = grownIntegers(this.#oldest, length, NONE);
    this.#newest = grownIntegers(this.#newest, length, NONE);
    this.#fadingCounts = grownIntegers(this.#fadingCounts, length);
  }
}

/** Where an account's names begin, how many of them are fading, and how many there are. */
type Place = { readonly start: number; readonly fading: number; readonly count: number };

/** The names of accounts that nobody has asked about since the restart. */
class PackedNames {
  readonly #places = new Map<AccountIndex, Place>();
  readonly #names: Texts;
  readonly #named: Float64Array<ArrayBuffer>;
  readonly #contents: Texts;

  constructor(reader: ColumnReader) {
    const accounts = reader.integers();
    const fadingCounts = reader.integers(accounts.length);
    const keptCounts = reader.integers(accounts.length);
    let start = 0;
    accounts.forEach((account, place) => {
      const fading = fadingCounts[place]!;
      const count = fading + keptCounts[place]!;
      this.#places.set(account as AccountIndex, { start, fading, count });
      start += count;
    });
    this.#names = reader.texts(start).copy();
    this.#named = reader.doubles(start).slice();
    this.#contents = reader.texts(start).copy();
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  get accounts(): readonly AccountIndex[] {
    return [...this.#places.keys()];
  }

  at(row: number): { readonly name: string; readonly named: number; readonly content: string } {
    return { name: this.#names.given(row), named: this.#named[row]!, content: this.#contents.given(row) };
  }

  /** Where an account's names are, which from now on are not here any more. */
  take(account: AccountIndex): Place | undefined {
    const place = this.#places.get(account);
    this.#places.delete(account);
    return place;
  }
}
