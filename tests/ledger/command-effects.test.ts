import { describe, expect, it } from "vitest";
import type { Event } from "../../src/domain/events.ts";
import type { OrderId, Seq } from "../../src/domain/units.ts";
import { LedgerQueries } from "../../src/projections/ledger/ledger-queries.ts";
import { busyDay } from "./busy-day.ts";
import { openWriter } from "./files.ts";
import { BRL, MARKET, Story, VIB } from "./story.ts";

const ALL = { tradesMax: 100, entriesMax: 1_000 };

function history() {
  const { story } = busyDay({ commands: 1_500, seed: 11 });
  const { database, writer } = openWriter();
  writer.apply(story.frames);
  return { story, database, queries: new LedgerQueries(database) };
}

/** How an event touches an order, if it does. */
function touchOf(event: Event, order: OrderId): string | undefined {
  switch (event.kind) {
    case "OrderPlaced":
      return event.order === order ? "placed" : undefined;
    case "OrderAmended":
    case "OrderTriggered":
      return event.order === order ? "changed" : undefined;
    case "SelfTradePrevented":
      return [event.takerOrder, event.makerOrder].includes(order) ? "changed" : undefined;
    case "TradeExecuted":
      return [event.takerOrder, event.makerOrder].includes(order) ? "traded" : undefined;
    case "OrderFilled":
    case "OrderCanceled":
    case "OrderExpired":
      return event.order === order ? "ended" : undefined;
    default:
      return undefined;
  }
}

describe("what a command did", () => {
  it("is all that its events tell of trades, and their entries sum to zero", () => {
    const { story, queries } = history();
    let trades = 0;
    for (const { entry, events } of story.committed) {
      const effects = queries.effects({ seq: entry.seq, ...ALL });
      const told = events.filter((event) => event.kind === "TradeExecuted");
      expect(effects.trades).toEqual(
        told.map(({ kind: _, trade, ...rest }) => ({
          ...rest,
          tradeId: trade,
          seq: entry.seq,
          at: entry.at,
        })),
      );
      expect(effects.tradeCount).toBe(told.length);
      expect(effects.entryCount).toBe(effects.entries.length);
      const sums = new Map<number, number>();
      for (const { asset, amount, seq, requestId } of effects.entries) {
        expect({ seq, requestId }).toEqual({ seq: entry.seq, requestId: entry.requestId });
        sums.set(asset, (sums.get(asset) ?? 0) + amount);
      }
      expect([...sums.values()].every((sum) => sum === 0)).toBe(true);
      trades += told.length;
    }
    expect(trades).toBeGreaterThan(100);
  });

  it("is told as far as there is room for it, and counted whole", () => {
    const { story, queries } = history();
    const seqs = story.committed.map(({ entry }) => entry.seq);
    const busiest = seqs.find((seq) => queries.effects({ seq, ...ALL }).trades.length === 1)!;
    const all = queries.effects({ seq: busiest, ...ALL });
    const none = queries.effects({ seq: busiest, tradesMax: 0, entriesMax: 3 });
    expect(none).toEqual({ ...all, trades: [], entries: all.entries.slice(0, 3) });
  });

  it("leaves no entry out and tells none twice", () => {
    const { story, queries, database } = history();
    const told = story.committed.flatMap(({ entry }) => queries.effects({ seq: entry.seq, ...ALL }).entries);
    const all = database.prepare("SELECT entry FROM entries ORDER BY entry").pluck().all();
    expect(told.map(({ entryId }) => entryId)).toEqual(all);
    for (const { entryId, seq } of told) expect(queries.seqOfEntry(entryId)).toBe(seq);
    expect(queries.seqOfEntry(told.length + 1)).toBeUndefined();
  });

  it("is found by a trade", () => {
    const { queries } = history();
    const found = queries.trade({ market: MARKET, trade: 1 })!;
    expect(queries.effects({ seq: found.seq, ...ALL }).trades).toContainEqual(found);
    expect(queries.trade({ market: MARKET, trade: 1_000_000 })).toBeUndefined();
  });
});

describe("the commands that touched an order", () => {
  it("are those whose events name it, and say how", () => {
    const { story, queries } = history();
    const placed = story.committed.flatMap(({ events }) =>
      events.flatMap((event) => (event.kind === "OrderPlaced" ? [event.order] : [])),
    );
    expect(placed.length).toBeGreaterThan(200);
    let later = 0;
    for (const order of placed) {
      const expected = story.committed.flatMap(({ entry, events }) => {
        const how = new Set(events.flatMap((event) => touchOf(event, order) ?? []));
        // What the placing command does to its own order before it trades needs no telling apart.
        if (entry.seq === (order as number as Seq)) how.delete("changed");
        return how.size === 0 ? [] : [{ seq: entry.seq, how: [...how].sort() }];
      });
      const { touches, isComplete } = queries.touches(order)!;
      expect(touches.map(({ seq, how }) => ({ seq, how: [...how].sort() }))).toEqual(expected);
      expect(isComplete).toBe(true);
      later += touches.length - 1;
    }
    expect(later).toBeGreaterThan(200);
    expect(queries.touches(1 as OrderId)).toBeUndefined();
  });

  it("are the first and the latest where there are very many", () => {
    const story = new Story();
    story.market();
    const [alice, bob] = [story.account("alice"), story.account("bob")];
    story.deposit(alice, VIB, 1_000_000);
    story.deposit(bob, BRL, 1_000_000);
    const order = story.place({ account: alice, side: "sell", price: 100, quantity: 2_000 });
    for (let i = 0; i < 1_200; i += 1) {
      const maker = { account: alice, order };
      story.place({
        account: bob,
        side: "buy",
        price: 100,
        quantity: 1,
        fills: [{ maker, price: 100, quantity: 1 }],
      });
    }
    const { database, writer } = openWriter();
    writer.apply([story.frame()]);
    const { touches, isComplete } = new LedgerQueries(database).touches(order)!;
    expect(isComplete).toBe(false);
    expect(touches).toHaveLength(1_000);
    expect(touches[0]).toEqual({ seq: order, how: ["placed"] });
    expect(touches.at(-1)).toEqual({ seq: story.seq, how: ["traded"] });
  });
});
