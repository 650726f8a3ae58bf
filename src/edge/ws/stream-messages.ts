/** What a command says to a subscriber of trades, orders, fills or wallets, in the words of the wire contract. */
import { type Command, FEES_ACCOUNT } from "../../domain/commands.ts";
import type { AccountIndex, MarketIndex } from "../../domain/units.ts";
import type { FeedEntry } from "../../projections/feeds/feed-entry.ts";
import type { Directory } from "../../projections/live/directory.ts";
import { fillItem, fillOfTrade, orderView, tradeView, walletView } from "../render.ts";
import type { AccountChannel } from "./operations.ts";

/** What a stream is of. An operator's messages name the account, since its socket may follow several. */
export type StreamTarget =
  | { readonly channel: "trades"; readonly market: MarketIndex }
  | { readonly channel: AccountChannel; readonly account: AccountIndex; readonly namesAccount: boolean };

type AccountTarget = Extract<StreamTarget, { account: AccountIndex }>;

/**
 * The `cause` of a wallet's change. A command that made the account trade changes its wallets by that,
 * whatever else it did; the account `fees` then has a fee.
 */
type WalletCause =
  | "deposit"
  | "withdrawal"
  | "transfer"
  | "settlement"
  | "order"
  | "amend"
  | "cancel"
  | "expiry"
  | "trade"
  | "fee";

/** Null for a command that changes no wallet. A market that opens may end what its trades trigger: that is an order's doing. */
const CAUSES = {
  DepositFunds: "deposit",
  WithdrawFunds: "withdrawal",
  TransferFunds: "transfer",
  PlaceOrder: "order",
  AmendOrder: "amend",
  CancelOrder: "cancel",
  CancelAllOrders: "cancel",
  SetCancelAfter: null,
  ExpireOrders: "expiry",
  OpenAccount: null,
  SetAccountStatus: null,
  CreateKey: null,
  RevokeKey: null,
  ListAsset: null,
  ListMarket: null,
  ChangeMarket: "order",
  SettleFunds: "settlement",
} as const satisfies Record<Command["kind"], WalletCause | null>;

/** Whether a command has messages for a stream at all. */
export function concerns(entry: FeedEntry, target: StreamTarget): boolean {
  switch (target.channel) {
    case "trades":
      return entry.trades.some(({ market }) => market === target.market);
    case "orders":
      return entry.orders.some(({ order }) => order.terms.account === target.account);
    case "fills":
      return tradesOf(target.account, entry).length > 0;
    case "wallets":
      return entry.wallets.some(({ account }) => account === target.account);
  }
}

/** The messages of one command for a stream, in the order in which they happened. */
export function messagesOf(entry: FeedEntry, target: StreamTarget, directory: Directory): string[] {
  switch (target.channel) {
    case "trades":
      return tradeMessages(entry, target.market, directory);
    case "orders":
      return orderMessages(entry, target, directory);
    case "fills":
      return fillMessages(entry, target, directory);
    case "wallets":
      return walletMessages(entry, target, directory);
  }
}

function tradeMessages({ seq, at, trades }: FeedEntry, market: MarketIndex, directory: Directory): string[] {
  const listing = directory.market(market);
  return trades
    .filter((trade) => trade.market === market)
    .map((trade) => {
      const { value: _, ...view } = tradeView({ ...trade, seq, at }, listing, directory);
      return JSON.stringify({ channel: "trades", market: listing.name, type: "trade", ...view });
    });
}

function orderMessages({ seq, orders }: FeedEntry, target: AccountTarget, directory: Directory): string[] {
  return orders
    .filter(({ order }) => order.terms.account === target.account)
    .map(({ type, order }) => {
      const head = headOf(target, directory);
      return JSON.stringify({ ...head, type, seq, order: orderView(order, directory) });
    });
}

/** An account that trades with itself has two fills of one trade, one an order. */
function fillMessages(entry: FeedEntry, target: AccountTarget, directory: Directory): string[] {
  return tradesOf(target.account, entry).flatMap((trade) => {
    const roles = (["maker", "taker"] as const).filter(
      (role) => (role === "maker" ? trade.makerAccount : trade.takerAccount) === target.account,
    );
    return roles.map((role) => {
      const fill = fillItem(fillOfTrade(trade, role, entry), directory);
      return JSON.stringify({ ...headOf(target, directory), type: "fill", ...fill });
    });
  });
}

function walletMessages(entry: FeedEntry, target: AccountTarget, directory: Directory): string[] {
  return entry.wallets
    .filter(({ account }) => account === target.account)
    .map((change) => {
      const head = headOf(target, directory);
      const view = walletView(change, directory.asset(change.asset));
      return JSON.stringify({
        ...head,
        type: "wallet",
        seq: entry.seq,
        ...view,
        cause: causeOf(entry, target.account),
      });
    });
}

function causeOf(entry: FeedEntry, account: AccountIndex): WalletCause {
  if (account === FEES_ACCOUNT && entry.trades.length > 0) return "fee";
  if (tradesOf(account, entry).length > 0) return "trade";
  return CAUSES[entry.cause]!;
}

function tradesOf(account: AccountIndex, { trades }: FeedEntry): FeedEntry["trades"] {
  if (trades.length === 0) return trades;
  return trades.filter(
    ({ takerAccount, makerAccount }) => takerAccount === account || makerAccount === account,
  );
}

function headOf({ channel, account, namesAccount }: AccountTarget, directory: Directory) {
  return namesAccount ? { channel, accountId: directory.account(account).accountId } : { channel };
}
