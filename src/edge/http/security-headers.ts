/**
 * What every answer tells a browser: to take it for what its type says, to run nothing in it, to show it in no
 * frame, and to tell no other site about it. No answer allows pages of other origins to read it, so none does.
 * `Strict-Transport-Security` is for whatever speaks TLS in front of the exchange, which itself speaks plain HTTP.
 */

const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": CONTENT_POLICY,
  "referrer-policy": "no-referrer",
} as const;

/** The page of the documentation runs its own scripts and asks its own server. It styles its elements one by one. */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
