/**
 * The worlds in which random stories play: odd fees and rebates, limits, bands, and prices and quantities whose
 * products stand far below 2^53, or just below it.
 */
import fc from "fast-check";
import type { MarketListing, MarketStatus } from "../../src/domain/market.ts";
import {
  AMOUNT_MAX,
  assetIndex,
  lots,
  minor,
  type PartsPerMillion,
  partsPerMillion,
  ticks,
} from "../../src/domain/units.ts";

/** What the numbers of a story are multiplied with. */
export type Scale = {
  /** Prices are this and the nine ticks above it. */
  readonly priceFirst: number;
  readonly quantityStep: number;
  readonly depositStep: number;
  readonly budgetStep: number;
};

export type World = { readonly markets: readonly MarketListing[]; readonly scale: Scale };

export type Fees = { readonly makerFee: PartsPerMillion; readonly takerFee: PartsPerMillion };

const rate = fc.constantFrom(0, 0, 1, 333, 1_000, 2_500, 100_001, 333_333, 999_999);

/** A rebate is never more than the taker's rate. */
export const fees: fc.Arbitrary<Fees> = fc
  .tuple(rate, rate, fc.integer({ min: 0, max: 3 }))
  .map(([a, b, kind]) => ({
    makerFee: (kind === 0 ? -Math.min(a, b) : a) as PartsPerMillion,
    takerFee: partsPerMillion(kind === 0 ? Math.max(a, b) : b),
  }));

export const band: fc.Arbitrary<PartsPerMillion | null> = fc
  .constantFrom(null, null, null, null, null, null, 33_333, 66_667, 100_000, 300_000, 500_000)
  .map((share) => (share === null ? null : partsPerMillion(share)));

type Steps = { readonly unit: number; readonly lot: number; readonly priceFirst: number };

/** About the value of a few lots. */
function notional({ unit, priceFirst }: Steps) {
  return fc
    .integer({ min: 1, max: 2 })
    .map((lotsEnough) => minor(Math.min(AMOUNT_MAX, lotsEnough * (priceFirst + 3) * unit)));
}

function listing(name: string, assets: readonly [number, number], steps: Steps) {
  return fc
    .record({
      minNotional: fc.option(notional(steps), { freq: 2 }),
      maxQuantity: fc.option(fc.integer({ min: 8, max: 14 }).map(lots), { freq: 2 }),
      maxOpenOrders: fc.constantFrom(3, 6, ...Array<number>(6).fill(10_000)),
      fees,
      priceBand: band,
      referencePrice: fc.option(fc.nat(9).map((offset) => ticks(steps.priceFirst + offset))),
      status: fc.constantFrom<MarketStatus>("open", "open", "open", "open", "open", "auction"),
    })
    .map(
      ({ fees: rates, ...terms }): MarketListing => ({
        name,
        base: assetIndex(assets[0]),
        quote: assetIndex(assets[1]),
        tickSize: { units: 1, scale: 0 },
        lotSize: { units: 1, scale: 0 },
        baseMinorPerLot: steps.lot,
        quoteMinorPerTickLot: steps.unit,
        ...rates,
        ...terms,
      }),
    );
}

/** Two markets share an asset as their quote, and the third's base is another's base. */
function markets(steps: Steps) {
  return fc.tuple(
    listing("A-C", [0, 2], steps),
    listing("B-C", [1, 2], steps),
    listing("A-B", [0, 1], steps),
  );
}

const smallWorld = fc
  .record({
    unit: fc.constantFrom(1, 1, 3, 25),
    lot: fc.constantFrom(1, 1, 7, 100),
    priceFirst: fc.constantFrom(1, 60, 95),
  })
  .chain((steps) =>
    fc.record<World>({
      markets: markets(steps),
      scale: fc.record<Scale>({
        priceFirst: fc.constant(steps.priceFirst),
        quantityStep: fc.constant(1),
        depositStep: fc.constantFrom(300, 10_000, 100_000, 1_000_000),
        budgetStep: fc.constantFrom(1, 13, 100),
      }),
    }),
  );

/** A few lots at these prices are worth just less, or just more, than any amount may be. */
const vastWorld = fc
  .record({
    unit: fc.constantFrom(1, 7, 1_048_583),
    lot: fc.constantFrom(1, 2 ** 46 + 1, 2 ** 49),
    lotsThatFit: fc.constantFrom(3, 7, 11, 24, 60),
  })
  .map((steps) => ({ ...steps, priceFirst: Math.floor(AMOUNT_MAX / steps.unit / steps.lotsThatFit) - 6 }))
  .chain((steps) =>
    fc.record<World>({
      markets: markets(steps),
      scale: fc.record<Scale>({
        priceFirst: fc.constant(steps.priceFirst),
        quantityStep: fc.constant(1),
        depositStep: fc.constantFrom(2 ** 49 - 3, 2 ** 49 - 1),
        budgetStep: fc.constantFrom(2 ** 49 - 1, 2 ** 50 + 3),
      }),
    }),
  );

/** Prices of a few ticks and quantities that fill the range: the other way to come near 2^53. */
const heavyWorld = fc
  .record({ unit: fc.constantFrom(1, 3), lot: fc.constantFrom(1, 2), priceFirst: fc.constantFrom(1, 5) })
  .chain((steps) =>
    fc.record<World>({
      markets: markets(steps).map((listings) => listings.map((each) => ({ ...each, maxQuantity: null }))),
      scale: fc.record<Scale>({
        priceFirst: fc.constant(steps.priceFirst),
        quantityStep: fc.constantFrom(2 ** 44 + 1, 2 ** 46 - 1, 999_999_999_989),
        depositStep: fc.constantFrom(2 ** 49 - 3, 2 ** 49 - 1),
        budgetStep: fc.constantFrom(2 ** 46 - 1, 2 ** 49 + 3),
      }),
    }),
  );

export const world: fc.Arbitrary<World> = fc.oneof(
  { weight: 8, arbitrary: smallWorld },
  { weight: 1, arbitrary: vastWorld },
  { weight: 1, arbitrary: heavyWorld },
);
