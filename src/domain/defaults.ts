/** What a new data directory begins with: a market to trade in. */
import type { Command } from "./commands.ts";
import { marketSteps, OPEN_ORDERS_MAX_DEFAULT, type Steps } from "./market.ts";
import { assetIndex, partsPerMillion } from "./units.ts";

/** The market of a new data directory. */
export const DEFAULT_MARKET = "VIB-BRL";

const steps = marketSteps({
  tickSize: { units: 1, scale: 2 },
  lotSize: { units: 1, scale: 0 },
  baseScale: 0,
  quoteScale: 2,
}) as Steps;

/** The first commands of a new journal: assets `VIB` and `BRL`, and the market `VIB-BRL` without fees. */
export const FIRST_COMMANDS: readonly Command[] = [
  { kind: "ListAsset", name: "VIB", scale: 0 },
  { kind: "ListAsset", name: "BRL", scale: 2 },
  {
    kind: "ListMarket",
    name: DEFAULT_MARKET,
    base: assetIndex(0),
    quote: assetIndex(1),
    ...steps,
    minNotional: null,
    maxQuantity: null,
    maxOpenOrders: OPEN_ORDERS_MAX_DEFAULT,
    makerFee: partsPerMillion(0),
    takerFee: partsPerMillion(0),
    priceBand: null,
    referencePrice: null,
    status: "open",
  },
];
