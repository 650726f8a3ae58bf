/** What a trace may be asked for: the ids that the exchange hands out, each in a form that no other has. */
import { uuidToULID } from "ulid";
import { isUlid, isUuid, parseOrderUlid } from "../../domain/ulid.ts";
import { type EpochMs, type OrderId, type Seq, seq } from "../../domain/units.ts";
import { parseOrderName, parseTradeName, type TradeName } from "../parse.ts";

export type TraceId =
  | { readonly kind: "trace"; readonly traceId: string }
  /** Of a request, or the second name of an order; `order` is null where it can be no order's. */
  | { readonly kind: "ulid"; readonly ulid: string; readonly order: OrderUlid | null }
  | { readonly kind: "order"; readonly order: OrderId }
  | ({ readonly kind: "trade" } & TradeName)
  | { readonly kind: "entry"; readonly entry: number }
  | { readonly kind: "command"; readonly seq: Seq };

type OrderUlid = { readonly at: EpochMs; readonly order: OrderId };

export const TRACE_ID_WORDS =
  "must be a requestId (a ULID, or its UUID spelling), a W3C trace id of 32 hexadecimal digits, an orderId or an order's " +
  "ULID, a trade such as VIB-BRL%2F17, entry:<entryId> or command:<sequence>";

const W3C = /^[0-9a-f]{32}$/i;
const NO_TRACE = /^0{32}$/;
const NUMBERED = /^(entry|command):([1-9][0-9]{0,15})$/;

/** Undefined for what is none of them. */
export function parseTraceId(text: string): TraceId | undefined {
  if (W3C.test(text)) {
    return NO_TRACE.test(text) ? undefined : { kind: "trace", traceId: text.toLowerCase() };
  }
  if (isUuid(text)) return ulidNamed(uuidToULID(text));
  if (isUlid(text)) return ulidNamed(text);
  const name = parseOrderName(text);
  if (name !== undefined) return { kind: "order", order: name.order };
  const [, what, digits] = NUMBERED.exec(text) ?? [];
  if (what !== undefined) {
    const number = Number(digits);
    if (!Number.isSafeInteger(number)) return undefined;
    return what === "entry" ? { kind: "entry", entry: number } : { kind: "command", seq: seq(number) };
  }
  const trade = parseTradeName(text);
  return trade === undefined ? undefined : { kind: "trade", ...trade };
}

function ulidNamed(ulid: string): TraceId {
  return { kind: "ulid", ulid, order: parseOrderUlid(ulid) ?? null };
}
