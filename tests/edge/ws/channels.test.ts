/** What the channels tell, message by message, of commands that a test gives one at a time. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lots, marketIndex, minor, orderId, partsPerMillion, ticks } from "../../../src/domain/units.ts";
import { Client } from "./client.ts";
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
    await client.caughtUp();
    expect(client.of("trades")).toEqual([]);
  });
});

describe("orders", () => {
  test("every step is told with the order as it was then", async () => {
    const alices = await floor.clientOf(alice);
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
    const bobs = await floor.clientOf(bob);
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
    const bobs = await floor.clientOf(bob);
    for (const channel of ["orders", "fills", "wallets"]) await bobs.ask({ op: "subscribe", channel });
    const carol = floor.member("carol");
    floor.order(alice.account, { side: "sell", price: 10_000, quantity: 2 });
    floor.order(carol.account, { side: "buy", price: 10_000, quantity: 2 });
    await bobs.caughtUp();
    expect(bobs.messages.filter(({ op }) => op === undefined)).toEqual([]);
    await bobs.close();
  });
});

describe("orders by the whole rulebook", () => {
  test("are triggered and amended in words of their own, with the order as it was then", async () => {
    const alices = await floor.clientOf(alice);
    tradeOnce();
    await alices.ask({ op: "subscribe", channel: "orders" });
    const stop = floor.apply({
      ...floor.terms(alice.account, { side: "sell", price: 9_000, quantity: 2 }),
      type: "stop-limit",
      triggerPrice: ticks(9_500),
    });
    const order = orderId(stop.entry.seq);
    const amend = { kind: "AmendOrder", account: alice.account, order, price: null } as const;
    floor.apply({ ...amend, quantity: lots(3) });
    floor.order(bob.account, { side: "buy", price: 9_400, quantity: 1 });
    const carol = floor.member("carol");
    const { entry } = floor.order(carol.account, { side: "sell", price: 9_400, quantity: 1 });
    floor.apply({ ...amend, price: ticks(9_100), quantity: null });
    await alices.until(() => alices.of("orders").length === 4);
    expect(alices.of("orders").map(({ type, seq, order: { status } }) => [type, seq, status])).toEqual([
      ["placed", order, "pending"],
      ["amended", order + 1, "pending"],
      ["triggered", entry.seq, "open"],
      ["amended", entry.seq + 1, "open"],
    ]);
    expect(alices.of("orders").map(({ order: shown }) => shown)).toMatchObject([
      { quantity: "2", price: "90.00", triggerPrice: "95.00" },
      { quantity: "3", price: "90.00" },
      { quantity: "3", price: "90.00" },
      { quantity: "3", price: "91.00", triggerPrice: "95.00" },
    ]);
    await alices.close();
  });

  test("change wallets by an amend; arming a switch changes none", async () => {
    const alices = await floor.clientOf(alice);
    for (const channel of ["orders", "wallets"]) await alices.ask({ op: "subscribe", channel });
    const { entry } = floor.order(alice.account, { side: "buy", price: 9_000, quantity: 1 });
    const order = orderId(entry.seq);
    floor.apply({ kind: "AmendOrder", account: alice.account, order, price: null, quantity: lots(2) });
    floor.apply({ kind: "SetCancelAfter", account: alice.account, seconds: 0 });
    floor.apply({ kind: "CancelAllOrders", account: alice.account, market: null });
    await alices.until(() => alices.of("wallets").length === 3);
    expect(alices.of("wallets").map(({ cause }) => cause)).toEqual(["order", "amend", "cancel"]);
    await alices.close();
  });
});

describe("fills", () => {
  test("maker and taker each get their own part", async () => {
    const [alices, bobs] = [await floor.clientOf(alice), await floor.clientOf(bob)];
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
    const alices = await floor.clientOf(alice);
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
    const settled = { quantity: minor(1), value: minor(1), reference: "s" } as const;
    floor.apply({
      kind: "SettleFunds",
      base: VIB,
      quote: BRL,
      entries: [
        { account: alice.account, side: "buy", ...settled },
        { account: bob.account, side: "sell", ...settled },
      ],
      settlementId: null,
    });
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
      "settlement",
      "settlement",
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
      priceBand: null,
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

function tradeOnce(): void {
  floor.order(alice.account, { side: "sell", price: 10_000, quantity: 1 });
  floor.order(bob.account, { side: "buy", price: 10_000, quantity: 1 });
}
