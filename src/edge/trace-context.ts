/** The trace that a request belongs to, by the W3C recommendation Trace Context. What is malformed is ignored, as it asks. */

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_PARENT = "0".repeat(16);

/** The trace id of a `traceparent` header, or null if there is none to honour. */
export function traceIdOf(header: string | string[] | undefined): string | null {
  if (typeof header !== "string") return null;
  const [, version, traceId, parentId, more] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || version === "ff" || traceId === NO_TRACE || parentId === NO_PARENT)
    return null;
  // Only a later version may carry more than version 00 defines.
  if (version === "00" && more !== undefined) return null;
  return traceId ?? null;
}
