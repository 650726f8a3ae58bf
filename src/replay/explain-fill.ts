/**
 * How a trade came about: who stood before it, which levels were walked, and what the self-trade rule, the band, the
 * holds and the fees did. All of it is read off the state before the command, its events and the state after it; a
 * second matching, which might decide otherwise, there is none.
 */
import { assert } from "../domain/assert.ts";
import { formatDecimal, formatSteps } from "../domain/decimal.ts";
import type { Committed, EndReason, Event, TradeExecuted } from "../domain/events.ts";
import { baseAmount } from "../domain/market.ts";
import type { OrderId, PartsPerMillion } from "../domain/units.ts";
import type { StandingOrder } from "../engine/inspect.ts";
import type {
  FillExplanation,
  LevelWalked,
  Party,
  QueueAhead,
  Wallet,
} from "../projections/changes/fill-explanation.ts";
import type { Balance } from "../projections/live/balances.ts";
import type { Directory } from "../projections/live/directory.ts";
import { rateText, stepsText } from "../projections/unit-text.ts";
import { explanationText } from "./explanation-text.ts";
import type { FillBefore, PartyBefore, Queue } from "./fill-before.ts";
import type { Present } from "./present.ts";

/** Orders in front of another that are named, at most; all of them are counted. */
const AHEAD_MAX = 100;

export function explainFill(before: FillBefore, committed: Committed, after: Present): FillExplanation {
  const { asked, listing, market } = before;
  const place = committed.events.findIndex((event) => isTrade(event, before));
  const trade = committed.events[place];
  assert(trade?.kind === "TradeExecuted", "the ledger has no trade that its command did not bring about");
  const earlier = committed.events.slice(0, place);
  const { directory } = after.live;
  const ticks = (price: number | null) => stepsText(price, listing.tickSize);
  const isUncross = committed.entry.command.kind === "ChangeMarket";
  const ahead = [aheadOf("maker", asked.makerOrder, before.makers, { before, earlier, directory })];
  if (isUncross)
    ahead.push(aheadOf("taker", asked.takerOrder, before.takers, { before, earlier, directory }));
  const explained = {
    market: listing.name,
    tradeId: trade.trade,
    seq: committed.entry.seq,
    command: committed.entry.command.kind,
    price: formatSteps(trade.price, listing.tickSize),
    quantity: formatSteps(trade.quantity, listing.lotSize),
    value: formatDecimal(trade.value, directory.asset(listing.quote).scale),
    taker: partyOf("taker", trade, { before, earlier, committed, after }),
    maker: partyOf("maker", trade, { before, earlier, committed, after }),
    before: {
      status: market.status,
      lastPrice: ticks(market.lastPrice),
      bestBid: ticks(market.bestBid),
      bestAsk: ticks(market.bestAsk),
      band:
        market.band === null
          ? null
          : { lowest: ticks(market.band.lowest)!, highest: ticks(market.band.highest)! },
    },
    levels: levelsWalked(before, [...earlier, trade]),
    ahead,
    selfTrade: selfTradeOf(before, committed, isUncross),
  };
  return { ...explained, text: explanationText(explained) };
}

function isTrade(event: Event, { asked }: FillBefore): boolean {
  return event.kind === "TradeExecuted" && event.market === asked.market && event.trade === asked.tradeId;
}

/** What happened to orders, in lots. */
type Fates = {
  readonly traded: ReadonlyMap<OrderId, number>;
  readonly prevented: ReadonlyMap<OrderId, number>;
  readonly ended: ReadonlyMap<OrderId, EndReason | "filled">;
};

function fatesIn(events: readonly Event[]): Fates {
  const traded = new Map<OrderId, number>();
  const prevented = new Map<OrderId, number>();
  const ended = new Map<OrderId, EndReason | "filled">();
  const add = (sums: Map<OrderId, number>, order: OrderId, quantity: number) =>
    sums.set(order, (sums.get(order) ?? 0) + quantity);
  for (const event of events) {
    if (event.kind === "TradeExecuted" || event.kind === "SelfTradePrevented") {
      const sums = event.kind === "TradeExecuted" ? traded : prevented;
      add(sums, event.makerOrder, event.quantity);
      add(sums, event.takerOrder, event.quantity);
    } else if (event.kind === "OrderFilled") ended.set(event.order, "filled");
    else if (event.kind === "OrderCanceled" || event.kind === "OrderExpired") {
      ended.set(event.order, event.reason);
    }
  }
  return { traded, prevented, ended };
}

type Context = {
  readonly before: FillBefore;
  /** The command's events in front of the trade. */
  readonly earlier: readonly Event[];
  readonly directory: Directory;
};

function aheadOf(of: "maker" | "taker", order: OrderId, queue: Queue, context: Context): QueueAhead {
  const { before, earlier, directory } = context;
  const { tickSize, lotSize } = before.listing;
  const fates = fatesIn(earlier);
  const front = inFront(queue, order, fates);
  const shown = front.slice(0, AHEAD_MAX).map((standing) => ({
    orderId: standing.order,
    accountId: directory.account(standing.account).accountId,
    price: formatSteps(standing.price!, tickSize),
    shown: formatSteps(standing.shown, lotSize),
    traded: formatSteps(fates.traded.get(standing.order) ?? 0, lotSize),
    prevented: formatSteps(fates.prevented.get(standing.order) ?? 0, lotSize),
    ended: fates.ended.get(standing.order) ?? null,
  }));
  return { of, count: front.length, isWhole: queue.isWhole, orders: shown };
}

/** An order whose shown part has been used up went to the back of its price, and one that came in with the command stood there. */
function inFront({ orders }: Queue, order: OrderId, { traded }: Fates): readonly StandingOrder[] {
  const place = orders.findIndex((standing) => standing.order === order);
  if (place < 0) return orders;
  const { shown, price } = orders[place]!;
  if ((traded.get(order) ?? 0) < shown) return orders.slice(0, place);
  const last = orders.findLastIndex((standing) => standing.price === price);
  return orders.slice(0, last + 1).filter((standing) => standing.order !== order);
}

/** As far as the maker's own price, which in an uncross may be better than the one at which all trade. */
function levelsWalked({ makers, maker, listing }: FillBefore, events: readonly Event[]): LevelWalked[] {
  const { traded } = fatesIn(events);
  const last = makers.levels.findIndex(({ price }) => price === maker.order?.price);
  const levels = last < 0 ? makers.levels : makers.levels.slice(0, last + 1);
  const sums = new Map<number, number>();
  for (const { order, price } of makers.orders) {
    sums.set(price!, (sums.get(price!) ?? 0) + (traded.get(order) ?? 0));
  }
  return levels.map(({ price, quantity }) => ({
    price: formatSteps(price, listing.tickSize),
    shown: formatSteps(quantity, listing.lotSize),
    traded: formatSteps(sums.get(price) ?? 0, listing.lotSize),
  }));
}

function selfTradeOf(
  { asked, taker, listing }: FillBefore,
  { entry, events }: Committed,
  isUncross: boolean,
): FillExplanation["selfTrade"] {
  if (isUncross) return { mode: null, canceled: [], prevented: [] };
  const { command } = entry;
  // A taker that did not stand before was placed by the command itself.
  const mode = command.kind === "PlaceOrder" ? command.selfTradePrevention : null;
  const canceled: OrderId[] = [];
  const prevented: { orderId: OrderId; quantity: string }[] = [];
  for (const event of events) {
    if (event.kind === "SelfTradePrevented" && event.takerOrder === asked.takerOrder) {
      const quantity = formatSteps(event.quantity, listing.lotSize);
      prevented.push({ orderId: event.makerOrder, quantity });
    } else if (
      event.kind === "OrderCanceled" &&
      event.reason === "self-trade" &&
      event.account === asked.takerAccount
    ) {
      canceled.push(event.order);
    }
  }
  return { mode: taker.order?.selfTradePrevention ?? mode, canceled, prevented };
}

type Around = Pick<Context, "before" | "earlier"> & {
  readonly committed: Committed;
  readonly after: Present;
};

function partyOf(
  role: "taker" | "maker",
  trade: TradeExecuted,
  { before, earlier, committed, after }: Around,
): Party {
  const { listing } = before;
  const { directory, balances } = after.live;
  const isTaker = role === "taker";
  const [orderId, account] = isTaker
    ? [trade.takerOrder, trade.takerAccount]
    : [trade.makerOrder, trade.makerAccount];
  const buys = isTaker === (trade.takerSide === "buy");
  const was = before[role];
  const [base, quote] = [directory.asset(listing.base), directory.asset(listing.quote)];
  const asset = buys ? quote : base;
  const money = (amount: number) => formatDecimal(amount, asset.scale);
  const left = after.engine.inspect().order(orderId)?.held ?? 0;
  const spent = spentBy(orderId, before, committed);
  const wallet = (of: typeof base, had: Balance): Wallet => ({
    asset: of.name,
    before: balanceText(had, of.scale),
    after: balanceText(balances.get(account, of.asset), of.scale),
  });
  return {
    orderId,
    accountId: directory.account(account).accountId,
    side: buys ? "buy" : "sell",
    isTriggered: earlier.some((event) => event.kind === "OrderTriggered" && event.order === orderId),
    fee: formatDecimal(isTaker ? trade.takerFee : trade.makerFee, quote.scale),
    feeAsset: quote.name,
    feeRate: rateText(rateOf(role, was, before)),
    holds: {
      asset: asset.name,
      before: money(was.held),
      spent: money(spent),
      released: money(was.held - spent - left),
      after: money(left),
    },
    wallets: [wallet(base, was.base), wallet(quote, was.quote)],
  };
}

/** An order keeps the rates that were in force when it was placed. */
function rateOf(role: "taker" | "maker", { order }: PartyBefore, { listing }: FillBefore): PartsPerMillion {
  const rates = order ?? listing;
  return role === "taker" ? rates.takerFee : rates.makerFee;
}

/** What an order has paid in all trades of the command: a buy its value and its fees, a sell what it gave. */
function spentBy(order: OrderId, { listing }: FillBefore, { events }: Committed): number {
  let spent = 0;
  for (const event of events) {
    if (event.kind !== "TradeExecuted") continue;
    const takes = event.takerOrder === order;
    if (!takes && event.makerOrder !== order) continue;
    const buys = takes === (event.takerSide === "buy");
    const fee = takes ? event.takerFee : event.makerFee;
    spent += buys ? event.value + Math.max(0, fee) : baseAmount(listing, event.quantity);
  }
  return spent;
}

function balanceText({ available, held }: Balance, scale: number) {
  return { available: formatDecimal(available, scale), held: formatDecimal(held, scale) };
}
