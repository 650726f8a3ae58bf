import { describe, expect, test } from "vitest";
import type { SelfTradePrevention } from "../../src/domain/commands.ts";
import { ANN, BEN, Desk, placing, QUOTE } from "./desk.ts";

const by = (selfTradePrevention: SelfTradePrevention) => ({ selfTradePrevention });

/** Ben offers 1, Ann 3, Ben 5 more, all at 100; an order of Ann's comes next. */
function queue() {
  const desk = new Desk();
  const first = desk.put(BEN, "sell", 1, 100);
  const own = desk.put(ANN, "sell", 3, 100);
  const last = desk.put(BEN, "sell", 5, 100);
  return { desk, first, own, last, order: desk.nextOrder };
}

describe("an order that meets one of its own account", () => {
  test("cancels it and goes on, by cancel-maker", () => {
    const { desk, first, own, last, order } = queue();
    expect(desk.tell(ANN, "buy", 4, 100, by("cancel-maker"))).toEqual([
      `placed ${order}`,
      `trade 1 at 100: ${order} takes ${first}`,
      `filled ${first}`,
      `canceled ${own} self-trade`,
      `trade 3 at 100: ${order} takes ${last}`,
      `filled ${order}`,
    ]);
  });

  test("is canceled for its rest and leaves the other, by cancel-taker", () => {
    const { desk, first, own, order } = queue();
    expect(desk.tell(ANN, "buy", 4, 100, by("cancel-taker"))).toEqual([
      `placed ${order}`,
      `trade 1 at 100: ${order} takes ${first}`,
      `filled ${first}`,
      `canceled ${order} self-trade`,
    ]);
    expect(desk.cancel(ANN, own)).toEqual([`canceled ${own} requested`]);
  });

  test("ends with it, by cancel-both", () => {
    const { desk, own, order } = queue();
    expect(desk.tell(ANN, "buy", 4, 100, by("cancel-both")).slice(-2)).toEqual([
      `canceled ${own} self-trade`,
      `canceled ${order} self-trade`,
    ]);
  });

  test("loses what the smaller one has, by decrement, and goes on with the rest", () => {
    const { desk, first, own, last, order } = queue();
    expect(desk.tell(ANN, "buy", 6, 100, by("decrement"))).toEqual([
      `placed ${order}`,
      `trade 1 at 100: ${order} takes ${first}`,
      `filled ${first}`,
      `prevented 3: ${order} meets ${own}`,
      `canceled ${own} self-trade`,
      `trade 2 at 100: ${order} takes ${last}`,
      `filled ${order}`,
    ]);
  });

  test("ends by decrement if it is the smaller one, and the other keeps its place for the rest", () => {
    const { desk, own, order } = queue();
    expect(desk.tell(ANN, "buy", 3, 100, by("decrement")).slice(-2)).toEqual([
      `prevented 2: ${order} meets ${own}`,
      `canceled ${order} self-trade`,
    ]);
    expect(desk.tell(BEN, "buy", 1, 100)).toContain(`trade 1 at 100: ${order + 1} takes ${own}`);
  });

  test("both end if they are equal, and what they held is free", () => {
    const desk = new Desk();
    const own = desk.put(ANN, "sell", 3, 100);
    const order = desk.nextOrder;
    expect(desk.tell(ANN, "buy", 3, 101, by("decrement"))).toEqual([
      `placed ${order}`,
      `prevented 3: ${order} meets ${own}`,
      `canceled ${own} self-trade`,
      `canceled ${order} self-trade`,
    ]);
  });

  test("that rests after a decrement holds for what is left", () => {
    const desk = new Desk();
    desk.put(ANN, "sell", 3, 100);
    const events = desk.apply(placing(ANN, "buy", 5, 100, by("decrement")));
    const held = 200;
    expect(events).toContainEqual(expect.objectContaining({ kind: "WalletChanged", asset: QUOTE, held }));
  });

  test("by budget cancels it under decrement", () => {
    const { desk, own, order } = queue();
    const told = desk.tell(ANN, "buy", 0, 0, { quoteQuantity: 200, ...by("decrement") });
    expect(told).toContain(`canceled ${own} self-trade`);
    expect(told.at(-1)).toBe(`filled ${order}`);
  });

  test("by budget is over under cancel-taker, whatever it has bought", () => {
    const { desk, order } = queue();
    expect(desk.tell(ANN, "buy", 0, 0, { quoteQuantity: 200, ...by("cancel-taker") }).at(-1)).toBe(
      `canceled ${order} self-trade`,
    );
  });
});

describe("a fill-or-kill order", () => {
  test.each<{ mode: SelfTradePrevention; quantity: number; fills: boolean; why: string }>([
    {
      mode: "cancel-maker",
      quantity: 6,
      fills: true,
      why: "its own account's order would be out of the way",
    },
    { mode: "cancel-maker", quantity: 7, fills: false, why: "there is no more than six of others" },
    { mode: "cancel-taker", quantity: 1, fills: true, why: "it does not come as far as its own" },
    { mode: "cancel-taker", quantity: 2, fills: false, why: "it would end at its own" },
    { mode: "cancel-both", quantity: 2, fills: false, why: "it would end with its own" },
    { mode: "decrement", quantity: 1, fills: true, why: "it does not come as far as its own" },
    { mode: "decrement", quantity: 5, fills: false, why: "what is prevented is not traded" },
  ])("of $quantity by $mode is filled: $fills, since $why", ({ mode, quantity, fills }) => {
    const { desk, order } = queue();
    const told = desk.tell(ANN, "buy", quantity, 100, { timeInForce: "fok", ...by(mode) });
    if (fills) expect(told.at(-1)).toBe(`filled ${order}`);
    else expect(told).toEqual([`placed ${order}`, `expired ${order} unfilled`]);
  });
});

describe("a market buy by quantity must afford what it would trade", () => {
  test.each<{ mode: SelfTradePrevention; money: number; refused: boolean; why: string }>([
    { mode: "cancel-maker", money: 599, refused: true, why: "six lots of others" },
    { mode: "cancel-maker", money: 600, refused: false, why: "six lots of others" },
    { mode: "cancel-taker", money: 100, refused: false, why: "the lot before its own order" },
    { mode: "decrement", money: 399, refused: true, why: "seven less the three that are prevented" },
    { mode: "decrement", money: 400, refused: false, why: "seven less the three that are prevented" },
  ])("by $mode with $money, refused: $refused, for $why", ({ mode, money, refused }) => {
    const { desk } = queue();
    desk.keep(ANN, QUOTE, money);
    const [first] = desk.tell(ANN, "buy", 7, 0, by(mode));
    expect(first === "refused insufficient-funds").toBe(refused);
  });
});

test("a market buy that meets nothing but its own account's order holds nothing, and tells of no wallet", () => {
  const desk = new Desk();
  desk.put(ANN, "sell", 3, 100);
  const events = desk.apply(placing(ANN, "buy", 2, 0, by("cancel-taker")));
  expect(events.map(({ kind }) => kind)).toEqual(["OrderPlaced", "OrderCanceled"]);
});
