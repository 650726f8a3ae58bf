/** Assets and markets, listed and changed while the exchange runs. */
import { assert } from "../../domain/assert.ts";
import type { ChangeMarket, ListAsset, ListMarket, Sequenced } from "../../domain/commands.ts";
import type { Event } from "../../domain/events.ts";
import { assetIndex, marketIndex } from "../../domain/units.ts";
import { addMarket, marketState, reject, type State } from "../state.ts";

export function listAsset(state: State, { command }: Sequenced<ListAsset>): Event[] {
  const { name, scale } = command;
  if (state.assetNames.includes(name)) return reject("already-exists");

  const asset = assetIndex(state.assetNames.length);
  state.assetNames.push(name);
  state.wallets.listAsset();
  return [{ kind: "AssetListed", asset, name, scale }];
}

export function listMarket(state: State, { command }: Sequenced<ListMarket>): Event[] {
  const { kind: _, ...listing } = command;
  assert(listing.base !== listing.quote, "base and quote are two assets");
  if (state.markets.some(({ market }) => market.name === listing.name)) return reject("already-exists");

  const market = marketIndex(state.markets.length);
  addMarket(state, { market, ...listing });
  return [{ kind: "MarketListed", market, ...listing }];
}

/** New fees hold for orders placed from now on; a change of status leaves resting orders as they are. */
export function changeMarket(state: State, { command }: Sequenced<ChangeMarket>): Event[] {
  const place = marketState(state, command.market);
  const before = place.market;
  const status = command.status ?? before.status;
  const makerFee = command.makerFee ?? before.makerFee;
  const takerFee = command.takerFee ?? before.takerFee;
  const asked = command.priceBand ?? before.priceBand;
  const priceBand = asked === 0 ? null : asked;
  place.market = { ...before, status, makerFee, takerFee, priceBand };
  return [{ kind: "MarketChanged", market: before.market, status, makerFee, takerFee, priceBand }];
}
