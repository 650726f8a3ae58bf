/** Ends every order whose time is over, the earliest first. */
import type { ExpireOrders, Sequenced } from "../../domain/commands.ts";
import type { Event } from "../../domain/events.ts";
import { endResting, TIME } from "../order-ends.ts";
import type { State } from "../state.ts";

export function expireOrders(state: State, { at }: Sequenced<ExpireOrders>): Event[] {
  const { expiries } = state.open;
  const events: Event[] = [];
  while (expiries.firstAt !== null && expiries.firstAt <= at) endResting(state, expiries.first, TIME, events);
  return events;
}
