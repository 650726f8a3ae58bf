/**
 * Everything that can go wrong for a client, in one table, and its form on the wire (RFC 9457). A new
 * rejection does not compile until it has its entry here.
 */
import type { Rejection } from "../domain/rejections.ts";
import type { Turnaway } from "./exchange-port.ts";
import type { Excess } from "./guard/rate-limit.ts";

/** A place in the client's input and what is wrong there, in words that the client understands. */
export type FieldFault = { readonly path: string; readonly message: string };

type Entry = { readonly status: number; readonly title: string };

/** What the edge itself refuses; the rules and the sequencer have names of their own. */
type EdgeCode =
  | "invalid-request"
  | "unauthorized"
  | "forbidden"
  | "unknown-market"
  | "unknown-asset"
  | "unknown-account"
  | "unknown-order"
  | "method-not-allowed"
  | "request-timeout"
  | "preview-too-large"
  | "resume-too-old"
  | "history-archived"
  | "history-removed"
  | "payload-too-large"
  | "unsupported-media-type"
  | "headers-too-large"
  | "price-off-tick"
  | "quantity-off-lot"
  | "rate-limited"
  | "too-many-downloads"
  | "internal-error"
  | "starting"
  | "lagged"
  | "already-delivered";

export type ProblemCode = EdgeCode | Rejection | Turnaway;

export const PROBLEMS = {
  "invalid-request": { status: 400, title: "The request is malformed." },
  unauthorized: { status: 401, title: "There is no valid API key." },
  forbidden: { status: 403, title: "The API key does not allow this." },
  "unknown-market": { status: 404, title: "There is no such market." },
  "unknown-asset": { status: 404, title: "There is no such asset." },
  "unknown-account": { status: 404, title: "There is no such account." },
  "unknown-order": { status: 404, title: "There is no such order." },
  "not-found": { status: 404, title: "There is nothing here." },
  "method-not-allowed": { status: 405, title: "The path exists, but not for this method." },
  "request-timeout": { status: 408, title: "The request did not arrive in time." },
  "duplicate-client-order-id": {
    status: 409,
    title: "The clientOrderId already names an order with other content.",
  },
  "order-not-open": { status: 409, title: "The order has ended." },
  "reference-reused": { status: 409, title: "The reference already names a movement with other content." },
  "already-exists": { status: 409, title: "It already exists." },
  "already-delivered": { status: 409, title: "The settlement has been delivered." },
  "resume-too-old": { status: 410, title: "The messages after that sequence are not kept any more." },
  "history-archived": { status: 410, title: "What is asked for has moved to the archive." },
  "history-removed": { status: 410, title: "The journal does not go back so far any more." },
  "payload-too-large": { status: 413, title: "The body is too large." },
  "unsupported-media-type": { status: 415, title: "The body is not plain UTF-8 JSON." },
  "price-off-tick": { status: 422, title: "The price is not a whole number of ticks." },
  "quantity-off-lot": { status: 422, title: "The quantity is not a whole number of lots." },
  "preview-too-large": { status: 422, title: "The order would meet too many others for a preview." },
  "account-suspended": { status: 422, title: "The account is suspended." },
  "market-halted": { status: 422, title: "The market's status does not allow this." },
  "no-liquidity": { status: 422, title: "The opposite side of the book is empty." },
  "below-min-notional": { status: 422, title: "The value is below the market's minimum." },
  "above-max-quantity": { status: 422, title: "The quantity is above the market's maximum." },
  "too-many-open-orders": { status: 422, title: "The account has too many open orders in the market." },
  "price-out-of-band": { status: 422, title: "The price is outside of the market's price band." },
  "would-take": { status: 422, title: "The post-only order would trade at once." },
  "would-trigger": { status: 422, title: "The trigger has been reached already." },
  "quantity-below-filled": {
    status: 422,
    title: "The quantity is not above what has been filled and prevented.",
  },
  "nothing-to-amend": { status: 422, title: "The order has this price and quantity already." },
  unbalanced: { status: 422, title: "What is received and what is paid do not balance in every asset." },
  "amount-too-large": { status: 422, title: "An amount would exceed 2^53 - 1 units." },
  "insufficient-funds": { status: 422, title: "The available balance does not cover it." },
  "rate-limited": { status: 429, title: "There are more requests than are allowed." },
  "too-many-downloads": { status: 429, title: "There are more downloads than are allowed." },
  "headers-too-large": { status: 431, title: "The request's headers are too large." },
  "internal-error": { status: 500, title: "The exchange failed to answer." },
  overloaded: { status: 503, title: "The exchange is overloaded." },
  starting: { status: 503, title: "The exchange is starting." },
  "disk-full": { status: 503, title: "The disk is nearly full; reads go on." },
  "journal-failed": { status: 503, title: "The journal failed; the outcome is unknown." },
  lagged: { status: 503, title: "The subscriber could not keep up." },
} as const satisfies Record<ProblemCode, Entry>;

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly errors?: readonly FieldFault[];
};

/** A problem that is not bound to a request yet: how functions of the edge say no. */
export class Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly FieldFault[] | undefined;
  /** The limit that was passed, if it is one of how often or how many. */
  readonly excess: Excess | undefined;

  constructor(code: ProblemCode, detail?: string, errors?: readonly FieldFault[], excess?: Excess) {
    this.code = code;
    this.detail = detail ?? PROBLEMS[code].title;
    this.errors = errors;
    this.excess = excess;
  }
}

/** Malformed input, with the one place where it is. */
export function malformed(path: string, message: string): Refusal {
  const detail = path === "" ? `The request ${message}.` : `${path} ${message}.`;
  return new Refusal("invalid-request", detail, [{ path, message }]);
}

/** The body of an error answer. */
export function problem(
  refusal: Pick<Refusal, "code" | "detail" | "errors">,
  { requestId }: { readonly requestId: string },
): Problem {
  const { code, detail, errors } = refusal;
  const { status, title } = PROBLEMS[code];
  const body = { type: `/problems/${code}`, title, status, detail, code, requestId };
  return errors === undefined ? body : { ...body, errors };
}
