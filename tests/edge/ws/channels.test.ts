/** What the channels tell, message by message, of commands that a test gives one at a time. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { marketIndex, minor, partsPerMillion } from "../../../src/domain/units.ts";
import { Client, type Received } from "./client.ts";
import { ADMIN_KEY, BRL, type Floor, type Member, openFloor, VIB } from "./floor.ts";

const MARKET = "VIB-BRL";
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

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

const asMember = async ({ key }: Member) =>
  Client.open(floor.url, { headers: { authorization: `Bearer ${key}` } });

/** One that has everything before it on the same socket: an answer to a ping. */
const caughtUp = (of: Client) => of.ask({ op: "ping" });

describe("trades", () => {
  test("each is told to everybody once, in the words of the contract", async () => {
    const other = await Client.open(floor.url);
    for (const each of [client, other])
      await each.ask({ op: "subscribe", channel: "trades", market: MARKET });
    floor.order(alice.account, { side: "sell", price: 10_000, quantity: 3 });
    floor.order(alice.account, { side: "sell", price: 10_001, quantity: 5 });
    const { entry } = floor.order(bob.account, { side: "buy", price: 10_001, quantity: 4 });
    for (const each of [client, other]) {
      await each.until(() => each.of("trades").length === 2);
      const common = { channel: "trades", market: MARKET, type: "trade", takerSide: "buy", seq: entry.seq };
      const at = expect.stringMatching(TIME);
      expect(each.of("trades")).toEqual([
        { ...common, tradeId: 1, price: "100.00", quantity: "3", at },
        { ...common, tradeId: 2, price: "100.01", quantity: "1", at },
      ]);
    }
    await other.close();
  });

  test("nothing comes after unsubscribing", async () => {
    await client.ask({ op: "subscribe", channel: "trades", market: MARKET });
    await client.ask({ op: "unsubscribe", channel: "trades", market: MARKET });
    tradeOnce();
    await caughtUp(client);
    expect(client.of("trades")).toEqual([]);
  });
});

describe("orders", () => {
  test("every step is told with the order as it was then", async () => {
    const alices = await asMember(alice);
    await alices.ask({ op: "subscribe", channel: "orders" });
    const { entry: first } = floor.order(alice.account, { side: "sell", price: 10_000, quantity: 5 });
    floor.order(bob.account, { side: "buy", price: 10_000, quantity: 2 });
    floor.order(bob.account, { side: "buy", price: 10_000, quantity: 3 });
    const { entry: second } = floor.order(alice.account, { side: "sell", price: 10_000, quantity: 1 });
    floor.cancel(alice.account, second.seq);
    await alices.until(() => alices.of("orders").length === 5);
    const told = alices
      .of("orders")
      .map(({ type, seq, order }) => [type, seq, order.orderId, order.status, order.filledQuantity]);
    expect(told).toEqual([
      ["placed", first.seq, first.seq, "open", "0"],
      ["partially-filled", first.seq + 1, first.seq, "partially-filled", "2"],
      ["filled", first.seq + 2, first.seq, "filled", "5"],
      ["placed", second.seq, second.seq, "open", "0"],
      ["canceled", second.seq + 1, second.seq, "canceled", "0"],
    ]);
    expect(Object.keys(alices.of("orders")[0]!)).toEqual(["channel", "type", "seq", "order"]);
    await alices.close();
  });

  test("an order that takes is placed, filled in part and filled in one command", async () => {
    const bobs = await asMember(bob);
    await bobs.ask({ op: "subscribe", channel: "orders" });
    floor.order(alice.account, { side: "sell", price: 10_000, quantity: 2 });
    floor.order(alice.account, { side: "sell", price: 10_001, quantity: 2 });
    const { entry } = floor.order(bob.account, { side: "buy", price: 10_001, quantity: 4 });
    await bobs.until(() => bobs.of("orders").length === 3);
    expect(bobs.of("orders").map(({ type, seq, order }) => [type, seq, order.filledQuantity])).toEqual([
      ["placed", entry.seq, "0"],
      ["partially-filled", entry.seq, "2"],
      ["filled", entry.seq, "4"],
    ]);
    await bobs.close();
  });

  test("nobody hears of another account's orders, fills or wallets", async () => {
    const bobs = await asMember(bob);
    for (const channel of ["orders", "fills", "wallets"]) await bobs.ask({ op: "subscribe", channel });
    const carol = floor.member("carol");
    floor.order(alice.account, { side: "sell", price: 10_000, quantity: 2 });
    floor.order(carol.account, { side: "buy", price: 10_000, quantity: 2 });
    await caughtUp(bobs);
    expect(bobs.messages.filter(({ op }) => op === undefined)).toEqual([]);
    await bobs.close();
  });
});

describe("fills", () => {
  test("maker and taker each get their own part", async () => {
    const [alices, bobs] = [await asMember(alice), await asMember(bob)];
    for (const each of [alices, bobs]) await each.ask({ op: "subscribe", channel: "fills" });
    const { entry: maker } = floor.order(alice.account, { side: "sell", price: 10_000, quantity: 2 });
    const { entry: taker } = floor.order(bob.account, { side: "buy", price: 10_005, quantity: 2 });
    const common = {
      channel: "fills",
      type: "fill",
      tradeId: 1,
      market: MARKET,
      price: "100.00",
      quantity: "2",
      value: "200.00",
      fee: "0.00",
      feeAsset: "BRL",
      at: expect.stringMatching(TIME),
      seq: taker.seq,
    };
    for (const each of [alices, bobs]) await each.until(() => each.of("fills").length === 1);
    expect(alices.of("fills")).toEqual([{ ...common, role: "maker", side: "sell", orderId: maker.seq }]);
    expect(bobs.of("fills")).toEqual([{ ...common, role: "taker", side: "buy", orderId: taker.seq }]);
    for (const each of [alices, bobs]) await each.close();
  });
});

describe("wallets", () => {
  test("each change says what caused it", async () => {
    const alices = await asMember(alice);
    await alices.ask({ op: "subscribe", channel: "wallets" });
    floor.deposit(alice.account, 100);
    const { entry } = floor.order(alice.account, { side: "buy", price: 10_000, quantity: 1 });
    floor.cancel(alice.account, entry.seq);
    floor.apply({
      kind: "WithdrawFunds",
      account: alice.account,
      asset: BRL,
      amount: minor(50),
      reference: "w",
    });
    const transfer = { kind: "TransferFunds", asset: VIB, amount: minor(7), reference: "t" } as const;
    floor.apply({ ...transfer, account: alice.account, toAccount: bob.account });
    floor.apply({ ...transfer, account: bob.account, toAccount: alice.account });
    tradeOnce();
    floor.order(alice.account, { side: "buy", price: 10_000, quantity: 1 });
    floor.apply({ kind: "CancelAllOrders", account: alice.account, market: null });
    const wanted = [
      "deposit",
      "order",
      "cancel",
      "withdrawal",
      "transfer",
      "transfer",
      "order",
      "trade",
      "trade",
      "order",
      "cancel",
    ];
    await alices.until(() => alices.of("wallets").length === wanted.length);
    expect(alices.of("wallets").map(({ cause }) => cause)).toEqual(wanted);
    expect(alices.of("wallets")[1]).toEqual({
      channel: "wallets",
      type: "wallet",
      seq: entry.seq,
      asset: "BRL",
      available: "9999999901.00",
      held: "100.00",
      total: "10000000001.00",
      cause: "order",
    });
    await alices.close();
  });

  test("an expiry and a fee have words of their own", async () => {
    const operator = await Client.open(floor.url, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    for (const accountId of ["alice", "fees"]) {
      await operator.ask({ op: "subscribe", channel: "wallets", accountId });
    }
    floor.apply({
      kind: "ChangeMarket",
      market: marketIndex(0),
      status: null,
      makerFee: partsPerMillion(1000),
      takerFee: partsPerMillion(2000),
    });
    tradeOnce();
    const terms = { side: "buy", price: 9_000, quantity: 1 } as const;
    floor.order(alice.account, { ...terms, lifeMs: 1 });
    floor.apply({ kind: "ExpireOrders" });
    await operator.until((messages) => messages.at(-1)?.cause === "expiry");
    const told = operator.of("wallets").map(({ accountId, asset, cause }) => [accountId, asset, cause]);
    expect(told).toEqual([
      ["alice", "VIB", "order"],
      ["alice", "BRL", "trade"],
      ["alice", "VIB", "trade"],
      ["fees", "BRL", "fee"],
      ["alice", "BRL", "order"],
      ["alice", "BRL", "expiry"],
    ]);
    await operator.close();
  });
});

describe("resuming", () => {
  test("from every sequence on, what comes is what came live, and then goes on live", async () => {
    const live = await asMember(alice);
    const channels = ["orders", "fills", "wallets"];
    const start = floor.appliedSeq();
    await live.ask({ op: "subscribe", channel: "trades", market: MARKET });
    for (const channel of channels) await live.ask({ op: "subscribe", channel });
    for (let round = 0; round < 5; round += 1) tradeOnce();
    await caughtUp(live);
    const end = floor.appliedSeq();
    const resumed: { from: number; client: Client }[] = [];
    for (let from = start; from <= end; from += 1) {
      const client = await asMember(alice);
      resumed.push({ from, client });
      const trades = { op: "subscribe", channel: "trades", market: MARKET, fromSeq: from };
      expect(await client.ask(trades)).toMatchObject({ ok: true, seq: end });
      for (const channel of channels) await client.ask({ op: "subscribe", channel, fromSeq: from });
    }
    tradeOnce();
    await caughtUp(live);
    for (const { from, client } of resumed) {
      for (const channel of ["trades", ...channels]) {
        const wanted = live.of(channel).filter(({ seq }) => seq > from);
        await client.until(() => client.of(channel).length >= wanted.length, `${channel} from ${from}`);
        expect(client.of(channel)).toEqual(wanted);
      }
      await client.close();
    }
    await live.close();
  });

  test("before what is kept it is too old, and the answer says from where it can be", async () => {
    const small = await openFloor({ feedEventsMax: 10 });
    const dora = small.member("dora");
    for (let deposits = 0; deposits < 30; deposits += 1) small.deposit(dora.account, 1);
    const doras = await Client.open(small.url, { headers: { authorization: `Bearer ${dora.key}` } });
    const refused = await doras.ask({ op: "subscribe", channel: "wallets", fromSeq: 5 });
    expect(refused).toMatchObject({ ok: false, error: { code: "resume-too-old", status: 410 } });
    const { oldestSeq } = refused.error;
    expect(oldestSeq).toBe(small.appliedSeq() - 10);
    const tooOld = await doras.ask({ op: "subscribe", channel: "wallets", fromSeq: oldestSeq - 1 });
    expect(tooOld).toMatchObject({ ok: false, error: { code: "resume-too-old" } });
    expect(await doras.ask({ op: "subscribe", channel: "wallets", fromSeq: oldestSeq })).toMatchObject({
      ok: true,
    });
    await doras.until(() => doras.of("wallets").length === 10);
    await doras.close();
    await small.stop();
  });

  test("from the future it is malformed", async () => {
    const fromSeq = floor.appliedSeq() + 1;
    const answer = await client.ask({ op: "subscribe", channel: "trades", market: MARKET, fromSeq });
    expect(answer).toMatchObject({ error: { code: "invalid-request", errors: [{ path: "fromSeq" }] } });
    const now = { op: "subscribe", channel: "trades", market: MARKET, fromSeq: fromSeq - 1 };
    expect(await client.ask(now)).toMatchObject({ ok: true });
    tradeOnce();
    await client.until(() => client.of("trades").length === 1);
  });

  test("a long history arrives whole while the exchange goes on", async () => {
    for (let round = 0; round < 3000; round += 1) tradeOnce();
    await client.ask({ op: "subscribe", channel: "trades", market: MARKET, fromSeq: 0 });
    for (let round = 0; round < 50; round += 1) {
      tradeOnce();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(() => client.of("trades").length >= 3050);
    expect(client.of("trades").map(({ tradeId }) => tradeId)).toEqual(
      Array.from({ length: 3050 }, (_, index) => index + 1),
    );
  });
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
    const isComplete = (each: Client) => copyOf(each).bids.size === 400;
    for (const each of [client, joining]) await each.until(() => isComplete(each));
    expect(copyOf(joining)).toEqual(copyOf(client));
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
      expect(copyOf(each).bids.get("99.00")).toBe("1");
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
    await caughtUp(client);
    expect(client.of("book")).toHaveLength(1);
    await observer.close();
  });
});

function tradeOnce(): void {
  floor.order(alice.account, { side: "sell", price: 10_000, quantity: 1 });
  floor.order(bob.account, { side: "buy", price: 10_000, quantity: 1 });
}

/** The book as a client rebuilds it; throws at a gap. */
function copyOf(client: Client) {
  const copy = { bids: new Map<string, string>(), asks: new Map<string, string>() };
  let seq = 0;
  for (const message of client.of("book")) {
    if (message.type === "update" && message.prevSeq !== seq) throw new Error(`a gap after ${seq}`);
    ({ seq } = message);
    for (const side of ["bids", "asks"] as const) {
      for (const [price, quantity] of message[side]) {
        if (quantity === "0") copy[side].delete(price);
        else copy[side].set(price, quantity);
      }
    }
  }
  return copy;
}
