/**
 * Who is asking. A key is looked up by its id and its secret compared, in constant time, with the hash that
 * was journaled, or with itself once it has been right; the operator's key is compared before anything else.
 * Keys are made here too, and the secret leaves this file only in the one answer that shows it.
 */
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Scope } from "../domain/commands.ts";
import type { AccountIndex } from "../domain/units.ts";
import type { Directory, Key } from "../projections/live/directory.ts";
import { type Bucket, fullBucket } from "./guard/rate-limit.ts";

export type Principal =
  | { readonly kind: "operator" }
  | {
      readonly kind: "account";
      readonly account: AccountIndex;
      readonly keyId: string;
      readonly scopes: readonly Scope[];
      /** What the key has used of its rate. Here, since any look-up costs more than all of the counting. */
      readonly bucket: Bucket;
    };

/** A new key: what the client is shown once, and what may be written down. */
export type NewKey = { readonly keyId: string; readonly key: string; readonly secretHash: string };

/** Recognises an API key; undefined for one that is unknown, revoked or malformed. */
export type Authenticator = (key: string, directory: Directory) => Principal | undefined;

/** The form of an operator key. */
export const ADMIN_KEY_PATTERN = /^[A-Za-z0-9._-]{16,128}$/;

const OPERATOR: Principal = { kind: "operator" };
const KEY_CHARACTERS_MAX = 256;
const KEY_PREFIX = "pk_";
const KEY_ID_BYTES = 8;
const SECRET_BYTES = 32;
const BEARER = /^bearer +([^ ]+) *$/i;

export function createAuthenticator(adminKey: string): Authenticator {
  const expected = Buffer.from(adminKey);
  return (key, directory) => (isSame(key, expected) ? OPERATOR : authenticateAccount(key, directory));
}

/** The key in an `Authorization` header; undefined if there is none. */
export function bearerKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return BEARER.exec(header)?.[1];
}

/** Makes a key. The id has no underscore, since the first one after the prefix ends it. */
export function makeKey(): NewKey {
  const keyId = randomBytes(KEY_ID_BYTES).toString("hex");
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { keyId, key: `${KEY_PREFIX}${keyId}_${secret}`, secretHash: hash("sha256", secret) };
}

/** In constant time for keys of the right length; how long the key is, is no secret. */
function isSame(key: string, expected: Buffer): boolean {
  if (key.length !== expected.length) return false;
  const given = Buffer.from(key);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Recognises the keys of accounts alone. What it gives for a key is one object until the key is revoked. */
export function authenticateAccount(key: string, directory: Directory): Principal | undefined {
  if (!key.startsWith(KEY_PREFIX) || key.length > KEY_CHARACTERS_MAX) return undefined;
  const end = key.indexOf("_", KEY_PREFIX.length);
  if (end < 0) return undefined;
  const known = directory.key(key.slice(KEY_PREFIX.length, end));
  if (known === undefined) return undefined;
  const secret = key.slice(end + 1);
  const shown = shownKeys.get(known);
  if (shown !== undefined) return isSame(secret, shown.secret) ? shown.principal : undefined;
  if (!timingSafeEqual(hash("sha256", secret, "buffer"), Buffer.from(known.secretHash, "hex")))
    return undefined;
  const { account, keyId, scopes } = known;
  const principal: Principal = { kind: "account", account, keyId, scopes, bucket: fullBucket() };
  shownKeys.set(known, { secret: Buffer.from(secret), principal });
  return principal;
}

/**
 * Keys whose secret a client has shown since the start. It stays in memory, as it would in any request, so
 * that it is hashed once and not for every request, which cost a thirtieth of an order.
 */
const shownKeys = new WeakMap<Key, { readonly secret: Buffer; readonly principal: Principal }>();
