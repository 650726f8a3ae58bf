/** A directory with two assets, a market and three accounts, for projections that are folded by hand. */
import type { Event } from "../../src/domain/events.ts";
import { accountIndex, assetIndex, marketIndex, partsPerMillion } from "../../src/domain/units.ts";
import { Directory } from "../../src/projections/live/directory.ts";
import { committed } from "./committed.ts";

const EVENTS: readonly Event[] = [
  { kind: "AssetListed", asset: assetIndex(0), name: "VIB", scale: 0 },
  { kind: "AssetListed", asset: assetIndex(1), name: "BRL", scale: 2 },
  {
    kind: "MarketListed",
    market: marketIndex(0),
    name: "VIB-BRL",
    base: assetIndex(0),
    quote: assetIndex(1),
    tickSize: { units: 1, scale: 0 },
    lotSize: { units: 1, scale: 0 },
    baseMinorPerLot: 1,
    quoteMinorPerTickLot: 100,
    minNotional: null,
    maxQuantity: null,
    maxOpenOrders: 10,
    makerFee: partsPerMillion(0),
    takerFee: partsPerMillion(0),
    priceBand: null,
    referencePrice: null,
    status: "open",
  },
  ...["alice", "bob", "carol"].map(
    (accountId, index): Event => ({
      kind: "AccountOpened",
      account: accountIndex(index + 1),
      accountId,
      name: null,
    }),
  ),
];

export function listedDirectory(): Directory {
  const directory = new Directory();
  directory.project(committed(1, EVENTS));
  return directory;
}
