/**
 * Words as small numbers, which is how the ledger's tables keep them; the views of the schema turn them
 * back. The lists of the vocabulary only ever grow at their end: the canonical encoding of events depends on
 * that as well. `packHex` does the same for hashes and trace ids.
 */
import { assert } from "../../domain/assert.ts";
import { ORDER_STATUSES, STATUS_WHEN_ENDED } from "../order-record.ts";

export const ENTRY_KINDS = [
  "deposit",
  "withdrawal",
  "transfer",
  "trade",
  "fee",
  "rebate",
  "settlement",
] as const;
/** Why an account's total changed. */
export type EntryKind = (typeof ENTRY_KINDS)[number];

export function numberOf<Word>(words: readonly Word[], word: Word): number {
  const number = words.indexOf(word);
  assert(number >= 0, "a stored word is one of its list");
  return number;
}

export function numbersOf<Word>(words: readonly Word[], some: readonly Word[]): number[] {
  return some.map((word) => numberOf(words, word));
}

export function numberOrNull<Word>(words: readonly Word[], word: Word | null | undefined): number | null {
  return word === null || word === undefined ? null : numberOf(words, word);
}

export function wordAt<Word>(words: readonly Word[], number: number): Word {
  const word = words[number];
  assert(word !== undefined, "a stored number stands for a word");
  return word;
}

const HEX = /^(?:[0-9a-f]{2})+$/;

/** Half the size for what is lower-case hexadecimal; any other text stays as it is. */
export function packHex(text: string): Buffer | string {
  return HEX.test(text) ? Buffer.from(text, "hex") : text;
}

const OF_TRADES = numbersOf(ENTRY_KINDS, ["trade", "fee", "rebate"]);

/** Whether a kind of entry is one that trades post; entries of the other kinds have an index. */
export function isOfTrades(kind: number): boolean {
  return OF_TRADES.includes(kind);
}

/** The statuses of an order to which nothing happens any more. */
export const ENDED_STATUSES: readonly number[] = numbersOf(ORDER_STATUSES, Object.values(STATUS_WHEN_ENDED));

export function unpackHex(packed: Buffer | string): string {
  return typeof packed === "string" ? packed : packed.toString("hex");
}
