import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TradeExecuted } from "../../src/domain/events.ts";
import { ANN, BEN, CAM, changing, Desk, placing, shown } from "./desk.ts";

describe("an auction", () => {
  test("lets plain limit orders rest across each other, lets triggered ones wait, and refuses the rest", () => {
    const desk = new Desk({ status: "auction" });
    desk.put(ANN, "buy", 1, 110);
    expect(shown(desk.apply(placing(BEN, "sell", 1, 90)))).toEqual(["sell 90: 1"]);
    desk.put(CAM, "sell", 1, 90, { timeInForce: "gtd", expiresAt: 9_000 });
    desk.put(CAM, "sell", 4, 95, { displayQuantity: 1 });
    desk.put(CAM, "sell", 1, 0, { type: "stop", triggerPrice: 50 });
    for (const terms of [{ postOnly: true }, { timeInForce: "ioc" }, { timeInForce: "fok" }] as const) {
      expect(desk.tell(ANN, "buy", 1, 80, terms)).toEqual(["refused market-halted"]);
    }
    expect(desk.tell(ANN, "buy", 1, 0)).toEqual(["refused market-halted"]);
  });

  test("lets an amend enter again only if it could be placed", () => {
    const desk = new Desk();
    const plain = desk.put(ANN, "buy", 5, 80);
    const post = desk.put(ANN, "buy", 5, 80, { postOnly: true });
    const stop = desk.put(ANN, "buy", 5, 80, { type: "stop-limit", triggerPrice: 100 });
    const waiting = desk.put(ANN, "buy", 5, 80, { type: "stop-limit", triggerPrice: 500 });
    desk.print(100);
    desk.change({ status: "auction" });
    desk.put(BEN, "sell", 1, 70);
    expect(desk.amend(ANN, plain, { price: 75 })).toEqual([`amended ${plain}: 5 at 75`]);
    expect(desk.amend(ANN, post, { price: 81 })).toEqual(["refused market-halted"]);
    expect(desk.amend(ANN, stop, { price: 81 })).toEqual(["refused market-halted"]);
    expect(desk.amend(ANN, post, { quantity: 4 })).toEqual([`amended ${post}: 4 at 80, in place`]);
    expect(desk.amend(ANN, stop, { quantity: 4 })).toEqual([`amended ${stop}: 4 at 80, in place`]);
    expect(desk.amend(ANN, waiting, { price: 81 })).toEqual([`amended ${waiting}: 5 at 81, in place`]);
  });
});

describe("the uncross", () => {
  const opened = (desk: Desk) => desk.change({ status: "open" });

  test("trades at one price in price-time priority, the later of two orders being the taker", () => {
    const desk = new Desk({ status: "auction" });
    const first = desk.put(ANN, "buy", 3, 105);
    const second = desk.put(BEN, "sell", 2, 95);
    const third = desk.put(CAM, "sell", 2, 100);
    const better = desk.put(BEN, "buy", 1, 110);
    expect(opened(desk)).toEqual([
      "MarketChanged",
      `trade 1 at 105: ${better} takes ${second}`,
      `filled ${better}`,
      `trade 1 at 105: ${second} takes ${first}`,
      `filled ${second}`,
      `trade 2 at 105: ${third} takes ${first}`,
      `filled ${first}`,
      `filled ${third}`,
    ]);
  });

  test("leaves alone what does not cross, and orders of one account trade with each other", () => {
    const desk = new Desk({ status: "auction" });
    desk.put(ANN, "buy", 2, 100);
    desk.put(ANN, "sell", 2, 101);
    expect(opened(desk)).toEqual(["MarketChanged"]);
    desk.change({ status: "auction" });
    desk.put(ANN, "sell", 2, 100);
    expect(opened(desk).slice(-3)).toEqual([
      expect.stringMatching("trade 2 at 100"),
      expect.stringMatching("filled"),
      expect.stringMatching("filled"),
    ]);
  });

  test("happens when a halted market opens that was crossed before", () => {
    const desk = new Desk({ status: "auction" });
    desk.put(ANN, "buy", 2, 100);
    desk.put(BEN, "sell", 2, 100);
    expect(desk.change({ status: "halted" })).toEqual(["MarketChanged"]);
    expect(opened(desk)).toHaveLength(4);
  });

  test("takes an iceberg part by part, whose new part has a new place in time", () => {
    const desk = new Desk({ status: "auction" });
    const berg = desk.put(ANN, "sell", 3, 100, { displayQuantity: 1 });
    const bid = desk.put(BEN, "buy", 4, 100);
    expect(opened(desk)).toEqual([
      "MarketChanged",
      `trade 1 at 100: ${bid} takes ${berg}`,
      `trade 1 at 100: ${berg} takes ${bid}`,
      `trade 1 at 100: ${berg} takes ${bid}`,
      `filled ${berg}`,
    ]);
  });

  test("is followed by what its trades trigger", () => {
    const desk = new Desk({ status: "auction" });
    const stop = desk.put(CAM, "sell", 1, 0, { type: "stop", triggerPrice: 100 });
    desk.put(ANN, "buy", 3, 100);
    desk.put(BEN, "sell", 1, 100);
    expect(opened(desk).slice(-3)).toEqual([
      `triggered ${stop}`,
      expect.stringMatching(`trade 1 at 100: ${stop} takes`),
      `filled ${stop}`,
    ]);
  });
});

type Standing = { readonly price: number; readonly quantity: number; readonly display: number };

/** The rule, tick by tick. */
function expectedPrice(bids: readonly Standing[], asks: readonly Standing[], last: number | null) {
  const sum = (orders: readonly Standing[]) => orders.reduce((total, { quantity }) => total + quantity, 0);
  let best: { price: number; volume: number; surplus: number; distance: number } | undefined;
  for (let price = 60; price >= 1; price -= 1) {
    const bought = sum(bids.filter((bid) => bid.price >= price));
    const sold = sum(asks.filter((ask) => ask.price <= price));
    const [volume, surplus] = [Math.min(bought, sold), Math.abs(bought - sold)];
    const distance = last === null ? 0 : Math.abs(price - last);
    const order =
      best === undefined ? 1 : volume - best.volume || best.surplus - surplus || best.distance - distance;
    if (order > 0) best = { price, volume, surplus, distance };
  }
  return best!;
}

describe("the price of the uncross", () => {
  const standing = fc.record({
    price: fc.integer({ min: 20, max: 40 }),
    quantity: fc.integer({ min: 1, max: 9 }),
    display: fc.integer({ min: 0, max: 3 }),
  });

  test("is that of the rule, tick by tick, and all that crosses there trades", () => {
    fc.assert(
      fc.property(
        fc.array(standing, { maxLength: 8 }),
        fc.array(standing, { maxLength: 8 }),
        fc.option(fc.integer({ min: 10, max: 50 })),
        (bids, asks, last) => {
          const desk = new Desk();
          if (last !== null) desk.print(last);
          desk.change({ status: "auction" });
          const put = (side: "buy" | "sell") => (order: Standing, place: number) =>
            desk.put(place % 2 === 0 ? ANN : BEN, side, order.quantity, order.price, {
              displayQuantity: order.display === 0 ? null : order.display,
            });
          bids.forEach(put("buy"));
          asks.forEach(put("sell"));
          const events = desk.apply(changing({ status: "open" }));
          const trades = events.filter((event): event is TradeExecuted => event.kind === "TradeExecuted");
          const { price, volume } = expectedPrice(bids, asks, last);
          expect(trades.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(volume);
          expect(trades.every((trade) => trade.price === price)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
