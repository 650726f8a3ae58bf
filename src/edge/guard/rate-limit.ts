/**
 * So many requests a second, and as many at once as fit into the window: a token bucket whose only state is
 * the time at which it will be full again. Every request looks at one, so taking makes no object, and what the
 * headers say is written down beforehand.
 */

/** What one client has used up; made full. Times are in milliseconds of any clock that runs forward. */
export type Bucket = { fullAt: number };

export function fullBucket(): Bucket {
  return { fullAt: 0 };
}

/** The values of `RateLimit-Policy` and `RateLimit`, as in the IETF's draft on these fields. */
export type Allowance = { readonly policy: string; readonly state: string };

/** What a client that is over a limit is told. */
export type Excess = Allowance & { readonly retryAfterSeconds: number };

export type Policy = {
  /** What is counted, as the headers name it. */
  readonly name: string;
  /** Requests that a full bucket holds. */
  readonly quota: number;
  /** In how many seconds an empty bucket is full again. */
  readonly windowSeconds: number;
};

/** Sums of fractions of a millisecond are not exact. */
const ROUNDING_MS = 1e-6;
/** For so many requests that may be left, the headers are written beforehand. */
const WRITTEN_MAX = 10_000;

export class RateLimit {
  readonly #policy: Policy;
  readonly #windowMs: number;
  readonly #requestMs: number;
  readonly #allowances: readonly Allowance[];

  constructor(policy: Policy) {
    const { quota, windowSeconds } = policy;
    this.#policy = policy;
    this.#windowMs = windowSeconds * 1000;
    this.#requestMs = this.#windowMs / quota;
    this.#allowances = Array.from({ length: Math.min(quota, WRITTEN_MAX) }, (_, left) => this.#write(left));
  }

  /** Counts one request, and gives how many more could follow at once; below zero, none was left for this one. */
  take(bucket: Bucket, now: number): number {
    const fullAt = Math.max(bucket.fullAt, now) + this.#requestMs;
    const spareMs = this.#windowMs - (fullAt - now) + ROUNDING_MS;
    if (spareMs < 0) return -1;
    bucket.fullAt = fullAt;
    return Math.floor(spareMs / this.#requestMs);
  }

  /** Counts requests that have been answered already, be there room for them or not, and gives how many could follow at once. */
  charge(bucket: Bucket, requests: number, now: number): number {
    bucket.fullAt = Math.max(bucket.fullAt, now) + requests * this.#requestMs;
    const spareMs = this.#windowMs - (bucket.fullAt - now) + ROUNDING_MS;
    return Math.max(0, Math.floor(spareMs / this.#requestMs));
  }

  /** Whether nothing is left. */
  isSpent(bucket: Bucket, now: number): boolean {
    return bucket.fullAt + this.#requestMs - now > this.#windowMs + ROUNDING_MS;
  }

  /** What a request is told that left so many. */
  allowance(left: number): Allowance {
    return this.#allowances[left] ?? this.#write(left);
  }

  /** What a request is told that found nothing left. */
  excess(bucket: Bucket, now: number): Excess {
    const nextMs = bucket.fullAt + this.#requestMs - this.#windowMs - now;
    return { ...this.#write(0), retryAfterSeconds: Math.max(1, Math.ceil(nextMs / 1000)) };
  }

  /** The fields count in whole seconds; `t` is when everything is there again. */
  #write(left: number): Allowance {
    const { name, quota, windowSeconds } = this.#policy;
    const seconds = Math.max(1, Math.ceil(((quota - left) * this.#requestMs) / 1000 - ROUNDING_MS));
    return { policy: `"${name}";q=${quota};w=${windowSeconds}`, state: `"${name}";r=${left};t=${seconds}` };
  }
}
