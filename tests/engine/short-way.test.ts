import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import type { MarketListing } from "../../src/domain/market.ts";
import { accountIndex, epochMs, minor, orderId, seq } from "../../src/domain/units.ts";
import { dump } from "../../src/engine/dump.ts";
import { Engine } from "../../src/engine/engine.ts";
import { wentShortWay } from "../../src/engine/short-way/short-way.ts";
import { emptyState } from "../../src/engine/state.ts";
import { SEED, STORIES } from "../properties/search.ts";
import { ANN, BASE, BEN, CAM, changing, LISTING, placing, QUOTE, type Terms } from "./desk.ts";

const AT = epochMs(1_000);
const FEES = { makerFee: 1_000, takerFee: 2_000 } as Partial<MarketListing>;

/** A state that goes the short way where it can and tells whether it did, beside an engine that never does. */
class Pair {
  readonly state = emptyState();
  readonly #general = new Engine(undefined, "general");
  #seq = 0;

  constructor(listing: Partial<MarketListing> = {}, riches = 1_000_000) {
    this.apply({ kind: "ListAsset", name: "BASE", scale: 0 });
    this.apply({ kind: "ListAsset", name: "QUOTE", scale: 0 });
    this.apply({ kind: "ListMarket", ...LISTING, ...FEES, ...listing });
    for (const account of [ANN, BEN, CAM]) {
      this.apply({ kind: "OpenAccount", accountId: `account-${account}`, name: null });
      for (const asset of [BASE, QUOTE]) {
        this.apply({
          kind: "DepositFunds",
          account,
          asset,
          amount: minor(riches),
          reference: `${asset}`,
        });
      }
    }
  }

  /** Whether the command went the short way; the rows and the states of both ways are the same. */
  apply(command: Command): boolean {
    this.#seq += 1;
    const entry: Sequenced = { seq: seq(this.#seq), at: AT, requestId: "", traceId: null, command };
    const { log } = this.state;
    log.clear();
    const before = this.#dump();
    const went = wentShortWay(this.state, entry);
    if (!went) {
      expect(log.end).toBe(0);
      expect(this.#dump()).toEqual(before);
      new Engine({ state: this.state, appliedSeq: seq(this.#seq - 1), at: AT }, "general").execute(entry);
    }
    this.#general.apply(entry);
    const { numbers, end } = this.#general.log;
    expect(log.numbers.slice(0, log.end), JSON.stringify(command)).toEqual(numbers.slice(0, end));
    expect(log.events(entry)).toEqual(this.#general.log.events(entry));
    expect(this.#dump(), JSON.stringify(command)).toEqual(this.#general.dump());
    return went;
  }

  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** Places an order, and gives its id. */
  put(account: typeof ANN, side: "buy" | "sell", quantity: number, price: number, terms: Terms = {}): number {
    this.apply(placing(account, side, quantity, price, terms));
    return this.#seq;
  }

  cancel(account: typeof ANN, order: number): boolean {
    return this.apply({ kind: "CancelOrder", account, order: orderId(order) });
  }

  check(): void {
    new Engine({ state: this.state, appliedSeq: seq(this.#seq), at: AT }).check();
  }

  #dump(): Uint8Array {
    return dump({ state: this.state, appliedSeq: seq(this.#seq), at: AT });
  }
}

describe("the short way is gone by", () => {
  test("a limit order that meets nothing, and its cancel while another stands at its price", () => {
    const pair = new Pair();
    expect(pair.apply(placing(ANN, "buy", 5, 100, {}))).toBe(true);
    expect(pair.apply(placing(BEN, "buy", 5, 100, { postOnly: true }))).toBe(true);
    expect(pair.cancel(BEN, pair.put(BEN, "buy", 5, 100))).toBe(true);
    expect(pair.apply(placing(CAM, "sell", 5, 101, {}))).toBe(true);
  });

  test("a limit order that plain ones fill whole, at one price or several, the last of them in part", () => {
    const pair = new Pair();
    for (const price of [101, 101, 103]) pair.put(BEN, "sell", 5, price);
    expect(pair.apply(placing(ANN, "buy", 12, 103, { timeInForce: "ioc" }))).toBe(true);
    expect(pair.apply(placing(CAM, "buy", 3, 200, {}))).toBe(true);
    for (const price of [99, 98]) pair.put(BEN, "buy", 5, price);
    expect(pair.apply(placing(ANN, "sell", 7, 98, {}))).toBe(true);
    pair.check();
  });

  test("an order that has traded in part and is canceled", () => {
    const pair = new Pair();
    const order = pair.put(ANN, "buy", 5, 100);
    pair.put(BEN, "buy", 5, 100);
    pair.put(CAM, "sell", 2, 100);
    expect(pair.cancel(ANN, order)).toBe(true);
  });
});

describe("the general way is gone, with nothing changed before, by", () => {
  const asks = (pair: Pair): void => {
    pair.put(BEN, "sell", 5, 101);
    pair.put(BEN, "sell", 5, 102);
  };

  type Case = {
    readonly why: string;
    readonly order: Command;
    readonly listing?: Partial<MarketListing>;
    readonly riches?: number;
    readonly before?: (pair: Pair) => void;
  };

  const bid = (terms: Terms = {}, price = 100, quantity = 5): Command =>
    placing(ANN, "buy", quantity, price, terms);

  const cases: readonly Case[] = [
    { why: "an order that gives an id", order: bid({ clientOrderId: "mine" }) },
    { why: "an iceberg", order: bid({ displayQuantity: 2 }) },
    { why: "an order with an end of its own", order: bid({ timeInForce: "gtd", expiresAt: 5_000 }) },
    {
      why: "an order that is filled whole or not at all",
      order: bid({ timeInForce: "fok" }, 101),
      before: asks,
    },
    {
      why: "an order with another prevention of self-trades",
      order: bid({ selfTradePrevention: "decrement" }),
    },
    {
      why: "an order without a limit",
      order: bid({ type: "market", timeInForce: "ioc", price: null }),
      before: asks,
    },
    { why: "an order that waits for its price", order: bid({ type: "stop-limit", triggerPrice: 120 }) },
    {
      why: "an order that takes at once or ends, and meets nothing",
      order: bid({ timeInForce: "ioc" }),
      before: asks,
    },
    { why: "an order that is not to take, and would", order: bid({ postOnly: true }, 101), before: asks },
    { why: "an order that is filled in part", order: bid({}, 101, 6), before: asks },
    { why: "an order that takes all that there is, and rests", order: bid({}, 102, 11), before: asks },
    {
      why: "an order that meets one of its own account",
      order: bid({}, 102, 7),
      before: (pair) => {
        pair.put(BEN, "sell", 5, 101);
        pair.put(ANN, "sell", 5, 102);
      },
    },
    {
      why: "an order that meets an iceberg",
      order: bid({}, 101, 7),
      before: (pair) => {
        pair.put(BEN, "sell", 5, 101);
        pair.put(BEN, "sell", 9, 101, { displayQuantity: 1 });
      },
    },
    {
      why: "an order that meets one with a rebate",
      order: bid({}, 101),
      listing: { makerFee: -500 as MarketListing["makerFee"] },
      before: asks,
    },
    {
      why: "an order that trades while others wait for their price",
      order: bid({}, 101),
      before: (pair) => {
        asks(pair);
        pair.put(CAM, "buy", 1, 150, { type: "stop-limit", triggerPrice: 101 });
      },
    },
    {
      why: "an order whose fees need the long division",
      order: bid({}, 101, 5_600_000_000),
      riches: 2 ** 49,
      before: (pair) => pair.put(BEN, "sell", 5_700_000_000, 101),
    },
    { why: "an order that its account cannot pay", order: bid({}, 100, 10_000) },
    { why: "an order whose hold is too large", order: bid({}, 2 ** 40, 2 ** 40) },
    {
      why: "an order in a market that halts",
      order: bid(),
      before: (pair) => pair.apply(changing({ status: "halted" })),
    },
    {
      why: "an order in an auction",
      order: bid(),
      before: (pair) => pair.apply(changing({ status: "auction" })),
    },
    {
      why: "an order of a suspended account",
      order: bid(),
      before: (pair) => pair.apply({ kind: "SetAccountStatus", account: ANN, status: "suspended" }),
    },
    { why: "an order below the least notional", order: bid(), listing: { minNotional: minor(501) } },
    {
      why: "an order above the largest quantity",
      order: bid(),
      listing: { maxQuantity: 4 as MarketListing["maxQuantity"] },
    },
    {
      why: "an order out of the band",
      order: bid({}, 89),
      listing: {
        priceBand: 100_000 as MarketListing["priceBand"],
        referencePrice: 100 as MarketListing["referencePrice"],
      },
    },
    {
      why: "one open order too many",
      order: bid(),
      listing: { maxOpenOrders: 1 },
      before: (pair) => pair.put(ANN, "buy", 1, 99),
    },
  ];

  for (const { why, order, listing, riches, before } of cases) {
    test(why, () => {
      const pair = new Pair(listing, riches);
      before?.(pair);
      expect(pair.apply(order)).toBe(false);
      pair.check();
    });
  }

  test("a cancel of an order that stands alone at its price, is not open, is another's, or is not plain", () => {
    const pair = new Pair();
    const alone = pair.put(ANN, "buy", 1, 100);
    expect(pair.cancel(ANN, alone)).toBe(false);
    expect(pair.cancel(ANN, alone)).toBe(false);
    const order = pair.put(ANN, "buy", 1, 99);
    const named = pair.put(ANN, "buy", 1, 99, { clientOrderId: "mine" });
    expect(pair.cancel(BEN, order)).toBe(false);
    expect(pair.cancel(ANN, named)).toBe(false);
    const waits = pair.put(ANN, "buy", 1, 99, { type: "stop-limit", triggerPrice: 120 });
    expect(pair.cancel(ANN, waits)).toBe(false);
  });
});

describe("any random story of orders that are mostly plain", () => {
  const whole = (min: number, max: number) => fc.integer({ min, max });
  const terms = fc.oneof(
    { weight: 12, arbitrary: fc.constant<Terms>({}) },
    { weight: 4, arbitrary: fc.constant<Terms>({ timeInForce: "ioc" }) },
    { weight: 2, arbitrary: fc.constant<Terms>({ postOnly: true }) },
    ...[
      { displayQuantity: 1 },
      { timeInForce: "fok" },
      { selfTradePrevention: "cancel-taker" },
      { type: "stop-limit", triggerPrice: 99 } as const,
    ].map((unusual) => ({ weight: 1, arbitrary: fc.constant(unusual as Terms) })),
  );
  const place = fc
    .tuple(
      fc.constantFrom(ANN, BEN, CAM),
      fc.constantFrom("buy" as const, "sell" as const),
      whole(1, 9),
      whole(96, 104),
      terms,
    )
    .map(
      ([account, side, quantity, price, more]) =>
        () =>
          placing(account, side, quantity, price, more),
    );
  const cancel = fc.tuple(whole(1, 3), whole(1, 12)).map(
    ([account, back]) =>
      (next: number): Command => ({
        kind: "CancelOrder",
        account: accountIndex(account),
        order: orderId(Math.max(1, next - back)),
      }),
  );
  const change = fc
    .constantFrom(
      { makerFee: 3, takerFee: 999 },
      { makerFee: -700, takerFee: 900 },
      { makerFee: 0, takerFee: 0 },
      { priceBand: 30_000 },
      { priceBand: 0 },
    )
    .map((settings) => () => changing(settings));
  const story = fc.array(
    fc.oneof(
      { weight: 30, arbitrary: place },
      { weight: 20, arbitrary: cancel },
      { weight: 1, arbitrary: change },
    ),
    { minLength: 40, maxLength: 120 },
  );

  test("records the same rows on both ways and leaves the same state, after every command", () => {
    const went = { short: 0, general: 0 };
    fc.assert(
      fc.property(fc.noBias(story), whole(800, 20_000), (steps, riches) => {
        const pair = new Pair({}, riches);
        for (const step of steps) went[pair.apply(step(pair.nextSeq)) ? "short" : "general"] += 1;
        pair.check();
      }),
      { seed: SEED, numRuns: Math.ceil(STORIES / 40) },
    );
    expect(went.short).toBeGreaterThan(went.general / 4);
  }, 120_000);
});
