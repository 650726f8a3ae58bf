import { describe, expect, test } from "vitest";
import type { AccountIndex } from "../../src/domain/units.ts";
import { ANN, BEN, Desk, said } from "./desk.ts";

function set(desk: Desk, account: AccountIndex, seconds: number) {
  return desk.apply({ kind: "SetCancelAfter", account, seconds });
}

const expire = (desk: Desk) => said(desk.apply({ kind: "ExpireOrders" }));

describe("the dead man's switch", () => {
  test("cancels all that the account has open and waiting when it runs out, the oldest first", () => {
    const desk = new Desk();
    const orders = [
      desk.put(ANN, "buy", 1, 100),
      desk.put(ANN, "sell", 1, 0, { type: "stop", triggerPrice: 50 }),
      desk.put(ANN, "buy", 1, 90),
    ];
    desk.put(BEN, "buy", 1, 80);
    expect(set(desk, ANN, 5)).toEqual([{ kind: "CancelAfterSet", account: ANN, deadline: 6_000 }]);
    expect(desk.engine.nextExpiry).toBe(6_000);
    desk.at = 5_999;
    expect(expire(desk)).toEqual([]);
    desk.at = 6_000;
    const canceled = orders.map((order) => `canceled ${order} cancel-after`);
    expect(expire(desk)).toEqual([...canceled, "CancelAfterSet"]);
    expect(desk.engine.nextExpiry).toBeNull();
    expect(expire(desk)).toEqual([]);
  });

  test("starts anew each time that it is set, and 0 disarms it", () => {
    const desk = new Desk();
    set(desk, ANN, 5);
    set(desk, ANN, 9);
    expect(desk.engine.nextExpiry).toBe(10_000);
    set(desk, ANN, 2);
    expect(desk.engine.nextExpiry).toBe(3_000);
    expect(set(desk, ANN, 0)).toEqual([{ kind: "CancelAfterSet", account: ANN, deadline: null }]);
    expect(desk.engine.nextExpiry).toBeNull();
  });

  test("runs out in the order of time with the orders that expire, which come first at one time", () => {
    const desk = new Desk();
    const ends = (expiresAt: number) => desk.put(ANN, "buy", 1, 100, { timeInForce: "gtd", expiresAt });
    const [late, early, same] = [ends(9_000), ends(2_000), ends(6_000)];
    const other = desk.put(BEN, "buy", 1, 100);
    set(desk, BEN, 2);
    set(desk, ANN, 5);
    desk.at = 20_000;
    expect(expire(desk)).toEqual([
      `expired ${early} time`,
      `canceled ${other} cancel-after`,
      "CancelAfterSet",
      `expired ${same} time`,
      `canceled ${late} cancel-after`,
      "CancelAfterSet",
    ]);
  });

  test("is for a suspended account and a halted market too: it only ever cancels", () => {
    const desk = new Desk();
    const order = desk.put(ANN, "buy", 1, 100);
    desk.apply({ kind: "SetAccountStatus", account: ANN, status: "suspended" });
    desk.change({ status: "halted" });
    set(desk, ANN, 1);
    desk.at = 2_000;
    expect(expire(desk)).toEqual([`canceled ${order} cancel-after`, "CancelAfterSet"]);
  });
});
