import { expect, test } from "vitest";
import { accountIndex, marketIndex, type PartsPerMillion, ticks } from "../../src/domain/units.ts";
import { Directory } from "../../src/projections/live/directory.ts";
import { committed } from "./committed.ts";
import { listedDirectory } from "./listing.ts";

test("a market has the settings that it was changed to last, and all others as it was listed", () => {
  const directory = listedDirectory();
  const market = marketIndex(0);
  const listed = directory.market(market);
  const band = 100_000 as PartsPerMillion;
  const fees = { makerFee: -100 as PartsPerMillion, takerFee: 200 as PartsPerMillion };
  const changed = { kind: "MarketChanged", market, status: "auction", ...fees, priceBand: band } as const;
  directory.project(committed(2, [changed]));
  const auction = { ...listed, ...fees, status: "auction", priceBand: band };
  expect(directory.marketByName("VIB-BRL")).toEqual(auction);
  directory.project(committed(3, [{ ...changed, status: "open", priceBand: null }]));
  expect(directory.market(market)).toEqual({ ...auction, status: "open", priceBand: null });
  expect(directory.markets).toHaveLength(1);
});

test("a market is listed with its band and what the band is measured from", () => {
  const directory = listedDirectory();
  const { market: _, ...listing } = directory.market(marketIndex(0));
  const market = marketIndex(1);
  const terms = { name: "VIX-BRL", priceBand: 50_000 as PartsPerMillion, referencePrice: ticks(700) };
  directory.project(committed(2, [{ kind: "MarketListed", ...listing, ...terms, market }]));
  expect(directory.marketByName("VIX-BRL")).toEqual({ ...listing, ...terms, market });
});

test("a directory that was restored counts an account's keys as the one that was dumped", () => {
  const directory = listedDirectory();
  const account = accountIndex(1);
  const key = (keyId: string) =>
    ({
      kind: "KeyCreated",
      account,
      keyId,
      name: "bot",
      scopes: ["trade"],
      secretHash: "0".repeat(64),
    }) as const;
  directory.project(committed(2, [key("first"), key("second")]));
  const restored = new Directory();
  restored.restore(directory.dump());
  expect(restored.keyCount(account)).toBe(2);
  restored.project(committed(3, [{ kind: "KeyRevoked", account, keyId: "first" }]));
  expect(restored.keyCount(account)).toBe(1);
});
