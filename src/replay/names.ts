/**
 * The names of a journal's accounts, assets and markets, for whoever reads commands without applying them all.
 * Which listing takes effect is the engine's to say, so an engine of its own is shown the few commands that name
 * something, and no other. At a snapshot it begins with what that knows.
 */
import type { Command, Sequenced } from "../domain/commands.ts";
import type { Market } from "../domain/market.ts";
import { type AccountIndex, type MarketIndex, type OrderId, seq } from "../domain/units.ts";
import type { Engine } from "../engine/engine.ts";
import type { Asset, Directory } from "../projections/live/directory.ts";
import type { LiveOrders } from "../projections/live/live-orders.ts";
import type { Present } from "./present.ts";

const NAMING: ReadonlySet<Command["kind"]> = new Set(["OpenAccount", "ListAsset", "ListMarket"]);

export class Names {
  readonly #engine: Engine;
  readonly #directory: Directory;
  readonly #openOrders: LiveOrders;
  /** By sequence, the market of the order that the command places, counted from one; 0 if it places none. */
  #orderMarkets = new Uint16Array(1024);

  constructor({ engine, live }: Present) {
    this.#engine = engine;
    this.#directory = live.directory;
    this.#openOrders = live.orders;
  }

  /** Takes every command, in order. */
  learn(entry: Sequenced): void {
    const { command } = entry;
    if (command.kind === "PlaceOrder") this.#remember(entry.seq as number as OrderId, command.market);
    if (!NAMING.has(command.kind)) return;
    const own = { ...entry, seq: seq(this.#engine.appliedSeq + 1) };
    this.#directory.project({ entry: own, events: this.#engine.apply(own) });
  }

  account(index: AccountIndex): string {
    return this.#directory.account(index).accountId;
  }

  asset(index: Asset["asset"]): Asset {
    return this.#directory.asset(index);
  }

  market(index: MarketIndex): Market {
    return this.#directory.market(index);
  }

  /** The market of an order, or null if there is no such order, or none that was open at the snapshot. */
  marketOf(order: OrderId): Market | null {
    const counted = this.#orderMarkets[order] ?? 0;
    if (counted > 0) return this.market((counted - 1) as MarketIndex);
    const open = this.#openOrders.get(order);
    return open === undefined ? null : this.market(open.terms.market);
  }

  #remember(order: OrderId, market: MarketIndex): void {
    if (order >= this.#orderMarkets.length) {
      const longer = new Uint16Array(Math.max(order + 1, 2 * this.#orderMarkets.length));
      longer.set(this.#orderMarkets);
      this.#orderMarkets = longer;
    }
    this.#orderMarkets[order] = market + 1;
  }
}
