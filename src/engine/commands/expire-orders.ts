/**
 * Ends every order whose time is over, and all orders of every account whose switch has run out, in the
 * order of these times; at one time the orders that end by themselves come first.
 */
import type { ExpireOrders, Sequenced } from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import type { EpochMs } from "../../domain/units.ts";
import { CANCEL_AFTER, endOpen, TIME } from "../order-ends.ts";
import type { State } from "../state.ts";

export function expireOrders(state: State, { at }: Sequenced<ExpireOrders>): Rejection | null {
  const { open, deadlines } = state;
  for (;;) {
    const { firstAt } = open.expiries;
    const deadline = deadlines.firstAt;
    if (isDue(firstAt, at) && (deadline === null || firstAt <= deadline)) {
      endOpen(state, open.expiries.first, TIME);
    } else if (isDue(deadline, at)) cancelAll(state);
    else return null;
  }
}

function isDue(time: EpochMs | null, at: EpochMs): time is EpochMs {
  return time !== null && time <= at;
}

/** Oldest first, as when the account cancels them itself. */
function cancelAll(state: State): void {
  const { open, deadlines } = state;
  const account = deadlines.firstAccount;
  for (const slot of open.ofAccount(account, null)) endOpen(state, slot, CANCEL_AFTER);
  deadlines.disarm(account);
  state.log.tell({ kind: "CancelAfterSet", account, deadline: null });
}
