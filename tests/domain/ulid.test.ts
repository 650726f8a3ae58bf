import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { orderUlid, parseOrderUlid } from "../../src/domain/ulid.ts";
import { AMOUNT_MAX, epochMs, orderId } from "../../src/domain/units.ts";

/** The largest time of a ULID: 48 bits. */
const TIME_MAX = 2 ** 48 - 1;

describe("the second name of an order", () => {
  test.each([
    { at: 0, order: 1, gives: "00000000000000000000000001", why: "the first order of all" },
    { at: 0, order: 31, gives: "0000000000000000000000000Z", why: "the last digit" },
    { at: 0, order: 32, gives: "00000000000000000000000010", why: "the carry" },
    {
      at: 1_469_918_176_385,
      order: 1,
      gives: "01ARYZ6S410000000000000001",
      why: "the time of the specification",
    },
    { at: 0, order: AMOUNT_MAX, gives: "0000000000000007ZZZZZZZZZZ", why: "the largest sequence" },
    { at: TIME_MAX, order: 1, gives: "7ZZZZZZZZZ0000000000000001", why: "the largest time" },
  ])("of order $order at $at is $gives: $why", ({ at, order, gives }) => {
    expect(orderUlid(epochMs(at), orderId(order))).toBe(gives);
    expect(parseOrderUlid(gives)).toEqual({ at, order });
  });

  test.each([
    { value: "", why: "nothing" },
    { value: "0000000000000000000000001", why: "25 characters" },
    { value: "000000000000000000000000001", why: "27 characters" },
    { value: "8ZZZZZZZZZ0000000000000001", why: "more than 128 bits" },
    { value: "01ARYZ6S41000000000000000i", why: "no lower case" },
    { value: "01ARYZ6S41000000000000000I", why: "no I, which looks like 1" },
    { value: "01ARYZ6S41000000000000000L", why: "no L, which looks like 1" },
    { value: "01ARYZ6S41000000000000000O", why: "no O, which looks like 0" },
    { value: "01ARYZ6S41000000000000000U", why: "no U" },
    { value: "01ARYZ6S410000000000000000", why: "no order has the sequence zero" },
    { value: "01ARYZ6S410000080000000000", why: "a sequence of 2^53 and more names nothing" },
    { value: "01ARYZ6S41ZZZZZZZZZZZZZZZZ", why: "a random ULID names nothing" },
    { value: " 1ARYZ6S410000000000000001", why: "no spaces" },
    { value: "01ARYZ6S410000000000000001\n", why: "no line end" },
  ])("is never $value: $why", ({ value }) => {
    expect(parseOrderUlid(value)).toBeUndefined();
  });

  test("gives back the time and the sequence that it was made of, and sorts as they do", () => {
    const name = fc.tuple(fc.integer({ min: 0, max: TIME_MAX }), fc.integer({ min: 1, max: AMOUNT_MAX }));
    fc.assert(
      fc.property(name, name, ([at, order], [otherAt, otherOrder]) => {
        const ulid = orderUlid(epochMs(at), orderId(order));
        const other = orderUlid(epochMs(otherAt), orderId(otherOrder));
        expect(parseOrderUlid(ulid)).toEqual({ at, order });
        expect(ulid < other).toBe(at < otherAt || (at === otherAt && order < otherOrder));
      }),
    );
  });
});
