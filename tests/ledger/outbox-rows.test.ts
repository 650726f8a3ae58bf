/** The outbox: a row for every trade from where it begins, the same however often the ledger is made anew. */
import { expect, it } from "vitest";
import type { Seq } from "../../src/domain/units.ts";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import { Outbox } from "../../src/projections/ledger/outbox.ts";
import { openForWriting } from "../../src/projections/ledger/schema.ts";
import { busyDay } from "./busy-day.ts";
import { dump, freshPath, openWriter } from "./files.ts";
import { BRL, Story, VIB } from "./story.ts";

/** Two trades: bob buys from alice, then alice sells to bob, whose bid was there first. */
function twoTrades(): Story {
  const story = new Story();
  story.market();
  const [alice, bob] = [story.account("alice"), story.account("bob")];
  story.deposit(alice, VIB, 1_000, "vault-1");
  story.deposit(bob, BRL, 5_000, "bank-1");
  const ask = story.place({ account: alice, side: "sell", price: 100, quantity: 10 });
  const toAsk = { maker: { account: alice, order: ask }, price: 100, quantity: 4 };
  const bid = story.place({ account: bob, side: "buy", price: 100, quantity: 9, fills: [toAsk] });
  story.frame();
  const toBid = { maker: { account: bob, order: bid }, price: 100, quantity: 5 };
  story.place({ account: alice, side: "sell", price: 99, quantity: 5, fills: [toBid] });
  story.frame();
  return story;
}

function writeAll(story: Story, from: number | null) {
  const path = freshPath();
  const { database, writer } = openWriter(path, from);
  for (const frame of story.frames) writer.apply([frame]);
  return { path, database, writer, outbox: new Outbox(database) };
}

it("says who bought and who sold, by the requests that placed the two orders, and in which trace", () => {
  const story = twoTrades();
  const { outbox } = writeAll(story, 1);
  const requestOf = (seq: number) => story.committed[seq - 1]!.entry.requestId;
  const last = story.seq;
  expect(outbox.after(0, 10)).toMatchObject([
    {
      settlement: 1,
      tradeId: 1,
      price: 100,
      quantity: 4,
      buyerRequestId: requestOf(last - 1),
      sellerRequestId: requestOf(last - 2),
      seq: last - 1,
    },
    {
      settlement: 2,
      tradeId: 2,
      quantity: 5,
      buyerRequestId: requestOf(last - 1),
      sellerRequestId: requestOf(last),
      seq: last,
    },
  ]);
  const traces = outbox.after(0, 10).map(({ traceId }) => traceId);
  const odd = "4bf92f3577b34da6a3ce929d0e0e4736";
  // A request without a trace is one by itself, by the bits of its own id.
  expect(traces).toContain(odd);
  expect(traces.find((trace) => trace !== odd)).toMatch(/^[0-9a-f]{32}$/);
  expect(outbox.last).toBe(2);
  expect(outbox.find(2)).toEqual(outbox.ofTrade(outbox.find(2)!.market, outbox.find(2)!.tradeId));
  expect(outbox.market(outbox.find(1)!.market).name).toBe("VIB-BRL");
  expect(outbox.accountId(outbox.find(1)!.buyer)).toBe("bob");
});

it("begins with the command that it is told, and has nothing unless it is told one", () => {
  const story = twoTrades();
  expect(writeAll(story, null).outbox.after(0, 10)).toEqual([]);
  const late = writeAll(story, story.seq);
  expect(late.outbox.after(0, 10)).toMatchObject([{ settlement: 1, tradeId: 2 }]);
});

it("goes on where it began, without being told again, also after a batch that failed", () => {
  const story = twoTrades();
  const { path, writer } = writeAll(new Story(), null);
  writer.apply([story.frames[0]!]);
  writer.beginOutbox((story.frames[0]!.lastSeq + 1) as Seq);
  expect(() => writer.apply([{ ...story.frames[1]!, firstSeq: 1 as Seq }])).toThrow();
  writer.apply([story.frames[1]!]);
  writer.close();
  const { database } = openForWriting(path);
  expect(new LedgerWriter(database).settlementsFrom).toBe(story.frames[0]!.lastSeq + 1);
  expect(new Outbox(database).after(0, 10)).toMatchObject([{ settlement: 1, tradeId: 2 }]);
  database.close();
});

it("refuses to go on from another beginning than the file of deliveries knows", () => {
  const story = twoTrades();
  const { database } = writeAll(story, 3);
  expect(() => new LedgerWriter(database, 4)).toThrow("do not belong together");
  expect(new LedgerWriter(database, 3).settlementsFrom).toBe(3);
  const without = writeAll(story, null);
  expect(() => new LedgerWriter(without.database, 2)).toThrow("do not belong together");
});

it("is the same when the ledger is made anew, in batches of any size", () => {
  const { frames } = busyDay({ commands: 2_000, seed: 1 }).story;
  const apply = (size: number) => {
    const path = freshPath();
    const { writer } = openWriter(path);
    writer.beginOutbox(1 as Seq);
    for (let start = 0; start < frames.length; start += size) writer.apply(frames.slice(start, start + size));
    return dump(path);
  };
  const one = apply(1);
  expect(one.settlements!.length).toBe(one.trades!.length);
  expect(apply(7)).toEqual(one);
});
