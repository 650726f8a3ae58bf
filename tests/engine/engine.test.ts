import { describe, expect, test } from "vitest";
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import { accountIndex, epochMs, minor, seq } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { ANN, BASE, Desk, LISTING, MARKET, placing, QUOTE } from "./desk.ts";

const NAMES = { requestId: "", traceId: null };
const LIST_MARKET: Command = { kind: "ListMarket", ...LISTING };

function bid(price: number, expiresAt: number | null = null): Command {
  const timeInForce = expiresAt === null ? "gtc" : "gtd";
  return placing(ANN, "buy", 1, price, { timeInForce, expiresAt });
}

/** A desk where a bid of 1,000 takes all that Ann has. */
function desk(): Desk {
  return new Desk({}, 1_000);
}

describe("the engine's history", () => {
  const first: Sequenced = {
    seq: seq(1),
    at: epochMs(5),
    ...NAMES,
    command: { kind: "ExpireOrders" },
  };

  test("leaves no command out and takes none twice", () => {
    const engine = new Engine();
    expect(() => engine.apply({ ...first, seq: seq(2) })).toThrow("none left out");
    engine.apply(first);
    expect(() => engine.apply(first)).toThrow("none left out");
    expect(engine.appliedSeq).toBe(1);
  });

  test("never runs backwards, and may stand still", () => {
    const engine = new Engine();
    engine.apply(first);
    engine.apply({ ...first, seq: seq(2) });
    expect(() => engine.apply({ ...first, seq: seq(3), at: epochMs(4) })).toThrow("never runs backwards");
  });

  test("a command that nothing came of has no events", () => {
    const engine = new Engine();
    expect(engine.apply(first)).toEqual([]);
    expect(desk().apply({ kind: "CancelAllOrders", account: ANN, market: null })).toEqual([]);
  });
});

describe("a command's events", () => {
  test("tell first what it did, then each changed level once, then each changed wallet once", () => {
    const events = desk().apply(bid(100));
    expect(events.map(({ kind }) => kind)).toEqual(["OrderPlaced", "LevelChanged", "WalletChanged"]);
    expect(events.slice(1)).toEqual([
      { kind: "LevelChanged", market: 0, side: "buy", price: 100, quantity: 1 },
      { kind: "WalletChanged", account: 1, asset: 1, available: 900, held: 100 },
    ]);
  });

  test("that cancels a whole book tell each level and the wallet once", () => {
    const it = desk();
    for (const price of [100, 101, 100]) it.apply(bid(price));
    const events = it.apply({ kind: "CancelAllOrders", account: ANN, market: MARKET });
    expect(events.map((event) => ("price" in event ? [event.price, event.quantity] : event.kind))).toEqual([
      "OrderCanceled",
      "OrderCanceled",
      "OrderCanceled",
      [100, 0],
      [101, 0],
      "WalletChanged",
    ]);
  });

  test("that refuses are one, and nothing has changed", () => {
    const it = desk();
    expect(it.apply(bid(1_001))).toEqual([{ kind: "CommandRejected", reason: "insufficient-funds" }]);
    expect(it.apply(bid(1_000)).at(-1)).toMatchObject({ available: 0, held: 1_000 });
  });
});

describe("the next expiry", () => {
  test("is that of the open order that ends first, and of none that has ended", () => {
    const it = desk();
    expect(it.engine.nextExpiry).toBeNull();
    it.apply(bid(100, 5_000));
    const sooner = it.nextOrder;
    it.apply(bid(100, 3_000));
    it.apply(bid(100));
    it.apply(bid(100, 900));
    expect(it.engine.nextExpiry).toBe(3_000);
    it.apply({ kind: "CancelOrder", account: ANN, order: sooner });
    expect(it.engine.nextExpiry).toBe(5_000);
    it.at = 4_999;
    expect(it.apply({ kind: "ExpireOrders" })).toEqual([]);
    it.at = 5_000;
    expect(it.apply({ kind: "ExpireOrders" })[0]).toMatchObject({
      kind: "OrderExpired",
      reason: "time",
    });
    expect(it.engine.nextExpiry).toBeNull();
  });
});

describe("names", () => {
  test.each<{ command: Command; why: string }>([
    { command: { kind: "ListAsset", name: "QUOTE", scale: 0 }, why: "an asset" },
    { command: { ...LIST_MARKET, base: QUOTE, quote: BASE }, why: "a market" },
    { command: { kind: "OpenAccount", accountId: "account-1", name: "Ann" }, why: "an account" },
    { command: { kind: "OpenAccount", accountId: "fees", name: null }, why: "the account fees" },
  ])("$why exists once", ({ command }) => {
    expect(desk().apply(command)).toEqual([{ kind: "CommandRejected", reason: "already-exists" }]);
  });

  test("a key exists once, until it is revoked", () => {
    const it = desk();
    const key = { account: ANN, keyId: "k1", name: "bot", scopes: ["read"], secretHash: "00" } as const;
    expect(it.apply({ kind: "CreateKey", ...key })).toEqual([{ kind: "KeyCreated", ...key }]);
    expect(it.apply({ kind: "CreateKey", ...key })).toEqual([
      { kind: "CommandRejected", reason: "already-exists" },
    ]);
    expect(it.apply({ kind: "RevokeKey", keyId: "k1" })).toEqual([
      { kind: "KeyRevoked", account: 1, keyId: "k1" },
    ]);
    expect(it.apply({ kind: "RevokeKey", keyId: "k1" })).toEqual([
      { kind: "CommandRejected", reason: "not-found" },
    ]);
  });

  test("a market is never listed in one asset", () => {
    const it = desk();
    expect(() => it.apply({ ...LIST_MARKET, base: QUOTE })).toThrow("two assets");
  });
});

describe("thousands of accounts and orders", () => {
  test("fit structures that started small", () => {
    const engine = new Engine();
    const apply = (command: Command) =>
      engine.apply({ seq: seq(engine.appliedSeq + 1), at: epochMs(1), ...NAMES, command });
    apply({ kind: "ListAsset", name: "BASE", scale: 0 });
    apply({ kind: "ListAsset", name: "QUOTE", scale: 2 });
    apply(LIST_MARKET);
    const accounts = 500;
    for (let i = 1; i <= accounts; i += 1) {
      apply({ kind: "OpenAccount", accountId: `a${i}`, name: null });
      const account = accountIndex(i);
      const amount = minor(1_000_000);
      apply({ kind: "DepositFunds", account, asset: QUOTE, amount, reference: "r" });
      for (let n = 1; n <= 10; n += 1) apply({ ...bid(n * 50 + (i % 50)), account } as Command);
    }
    engine.check();
    for (let i = 1; i <= accounts; i += 1) {
      const events = apply({ kind: "CancelAllOrders", account: accountIndex(i), market: null });
      expect(events.filter(({ kind }) => kind === "OrderCanceled")).toHaveLength(10);
    }
    engine.check();
  });
});
