/**
 * What one socket is subscribed to: at most one subscription to the book and to the trades of a market, and
 * to the orders, fills and wallets of an account, since its messages would not tell two apart.
 */
import { type Seq, seq } from "../../domain/units.ts";
import type { Principal } from "../auth.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findMarket, resolveAccount } from "../parse.ts";
import { malformed, problem, Refusal } from "../problems.ts";
import type { BookChannel, BookTarget } from "./book-channel.ts";
import type { Subscribe, Topic } from "./operations.ts";
import type { Outbox } from "./outbox.ts";
import { Stream } from "./stream.ts";
import type { StreamTarget } from "./stream-messages.ts";
import type { Streams } from "./streams.ts";

export type SubscriptionsContext = {
  readonly exchange: ExchangePort;
  readonly books: BookChannel;
  readonly streams: Streams;
  readonly subscriptionsMax: number;
  readonly newRequestId: () => string;
};

/** What an operation did: the fields of its answer, and what is to follow the answer. */
export type Done = { readonly fields: Readonly<Record<string, unknown>>; readonly afterwards?: () => void };

type Subscription = { readonly end: () => void };

/** A topic with its names looked up; `key` tells topics apart, `fields` are its names in messages. */
type Resolved = {
  readonly key: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly target: StreamTarget | { readonly channel: "book"; readonly market: BookTarget["market"] };
};

export class Subscriptions {
  readonly #context: SubscriptionsContext;
  readonly #outbox: Outbox;
  readonly #byKey = new Map<string, Subscription>();

  constructor(context: SubscriptionsContext, outbox: Outbox) {
    this.#context = context;
    this.#outbox = outbox;
  }

  subscribe(asked: Subscribe, principal: Principal | null): Done | Refusal {
    const resolved = this.#resolve(asked, principal);
    if (resolved instanceof Refusal) return resolved;
    const { key, fields, target } = resolved;
    if (this.#byKey.has(key)) {
      return new Refusal("already-exists", "The socket is subscribed to this already; unsubscribe first.");
    }
    const { subscriptionsMax } = this.#context;
    if (this.#byKey.size >= subscriptionsMax) {
      return malformed("channel", `is one too many: a socket has at most ${subscriptionsMax} subscriptions`);
    }
    if (target.channel === "book") {
      const depth = "depth" in asked ? (asked.depth ?? null) : null;
      return this.#followBook(resolved, { market: target.market, depth });
    }
    const from = this.#startOf("fromSeq" in asked ? asked.fromSeq : undefined);
    if (from instanceof Refusal) return from;
    const stream = new Stream(target, { outbox: this.#outbox, ...from }, (resumeFrom) =>
      this.#lagged(resolved, resumeFrom),
    );
    this.#byKey.set(key, { end: () => this.#context.streams.remove(stream) });
    return {
      fields: { ...fields, seq: this.#context.exchange.feed.appliedSeq },
      afterwards: () => this.#context.streams.add(stream),
    };
  }

  unsubscribe(asked: Topic, principal: Principal | null): Done | Refusal {
    const resolved = this.#resolve(asked, principal);
    if (resolved instanceof Refusal) return resolved;
    const { key, fields } = resolved;
    const subscription = this.#byKey.get(key);
    if (subscription === undefined) return new Refusal("not-found", "The socket is not subscribed to this.");
    this.#byKey.delete(key);
    subscription.end();
    return { fields };
  }

  endAll(): void {
    for (const { end } of this.#byKey.values()) end();
    this.#byKey.clear();
  }

  #followBook({ key, fields }: Resolved, target: BookTarget): Done {
    const { books, exchange } = this.#context;
    this.#byKey.set(key, { end: () => books.unsubscribe(target, this.#outbox) });
    const depth = target.depth === null ? {} : { depth: target.depth };
    return {
      fields: { ...fields, ...depth, seq: exchange.books.seq },
      afterwards: () => books.subscribe(target, this.#outbox),
    };
  }

  /** Without `fromSeq` a stream begins with what happens from now on. */
  #startOf(fromSeq: number | undefined): { readonly after: Seq; readonly isResumed: boolean } | Refusal {
    const { feed } = this.#context.exchange;
    if (fromSeq === undefined) return { after: feed.appliedSeq, isResumed: false };
    if (fromSeq > feed.appliedSeq) {
      return malformed("fromSeq", `is after the last applied sequence, ${feed.appliedSeq}`);
    }
    if (fromSeq < feed.oldestSeq) {
      return new Refusal("resume-too-old", `The oldest sequence to resume from is ${feed.oldestSeq}.`);
    }
    return { after: seq(fromSeq), isResumed: true };
  }

  #resolve(asked: Subscribe | Topic, principal: Principal | null): Resolved | Refusal {
    const { directory } = this.#context.exchange;
    const { channel } = asked;
    if (channel === "book" || channel === "trades") {
      const market = findMarket(asked.market, directory);
      if (market instanceof Refusal) return market;
      const fields = { channel, market: market.name };
      return { key: `${channel} ${market.market}`, fields, target: { channel, market: market.market } };
    }
    if (principal === null) return new Refusal("unauthorized", `The channel ${channel} needs an API key.`);
    if (principal.kind === "account" && !principal.scopes.includes("read")) {
      return new Refusal("forbidden", `The channel ${channel} needs a key with the scope read.`);
    }
    const account = resolveAccount(principal, asked.accountId, directory);
    if (account instanceof Refusal) return account;
    const { accountId } = directory.account(account);
    return {
      key: `${channel} ${account}`,
      fields: { channel, accountId },
      target: { channel, account, namesAccount: principal.kind === "operator" },
    };
  }

  /**
   * The last message of a subscription whose socket could not keep up: `{ channel, market or accountId,
   * type: "lagged", seq, error }`. Nothing after `seq` was sent, so resuming from there misses nothing.
   */
  #lagged({ key, fields }: Resolved, resumeFrom: Seq): void {
    const { newRequestId } = this.#context;
    this.#byKey.get(key)?.end();
    this.#byKey.delete(key);
    const detail = `The subscription has ended. Subscribe again with fromSeq ${resumeFrom} to read on.`;
    const error = problem(new Refusal("lagged", detail), { requestId: newRequestId() });
    this.#outbox.send(JSON.stringify({ ...fields, type: "lagged", seq: resumeFrom, error }));
  }
}
