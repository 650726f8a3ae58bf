/** How things stood right before the command that a fill came of: all that its explanation needs and that is gone after it. */
import type { Sequenced } from "../domain/commands.ts";
import type { Market, Side } from "../domain/market.ts";
import { type AccountIndex, type AssetIndex, type OrderId, orderIdOf } from "../domain/units.ts";
import type { Inspection, StandingLevel, StandingMarket, StandingOrder } from "../engine/inspect.ts";
import type { TracedTrade } from "../projections/ledger/command-effects.ts";
import type { Balance } from "../projections/live/balances.ts";
import type { Present } from "./present.ts";

/** Orders of a side that are looked at; with more in front of a price the explanation says that it does not know all. */
const QUEUE_MAX = 100_000;
/** Levels that an explanation names, at most. */
const LEVELS_MAX = 100;

/** A side as far as the trade's price. */
export type Queue = {
  readonly side: Side;
  readonly orders: readonly StandingOrder[];
  readonly levels: readonly StandingLevel[];
  readonly isWhole: boolean;
};

/** One party of the trade, as it stood. */
export type PartyBefore = {
  /** Undefined if the command itself brought the order in. */
  readonly order: StandingOrder | undefined;
  /** What the order holds when the trade comes, if nothing but its entry has changed it. */
  readonly held: number;
  readonly base: Balance;
  readonly quote: Balance;
};

export type FillBefore = {
  /** The trade that is to be explained, as history has it. */
  readonly asked: TracedTrade;
  readonly listing: Market;
  readonly market: StandingMarket;
  /** The side that the maker stands on, and the taker's own, which counts when a market opens. */
  readonly makers: Queue;
  readonly takers: Queue;
  readonly taker: PartyBefore;
  readonly maker: PartyBefore;
};

export function standBefore({ engine, live }: Present, entry: Sequenced, asked: TracedTrade): FillBefore {
  const inspection = engine.inspect();
  const listing = live.directory.market(asked.market);
  const party = (order: OrderId, account: AccountIndex): PartyBefore => {
    const standing = inspection.order(order);
    const balance = (asset: AssetIndex) => live.balances.get(account, asset);
    const held = standing?.held ?? holdOfNew(inspection, entry, order);
    return { order: standing, held, base: balance(listing.base), quote: balance(listing.quote) };
  };
  const { takerSide } = asked;
  return {
    asked,
    listing,
    market: inspection.market(asked.market),
    makers: queueOf(inspection, asked, takerSide === "buy" ? "sell" : "buy"),
    takers: queueOf(inspection, asked, takerSide),
    taker: party(asked.takerOrder, asked.takerAccount),
    maker: party(asked.makerOrder, asked.makerAccount),
  };
}

/** The order that a command places holds what the engine says that it will. */
function holdOfNew(inspection: Inspection, { seq, command }: Sequenced, order: OrderId): number {
  const places = command.kind === "PlaceOrder" && orderIdOf(seq) === order;
  return places ? inspection.holdOf(command) : 0;
}

function queueOf(inspection: Inspection, { market, price: through }: TracedTrade, side: Side): Queue {
  const orders: StandingOrder[] = [];
  let isWhole = true;
  for (const order of inspection.queue({ market, side, through })) {
    isWhole = orders.length < QUEUE_MAX;
    if (!isWhole) break;
    orders.push(order);
  }
  return { side, orders, levels: inspection.levels({ market, side, through, max: LEVELS_MAX }), isWhole };
}
