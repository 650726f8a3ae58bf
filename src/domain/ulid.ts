/**
 * The second name of an order: a ULID (github.com/ulid/spec) whose time part is the command's time and
 * whose 80 low bits are its sequence. Nothing is random, so either name gives the other.
 */
import { assert } from "./assert.ts";
import { type EpochMs, epochMs, type OrderId, orderId } from "./units.ts";

/** Crockford's base 32, each character in the place of its value. */
export const ULID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARACTERS = 10;
const SEQUENCE_CHARACTERS = 16;

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** In RFC 9562's spelling, in which the 128 bits of a ULID can be written as well. */
const UUID = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;

/** True for 26 characters of Crockford's base 32, at most 2^128 - 1. */
export function isUlid(text: string): boolean {
  return ULID.test(text);
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The ULID of an order from the time and the sequence of the command that placed it. */
export function orderUlid(at: EpochMs, order: OrderId): string {
  if (at !== lastAt) {
    lastAt = at;
    lastTimeText = encode(at, TIME_CHARACTERS);
  }
  return lastTimeText + encode(order, SEQUENCE_CHARACTERS);
}

// The orders of a frame share their time.
let lastAt = -1;
let lastTimeText = "";

/** The time and sequence that a ULID names, or undefined if it can name no order. */
export function parseOrderUlid(text: string): { readonly at: EpochMs; readonly order: OrderId } | undefined {
  if (!isUlid(text)) return undefined;
  const at = decode(text.slice(0, TIME_CHARACTERS));
  const order = decode(text.slice(TIME_CHARACTERS));
  if (!Number.isSafeInteger(at) || !Number.isSafeInteger(order) || order < 1) return undefined;
  return { at: epochMs(at), order: orderId(order) };
}

function encode(value: number, characters: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, "a ULID is made of safe integers");
  let text = "";
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) text = ULID_ALPHABET[rest % 32] + text;
  return text.padStart(characters, "0");
}

function decode(text: string): number {
  let value = 0;
  for (const character of text) value = value * 32 + ULID_ALPHABET.indexOf(character);
  return value;
}
