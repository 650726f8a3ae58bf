import { describe, expect, test } from "vitest";
import { orderId } from "../../src/domain/units.ts";
import { ANN, amending, BASE, BEN, CAM, Desk, QUOTE, said, shown } from "./desk.ts";

describe("an amend", () => {
  test("at the same price and smaller keeps the place and frees what is not needed any more", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 100);
    desk.put(BEN, "buy", 1, 100);
    const events = desk.apply(amending(ANN, order, { quantity: 2 }));
    expect(said(events)).toEqual([`amended ${order}: 2 at 100, in place`]);
    expect(shown(events)).toEqual(["buy 100: 3"]);
    expect(events.at(-1)).toMatchObject({ kind: "WalletChanged", asset: QUOTE, held: 200 });
    expect(desk.tell(CAM, "sell", 1, 100)[1]).toBe(
      `trade 1 at 100: ${desk.engine.appliedSeq} takes ${order}`,
    );
  });

  test.each([
    { change: { quantity: 6 }, why: "larger" },
    { change: { price: 99 }, why: "at another price" },
    { change: { price: 99, quantity: 2 }, why: "smaller at another price" },
  ])("that makes it $why goes to the back", ({ change }) => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 100);
    const price = change.price ?? 100;
    const other = desk.put(BEN, "buy", 1, price);
    expect(desk.amend(ANN, order, change)).toEqual([`amended ${order}: ${change.quantity ?? 5} at ${price}`]);
    expect(desk.tell(CAM, "sell", 2, 99).slice(-4)).toContain(
      `trade 1 at ${price}: ${desk.engine.appliedSeq} takes ${other}`,
    );
  });

  test("may trade, as the taker, under its own id, and keeps its age among its account's orders", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 90);
    const younger = desk.put(ANN, "buy", 5, 80);
    const ask = desk.put(BEN, "sell", 3, 100);
    expect(desk.amend(ANN, order, { price: 101 })).toEqual([
      `amended ${order}: 5 at 101`,
      `trade 3 at 100: ${order} takes ${ask}`,
      `filled ${ask}`,
    ]);
    expect(said(desk.apply({ kind: "CancelAllOrders", account: ANN, market: null }))).toEqual([
      `canceled ${order} requested`,
      `canceled ${younger} requested`,
    ]);
  });

  test("counts what has been filled, and triggers what its trades reach", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 100);
    desk.put(BEN, "sell", 3, 100);
    const stop = desk.put(CAM, "buy", 0, 0, { type: "stop", triggerPrice: 110, quoteQuantity: 1_000 });
    desk.put(BEN, "sell", 30, 110);
    expect(desk.amend(ANN, order, { price: 110, quantity: 7 }).slice(-4)).toEqual([
      `filled ${order}`,
      `triggered ${stop}`,
      expect.stringMatching("trade 9 at 110"),
      `filled ${stop}`,
    ]);
  });

  test.each([
    { change: { quantity: 3 }, refusal: "quantity-below-filled", why: "as much as has been filled" },
    { change: { quantity: 2 }, refusal: "quantity-below-filled", why: "less than has been filled" },
    { change: { quantity: 5 }, refusal: "nothing-to-amend", why: "the quantity that it has" },
    { change: { price: 100, quantity: 5 }, refusal: "nothing-to-amend", why: "the terms that it has" },
    { change: { quantity: 21 }, refusal: "above-max-quantity", why: "too much" },
    { change: { price: 9, quantity: 5 }, refusal: "below-min-notional", why: "too little worth" },
    { change: { price: 10_000_000 }, refusal: "insufficient-funds", why: "what it cannot pay" },
    { change: { price: 2 ** 53 - 1 }, refusal: "amount-too-large", why: "more than any amount" },
  ])("to $why is refused as $refusal, and nothing has changed", ({ change, refusal }) => {
    const desk = new Desk({ minNotional: 50, maxQuantity: 20 });
    const order = desk.put(ANN, "buy", 5, 100);
    desk.put(BEN, "sell", 3, 100);
    const now = change as { price?: number; quantity?: number };
    expect(desk.amend(ANN, order, now)).toEqual([`refused ${refusal}`]);
    const events = desk.apply({ kind: "CancelOrder", account: ANN, order });
    expect(shown(events)).toEqual(["buy 100: 0"]);
    expect(events.at(-1)).toMatchObject({ asset: QUOTE, held: 0, available: 1_000_000 - 300 });
  });

  test("names an open order of the account", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 100);
    expect(desk.amend(BEN, order, { quantity: 5 })).toEqual(["refused order-not-open"]);
    expect(desk.amend(ANN, orderId(order + 1), { quantity: 4 })).toEqual(["refused order-not-open"]);
    desk.cancel(ANN, order);
    expect(desk.amend(ANN, order, { quantity: 4 })).toEqual(["refused order-not-open"]);
  });

  test("of a post-only order that would take is refused, and leaves it as it was", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 90, { postOnly: true });
    desk.put(BEN, "sell", 1, 100);
    expect(desk.amend(ANN, order, { price: 100 })).toEqual(["refused would-take"]);
    expect(desk.amend(ANN, order, { price: 99 })).toEqual([`amended ${order}: 5 at 99`]);
  });

  test("is refused where nothing is accepted, and for a suspended account", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 90);
    desk.change({ status: "halted" });
    expect(desk.amend(ANN, order, { quantity: 4 })).toEqual(["refused market-halted"]);
    desk.apply({ kind: "SetAccountStatus", account: ANN, status: "suspended" });
    expect(desk.amend(ANN, order, { quantity: 4 })).toEqual(["refused account-suspended"]);
    expect(desk.amend(ANN, order, { quantity: 5 })).toEqual(["refused nothing-to-amend"]);
  });
});

describe("an amend of an iceberg", () => {
  test("downwards takes from the hidden part first, and then from what is shown", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "sell", 10, 100, { displayQuantity: 4 });
    const shrink = (quantity: number) => shown(desk.apply(amending(ANN, order, { quantity: quantity })));
    expect(shrink(5)).toEqual([]);
    expect(shrink(3)).toEqual(["sell 100: 3"]);
  });

  test("upwards enters again with a part of the same size", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "sell", 10, 100, { displayQuantity: 4 });
    desk.put(BEN, "buy", 3, 100);
    const events = desk.apply(amending(ANN, order, { quantity: 1_000 }));
    expect(shown(events)).toEqual(["sell 100: 4"]);
    expect(events.at(-1)).toMatchObject({ asset: BASE, held: 997 });
  });
});

describe("an amend of an order that waits", () => {
  test("changes it in place, and it goes on waiting with what it holds now", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 5, 110, { type: "stop-limit", triggerPrice: 105 });
    const events = desk.apply(amending(ANN, order, { price: 120, quantity: 7 }));
    expect(said(events)).toEqual([`amended ${order}: 7 at 120, in place`]);
    expect(events.at(-1)).toMatchObject({ asset: QUOTE, held: 840 });
    desk.put(BEN, "sell", 9, 120);
    desk.put(CAM, "buy", 1, 120);
    expect(desk.amend(ANN, order, { quantity: 8 })).toEqual(["refused order-not-open"]);
  });

  test("without a limit has no price to change, and by budget nothing at all", () => {
    const desk = new Desk();
    const sell = desk.put(ANN, "sell", 5, 0, { type: "stop", triggerPrice: 90 });
    expect(desk.amend(ANN, sell, { price: 80 })).toEqual(["refused nothing-to-amend"]);
    expect(desk.amend(ANN, sell, { quantity: 6 })).toEqual([`amended ${sell}: 6 at null, in place`]);
    const buy = desk.put(ANN, "buy", 0, 0, {
      type: "stop",
      triggerPrice: 90,
      quoteQuantity: 500,
    });
    expect(desk.amend(ANN, buy, { quantity: 6 })).toEqual(["refused nothing-to-amend"]);
  });

  test("is judged on its trigger where it has no limit", () => {
    const desk = new Desk({ minNotional: 300 });
    const sell = desk.put(ANN, "sell", 5, 0, { type: "stop", triggerPrice: 90 });
    expect(desk.amend(ANN, sell, { quantity: 3 })).toEqual(["refused below-min-notional"]);
    expect(desk.amend(ANN, sell, { quantity: 4 })).toHaveLength(1);
  });
});
