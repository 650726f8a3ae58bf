/**
 * The guard at the door: who is asking, and whether that client has asked too often. Requests are counted by
 * key; by address if they show none, and wrong keys by address too, far more strictly. All of it is in memory,
 * bounded, and forgotten by a restart.
 */
import type { Directory } from "../../projections/live/directory.ts";
import { type Authenticator, authenticateAccount, createAuthenticator, type Principal } from "../auth.ts";
import { Refusal } from "../problems.ts";
import { ByAddress } from "./addresses.ts";
import { LoopDelay } from "./loop-delay.ts";
import { type Allowance, type Bucket, fullBucket, RateLimit } from "./rate-limit.ts";

export type GuardOptions = {
  readonly adminKey: string;
  /** Requests a second of every key, and of every address that shows none; 0 for no limit, on wrong keys either. */
  readonly requestsPerSecond: number;
};

/** Who shows a key: the address is looked at only if the key is wrong, or others from there were. */
export type Asking = {
  readonly client: { readonly ip: string };
  readonly directory: Directory;
  readonly now: number;
};

/** Wrong keys that an address may show at once; after that, one every second. */
const WRONG_KEYS_MAX = 20;
/**
 * Questions about the past that a client may ask at once; after that, one every second. One may keep a thread busy for
 * seconds, where an order takes a fraction of a millisecond.
 */
const PAST_QUESTIONS_MAX = 10;
/** Addresses that are remembered, which takes some megabytes; beyond them the oldest is forgotten. */
const ADDRESSES_MAX = 50_000;

export class Guard {
  readonly #authenticate: Authenticator;
  readonly #loop = new LoopDelay();
  readonly #perSecond: number;
  /** Null if there is no limit. */
  readonly #byKey: RateLimit | null;
  readonly #byAddress: RateLimit | null;
  readonly #wrongKeys: RateLimit | null;
  readonly #past: RateLimit | null;
  readonly #addresses = new ByAddress(ADDRESSES_MAX, fullBucket);
  readonly #guessing = new ByAddress(ADDRESSES_MAX, fullBucket);
  readonly #pastByAddress = new ByAddress(ADDRESSES_MAX, fullBucket);
  /** Of accounts' keys; few ever ask. */
  readonly #pastByKey = new WeakMap<Principal, Bucket>();

  constructor({ adminKey, requestsPerSecond }: GuardOptions) {
    this.#authenticate = createAuthenticator(adminKey);
    this.#perSecond = requestsPerSecond;
    const limit = (name: string, quota: number, windowSeconds: number) =>
      requestsPerSecond === 0 ? null : new RateLimit({ name, quota, windowSeconds });
    this.#byKey = limit("key", requestsPerSecond, 1);
    this.#byAddress = limit("address", requestsPerSecond, 1);
    this.#wrongKeys = limit("wrong-keys", WRONG_KEYS_MAX, WRONG_KEYS_MAX);
    this.#past = limit("past", PAST_QUESTIONS_MAX, PAST_QUESTIONS_MAX);
  }

  /**
   * Who a key belongs to; undefined if nobody. From an address that has shown too many wrong ones, the
   * operator's key is not even compared, since somebody may have chosen it. Accounts' keys are: each has 256
   * random bits, which nobody guesses, and a trader must not be locked out by whoever shares the address.
   */
  identify(key: string, { client, directory, now }: Asking): Principal | undefined | Refusal {
    const wrongKeys = this.#wrongKeys;
    if (wrongKeys === null) return this.#authenticate(key, directory);
    const seen = this.#guessing.size === 0 ? undefined : this.#guessing.find(client.ip);
    const isGuessing = seen !== undefined && wrongKeys.isSpent(seen, now);
    const principal = isGuessing ? authenticateAccount(key, directory) : this.#authenticate(key, directory);
    if (principal !== undefined) return principal;
    const bucket = this.#guessing.get(client.ip);
    if (wrongKeys.take(bucket, now) >= 0) return undefined;
    const detail = `Too many wrong API keys have come from this address: ${WRONG_KEYS_MAX} at once, then one a second.`;
    return new Refusal("rate-limited", detail, undefined, wrongKeys.excess(bucket, now));
  }

  /** Counts a request of somebody who is known; operators have no limit. */
  takeForKey(principal: Principal, now: number): Refusal | Allowance | undefined {
    const limit = this.#byKey;
    if (limit === null || principal.kind === "operator") return undefined;
    const { bucket } = principal;
    const left = limit.take(bucket, now);
    return left < 0 ? this.#refusal("key", limit, bucket, now) : limit.allowance(left);
  }

  /** Counts a request without a key. */
  takeForAddress(address: string, now: number): Refusal | undefined {
    const limit = this.#byAddress;
    if (limit === null) return undefined;
    const bucket = this.#addresses.get(address);
    return limit.take(bucket, now) < 0 ? this.#refusal("address", limit, bucket, now) : undefined;
  }

  /** Counts a question about the past, which costs far more than another request; of a key, or else of an address. */
  takeForPast(
    { principal, ip }: { readonly principal: Principal | null; readonly ip: string },
    now: number,
  ): Refusal | undefined {
    const limit = this.#past;
    if (limit === null || principal?.kind === "operator") return undefined;
    const bucket = principal === null ? this.#pastByAddress.get(ip) : this.#pastOf(principal);
    if (limit.take(bucket, now) >= 0) return undefined;
    const detail = `Too many questions about the past: ${PAST_QUESTIONS_MAX} at once, then one a second.`;
    return new Refusal("rate-limited", detail, undefined, limit.excess(bucket, now));
  }

  #pastOf(principal: Principal): Bucket {
    const known = this.#pastByKey.get(principal);
    if (known !== undefined) return known;
    const bucket = fullBucket();
    this.#pastByKey.set(principal, bucket);
    return bucket;
  }

  /** For what comes while the exchange has more to do than it can; to be refused now costs little. */
  refusalWhileBehind(now: number): Refusal | undefined {
    if (!this.#loop.isBehind(now)) return undefined;
    return new Refusal("overloaded", "The exchange has too much to do. Nothing was decided; send it again.");
  }

  stop(): void {
    this.#loop.stop();
  }

  #refusal(of: string, limit: RateLimit, bucket: Bucket, now: number): Refusal {
    const excess = limit.excess(bucket, now);
    const detail = `At most ${this.#perSecond} requests a second per ${of}. Nothing was decided; send it again after ${excess.retryAfterSeconds} s.`;
    return new Refusal("rate-limited", detail, undefined, excess);
  }
}
