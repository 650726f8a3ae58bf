import { describe, expect, test } from "vitest";
import type { OrderType } from "../../src/domain/commands.ts";
import { ANN, BASE, BEN, CAM, Desk, placing, QUOTE, said, type Terms } from "./desk.ts";

/** Waits for a price; a sell gives a quantity, a buy a budget. */
const at = (type: OrderType, triggerPrice: number, more: Terms = {}): Terms => ({
  type,
  triggerPrice,
  ...more,
});
const trailing = (trailingOffset: number, more: Terms = {}): Terms => ({
  type: "trailing-stop",
  trailingOffset,
  ...more,
});
const spending = (quoteQuantity: number): Terms => ({ quoteQuantity });

/** A market whose last price is 100, with a wide book around it: 50 lots bid at 80 and offered at 120. */
function market(): Desk {
  const desk = new Desk();
  desk.print(100);
  desk.put(BEN, "buy", 50, 80);
  desk.put(CAM, "sell", 50, 120);
  return desk;
}

const triggered = (lines: readonly string[]) => lines.filter((line) => line.startsWith("triggered"));

describe("a triggered order", () => {
  test.each<{ type: OrderType; side: "buy" | "sell"; trigger: number; waits: number; enters: number }>([
    { type: "stop", side: "buy", trigger: 105, waits: 104, enters: 105 },
    { type: "stop", side: "sell", trigger: 95, waits: 96, enters: 95 },
    { type: "take-profit", side: "buy", trigger: 95, waits: 96, enters: 95 },
    { type: "take-profit", side: "sell", trigger: 105, waits: 104, enters: 105 },
  ])("$type, to $side at $trigger, waits at $waits and enters at $enters", (row) => {
    const desk = market();
    const budget = row.side === "buy" ? spending(240) : {};
    const order = desk.put(ANN, row.side, row.side === "buy" ? 0 : 2, 0, at(row.type, row.trigger, budget));
    desk.put(BEN, "sell", 1, row.waits);
    expect(triggered(desk.tell(CAM, "buy", 1, row.waits))).toEqual([]);
    desk.put(BEN, "sell", 1, row.enters);
    const told = desk.tell(CAM, "buy", 1, row.enters);
    const price = row.side === "buy" ? 120 : 80;
    expect(told.slice(-4)[0]).toBe(`filled ${desk.engine.appliedSeq}`);
    expect(told.at(-3)).toBe(`triggered ${order}`);
    expect(told.at(-2)).toMatch(`trade 2 at ${price}: ${order} takes`);
    expect(told.at(-1)).toBe(`filled ${order}`);
  });

  test("with a limit takes up to it and rests with what is left", () => {
    const desk = market();
    const order = desk.put(ANN, "buy", 60, 120, at("stop-limit", 105));
    desk.put(BEN, "sell", 1, 105);
    const told = desk.tell(CAM, "buy", 1, 105);
    expect(told.slice(-3)).toEqual([
      `triggered ${order}`,
      expect.stringMatching(`trade 50 at 120: ${order} takes`),
      expect.stringMatching("filled"),
    ]);
    const next = desk.nextOrder;
    expect(desk.tell(CAM, "sell", 2, 120)[1]).toBe(`trade 2 at 120: ${next} takes ${order}`);
  });

  test.each<{ terms: Terms; price: number; side: "buy" | "sell"; why: string }>([
    { terms: at("stop-limit", 100), price: 120, side: "buy", why: "a stop to buy at the last price" },
    { terms: at("stop-limit", 100), price: 90, side: "sell", why: "a stop to sell at the last price" },
    { terms: at("take-profit-limit", 100), price: 90, side: "buy", why: "a profit to buy at the last price" },
    {
      terms: at("take-profit-limit", 99),
      price: 90,
      side: "sell",
      why: "a profit to sell above its trigger",
    },
  ])("that is there already is refused: $why", ({ terms, price, side }) => {
    expect(market().tell(ANN, side, 1, price, terms)).toEqual(["refused would-trigger"]);
  });

  test("waits whatever its trigger before the first trade, and the first trade enters all by age", () => {
    const desk = new Desk();
    const far = desk.put(ANN, "sell", 1, 0, at("stop", 500));
    const near = desk.put(ANN, "sell", 1, 0, at("stop", 101));
    desk.put(BEN, "sell", 1, 100);
    expect(triggered(desk.tell(CAM, "buy", 1, 100))).toEqual([`triggered ${far}`, `triggered ${near}`]);
  });

  test("holds its funds from its entry, is counted as open, expires and is canceled like any other", () => {
    const desk = market();
    const events = desk.apply(
      placing(ANN, "buy", 0, 0, at("stop", 105, { ...spending(300), expiresAt: 2_000 })),
    );
    expect(events.at(-1)).toMatchObject({ kind: "WalletChanged", asset: QUOTE, held: 300 });
    expect(desk.engine.nextExpiry).toBe(2_000);
    desk.at = 2_000;
    expect(said(desk.apply({ kind: "ExpireOrders" }))).toEqual([
      `expired ${desk.engine.appliedSeq - 1} time`,
    ]);
    const order = desk.put(ANN, "sell", 1, 0, trailing(5));
    expect(said(desk.apply({ kind: "CancelAllOrders", account: ANN, market: null }))).toEqual([
      `canceled ${order} requested`,
    ]);
    expect(desk.cancel(ANN, order)).toEqual(["refused order-not-open"]);
  });

  test("counts towards the limit of open orders, whatever its time in force", () => {
    const desk = new Desk({ maxOpenOrders: 1 });
    desk.put(ANN, "sell", 1, 0, at("stop", 50, { timeInForce: "ioc" }));
    expect(desk.tell(ANN, "sell", 1, 0, at("stop", 50))).toEqual(["refused too-many-open-orders"]);
  });

  test("that finds nothing expires, and what it held is free", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "sell", 5, 0, at("stop", 100));
    desk.put(BEN, "sell", 1, 100);
    const events = desk.apply(placing(CAM, "buy", 1, 100));
    expect(said(events).slice(-2)).toEqual([`triggered ${order}`, `expired ${order} unfilled`]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "WalletChanged", account: ANN, asset: BASE, held: 0 }),
    );
  });

  test("that must be filled whole is looked at when it enters", () => {
    const desk = market();
    const whole = desk.put(ANN, "buy", 50, 120, at("stop-limit", 101, { timeInForce: "fok" }));
    const never = desk.put(ANN, "buy", 51, 120, at("stop-limit", 102, { timeInForce: "fok" }));
    desk.put(BEN, "sell", 1, 102);
    expect(desk.tell(CAM, "buy", 1, 102).slice(-6)).toEqual([
      `triggered ${whole}`,
      expect.stringMatching("trade 50 at 120"),
      expect.stringMatching("filled"),
      `filled ${whole}`,
      `triggered ${never}`,
      `expired ${never} unfilled`,
    ]);
  });

  test("of a suspended account enters and trades", () => {
    const desk = market();
    const order = desk.put(ANN, "sell", 1, 0, at("stop", 95));
    desk.apply({ kind: "SetAccountStatus", account: ANN, status: "suspended" });
    desk.put(BEN, "sell", 1, 95);
    expect(desk.tell(CAM, "buy", 1, 95).at(-1)).toBe(`filled ${order}`);
  });

  test("that enters in the face of its own account's order follows its self-trade mode", () => {
    const desk = new Desk();
    desk.put(ANN, "buy", 1, 90);
    const order = desk.put(ANN, "sell", 1, 0, at("stop", 95, { selfTradePrevention: "cancel-taker" }));
    desk.put(BEN, "sell", 1, 95);
    expect(desk.tell(CAM, "buy", 1, 95).at(-1)).toBe(`canceled ${order} self-trade`);
  });
});

describe("a round", () => {
  test("takes the triggers nearest to the last price before the trades first, then by age", () => {
    const desk = new Desk();
    desk.print(100);
    const far = desk.put(ANN, "sell", 1, 0, at("stop", 90));
    const near = desk.put(ANN, "sell", 1, 0, at("stop", 95));
    const alike = desk.put(ANN, "sell", 1, 0, at("stop", 95));
    const other = desk.put(ANN, "sell", 1, 0, at("take-profit", 105));
    desk.put(BEN, "sell", 1, 105);
    desk.put(BEN, "buy", 1, 90);
    // One command that trades on both sides of the last price: up to 105, and then a cascade down to 90.
    expect(triggered(desk.tell(CAM, "buy", 1, 105))).toEqual([
      `triggered ${other}`,
      `triggered ${near}`,
      `triggered ${alike}`,
      `triggered ${far}`,
    ]);
  });

  test("brings about the next one with its trades", () => {
    const desk = market();
    desk.put(BEN, "buy", 1, 90);
    const first = desk.put(ANN, "sell", 2, 0, at("stop", 95));
    const second = desk.put(ANN, "sell", 1, 0, at("stop", 90));
    const third = desk.put(ANN, "sell", 1, 0, at("stop", 80));
    const same = desk.put(ANN, "sell", 1, 0, at("stop", 94));
    desk.put(BEN, "sell", 1, 94);
    expect(triggered(desk.tell(CAM, "buy", 1, 94))).toEqual(
      [first, same, second, third].map((order) => `triggered ${order}`),
    );
  });
});

describe("a trailing stop", () => {
  test("has no trigger before the first trade after its entry, then follows the best price", () => {
    const desk = new Desk();
    desk.print(200);
    const order = desk.put(ANN, "sell", 1, 0, trailing(5));
    for (const price of [100, 103, 99, 104]) desk.print(price);
    desk.put(BEN, "sell", 1, 100);
    expect(triggered(desk.tell(CAM, "buy", 1, 100))).toEqual([]);
    desk.put(BEN, "sell", 1, 99);
    expect(triggered(desk.tell(CAM, "buy", 1, 99))).toEqual([`triggered ${order}`]);
  });

  test("to buy follows the lowest price", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 0, 0, trailing(5, spending(1_000)));
    for (const price of [100, 97, 101]) desk.print(price);
    desk.put(BEN, "sell", 2, 102);
    expect(desk.tell(CAM, "buy", 1, 102).slice(-4)).toEqual([
      `triggered ${order}`,
      expect.stringMatching("trade 1 at 102"),
      expect.stringMatching("filled"),
      `expired ${order} unfilled`,
    ]);
  });

  test("is compared with each trade of a command before that moves it", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "sell", 1, 0, trailing(5));
    desk.print(100);
    // One order that trades at 110, 107 and 104: the second does not reach 105, the third does.
    for (const price of [110, 107, 104]) desk.put(BEN, "buy", 1, price);
    expect(triggered(desk.tell(CAM, "sell", 3, 104))).toEqual([`triggered ${order}`]);
  });

  test("needs no minimum notional unless it has a budget", () => {
    const desk = new Desk({ minNotional: 1_000 });
    desk.put(ANN, "sell", 1, 0, trailing(5));
    expect(desk.tell(ANN, "buy", 0, 0, trailing(5, spending(999)))).toEqual(["refused below-min-notional"]);
    expect(desk.tell(ANN, "sell", 1, 0, at("stop", 999))).toEqual(["refused below-min-notional"]);
    expect(desk.tell(ANN, "sell", 1, 0, at("stop", 1_000))).toHaveLength(1);
    expect(desk.tell(ANN, "sell", 1, 999, at("stop-limit", 1_000))).toEqual(["refused below-min-notional"]);
  });
});
