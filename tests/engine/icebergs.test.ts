import { describe, expect, test } from "vitest";
import { ANN, BEN, CAM, Desk, placing, shown } from "./desk.ts";

const showing = (displayQuantity: number) => ({ displayQuantity });

describe("an iceberg", () => {
  test("shows its part, holds for the whole, and is refreshed when that part is used up", () => {
    const desk = new Desk();
    const placed = desk.apply(placing(ANN, "sell", 10, 100, showing(4)));
    expect(shown(placed)).toEqual(["sell 100: 4"]);
    expect(placed.at(-1)).toMatchObject({ kind: "WalletChanged", held: 10 });
    expect(shown(desk.apply(placing(BEN, "buy", 3, 100)))).toEqual(["sell 100: 1"]);
    expect(shown(desk.apply(placing(BEN, "buy", 1, 100)))).toEqual(["sell 100: 4"]);
    expect(shown(desk.apply(placing(BEN, "buy", 5, 100)))).toEqual(["sell 100: 1"]);
    expect(shown(desk.apply(placing(BEN, "buy", 1, 100)))).toEqual(["sell 100: 0"]);
  });

  test("goes to the back of its level with each part, and each part is a trade of its own", () => {
    const desk = new Desk();
    const berg = desk.put(ANN, "sell", 6, 100, showing(2));
    const plain = desk.put(BEN, "sell", 3, 100);
    const order = desk.nextOrder;
    expect(desk.tell(CAM, "buy", 9, 100)).toEqual([
      `placed ${order}`,
      `trade 2 at 100: ${order} takes ${berg}`,
      `trade 3 at 100: ${order} takes ${plain}`,
      `filled ${plain}`,
      `trade 2 at 100: ${order} takes ${berg}`,
      `trade 2 at 100: ${order} takes ${berg}`,
      `filled ${berg}`,
      `filled ${order}`,
    ]);
  });

  test("that is alone at its price goes on part by part, and the level stays", () => {
    const desk = new Desk();
    desk.put(ANN, "buy", 5, 100, showing(1));
    const events = desk.apply(placing(BEN, "sell", 4, 100));
    expect(events.filter(({ kind }) => kind === "TradeExecuted")).toHaveLength(4);
    expect(shown(events)).toEqual(["buy 100: 1"]);
  });

  test("takes with all that it has when it comes in, and rests with what is left", () => {
    const desk = new Desk();
    desk.put(BEN, "sell", 5, 100);
    const events = desk.apply(placing(ANN, "buy", 7, 100, showing(1)));
    expect(shown(events).sort()).toEqual(["buy 100: 1", "sell 100: 0"]);
    expect(desk.tell(BEN, "sell", 2, 100).at(-1)).toMatch("filled");
  });

  test("fills a fill-or-kill order with what it hides", () => {
    const desk = new Desk();
    desk.put(ANN, "sell", 10, 100, showing(1));
    expect(desk.tell(BEN, "buy", 11, 100, { timeInForce: "fok" }).at(-1)).toMatch("expired");
    expect(desk.tell(BEN, "buy", 10, 100, { timeInForce: "fok" }).at(-1)).toMatch("filled");
  });

  test("stands behind an account's own order with what it hides: a fill-or-kill order ends there", () => {
    const desk = new Desk();
    desk.put(BEN, "sell", 10, 100, showing(2));
    desk.put(ANN, "sell", 1, 100);
    const fok = { timeInForce: "fok", selfTradePrevention: "cancel-taker" } as const;
    expect(desk.tell(ANN, "buy", 3, 100, fok).at(-1)).toMatch("expired");
    expect(desk.tell(ANN, "buy", 2, 100, fok).at(-1)).toMatch("filled");
  });

  test("gives from what it hides first when two orders of one account are decremented", () => {
    const desk = new Desk();
    const berg = desk.put(ANN, "sell", 10, 100, showing(4));
    const decrement = { selfTradePrevention: "decrement" } as const;
    const order = desk.nextOrder;
    const events = desk.apply(placing(ANN, "buy", 5, 100, decrement));
    expect(events.map(({ kind }) => kind)).toContain("SelfTradePrevented");
    expect(shown(events)).toEqual([]);
    expect(shown(desk.apply(placing(ANN, "buy", 3, 100, decrement)))).toEqual(["sell 100: 2"]);
    expect(desk.tell(BEN, "buy", 2, 100)).toEqual([
      `placed ${order + 2}`,
      `trade 2 at 100: ${order + 2} takes ${berg}`,
      `filled ${berg}`,
      `filled ${order + 2}`,
    ]);
  });

  test("leaves whole when it is canceled", () => {
    const desk = new Desk();
    const berg = desk.put(ANN, "sell", 10, 100, showing(4));
    desk.put(BEN, "sell", 1, 100);
    expect(shown(desk.apply({ kind: "CancelOrder", account: ANN, order: berg }))).toEqual(["sell 100: 1"]);
  });
});
