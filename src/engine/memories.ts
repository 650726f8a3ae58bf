/**
 * What names stood for, account by account, with a bound on how much is kept. After a restart an account's
 * names are unpacked when they are first asked for: most accounts have many, and few are active at once.
 */
import { assert } from "../domain/assert.ts";
import type { ColumnReader, ColumnWriter, Texts } from "../domain/columns.ts";
import type { AccountIndex } from "../domain/units.ts";

/** Names of one account that may be forgotten, and are not yet. */
export const REMEMBERED_MAX = 10_000;

/** What a name stood for, and with which content. */
export type Remembered<T> = { readonly named: T; readonly content: string };

/** Names in the order in which they were given up to forgetting; the oldest goes when there are too many. */
class Memory<T extends number> {
  readonly #byName = new Map<string, Remembered<T>>();
  /** A ring of the names that may be forgotten. */
  readonly #fading: string[] = [];
  #oldest = 0;

  get(name: string): Remembered<T> | undefined {
    return this.#byName.get(name);
  }

  keep(name: string, remembered: Remembered<T>): void {
    this.#byName.set(name, remembered);
  }

  /** From now on the name counts towards the limit. */
  fade(name: string): void {
    if (this.#fading.length < REMEMBERED_MAX) {
      this.#fading.push(name);
      return;
    }
    this.#byName.delete(this.#fading[this.#oldest]!);
    this.#fading[this.#oldest] = name;
    this.#oldest = (this.#oldest + 1) % REMEMBERED_MAX;
  }

  /** The names that may be forgotten, the next to go first, and then the others, by what they stand for. */
  names(): { readonly fading: readonly string[]; readonly kept: readonly string[] } {
    const fading = [...this.#fading.slice(this.#oldest), ...this.#fading.slice(0, this.#oldest)];
    const mayGo = new Set(fading);
    const kept = [...this.#byName.keys()].filter((name) => !mayGo.has(name));
    kept.sort((one, other) => this.#byName.get(one)!.named - this.#byName.get(other)!.named);
    return { fading, kept };
  }
}

/** The memories of all accounts for names of one kind. */
export class Memories<T extends number> {
  readonly #byAccount = new Map<AccountIndex, Memory<T>>();
  #packed: PackedNames<T> | undefined;

  /** Whether nothing has ever been kept. */
  get isEmpty(): boolean {
    return this.#byAccount.size === 0 && (this.#packed === undefined || this.#packed.isEmpty);
  }

  get(account: AccountIndex, name: string): Remembered<T> | undefined {
    return this.#find(account)?.get(name);
  }

  keep(account: AccountIndex, name: string, remembered: Remembered<T>): void {
    this.#reach(account).keep(name, remembered);
  }

  /** From now on the name may be forgotten, when enough others have come after it. */
  fade(account: AccountIndex, name: string): void {
    this.#reach(account).fade(name);
  }

  dump(writer: ColumnWriter): void {
    for (const account of this.#packed?.accounts ?? []) this.#find(account);
    const accounts = [...this.#byAccount.keys()].sort((one, other) => one - other);
    const fadingCounts: number[] = [];
    const keptCounts: number[] = [];
    const names: string[] = [];
    const remembered: Remembered<T>[] = [];
    for (const account of accounts) {
      const memory = this.#byAccount.get(account)!;
      const { fading, kept } = memory.names();
      fadingCounts.push(fading.length);
      keptCounts.push(kept.length);
      for (const name of [...fading, ...kept]) {
        names.push(name);
        remembered.push(memory.get(name)!);
      }
    }
    writer.numbers(accounts);
    writer.numbers(fadingCounts);
    writer.numbers(keptCounts);
    writer.texts(names);
    writer.numbers(remembered.map(({ named }) => named));
    writer.texts(remembered.map(({ content }) => content));
  }

  restore(reader: ColumnReader): void {
    assert(this.#byAccount.size === 0 && this.#packed === undefined, "an empty memory is filled");
    this.#packed = new PackedNames(reader);
  }

  #find(account: AccountIndex): Memory<T> | undefined {
    const memory = this.#byAccount.get(account);
    if (memory !== undefined || this.#packed === undefined) return memory;
    const unpacked = this.#packed.take(account);
    if (unpacked !== undefined) this.#byAccount.set(account, unpacked);
    if (this.#packed.isEmpty) this.#packed = undefined;
    return unpacked;
  }

  #reach(account: AccountIndex): Memory<T> {
    let memory = this.#find(account);
    if (memory === undefined) {
      memory = new Memory();
      this.#byAccount.set(account, memory);
    }
    return memory;
  }
}

/** The names of accounts that nobody has asked about since the restart. */
class PackedNames<T extends number> {
  /** Where an account's names begin, how many of them are fading, and how many there are. */
  readonly #places = new Map<AccountIndex, { start: number; fading: number; count: number }>();
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

  take(account: AccountIndex): Memory<T> | undefined {
    const place = this.#places.get(account);
    if (place === undefined) return undefined;
    this.#places.delete(account);
    const memory = new Memory<T>();
    for (let row = place.start; row < place.start + place.count; row += 1) {
      const name = this.#names.given(row);
      memory.keep(name, { named: this.#named[row] as T, content: this.#contents.given(row) });
      if (row < place.start + place.fading) memory.fade(name);
    }
    return memory;
  }
}
