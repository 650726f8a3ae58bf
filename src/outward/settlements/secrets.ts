/** What signs deliveries: a secret in the form of Standard Webhooks, `whsec_` and random bytes in base64. */
import { randomBytes } from "node:crypto";

const FORM = /^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PREFIX = "whsec_";
const BYTES = 32;
/** What the standard asks for. */
const BYTES_MIN = 24;
const BYTES_MAX = 64;

export function newSecret(): string {
  return PREFIX + randomBytes(BYTES).toString("base64");
}

export function isSecret(text: string): boolean {
  const bytes = FORM.test(text) ? Buffer.from(text.slice(PREFIX.length), "base64").length : 0;
  return bytes >= BYTES_MIN && bytes <= BYTES_MAX;
}
