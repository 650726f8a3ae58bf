/** The book channel on real sockets: snapshots, updates that chain, and who comes when. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bookOf } from "./book-copy.ts";
import { Client, type Received } from "./client.ts";
import { BRL, type Floor, type Member, openFloor, VIB } from "./floor.ts";

const MARKET = "VIB-BRL";

let floor: Floor;
let alice: Member;
let bob: Member;
let client: Client;

beforeEach(async () => {
  floor = await openFloor();
  alice = floor.member("alice");
  bob = floor.member("bob");
  client = await Client.open(floor.url);
});
afterEach(async () => {
  await client.close();
  await floor.stop();
});

describe("the book", () => {
  const levels = ({ bids, asks }: Received) => ({ bids, asks });

  test("begins with a snapshot, and updates chain to it", async () => {
    floor.order(alice.account, { side: "sell", price: 10_100, quantity: 5 });
    const { entry } = floor.order(bob.account, { side: "buy", price: 9_900, quantity: 7 });
    await client.ask({ op: "subscribe", channel: "book", market: MARKET });
    await client.until(() => client.of("book").length === 1);
    expect(client.of("book")[0]).toEqual({
      channel: "book",
      market: MARKET,
      type: "snapshot",
      seq: entry.seq,
      bids: [["99.00", "7"]],
      asks: [["101.00", "5"]],
    });
    floor.order(bob.account, { side: "buy", price: 10_100, quantity: 5 });
    const last = floor.order(bob.account, { side: "buy", price: 9_950, quantity: 1 });
    await client.until(() => client.of("book").length === 2);
    expect(client.of("book")[1]).toEqual({
      channel: "book",
      market: MARKET,
      type: "update",
      seq: last.entry.seq,
      prevSeq: entry.seq,
      bids: [["99.50", "1"]],
      asks: [["101.00", "0"]],
    });
  });

  test("what changed and changed back is not told", async () => {
    await client.ask({ op: "subscribe", channel: "book", market: MARKET });
    const { entry } = floor.order(bob.account, { side: "buy", price: 9_900, quantity: 7 });
    floor.cancel(bob.account, entry.seq);
    floor.order(bob.account, { side: "buy", price: 9_800, quantity: 1 });
    await client.until(() => client.of("book").length === 2);
    expect(levels(client.of("book")[1]!)).toEqual({ bids: [["98.00", "1"]], asks: [] });
  });

  test("levels that enter or leave the depth are updates", async () => {
    for (const price of [9_900, 9_800, 9_700]) floor.order(bob.account, { side: "buy", price, quantity: 1 });
    await client.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 2 });
    await client.until(() => client.of("book").length === 1);
    expect(client.of("book")[0]!.bids).toEqual([
      ["99.00", "1"],
      ["98.00", "1"],
    ]);
    const { entry } = floor.order(bob.account, { side: "buy", price: 9_950, quantity: 1 });
    await client.until(() => client.of("book").length === 2);
    expect(client.of("book")[1]!.bids).toEqual([
      ["99.50", "1"],
      ["98.00", "0"],
    ]);
    floor.order(bob.account, { side: "buy", price: 9_600, quantity: 1 });
    floor.cancel(bob.account, entry.seq);
    await client.until(() => client.of("book").length === 3);
    expect(client.of("book")[2]!.bids).toEqual([
      ["99.50", "0"],
      ["98.00", "1"],
    ]);
    expect(client.of("book")[2]!.prevSeq).toBe(client.of("book")[1]!.seq);
  });

  test("who joins while changes are pending gets a snapshot to which the next update chains", async () => {
    await client.ask({ op: "subscribe", channel: "book", market: MARKET });
    const joining = await Client.open(floor.url);
    joining.sendText(JSON.stringify({ op: "subscribe", channel: "book", market: MARKET }));
    for (let price = 9_000; price < 9_400; price += 1) {
      floor.order(bob.account, { side: "buy", price, quantity: 1 });
      if (price % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const isComplete = (each: Client) => bookOf(each).bids.size === 400;
    for (const each of [client, joining]) await each.until(() => isComplete(each));
    expect(bookOf(joining)).toEqual(bookOf(client));
    await joining.close();
  });

  test("a quiet command does not break the chain of who was there, nor of who comes after it", async () => {
    await client.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 5 });
    floor.deposit(alice.account, 1);
    const late = await Client.open(floor.url);
    await late.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 5 });
    await late.until(() => late.of("book").length === 1);
    expect(late.of("book")[0]!.seq).toBe(client.of("book")[0]!.seq + 1);
    floor.order(bob.account, { side: "buy", price: 9_900, quantity: 1 });
    for (const each of [client, late]) {
      await each.until(() => each.of("book").length === 2);
      expect(bookOf(each).bids.get("99.00")).toBe("1");
    }
    await late.close();
  });

  test("other markets are not heard", async () => {
    const steps = { tickSize: { units: 1, scale: 2 }, lotSize: { units: 1, scale: 0 } };
    const listing = {
      ...steps,
      baseMinorPerLot: 1,
      quoteMinorPerTickLot: 1,
      minNotional: null,
      maxQuantity: null,
    };
    const fees = { makerFee: 0, takerFee: 0, maxOpenOrders: 10, status: "open" };
    floor.apply({ kind: "ListMarket", name: "BRL-VIB", base: BRL, quote: VIB, ...listing, ...fees } as never);
    await client.ask({ op: "subscribe", channel: "book", market: "BRL-VIB" });
    floor.order(bob.account, { side: "buy", price: 9_900, quantity: 1 });
    const observer = await Client.open(floor.url);
    await observer.ask({ op: "subscribe", channel: "book", market: MARKET });
    await observer.until(() => observer.of("book").length === 1);
    await client.caughtUp();
    expect(client.of("book")).toHaveLength(1);
    await observer.close();
  });
});
