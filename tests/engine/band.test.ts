import { describe, expect, test } from "vitest";
import type { MarketListing } from "../../src/domain/market.ts";
import { AMOUNT_MAX } from "../../src/domain/units.ts";
import { bandOf } from "../../src/engine/band.ts";
import type { MarketState } from "../../src/engine/state.ts";
import { ANN, BEN, CAM, Desk, MARKET, QUOTE } from "./desk.ts";

/** A band of a tenth. */
const TENTH = { priceBand: 100_000 };

describe("the band", () => {
  test.each([
    { share: 100_000, reference: 100, lowest: 90, highest: 110, why: "a tenth of a hundred" },
    {
      share: 100_000,
      reference: 109,
      lowest: 99,
      highest: 119,
      why: "10.9 ticks: the tenth tick is within, the eleventh not",
    },
    { share: 1, reference: 999_999, lowest: 999_999, highest: 999_999, why: "less than a tick" },
    { share: 1, reference: 1_000_000, lowest: 999_999, highest: 1_000_001, why: "a tick exactly" },
    { share: 999_999, reference: 1, lowest: 1, highest: 1, why: "nearly all of the lowest price" },
    {
      share: 333_333,
      reference: 9_007_199_254_740_991,
      lowest: 6_004_802_505_560_413,
      highest: AMOUNT_MAX,
      why: "a third of the highest price",
    },
  ])("of $share millionths around $reference is exact: $why", ({ share, reference, lowest, highest }) => {
    const market = { priceBand: share, referencePrice: null } as MarketListing;
    expect(bandOf({ market, lastPrice: reference } as MarketState)).toEqual({ lowest, highest });
    const width = (BigInt(reference) * BigInt(share)) / 1_000_000n;
    expect(BigInt(reference) - BigInt(lowest)).toBe(width);
  });

  test("refuses a limit outside it, measured from the last trade, and before one from the listing's reference", () => {
    const desk = new Desk({ ...TENTH, referencePrice: 200 });
    expect(desk.tell(ANN, "buy", 1, 179)).toEqual(["refused price-out-of-band"]);
    expect(desk.tell(ANN, "sell", 1, 221)).toEqual(["refused price-out-of-band"]);
    desk.print(180);
    expect(desk.tell(ANN, "buy", 1, 162)).toHaveLength(1);
    expect(desk.tell(ANN, "buy", 1, 161)).toEqual(["refused price-out-of-band"]);
    expect(desk.tell(ANN, "sell", 1, 199)).toEqual(["refused price-out-of-band"]);
    expect(desk.tell(ANN, "buy", 1, 199, { type: "stop-limit", triggerPrice: 190 })).toEqual([
      "refused price-out-of-band",
    ]);
  });

  test("is none before the first trade of a market without a reference, and none once it is taken away", () => {
    const desk = new Desk(TENTH);
    desk.put(ANN, "buy", 1, 1);
    desk.print(100);
    expect(desk.tell(ANN, "buy", 1, 89)).toEqual(["refused price-out-of-band"]);
    desk.change({ priceBand: 0 });
    expect(desk.tell(ANN, "buy", 1, 89)).toHaveLength(1);
    desk.change({ priceBand: 50_000 });
    expect(desk.tell(ANN, "buy", 1, 94)).toEqual(["refused price-out-of-band"]);
  });

  /** Offers at 110 and 111, where a band of a tenth ends between them. */
  function offers(): Desk {
    const desk = new Desk();
    desk.print(100);
    desk.put(BEN, "sell", 2, 110);
    desk.put(BEN, "sell", 2, 111);
    desk.change(TENTH);
    return desk;
  }

  test("stops a market order at its edge, and what is left of it expires", () => {
    const desk = offers();
    const told = desk.tell(ANN, "buy", 3, 0);
    expect(told.slice(1, 2)).toEqual([expect.stringMatching("trade 2 at 110")]);
    expect(told.at(-1)).toMatch("unfilled");
    expect(desk.tell(ANN, "buy", 1, 0)[1]).toMatch("trade 1 at 111");
  });

  test("stops an order by budget, which expires for its rest", () => {
    expect(offers().tell(ANN, "buy", 0, 0, { quoteQuantity: 400 }).at(-1)).toMatch(/expired \d+ unfilled/);
    expect(offers().tell(ANN, "buy", 0, 0, { quoteQuantity: 225 }).at(-1)).toMatch("expired");
    expect(offers().tell(ANN, "buy", 0, 0, { quoteQuantity: 220 }).at(-1)).toMatch("filled");
    expect(offers().tell(ANN, "buy", 0, 0, { quoteQuantity: 219 }).at(-1)).toMatch("filled");
  });

  test("counts for the check of fill-or-kill, and for the cost of a market buy", () => {
    expect(offers().tell(ANN, "buy", 3, 0, { timeInForce: "fok" }).at(-1)).toMatch("expired");
    const desk = offers();
    desk.keep(ANN, QUOTE, 220);
    expect(desk.tell(ANN, "buy", 3, 0)).toContainEqual(expect.stringMatching("trade 2 at 110"));
  });

  test("is the same for all orders that a command triggers", () => {
    const desk = offers();
    const stop = desk.put(CAM, "buy", 0, 0, { type: "stop", triggerPrice: 110, quoteQuantity: 1_000 });
    // The trade at 110 would put 111 within the band; that of before the command is what counts.
    const told = desk.tell(ANN, "buy", 1, 110);
    expect(told.slice(-3)).toEqual([
      expect.stringMatching("trade 1 at 110"),
      expect.stringMatching("filled"),
      `expired ${stop} unfilled`,
    ]);
  });

  test("holds at once, for what the uncross of the same change triggers too", () => {
    const desk = new Desk();
    desk.print(100);
    const stop = desk.put(CAM, "buy", 0, 0, { type: "stop", triggerPrice: 105, quoteQuantity: 1_000 });
    desk.put(BEN, "sell", 2, 111);
    desk.change({ status: "auction" });
    desk.put(BEN, "sell", 1, 106);
    desk.put(ANN, "buy", 1, 106);
    const told = desk.change({ status: "open", ...TENTH });
    expect(told.slice(-2)).toEqual([`triggered ${stop}`, `expired ${stop} unfilled`]);
  });

  test("is not looked at by an amend that keeps the price and makes the order smaller", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 50);
    desk.print(100);
    desk.change(TENTH);
    expect(desk.amend(ANN, order, { quantity: 4 })).toHaveLength(1);
    expect(desk.amend(ANN, order, { quantity: 5 })).toEqual(["refused price-out-of-band"]);
    expect(desk.amend(ANN, order, { price: 51 })).toEqual(["refused price-out-of-band"]);
    expect(desk.amend(ANN, order, { price: 90 })).toHaveLength(1);
  });

  test("is told to whoever looks into the market, and that there is none as well", () => {
    const desk = new Desk();
    const market = () => desk.engine.inspect().market(MARKET);
    desk.print(100);
    expect(market().band).toBeNull();
    desk.change(TENTH);
    expect(market().band).toEqual({ lowest: 90, highest: 110 });
  });
});
