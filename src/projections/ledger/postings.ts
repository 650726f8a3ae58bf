/**
 * What a trade and a movement of money post, as double entry: the entries of one transaction sum to zero
 * in every asset. Deposits and withdrawals have their other side in the external account.
 */
import { FEES_ACCOUNT, type SettlementEntry } from "../../domain/commands.ts";
import type {
  FundsDeposited,
  FundsSettled,
  FundsTransferred,
  FundsWithdrawn,
  TradeExecuted,
} from "../../domain/events.ts";
import type { Side } from "../../domain/market.ts";
import { EXTERNAL_ACCOUNT } from "./schema.ts";
import type { EntryKind } from "./words.ts";

export type Posting = {
  readonly account: number;
  readonly asset: number;
  /** In minor units, signed: what the account's total changes by. */
  readonly amount: number;
  readonly kind: EntryKind;
  readonly order: number | null;
};

/** What of a market's listing its postings depend on. */
export type PostedMarket = {
  readonly base: number;
  readonly quote: number;
  readonly baseMinorPerLot: number;
};

/**
 * The seller's and the buyer's base entries come first, in this order; zero fees are not posted. The taker's fee
 * comes before the maker's rebate, which is paid out of it.
 */
export function tradePostings(trade: TradeExecuted, market: PostedMarket): Posting[] {
  const taker = { account: trade.takerAccount, order: trade.takerOrder };
  const maker = { account: trade.makerAccount, order: trade.makerOrder };
  const [seller, buyer] = trade.takerSide === "sell" ? [taker, maker] : [maker, taker];
  const { base, quote } = market;
  const lots = trade.quantity * market.baseMinorPerLot;
  const postings: Posting[] = [
    { account: seller.account, asset: base, amount: -lots, kind: "trade", order: seller.order },
    { account: buyer.account, asset: base, amount: lots, kind: "trade", order: buyer.order },
    { account: buyer.account, asset: quote, amount: -trade.value, kind: "trade", order: buyer.order },
    { account: seller.account, asset: quote, amount: trade.value, kind: "trade", order: seller.order },
  ];
  if (trade.takerFee !== 0) postings.push(...feePostings(taker, quote, trade.takerFee));
  if (trade.makerFee !== 0) postings.push(...feePostings(maker, quote, trade.makerFee));
  return postings;
}

type Movement = FundsDeposited | FundsWithdrawn | FundsTransferred;

export function movementPostings(event: Movement): Posting[] {
  const { account, asset, amount } = event;
  switch (event.kind) {
    case "FundsDeposited":
      return moved({ from: EXTERNAL_ACCOUNT, to: account, asset, amount, kind: "deposit" });
    case "FundsWithdrawn":
      return moved({ from: account, to: EXTERNAL_ACCOUNT, asset, amount, kind: "withdrawal" });
    case "FundsTransferred":
      return moved({ from: account, to: event.toAccount, asset, amount, kind: "transfer" });
  }
}

/** A posting of a settlement, with the entry of the list that it comes from. */
export type SettlementPosting = Posting & { readonly entry: SettlementEntry };

/**
 * Every entry of the list: the base asset first, and of each asset what is received before what is given, so that
 * nobody's total falls below zero on the way.
 */
export function settlementPostings({ base, quote, entries }: FundsSettled): SettlementPosting[] {
  const common = { kind: "settlement", order: null } as const;
  const received = (side: Side, asset: number, amountOf: (entry: SettlementEntry) => number) => {
    const [gains, losses]: SettlementPosting[][] = [[], []];
    for (const entry of entries) {
      const { account } = entry;
      const amount = amountOf(entry);
      if (entry.side === side) gains!.push({ account, asset, amount, ...common, entry });
      else losses!.push({ account, asset, amount: -amount, ...common, entry });
    }
    return [...gains!, ...losses!];
  };
  return [
    ...received("buy", base, ({ quantity }) => quantity),
    ...received("sell", quote, ({ value }) => value),
  ];
}

/** A negative fee is a rebate, and goes the other way. */
function feePostings(payer: { account: number; order: number }, asset: number, fee: number): Posting[] {
  const { account, order } = payer;
  const kind = fee < 0 ? "rebate" : "fee";
  return [
    { account, asset, amount: -fee, kind, order },
    { account: FEES_ACCOUNT, asset, amount: fee, kind, order },
  ];
}

function moved(move: {
  from: number;
  to: number;
  asset: number;
  amount: number;
  kind: EntryKind;
}): Posting[] {
  const { from, to, asset, amount, kind } = move;
  return [
    { account: from, asset, amount: -amount, kind, order: null },
    { account: to, asset, amount, kind, order: null },
  ];
}
