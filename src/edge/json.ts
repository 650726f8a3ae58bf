/**
 * Strict JSON for REST and WebSocket alike: UTF-8 is checked, nesting is bounded, and an object that names
 * a key twice is refused with the place where it does, since `JSON.parse` would silently take the last.
 * Counting keys is enough to know that; only a text that has a duplicate pays for the search.
 */
import { isUtf8 } from "node:buffer";
import type { FieldFault } from "./problems.ts";

export type Json =
  | { readonly value: unknown }
  | { readonly fault: FieldFault; readonly kind: "encoding" | "syntax" | "duplicate" };

/** More than any request needs; it also bounds the recursion below. */
export const NESTING_MAX = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Reads the bytes of a body. */
export function readJsonBytes(bytes: Buffer): Json {
  if (!isUtf8(bytes)) {
    return { fault: { path: "", message: "is not valid UTF-8" }, kind: "encoding" };
  }
  return readJson(bytes.toString());
}

/** Reads a text that is known to be Unicode, such as a WebSocket message. */
export function readJson(text: string): Json {
  const keys = countKeyTokens(text);
  if (keys < 0) {
    return { fault: { path: "", message: `is nested deeper than ${NESTING_MAX} levels` }, kind: "syntax" };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: { path: "", message: text === "" ? "is empty" : "is not valid JSON" }, kind: "syntax" };
  }
  if (countKeys(value) === keys) return { value };
  const path = findDuplicate(text);
  return { fault: { path, message: "appears more than once in its object" }, kind: "duplicate" };
}

/** A colon outside of a string follows a key, and nothing else. -1 if the text is nested too deeply. */
function countKeyTokens(text: string): number {
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = closingQuote(text, at);
        break;
      case COLON:
        keys += 1;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth += 1;
        if (depth > NESTING_MAX) return -1;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth -= 1;
        break;
    }
  }
  return keys;
}

function closingQuote(text: string, opening: number): number {
  let at = opening + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) keys += countKeys(item);
    return keys;
  }
  // No prototype is walked: what JSON.parse makes has only own keys, "__proto__" included.
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name];
    keys += typeof member === "object" ? 1 + countKeys(member) : 1;
  }
  return keys;
}

/** The path of the first repeated key in a text that is valid JSON and has one. */
function findDuplicate(text: string): string {
  type Level = { readonly path: string; readonly keys: Set<string> | null; index: number; key: string };
  const levels: Level[] = [];
  const here = () => {
    const level = levels.at(-1);
    if (level === undefined) return "";
    if (level.keys === null) return `${level.path}[${level.index}]`;
    return level.path === "" ? level.key : `${level.path}.${level.key}`;
  };
  let string = "";
  for (let at = 0; at < text.length; at += 1) {
    const level = levels.at(-1);
    switch (text[at]) {
      case '"': {
        const end = closingQuote(text, at);
        string = JSON.parse(text.slice(at, end + 1)) as string;
        at = end;
        break;
      }
      case ":":
        level!.key = string;
        if (level!.keys!.has(string)) return here();
        level!.keys!.add(string);
        break;
      case ",":
        level!.index += 1;
        break;
      case "{":
        levels.push({ path: here(), keys: new Set(), index: 0, key: "" });
        break;
      case "[":
        levels.push({ path: here(), keys: null, index: 0, key: "" });
        break;
      case "}":
      case "]":
        levels.pop();
        break;
    }
  }
  return "";
}
