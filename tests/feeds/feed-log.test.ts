import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OrderTerms } from "../../src/domain/commands.ts";
import {
  accountIndex,
  epochMs,
  lots,
  type Minor,
  marketIndex,
  minor,
  orderId,
  type Seq,
  seq,
  ticks,
} from "../../src/domain/units.ts";
import type { FeedEntry } from "../../src/projections/feeds/feed-entry.ts";
import { FeedLog } from "../../src/projections/feeds/feed-log.ts";
import { ORDER_UPDATE_TYPES, type OrderUpdate } from "../../src/projections/live/live-orders.ts";
import { ORDER_STATUSES } from "../../src/projections/order-record.ts";
import { committed, trade, wallet } from "./committed.ts";

/** A whole update, different in every part for every number: what is read back must be equal to it. */
function update(number: number): OrderUpdate {
  const type = ORDER_UPDATE_TYPES[number % ORDER_UPDATE_TYPES.length]!;
  const at = epochMs(1_700_000_000_000 + number);
  return {
    type,
    order: {
      order: orderId(number + 1),
      terms: terms(number),
      requestId: `request-${number}`,
      traceId: number % 2 === 0 ? null : `trace-${number}`,
      createdAt: at,
      progress: {
        status: ORDER_STATUSES[number % ORDER_STATUSES.length]!,
        reason: type === "canceled" ? "self-trade" : type === "expired" ? "time" : null,
        filledQuantity: lots(number),
        filledValue: minor(Number.MAX_SAFE_INTEGER - number),
        preventedQuantity: lots(number * 3),
        updatedAt: epochMs(at + 1),
      },
    },
  };
}

function terms(number: number): OrderTerms {
  return {
    account: accountIndex(number),
    market: marketIndex(number % 3),
    side: number % 2 === 0 ? "buy" : "sell",
    type: "limit",
    timeInForce: number % 5 === 0 ? "gtd" : "gtc",
    price: ticks(number + 1),
    triggerPrice: null,
    trailingOffset: null,
    quantity: lots(number + 2),
    quoteQuantity: null,
    displayQuantity: number % 7 === 0 ? lots(1) : null,
    expiresAt: number % 5 === 0 ? epochMs(1_900_000_000_000 + number) : null,
    postOnly: number % 3 === 0,
    selfTradePrevention: "cancel-both",
    clientOrderId: number % 4 === 0 ? null : `order-${number}`,
  };
}

type Shape = { orders: number; trades: number; wallets: number };

const story = fc.array(fc.record({ orders: fc.nat(3), trades: fc.nat(3), wallets: fc.nat(3) }), {
  maxLength: 80,
});

function grow(log: FeedLog, shapes: readonly Shape[], first = 1): FeedEntry[] {
  const all: FeedEntry[] = [];
  for (const [index, { orders, trades, wallets }] of shapes.entries()) {
    const at = first + index;
    const events = [
      ...Array.from({ length: trades }, (_, number) => trade(number + 1, { taker: 1, maker: 2 })),
      ...Array.from({ length: wallets }, (_, account) => wallet(account, at)),
    ];
    const updates = Array.from({ length: orders }, (_, order) => update(at * 4 + order));
    const entry = log.project(committed(at, events), updates);
    if (entry !== undefined) all.push(entry);
  }
  return all;
}

const size = ({ orders, trades, wallets }: FeedEntry) => orders.length + trades.length + wallets.length;

/** So many commands at most. */
function readAfter(log: FeedLog, position: number, commandsMax: number): FeedEntry[] {
  const read: FeedEntry[] = [];
  for (const entry of log.after(seq(position))) {
    read.push(entry);
    if (read.length === commandsMax) break;
  }
  return read;
}

describe("the feed log", () => {
  test("is resumable at every sequence that it keeps, bounded, and keeps as much as it may", () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 1, max: 60 }), (shapes, eventsMax) => {
        const log = new FeedLog({ eventsMax });
        const all = grow(log, shapes);
        expect(log.appliedSeq).toBe(shapes.length);
        expect(log.events).toBeLessThanOrEqual(eventsMax);
        for (let from = log.oldestSeq as number; from <= shapes.length; from += 1) {
          const wanted = all.filter((entry) => entry.seq > from);
          expect(readAfter(log, from, 1000)).toEqual(wanted);
          expect(readAfter(log, from, 2)).toEqual(wanted.slice(0, 2));
        }
        const forgotten = all.filter((entry) => entry.seq <= log.oldestSeq);
        expect(log.oldestSeq).toBe(forgotten.at(-1)?.seq ?? 0);
        const last = forgotten.at(-1);
        if (last !== undefined) expect(log.events + size(last)).toBeGreaterThan(eventsMax);
      }),
      { numRuns: 300 },
    );
  });

  test("forgets across its chunks, and what is kept stays whole", () => {
    const log = new FeedLog({ eventsMax: 5000 });
    const all = grow(
      log,
      Array.from({ length: 12_345 }, () => ({ orders: 1, trades: 0, wallets: 1 })),
    );
    expect(log.events).toBe(5000);
    expect(log.oldestSeq).toBe(12_345 - 2500);
    expect(readAfter(log, log.oldestSeq, 10_000)).toEqual(all.slice(-2500));
    expect(readAfter(log, 11_000, 3).map((entry) => entry.seq)).toEqual([11_001, 11_002, 11_003]);
    expect(readAfter(log, log.appliedSeq, 3)).toEqual([]);
  });

  test("fills forgotten chunks again, before and after a command of extraordinary size, and nothing shines through", () => {
    const log = new FeedLog({ eventsMax: 6000 });
    const shapes = Array.from({ length: 20_000 }, (_, index) =>
      index === 7_000
        ? { orders: 3000, trades: 10, wallets: 2500 }
        : { orders: 1, trades: index % 2, wallets: index % 3 },
    );
    let position = 0;
    for (let first = 0; first < shapes.length; first += 500) {
      const grown = grow(log, shapes.slice(first, first + 500), first + 1);
      const kept = grown.filter((entry) => entry.seq > log.oldestSeq);
      position = Math.max(position, log.oldestSeq);
      expect(readAfter(log, position, 1000)).toEqual(kept);
      position = first + 500;
    }
  });

  test("read in slices, nothing is missing and nothing comes twice", () => {
    const log = new FeedLog();
    const all = grow(
      log,
      Array.from({ length: 3000 }, (_, index) => ({ orders: index % 2, trades: 0, wallets: index % 3 })),
    );
    const read: FeedEntry[] = [];
    let position = seq(0);
    for (;;) {
      const slice = readAfter(log, position, 7);
      if (slice.length === 0) break;
      read.push(...slice);
      position = slice.at(-1)!.seq as Seq;
    }
    expect(read).toEqual(all);
  });

  test("keeps the terms of an order as they were before it was amended, and a rebate as what it is", () => {
    const log = new FeedLog();
    const [before, after] = [update(1), update(2)];
    const rebated = { ...trade(1, { taker: 1, maker: 2 }), takerFee: minor(3), makerFee: -2 as Minor };
    const first = log.project(committed(1, [rebated]), [before]);
    const terms = { ...before.order.terms, price: ticks(7), quantity: lots(5) };
    const second = log.project(committed(2, []), [{ ...after, order: { ...after.order, terms } }]);
    expect(readAfter(log, 0, 10)).toEqual([first, second]);
  });

  test("a command that is larger than the whole log leaves nothing of itself", () => {
    const log = new FeedLog({ eventsMax: 3 });
    grow(log, [
      { orders: 1, trades: 0, wallets: 1 },
      { orders: 2, trades: 2, wallets: 2 },
    ]);
    expect(log.events).toBe(0);
    expect(log.oldestSeq).toBe(2);
    expect(readAfter(log, 2, 10)).toEqual([]);
    grow(log, [{ orders: 1, trades: 0, wallets: 0 }], 3);
    expect(readAfter(log, 2, 10)).toHaveLength(1);
  });

  test("what has been forgotten is never read by mistake", () => {
    const log = new FeedLog({ eventsMax: 1 });
    grow(log, [
      { orders: 1, trades: 0, wallets: 0 },
      { orders: 1, trades: 0, wallets: 0 },
    ]);
    expect(() => readAfter(log, 0, 1)).toThrow("has not been forgotten");
  });
});

describe("a feed log that was restored", () => {
  /** As after a restart, with more or fewer events to keep. */
  function restored(log: FeedLog, eventsMax: number): FeedLog {
    const again = new FeedLog({ eventsMax });
    again.restore(log.dump(log.oldestSeq), log.appliedSeq);
    return again;
  }

  test("goes on as if nothing had been, and dumps the same bytes, wherever restarts fall", () => {
    const restarts = fc.array(fc.nat(80), { maxLength: 4 });
    fc.assert(
      fc.property(story, fc.integer({ min: 1, max: 60 }), restarts, (shapes, eventsMax, places) => {
        const whole = new FeedLog({ eventsMax });
        let log = new FeedLog({ eventsMax });
        shapes.forEach((shape, index) => {
          if (places.includes(index)) log = restored(log, eventsMax);
          expect(grow(log, [shape], index + 1)).toEqual(grow(whole, [shape], index + 1));
          expect(log.events).toBe(whole.events);
        });
        expect(log.oldestSeq).toBe(whole.oldestSeq);
        expect(log.appliedSeq).toBe(whole.appliedSeq);
        for (let from = log.oldestSeq as number; from <= shapes.length; from += 1) {
          expect(readAfter(log, from, 1000)).toEqual(readAfter(whole, from, 1000));
          expect(log.dump(seq(from))).toEqual(whole.dump(seq(from)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("forgets what it may not keep, and does not have what was not kept", () => {
    const log = new FeedLog({ eventsMax: 5000 });
    const shapes = Array.from({ length: 12_345 }, () => ({ orders: 1, trades: 0, wallets: 1 }));
    const all = grow(log, shapes);
    const fewer = restored(log, 100);
    expect([fewer.events, fewer.oldestSeq]).toEqual([100, 12_345 - 50]);
    expect(readAfter(fewer, fewer.oldestSeq, 1000)).toEqual(all.slice(-50));
    const more = restored(log, 10_000);
    expect([more.events, more.oldestSeq]).toEqual([5000, 12_345 - 2500]);
    all.push(...grow(more, shapes.slice(0, 4000), 12_346));
    expect([more.events, more.oldestSeq]).toEqual([10_000, 12_345 - 1000]);
    expect(readAfter(more, more.oldestSeq, 10_000)).toEqual(all.slice(-5000));
  });
});
