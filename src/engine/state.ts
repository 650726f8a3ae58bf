/** Everything that the engine remembers. Only command handlers change it, and only through its owners' verbs. */
import { type AccountStatus, type CreateKey, FEES_ACCOUNT, FEES_ACCOUNT_ID } from "../domain/commands.ts";
import { EventLog } from "../domain/event-log.ts";
import type { Market } from "../domain/market.ts";
import {
  type AccountIndex,
  accountIndex,
  type MarketIndex,
  type Ticks,
  type TradeId,
  tradeId,
} from "../domain/units.ts";
import { ChangedBooks } from "./book/changed-books.ts";
import { OrderBook } from "./book/order-book.ts";
import { TriggerIndex } from "./book/trigger-index.ts";
import { Deadlines } from "./deadlines.ts";
import { OnceOnly } from "./once-only.ts";
import { OpenOrders } from "./open-orders.ts";
import { Wallets } from "./wallets.ts";

/** A market with what trading in it needs. */
export type MarketState = {
  market: Market;
  readonly book: OrderBook;
  readonly triggers: TriggerIndex;
  nextTrade: TradeId;
  /** The price of the last trade, or null before the first. */
  lastPrice: Ticks | null;
};

/** A key of an account, as it was created. */
export type Key = Omit<CreateKey, "kind">;

export type State = {
  readonly accountIds: Map<string, AccountIndex>;
  /** By account index. */
  readonly accountStatuses: AccountStatus[];
  readonly keys: Map<string, Key>;
  /** By asset index. */
  readonly assetNames: string[];
  readonly markets: MarketState[];
  readonly wallets: Wallets;
  /** The books that the current command has changed. */
  readonly changedBooks: ChangedBooks;
  readonly open: OpenOrders;
  readonly deadlines: Deadlines;
  readonly once: OnceOnly;
  /** What the current command has brought about so far. */
  readonly log: EventLog;
};

export function emptyState(): State {
  return {
    accountIds: new Map([[FEES_ACCOUNT_ID, FEES_ACCOUNT]]),
    accountStatuses: ["active"],
    keys: new Map(),
    assetNames: [],
    markets: [],
    wallets: new Wallets(),
    changedBooks: new ChangedBooks(),
    open: new OpenOrders(),
    deadlines: new Deadlines(),
    once: new OnceOnly(),
    log: new EventLog(),
  };
}

export function addAccount(state: State, status: AccountStatus): AccountIndex {
  const account = accountIndex(state.accountStatuses.length);
  state.accountStatuses.push(status);
  state.wallets.openAccount(account);
  state.open.openAccount(account);
  return account;
}

export function addMarket(state: State, market: Market): void {
  const book = new OrderBook(market.market, state.open.pool, state.changedBooks);
  const triggers = new TriggerIndex();
  state.markets.push({ market, book, triggers, nextTrade: tradeId(1), lastPrice: null });
  state.open.listMarket();
  state.changedBooks.listMarket(market.market);
}

/** A command names only what exists: the edge looked it up, and nothing is ever removed. */
export function marketState(state: State, market: MarketIndex): MarketState {
  return state.markets[market]!;
}
