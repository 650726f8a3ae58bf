/**
 * Finds the row of a name that an account has given: a hash table whose rows are linked through columns, so that a
 * name costs no object but its text. A small table doubles when it is full; a large one grows by one place with each
 * row that is too many (linear hashing), so no command waits until everything has found a new place.
 *
 * Clients choose the names, and could choose them so that all meet at one place. So the rows of a place are bounded:
 * what is beyond goes into a map of the language, whose hash nobody can foresee.
 */
import { assert } from "../domain/assert.ts";
import type { AccountIndex } from "../domain/units.ts";
import { grownIntegers } from "./grown.ts";

/** No row. */
export const NONE = -1;

/** Counts from zero; it is used again once its name has been removed. */
export type Row = number;

const PLACES_FIRST = 16;
/** The hash of the name; the next row at its place, or the next unused one; whose it is, or NONE; and another row. */
const FIELD = { hash: 0, next: 1, account: 2, link: 3, count: 4 } as const;
/** A table with fewer places doubles, in some milliseconds at most: row after row, that is many times less work. */
const DOUBLED_MAX = 2 ** 19;
/** Rows at one place. With as many places as rows, chance brings so many together nowhere. */
const CHAIN_MAX = 16;

export class NameTable {
  readonly #doubledMax: number;
  readonly #names: string[] = [];
  /** What else there is of each row, in `FIELD.count` numbers side by side: most rows that are looked at are in no cache. */
  #fields = new Int32Array(PLACES_FIRST * FIELD.count);
  /** The first row of each place. */
  #places = new Int32Array(PLACES_FIRST).fill(NONE);
  #placeCount = PLACES_FIRST;
  /** One less than the largest power of two that is not above the count of places. */
  #mask = PLACES_FIRST - 1;
  readonly #crowded = new Map<string, Row>();
  #count = 0;
  #freed: Row = NONE;

  constructor(doubledMax: number = DOUBLED_MAX) {
    this.#doubledMax = doubledMax;
  }

  /** All rows that have ever been in use are below this. */
  get rowsEnd(): Row {
    return this.#names.length;
  }

  /** Whose name stands in a row, or NONE if none does. */
  accountAt(row: Row): AccountIndex | typeof NONE {
    return this.#fields[row * FIELD.count + FIELD.account] as AccountIndex;
  }

  nameAt(row: Row): string {
    return this.#names[row]!;
  }

  /** Another row that the owner of this one has linked to it. */
  linkOf(row: Row): Row {
    return this.#fields[row * FIELD.count + FIELD.link]!;
  }

  setLink(row: Row, other: Row): void {
    this.#fields[row * FIELD.count + FIELD.link] = other;
  }

  /** The row of a name, or NONE. */
  find(account: AccountIndex, name: string): Row {
    const hash = hashOf(account, name);
    const fields = this.#fields;
    let row = this.#places[this.#home(hash)]!;
    while (row !== NONE) {
      const at = row * FIELD.count;
      const isSame = fields[at + FIELD.hash] === hash && fields[at + FIELD.account] === account;
      if (isSame && this.#names[row] === name) return row;
      row = fields[at + FIELD.next]!;
    }
    if (this.#crowded.size === 0) return NONE;
    return this.#crowded.get(keyOf(account, name)) ?? NONE;
  }

  /** Gives a row to a name that has none. */
  add(account: AccountIndex, name: string): Row {
    if (this.#count === this.#placeCount) this.#grow();
    const row = this.#takeRow();
    const hash = hashOf(account, name);
    this.#names[row] = name;
    this.#fields[row * FIELD.count + FIELD.hash] = hash;
    this.#fields[row * FIELD.count + FIELD.account] = account;
    this.#count += 1;
    this.#putInPlace(row, hash);
    return row;
  }

  remove(row: Row): void {
    const account = this.accountAt(row);
    assert(account !== NONE, "a name that is removed is in its row");
    if (!this.#unlink(row)) this.#crowded.delete(keyOf(account, this.nameAt(row)));
    this.#fields[row * FIELD.count + FIELD.account] = NONE;
    this.#names[row] = "";
    this.#setNext(row, this.#freed);
    this.#freed = row;
    this.#count -= 1;
  }

  #home(hash: number): number {
    const place = hash & (2 * this.#mask + 1);
    return place < this.#placeCount ? place : hash & this.#mask;
  }

  #putInPlace(row: Row, hash: number): void {
    const place = this.#home(hash);
    if (this.#isFull(place))
      this.#crowded.set(keyOf(this.accountAt(row) as AccountIndex, this.nameAt(row)), row);
    else this.#link(row, place);
  }

  #isFull(place: number): boolean {
    let count = 0;
    for (let row = this.#places[place]!; row !== NONE; row = this.#nextOf(row)) count += 1;
    return count >= CHAIN_MAX;
  }

  #link(row: Row, place: number): void {
    this.#setNext(row, this.#places[place]!);
    this.#places[place] = row;
  }

  /** False if the row is at no place. */
  #unlink(row: Row): boolean {
    const place = this.#home(this.#hashAt(row));
    let before = NONE;
    for (let other = this.#places[place]!; other !== row; other = this.#nextOf(other)) {
      if (other === NONE) return false;
      before = other;
    }
    if (before === NONE) this.#places[place] = this.#nextOf(row);
    else this.#setNext(before, this.#nextOf(row));
    return true;
  }

  #grow(): void {
    if (this.#placeCount >= this.#doubledMax) {
      this.#addPlace();
      return;
    }
    this.#placeCount *= 2;
    this.#mask = this.#placeCount - 1;
    this.#places = new Int32Array(this.#placeCount).fill(NONE);
    this.#crowded.clear();
    for (let row = 0; row < this.rowsEnd; row += 1) {
      if (this.accountAt(row) !== NONE) this.#putInPlace(row, this.#hashAt(row));
    }
  }

  /** Adds the next place, and moves to it what belongs there from the one place that had that so far. */
  #addPlace(): void {
    const to = this.#placeCount;
    const bit = this.#mask + 1;
    const from = to - bit;
    if (to === this.#places.length) this.#places = grownIntegers(this.#places, 2 * to, NONE);
    this.#placeCount += 1;
    if (this.#placeCount === 2 * bit) this.#mask = 2 * bit - 1;
    const first = this.#places[from]!;
    this.#places[from] = NONE;
    for (let row = first, next: Row; row !== NONE; row = next) {
      next = this.#nextOf(row);
      this.#link(row, (this.#hashAt(row) & bit) === 0 ? from : to);
    }
  }

  #hashAt(row: Row): number {
    return this.#fields[row * FIELD.count + FIELD.hash]!;
  }

  #nextOf(row: Row): Row {
    return this.#fields[row * FIELD.count + FIELD.next]!;
  }

  #setNext(row: Row, next: Row): void {
    this.#fields[row * FIELD.count + FIELD.next] = next;
  }

  #takeRow(): Row {
    const freed = this.#freed;
    if (freed !== NONE) {
      this.#freed = this.#nextOf(freed);
      return freed;
    }
    const row = this.#names.length;
    if (row * FIELD.count === this.#fields.length)
      this.#fields = grownIntegers(this.#fields, 2 * row * FIELD.count);
    // Without gaps it stays an array; with large ones it would become a dictionary.
    this.#names.push("");
    return row;
  }
}

/** FNV-1a over the account and the units of the name, and then mixed, since the lowest bits say the place. */
export function hashOf(account: AccountIndex, name: string): number {
  let hash = Math.imul(account ^ 0x811c9dc5, 0x01000193);
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return hash ^ (hash >>> 15);
}

function keyOf(account: AccountIndex, name: string): string {
  return `${account} ${name}`;
}
