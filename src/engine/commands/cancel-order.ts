/** Cancels one open order, or all of an account's, in one market or in all; what they hold is released. */
import type { CancelAllOrders, CancelOrder, Sequenced } from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { NONE } from "../book/order-pool.ts";
import { endOpen, REQUESTED } from "../order-ends.ts";
import type { State } from "../state.ts";

/** A suspended account and a halted market still cancel. Somebody else's order is as if it were not open. */
export function cancelOrder(state: State, { command }: Sequenced<CancelOrder>): Rejection | null {
  const slot = state.open.find(command.order);
  if (slot === NONE || state.open.pool.accountOf(slot) !== command.account) {
    return "order-not-open";
  }
  endOpen(state, slot, REQUESTED);
  return null;
}

/** Oldest first. */
export function cancelAllOrders(state: State, { command }: Sequenced<CancelAllOrders>): Rejection | null {
  for (const slot of state.open.ofAccount(command.account, command.market)) {
    endOpen(state, slot, REQUESTED);
  }
  return null;
}
