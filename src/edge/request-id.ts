/**
 * A ULID (github.com/ulid/spec) for every request: 48 bits of time and 80 of chance. Those of one millisecond
 * count up from the first of them, and time never goes back, so that logs sort.
 */
import { randomFillSync } from "node:crypto";
import { ULID_ALPHABET } from "../domain/ulid.ts";

const CHARACTERS = 26;
const TIME_CHARACTERS = 10;
const BASE = 32;
const CODES = Buffer.from(ULID_ALPHABET, "latin1");

/** Asking the system for chance once per id would cost more than all the rest of it. */
const CHANCE_BYTES = 4096;
const chance = new Uint8Array(CHANCE_BYTES);
let used = CHANCE_BYTES;

/** The last id, as numbers below 32 and as the text that they make: the next one mostly differs in its last character. */
const digits = new Uint8Array(CHARACTERS);
const text = Buffer.alloc(CHARACTERS);
let lastAt = 0;

export function newRequestId(): string {
  const now = Date.now();
  if (now > lastAt) begin(now);
  else countUp();
  return text.toString("latin1");
}

/** The first id of a millisecond. */
function begin(at: number): void {
  lastAt = at;
  let rest = at;
  for (let place = TIME_CHARACTERS - 1; place >= 0; place -= 1) {
    set(place, rest % BASE);
    rest = Math.floor(rest / BASE);
  }
  if (used === CHANCE_BYTES) {
    randomFillSync(chance);
    used = 0;
  }
  for (let place = TIME_CHARACTERS; place < CHARACTERS; place += 1) {
    set(place, chance[used]! % BASE);
    used += 1;
  }
}

/** Past the highest chance there is, the carry goes into the time: the ids still count up. */
function countUp(): void {
  let place = CHARACTERS - 1;
  for (; digits[place] === BASE - 1; place -= 1) set(place, 0);
  set(place, digits[place]! + 1);
}

function set(place: number, digit: number): void {
  digits[place] = digit;
  text[place] = CODES[digit]!;
}
