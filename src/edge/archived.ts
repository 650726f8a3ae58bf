/** What is said of history that the ledger has let go of, because the archive has it. */
import { decodeTime } from "ulid";
import type { Ledger } from "../projections/ledger/ledger.ts";
import type { Archived } from "../projections/ledger/retention.ts";
import { timeText } from "../projections/unit-text.ts";
import type { ExchangePort } from "./exchange-port.ts";
import type { OrderName } from "./parse.ts";
import { Refusal } from "./problems.ts";

/** Why a request is not found: there was none, or by the time that its id names it has moved to the archive. */
export function missingRequest({ ledger }: ExchangePort, requestId: string, otherwise: Refusal): Refusal {
  const { archived } = ledger;
  const hasMoved = archived !== null && decodeTime(requestId) <= archived.at;
  return hasMoved ? historyArchived(archived) : otherwise;
}

/** Where the kept history begins, for a list that ends there. */
export function archivedBefore({ seq, at }: Archived): { readonly seq: number; readonly at: string } {
  return { seq: seq + 1, at: timeText(at) };
}

export function historyArchived({ seq, at }: Archived): Refusal {
  return new Refusal(
    "history-archived",
    `History up to sequence ${seq}, ${timeText(at)}, is in the exchange's archive: the ranges up to lastSeq ${seq} of its manifest.json.`,
  );
}

/** What is in the archive, if a command is in it; an order has the number of the command that placed it. */
export function archiveOf(number: number, { archived }: Pick<Ledger, "archived">): Archived | null {
  return archived !== null && number <= archived.seq ? archived : null;
}

/** Why an order is not found: there is none, or it has ended and moved to the archive. */
export function missingOrder({ ledger }: ExchangePort, name: OrderName | undefined): Refusal {
  const archived = name === undefined ? null : archiveOf(name.order, ledger);
  return archived === null ? new Refusal("unknown-order") : historyArchived(archived);
}
