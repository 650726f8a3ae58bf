/**
 * A desk to trade at in tests of single rules: accounts with money, one market whose tick, lot and units are
 * all one, orders of which only what a test is about needs to be said, and events in a few words. Every
 * invariant is checked after every command.
 */
import type { Command, OrderTerms } from "../../src/domain/commands.ts";
import type { Event } from "../../src/domain/events.ts";
import type { MarketListing, MarketStatus } from "../../src/domain/market.ts";
import {
  type AccountIndex,
  type AssetIndex,
  accountIndex,
  assetIndex,
  epochMs,
  lots,
  marketIndex,
  minor,
  type OrderId,
  orderId,
  type PartsPerMillion,
  seq,
  ticks,
} from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { PLAIN_TERMS } from "../plain-order.ts";
import { GeneralWay } from "./general-way.ts";

export const ANN = accountIndex(1);
export const BEN = accountIndex(2);
export const CAM = accountIndex(3);
export const BASE = assetIndex(0);
export const QUOTE = assetIndex(1);
export const MARKET = marketIndex(0);

/** What every account is given of either asset. */
export const RICHES = 1_000_000;

/** Terms in plain numbers; what is not said is that of a plain limit order. */
export type Terms = { readonly [Term in keyof OrderTerms]?: OrderTerms[Term] | number };

type Listing = { readonly [Term in keyof MarketListing]?: MarketListing[Term] | number };

export const LISTING: MarketListing = {
  name: "BASE-QUOTE",
  base: BASE,
  quote: QUOTE,
  tickSize: { units: 1, scale: 0 },
  lotSize: { units: 1, scale: 0 },
  baseMinorPerLot: 1,
  quoteMinorPerTickLot: 1,
  minNotional: null,
  maxQuantity: null,
  maxOpenOrders: 10_000,
  makerFee: 0 as PartsPerMillion,
  takerFee: 0 as PartsPerMillion,
  priceBand: null,
  referencePrice: null,
  status: "open",
};

export class Desk {
  readonly engine = new Engine();
  readonly #general = new GeneralWay();
  at = 1_000;

  constructor(listing: Listing = {}, riches = RICHES) {
    this.apply({ kind: "ListAsset", name: "BASE", scale: 0 });
    this.apply({ kind: "ListAsset", name: "QUOTE", scale: 0 });
    this.apply({ kind: "ListMarket", ...({ ...LISTING, ...listing } as MarketListing) });
    for (const account of [ANN, BEN, CAM]) {
      this.apply({ kind: "OpenAccount", accountId: `account-${account}`, name: null });
      for (const asset of [BASE, QUOTE]) {
        const amount = minor(riches);
        this.apply({ kind: "DepositFunds", account, asset, amount, reference: `${asset}` });
      }
    }
  }

  apply(command: Command): Event[] {
    const next = seq(this.engine.appliedSeq + 1);
    const at = epochMs(this.at);
    const entry = { seq: next, at, requestId: "", traceId: null, command };
    const events = this.engine.apply(entry);
    this.engine.check();
    this.#general.follow(entry, events);
    return events;
  }

  /** Places an order and gives its id; it must not be refused. */
  put(
    account: AccountIndex,
    side: "buy" | "sell",
    quantity: number,
    price: number,
    terms: Terms = {},
  ): OrderId {
    const [first] = this.apply(placing(account, side, quantity, price, terms));
    if (first?.kind !== "OrderPlaced") throw new Error(`was not placed: ${JSON.stringify(first)}`);
    return first.order;
  }

  /** Places an order and tells what came of it. */
  tell(
    account: AccountIndex,
    side: "buy" | "sell",
    quantity: number,
    price: number,
    terms: Terms = {},
  ): string[] {
    return said(this.apply(placing(account, side, quantity, price, terms)));
  }

  amend(account: AccountIndex, order: OrderId, change: Change): string[] {
    return said(this.apply(amending(account, order, change)));
  }

  cancel(account: AccountIndex, order: OrderId): string[] {
    return said(this.apply({ kind: "CancelOrder", account, order }));
  }

  change(settings: Settings): string[] {
    return said(this.apply(changing(settings)));
  }

  /** Withdraws all but so much. */
  keep(account: AccountIndex, asset: AssetIndex, amount: number, riches = RICHES): void {
    const reference = `${this.engine.appliedSeq}`;
    this.apply({ kind: "WithdrawFunds", account, asset, amount: minor(riches - amount), reference });
  }

  /** Makes a trade at a price, so that it is the last one. */
  print(price: number): void {
    this.put(BEN, "sell", 1, price);
    this.put(CAM, "buy", 1, price);
  }

  get nextOrder(): OrderId {
    return orderId(this.engine.appliedSeq + 1);
  }
}

/** What of a market changes, the shares in parts per million. */
type Settings = {
  readonly status?: MarketStatus;
  readonly makerFee?: number;
  readonly takerFee?: number;
  readonly priceBand?: number;
};

export function changing({ status, makerFee, takerFee, priceBand }: Settings): Command {
  const share = (value: number | undefined) => (value === undefined ? null : (value as PartsPerMillion));
  return {
    kind: "ChangeMarket",
    market: MARKET,
    status: status ?? null,
    makerFee: share(makerFee),
    takerFee: share(takerFee),
    priceBand: share(priceBand),
  };
}

/** What an amend changes, in plain numbers. */
type Change = { readonly price?: number; readonly quantity?: number };

export function amending(account: AccountIndex, order: OrderId, { price, quantity }: Change): Command {
  return {
    kind: "AmendOrder",
    account,
    order,
    price: price === undefined ? null : ticks(price),
    quantity: quantity === undefined ? null : lots(quantity),
  };
}

/** A price of zero is none: an order without a limit. */
export function placing(
  account: AccountIndex,
  side: "buy" | "sell",
  quantity: number,
  price: number,
  terms: Terms = {},
): Command {
  return {
    kind: "PlaceOrder",
    ...PLAIN_TERMS,
    account,
    market: MARKET,
    side,
    type: price === 0 ? "market" : "limit",
    timeInForce: price === 0 && terms.type === undefined ? "ioc" : "gtc",
    price: price === 0 ? null : ticks(price),
    quantity: quantity === 0 ? null : lots(quantity),
    ...(terms as Partial<OrderTerms>),
  };
}

/** Events in a few words each, but for the changes of levels and wallets. */
export function said(events: readonly Event[]): string[] {
  return events.flatMap((event) => {
    switch (event.kind) {
      case "OrderPlaced":
        return [`placed ${event.order}`];
      case "TradeExecuted":
        return [`trade ${event.quantity} at ${event.price}: ${event.takerOrder} takes ${event.makerOrder}`];
      case "OrderFilled":
        return [`filled ${event.order}`];
      case "OrderCanceled":
        return [`canceled ${event.order} ${event.reason}`];
      case "OrderExpired":
        return [`expired ${event.order} ${event.reason}`];
      case "OrderTriggered":
        return [`triggered ${event.order}`];
      case "OrderAmended":
        return [
          `amended ${event.order}: ${event.quantity} at ${event.price}${event.keepsPlace ? ", in place" : ""}`,
        ];
      case "SelfTradePrevented":
        return [`prevented ${event.quantity}: ${event.takerOrder} meets ${event.makerOrder}`];
      case "CommandRejected":
        return [`refused ${event.reason}`];
      case "LevelChanged":
      case "WalletChanged":
        return [];
      default:
        return [event.kind];
    }
  });
}

/** The levels that a command changed. */
export function shown(events: readonly Event[]): string[] {
  return events.flatMap((event) =>
    event.kind === "LevelChanged" ? [`${event.side} ${event.price}: ${event.quantity}`] : [],
  );
}
