import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExactDecimal } from "../../src/domain/decimal.ts";
import { marketSteps, productOrNull } from "../../src/domain/market.ts";
import { AMOUNT_MAX } from "../../src/domain/units.ts";

function steps(tickSize: string, lotSize: string, baseScale: number, quoteScale: number) {
  return marketSteps({
    tickSize: parseExactDecimal(tickSize)!,
    lotSize: parseExactDecimal(lotSize)!,
    baseScale,
    quoteScale,
  });
}

describe("the steps of a market", () => {
  test.each([
    { tick: "0.01", lot: "1", base: 0, quote: 2, lotUnits: 1, tickLotUnits: 1, why: "the default market" },
    {
      tick: "1",
      lot: "1",
      base: 0,
      quote: 2,
      lotUnits: 1,
      tickLotUnits: 100,
      why: "a tick of a hundred cents",
    },
    {
      tick: "0.01",
      lot: "0.0001",
      base: 8,
      quote: 6,
      lotUnits: 10_000,
      tickLotUnits: 1,
      why: "exactly one unit",
    },
    { tick: "0.05", lot: "0.0003", base: 8, quote: 6, lotUnits: 30_000, tickLotUnits: 15, why: "odd steps" },
    { tick: "5", lot: "10", base: 0, quote: 0, lotUnits: 10, tickLotUnits: 50, why: "steps above one" },
    { tick: "0.5", lot: "2", base: 0, quote: 0, lotUnits: 2, tickLotUnits: 1, why: "whole only together" },
    {
      tick: "0.000000000001",
      lot: "1",
      base: 12,
      quote: 12,
      lotUnits: 1e12,
      tickLotUnits: 1,
      why: "the finest",
    },
  ])(
    "$tick by $lot fit scales $base and $quote: $why",
    ({ tick, lot, base, quote, lotUnits, tickLotUnits }) => {
      expect(steps(tick, lot, base, quote)).toMatchObject({
        baseMinorPerLot: lotUnits,
        quoteMinorPerTickLot: tickLotUnits,
      });
    },
  );

  test.each([
    { tick: "0.01", lot: "0.1", base: 0, quote: 3, field: "lotSize", why: "a lot of a part of a unit" },
    { tick: "0.01", lot: "1.5", base: 0, quote: 3, field: "lotSize", why: "a lot of one and a half" },
    { tick: "0.01", lot: "0.1", base: 1, quote: 2, field: "tickSize", why: "a value of a tenth of a cent" },
    { tick: "0.001", lot: "1", base: 0, quote: 2, field: "tickSize", why: "a tick below a cent" },
    { tick: "0.5", lot: "1", base: 0, quote: 0, field: "tickSize", why: "half a unit" },
    { tick: "1", lot: "9008", base: 12, quote: 0, field: "lotSize", why: "a lot above 2^53 units" },
    { tick: "9008", lot: "1", base: 0, quote: 12, field: "tickSize", why: "a value above 2^53 units" },
  ])("$tick by $lot do not fit scales $base and $quote: $why", ({ tick, lot, base, quote, field }) => {
    expect(steps(tick, lot, base, quote)).toMatchObject({ field });
  });

  test("a listed market's trades are whole numbers of minor units, exactly", () => {
    const decimal = fc.record({
      units: fc.integer({ min: 1, max: 10_000 }),
      scale: fc.integer({ min: 0, max: 6 }),
    });
    const scale = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(decimal, decimal, scale, scale, (tickSize, lotSize, baseScale, quoteScale) => {
        const found = marketSteps({ tickSize, lotSize, baseScale, quoteScale });
        const lot = BigInt(lotSize.units) * 10n ** BigInt(baseScale);
        const value = BigInt(tickSize.units * lotSize.units) * 10n ** BigInt(quoteScale);
        const lotOne = 10n ** BigInt(lotSize.scale);
        const valueOne = 10n ** BigInt(tickSize.scale + lotSize.scale);
        const most = BigInt(AMOUNT_MAX);
        const exact = lot % lotOne === 0n && value % valueOne === 0n;
        expect("baseMinorPerLot" in found).toBe(exact && lot / lotOne <= most && value / valueOne <= most);
        if (!("baseMinorPerLot" in found)) return;
        expect(BigInt(found.baseMinorPerLot)).toBe(lot / lotOne);
        expect(BigInt(found.quoteMinorPerTickLot)).toBe(value / valueOne);
      }),
    );
  });
});

describe("a product of amounts", () => {
  test.each([
    { value: [AMOUNT_MAX, 1, 1], gives: AMOUNT_MAX, why: "the largest" },
    { value: [1, 1, AMOUNT_MAX], gives: AMOUNT_MAX, why: "the largest, at the end" },
    { value: [2 ** 52, 2, 1], gives: null, why: "2^53" },
    { value: [94_906_267, 94_906_267, 1], gives: null, why: "a square just above 2^53" },
    { value: [94_906_265, 94_906_265, 1], gives: 94_906_265 ** 2, why: "a square just below" },
    { value: [AMOUNT_MAX, AMOUNT_MAX, AMOUNT_MAX], gives: null, why: "far above" },
    { value: [0, AMOUNT_MAX, AMOUNT_MAX], gives: 0, why: "nothing" },
    { value: [321, 28_059_810_762_433, 1], gives: null, why: "2^53 + 1, which no double is" },
  ] as const)("of $value is $gives: $why", ({ value: [a, b, c], gives }) => {
    expect(productOrNull(a, b, c)).toBe(gives);
  });

  test("is exact, or is none", () => {
    const factor = fc.oneof(fc.maxSafeNat(), fc.nat(300_000), fc.nat(20));
    fc.assert(
      fc.property(factor, factor, factor, (a, b, c) => {
        const exact = BigInt(a) * BigInt(b) * BigInt(c);
        const product = productOrNull(a, b, c);
        expect(product === null ? null : BigInt(product)).toBe(exact <= BigInt(AMOUNT_MAX) ? exact : null);
      }),
    );
  });
});
