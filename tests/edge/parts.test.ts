/** The edge's pure parts, as tables: strict JSON, client text to units, averages, keys, traces. */
import { describe, expect, it } from "vitest";
import { type Market, OPEN_ORDERS_MAX_DEFAULT } from "../../src/domain/market.ts";
import { orderUlid } from "../../src/domain/ulid.ts";
import {
  accountIndex,
  assetIndex,
  epochMs,
  lots,
  marketIndex,
  minor,
  orderId,
  partsPerMillion,
  ticks,
} from "../../src/domain/units.ts";
import { bearerKey, createAuthenticator, makeKey } from "../../src/edge/auth.ts";
import { NESTING_MAX, readJson, readJsonBytes } from "../../src/edge/json.ts";
import {
  parseOrderName,
  parseRate,
  parseSignedRate,
  parseStep,
  parseTime,
  parseWhole,
} from "../../src/edge/parse.ts";
import { malformed, PROBLEMS, problem, Refusal } from "../../src/edge/problems.ts";
import { averagePrice } from "../../src/edge/render.ts";
import { traceIdOf } from "../../src/edge/trace-context.ts";
import type { Directory } from "../../src/projections/live/directory.ts";
import { timeText } from "../../src/projections/unit-text.ts";

describe("strict JSON", () => {
  const duplicates = [
    { text: '{"a":1,"a":1}', path: "a" },
    { text: '{"a":1,"\\u0061":2}', path: "a" },
    { text: '{"a":{"b":[0,{"c":1,"c":2}]}}', path: "a.b[1].c" },
    { text: '[[],[{"x":1,"x":2}]]', path: "[1][0].x" },
    { text: '{"":1,"":2}', path: "" },
    { text: '{"__proto__":1,"__proto__":2}', path: "__proto__" },
    { text: '{"a":"}{\\"","b":":","b":"\\\\"}', path: "b" },
  ];
  it.each(duplicates)("finds the repeated key in $text", ({ text, path }) => {
    expect(readJson(text)).toMatchObject({ kind: "duplicate", fault: { path } });
  });

  const fine = [
    '{"a":{"a":1},"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '"a:b"',
    '{"a":":\\":"}',
    "null",
    "0",
    "[]",
  ];
  it.each(fine)("reads %s as JSON.parse does", (text) => {
    expect(readJson(text)).toEqual({ value: JSON.parse(text) });
  });

  it("bounds nesting, and takes no prototype from a client", () => {
    const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    expect(readJson(nested(NESTING_MAX))).toHaveProperty("value");
    expect(readJson(nested(NESTING_MAX + 1))).toMatchObject({ kind: "syntax" });
    const read = readJson('{"__proto__":{"price":"1"}}') as { value: Record<string, unknown> };
    expect(read.value.price).toBeUndefined();
    expect(Object.hasOwn(read.value, "__proto__")).toBe(true);
  });

  it("wants valid UTF-8", () => {
    expect(readJsonBytes(Buffer.from('"é"'))).toEqual({ value: "é" });
    expect(readJsonBytes(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ kind: "encoding" });
    expect(readJsonBytes(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toMatchObject({ kind: "encoding" });
  });
});

describe("client text", () => {
  const names = [
    { text: "1", order: 1, why: "the first order" },
    { text: "9007199254740991", order: Number.MAX_SAFE_INTEGER, why: "the last one" },
    { text: orderUlid(epochMs(5), orderId(77)), order: 77, why: "a ULID" },
    { text: "9007199254740993", order: undefined, why: "above 2^53" },
    { text: "0", order: undefined, why: "no order has it" },
    { text: "01", order: undefined, why: "a leading zero" },
    { text: "1.0", order: undefined, why: "a fraction" },
    { text: orderUlid(epochMs(5), orderId(77)).toLowerCase(), order: undefined, why: "lower case" },
    { text: "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", order: undefined, why: "above 2^128" },
  ];
  it.each(names)("$text names order $order: $why", ({ text, order }) => {
    expect(parseOrderName(text)?.order).toBe(order);
  });

  it.each([
    ["2026-11-22T08:22:00.123Z", Date.UTC(2026, 10, 22, 8, 22, 0, 123)],
    ["2026-11-22T08:22:00Z", Date.UTC(2026, 10, 22, 8, 22)],
    ["2026-11-22T08:22:00.5Z", Date.UTC(2026, 10, 22, 8, 22, 0, 500)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["1970-01-01T00:00:00Z", 0],
    ["9999-12-31T23:59:59.999Z", Date.UTC(9999, 11, 31, 23, 59, 59, 999)],
  ])("%s is a time", (text, time) => {
    expect(parseTime(text, "from")).toBe(time);
  });

  it.each([
    ["0", 0],
    ["0.0", 0],
    ["0.001", 1000],
    ["0.000001", 1],
    ["0.999999", 999_999],
    ["1", undefined],
    ["1.0", undefined],
    ["0.0000001", undefined],
    ["-0.001", undefined],
    ["10%", undefined],
  ])("a rate of %s is %s parts per million", (text, rate) => {
    const parsed = parseRate(text, "takerFee");
    expect(parsed instanceof Refusal ? undefined : parsed).toBe(rate);
  });

  it.each([
    ["0.001", 1000],
    ["-0.001", -1000],
    ["-0.999999", -999_999],
    ["-0", 0],
    ["-0.0", 0],
    ["-1", undefined],
    ["--0.1", undefined],
    ["-", undefined],
    ["-0.0000001", undefined],
  ])("a rate of %s that may be a rebate is %s parts per million", (text, rate) => {
    const parsed = parseSignedRate(text, "makerFee");
    expect(parsed instanceof Refusal ? undefined : parsed).toBe(rate);
  });

  it("reads steps in their shortest form and whole numbers within their bounds", () => {
    expect(parseStep("0.010", "tickSize")).toEqual({ units: 1, scale: 2 });
    expect(parseStep("5", "tickSize")).toEqual({ units: 5, scale: 0 });
    const bounds = { path: "limit", least: 1, most: 1000 };
    expect(parseWhole("1000", bounds)).toBe(1000);
    for (const text of ["0", "1001", "1.0", "+1", "1e2", ""])
      expect(parseWhole(text, bounds)).toBeInstanceOf(Refusal);
  });
});

describe("an average price", () => {
  const market: Market = {
    market: marketIndex(0),
    name: "VIB-BRL",
    base: assetIndex(0),
    quote: assetIndex(1),
    tickSize: { units: 1, scale: 2 },
    lotSize: { units: 1, scale: 0 },
    baseMinorPerLot: 1,
    quoteMinorPerTickLot: 1,
    minNotional: null,
    maxQuantity: null,
    maxOpenOrders: OPEN_ORDERS_MAX_DEFAULT,
    makerFee: partsPerMillion(0),
    takerFee: partsPerMillion(0),
    priceBand: null,
    referencePrice: null,
    status: "open",
  };
  const brl = { asset: assetIndex(1), name: "BRL", scale: 2 };
  const rows = [
    { value: 0, quantity: 0, shown: null, why: "nothing is filled" },
    { value: 40396, quantity: 4, shown: "100.99", why: "one price" },
    { value: 40000, quantity: 4, shown: "100.00", why: "the scale of a tick at least" },
    { value: 100, quantity: 3, shown: "0.33333333", why: "rounded down" },
    { value: 200, quantity: 3, shown: "0.66666667", why: "rounded up" },
    { value: 1, quantity: 2_000_000, shown: "0.00000001", why: "half is rounded up" },
    { value: 1, quantity: 2_000_001, shown: "0.00", why: "less than half is nothing" },
    { value: 201, quantity: 2, shown: "1.005", why: "no more decimals than it needs" },
    { value: Number.MAX_SAFE_INTEGER, quantity: 2, shown: "45035996273704.955", why: "exact beyond doubles" },
  ];
  it.each(rows)("of $value over $quantity is $shown: $why", ({ value, quantity, shown }) => {
    expect(averagePrice({ value: minor(value), quantity: lots(quantity) }, market, brl)).toBe(shown);
  });

  it("takes account of the scales of lots and money", () => {
    const fine: Market = {
      ...market,
      tickSize: { units: 5, scale: 1 },
      lotSize: { units: 1, scale: 3 },
      quoteMinorPerTickLot: 500,
    };
    const usd = { asset: assetIndex(1), name: "USD", scale: 6 };
    // 1 at 100.5 and 2 at 101.0, in thousandths of the base asset.
    const value = minor((ticks(201) * 1000 + ticks(202) * 2000) * 500);
    expect(averagePrice({ value, quantity: lots(3000) }, fine, usd)).toBe("100.83333333");
  });
});

describe("keys", () => {
  const operatorKey = "0123456789abcdef";
  const authenticate = createAuthenticator(operatorKey);
  const made = makeKey();
  const directory = {
    key: (keyId: string) =>
      keyId === made.keyId
        ? { keyId, account: accountIndex(3), name: "n", scopes: ["read"], secretHash: made.secretHash }
        : undefined,
  } as unknown as Directory;

  it("are told apart", () => {
    expect(authenticate(operatorKey, directory)).toEqual({ kind: "operator" });
    expect(authenticate(made.key, directory)).toMatchObject({
      kind: "account",
      account: 3,
      scopes: ["read"],
    });
    const wrong = ["", operatorKey.slice(1), `${operatorKey}\u0000`, `${made.key}x`, made.key.slice(0, -1)];
    for (const key of [...wrong, "pk_", "pk__", `pk_${made.keyId}`, `pk_${made.keyId}_`, "é".repeat(200)]) {
      expect(authenticate(key, directory)).toBeUndefined();
    }
  });

  it("never leave a trace of their secret in what is written down", () => {
    const [, , secret = ""] = /^pk_([^_]+)_(.+)$/.exec(made.key) ?? [];
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(made.secretHash).toMatch(/^[0-9a-f]{64}$/);
    expect(`${made.keyId}${made.secretHash}`).not.toContain(secret);
    expect(makeKey().key).not.toBe(made.key);
  });

  it.each([
    [undefined, undefined],
    ["", undefined],
    ["Bearer", undefined],
    ["Bearer a b", undefined],
    ["Basic a", undefined],
    ["Bearer a", "a"],
    ["bearer  a ", "a"],
  ])("an Authorization of %s carries %s", (header, key) => {
    expect(bearerKey(header)).toBe(key);
  });
});

it("a problem has all members of RFC 9457 and ours, and errors only where there are some", () => {
  const body = problem(malformed("price", "must be above zero"), { requestId: "R" });
  expect(body).toEqual({
    type: "/problems/invalid-request",
    title: PROBLEMS["invalid-request"].title,
    status: 400,
    detail: "price must be above zero.",
    code: "invalid-request",
    requestId: "R",
    errors: [{ path: "price", message: "must be above zero" }],
  });
  expect(problem(new Refusal("would-take"), { requestId: "R" })).not.toHaveProperty("errors");
});

it("times are written to the millisecond, and traces only as the recommendation allows", () => {
  expect(timeText(epochMs(0))).toBe("1970-01-01T00:00:00.000Z");
  expect(timeText(epochMs(1234))).toBe("1970-01-01T00:00:01.234Z");
  expect(traceIdOf(["a", "b"])).toBeNull();
});
