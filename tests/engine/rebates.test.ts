import { describe, expect, test } from "vitest";
import { FEES_ACCOUNT } from "../../src/domain/commands.ts";
import type { TradeExecuted } from "../../src/domain/events.ts";
import { ANN, amending, BEN, CAM, Desk, placing, QUOTE, RICHES } from "./desk.ts";

const trades = (desk: Desk, ...order: Parameters<typeof placing>) =>
  desk
    .apply(placing(...order))
    .filter((event): event is TradeExecuted => event.kind === "TradeExecuted")
    .map(({ takerFee, makerFee }) => ({ takerFee, makerFee }));

describe("a rebate", () => {
  test("is the running total rounded down, paid out of what the taker pays in the same trade", () => {
    const desk = new Desk({ makerFee: -1_000, takerFee: 2_000 });
    desk.put(ANN, "sell", 30, 100);
    // 1.5 of 1,500, then 3 of 3,000 in all; the takers pay 3 each.
    expect(trades(desk, BEN, "buy", 15, 100)).toEqual([{ takerFee: 3, makerFee: -1 }]);
    expect(trades(desk, CAM, "buy", 15, 100)).toEqual([{ takerFee: 3, makerFee: -2 }]);
  });

  test("is never more than the taker pays, and what could not be paid stays due", () => {
    const desk = new Desk({ makerFee: -1_000, takerFee: 1_000 });
    desk.put(ANN, "buy", 60, 100);
    // The taker pays 1 for the first lot, which covers all that its later lots would have to pay.
    desk.change({ makerFee: 0, takerFee: 0 });
    expect(trades(desk, BEN, "sell", 20, 100)).toEqual([{ takerFee: 0, makerFee: 0 }]);
    desk.change({ takerFee: 3_000 });
    expect(trades(desk, BEN, "sell", 20, 100)).toEqual([{ takerFee: 6, makerFee: -4 }]);
    expect(trades(desk, BEN, "sell", 20, 100)).toEqual([{ takerFee: 6, makerFee: -2 }]);
  });

  test("to a buyer goes into its hold as far as that needs it", () => {
    const desk = new Desk({ makerFee: -5_000, takerFee: 10_000 });
    desk.put(ANN, "buy", 100, 100);
    desk.change({ makerFee: 0, takerFee: 0 });
    trades(desk, BEN, "sell", 10, 100);
    desk.change({ takerFee: 20_000 });
    expect(trades(desk, BEN, "sell", 10, 100)).toEqual([{ takerFee: 20, makerFee: -10 }]);
  });

  test("that is due lessens what the order pays as a taker, which never receives", () => {
    const desk = new Desk({ makerFee: -10_000, takerFee: 10_000 });
    const order = desk.put(ANN, "sell", 30, 100);
    desk.change({ makerFee: 0, takerFee: 0 });
    expect(trades(desk, BEN, "buy", 10, 100)).toEqual([{ takerFee: 0, makerFee: 0 }]);
    // 10 are due. As a taker it would pay 5, and then 10 more.
    desk.put(BEN, "buy", 5, 99);
    const events = desk.apply(amending(ANN, order, { price: 99 }));
    expect(events.find(({ kind }) => kind === "TradeExecuted")).toMatchObject({ takerFee: 0, makerFee: 0 });
    desk.put(BEN, "buy", 15, 98);
    const more = desk.apply(amending(ANN, order, { price: 98 }));
    // 495 and 1,470 at one in a hundred are 19.65: less 10, rounded up once.
    expect(more.find(({ kind }) => kind === "TradeExecuted")).toMatchObject({ takerFee: 10, makerFee: 0 });
  });

  test("comes out of what the taker pays, and the account fees has the rest", () => {
    const desk = new Desk({ makerFee: -1_000, takerFee: 3_000 });
    desk.put(ANN, "sell", 30, 100);
    const events = desk.apply(placing(BEN, "buy", 30, 100));
    for (const [account, available] of [
      [ANN, RICHES + 3_003],
      [BEN, RICHES - 3_009],
      [FEES_ACCOUNT, 6],
    ]) {
      const wallet = { kind: "WalletChanged", account, asset: QUOTE, available };
      expect(events).toContainEqual(expect.objectContaining(wallet));
    }
  });
});
