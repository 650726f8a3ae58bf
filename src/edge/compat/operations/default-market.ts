/** The market that this API is about, with its two assets. */
import { DEFAULT_MARKET } from "../../../domain/defaults.ts";
import type { Market } from "../../../domain/market.ts";
import type { Asset, Directory } from "../../../projections/live/directory.ts";
import { Refusal } from "../../problems.ts";

export type DefaultMarket = { readonly market: Market; readonly base: Asset; readonly quote: Asset };

/** Every new data directory has it; one that was begun otherwise may not. */
export function defaultMarket(directory: Directory): DefaultMarket | Refusal {
  const market = directory.marketByName(DEFAULT_MARKET);
  if (market === undefined) {
    const detail = `The operations API is about the market ${DEFAULT_MARKET}, which is not listed here.`;
    return new Refusal("unknown-market", detail);
  }
  return { market, base: directory.asset(market.base), quote: directory.asset(market.quote) };
}
