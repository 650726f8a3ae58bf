/** Assets and markets, listed and changed while the exchange runs. */
import { assert } from "../../domain/assert.ts";
import type { ChangeMarket, ListAsset, ListMarket, Sequenced } from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { assetIndex, marketIndex } from "../../domain/units.ts";
import { stateBefore } from "../entering.ts";
import { addMarket, marketState, type State } from "../state.ts";
import { enterTriggered } from "../triggers.ts";
import { uncross } from "../uncross.ts";

export function listAsset(state: State, { command }: Sequenced<ListAsset>): Rejection | null {
  const { name, scale } = command;
  if (state.assetNames.includes(name)) return "already-exists";

  const asset = assetIndex(state.assetNames.length);
  state.assetNames.push(name);
  state.wallets.listAsset();
  state.log.tell({ kind: "AssetListed", asset, name, scale });
  return null;
}

export function listMarket(state: State, { command }: Sequenced<ListMarket>): Rejection | null {
  const { kind: _, ...listing } = command;
  assert(listing.base !== listing.quote, "base and quote are two assets");
  if (state.markets.some(({ market }) => market.name === listing.name)) return "already-exists";

  const market = marketIndex(state.markets.length);
  addMarket(state, { market, ...listing });
  state.log.tell({ kind: "MarketListed", market, ...listing });
  return null;
}

/**
 * New fees hold for orders placed from now on. A market that opens is uncrossed, and then what that triggers
 * enters; any other change of status leaves the orders as they are.
 */
export function changeMarket(state: State, { at, command }: Sequenced<ChangeMarket>): Rejection | null {
  const place = marketState(state, command.market);
  const settingsBefore = place.market;
  const status = command.status ?? settingsBefore.status;
  const makerFee = command.makerFee ?? settingsBefore.makerFee;
  const takerFee = command.takerFee ?? settingsBefore.takerFee;
  const asked = command.priceBand ?? settingsBefore.priceBand;
  const priceBand = asked === 0 ? null : asked;
  place.market = { ...settingsBefore, status, makerFee, takerFee, priceBand };
  const { market } = settingsBefore;
  state.log.tell({ kind: "MarketChanged", market, status, makerFee, takerFee, priceBand });
  if (status === "open" && settingsBefore.status !== "open") {
    const before = stateBefore(state, place, at);
    uncross(state, place);
    enterTriggered(state, place, before);
  }
  return null;
}
