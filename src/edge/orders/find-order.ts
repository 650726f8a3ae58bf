/**
 * Finding an order by what a client calls it: among the open ones first, and then in history. One that
 * belongs to another account is as good as none.
 */
import type { AccountIndex, Seq } from "../../domain/units.ts";
import type { LedgerFill } from "../../projections/ledger/rows.ts";
import type { OrderRecord } from "../../projections/order-record.ts";
import type { ExchangePort } from "../exchange-port.ts";
import type { OrderName } from "../parse.ts";

/** An order as it was at a sequence, with its latest fills up to then. */
export type FoundOrder = {
  readonly record: OrderRecord;
  readonly fills: readonly LedgerFill[];
  readonly seq: Seq;
};

/** The order if it is the account's and its name is right in every part. */
export function owned(record: OrderRecord, account: AccountIndex, name: OrderName): boolean {
  return record.terms.account === account && (name.at === null || name.at === record.createdAt);
}

/**
 * An open order is found in memory, as it is at this moment, and its fills in the ledger, which may be ahead
 * of that moment by the time that it answers; what came later is left out.
 */
export async function findOrder(
  exchange: ExchangePort,
  account: AccountIndex,
  name: OrderName,
): Promise<FoundOrder | undefined> {
  const { appliedSeq: seq, ledger, orders } = exchange;
  const live = orders.get(name.order);
  if (live !== undefined && !owned(live, account, name)) return undefined;
  // Its number says when an order was placed: one from after now is not worth the wait.
  if (name.order > seq) return undefined;
  if (live !== undefined && live.progress.filledQuantity === 0) return { record: live, fills: [], seq };
  await ledger.reached(seq);
  const kept = await ledger.order(name.order);
  if (kept === undefined || !owned(kept.record, account, name)) return undefined;
  const fills = kept.fills.filter((fill) => fill.seq <= seq);
  return { record: live ?? kept.record, fills, seq };
}

export async function findByClientId(
  exchange: ExchangePort,
  account: AccountIndex,
  clientOrderId: string,
): Promise<FoundOrder | undefined> {
  const live = exchange.orders.byClientId(account, clientOrderId);
  if (live !== undefined) return findOrder(exchange, account, { order: live.order, at: null });
  const { appliedSeq, ledger } = exchange;
  await ledger.reached(appliedSeq);
  const order = await ledger.orderByClientId({ account, clientOrderId });
  return order === undefined ? undefined : findOrder(exchange, account, { order, at: null });
}
