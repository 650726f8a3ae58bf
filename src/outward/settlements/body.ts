/**
 * What is sent for a trade: the list that `POST /wallet` of the operations API takes, with the settlement's id beside
 * it. The same trade gives the same bytes each time. Numbers are written as JSON numbers from their decimal text, so
 * that none is ever a binary fraction.
 */
import { ulidToUUID } from "ulid";
import { type Decimal, formatSteps, shortDecimal } from "../../domain/decimal.ts";
import { isUlid } from "../../domain/ulid.ts";
import type { Outbox, OutboxRow } from "../../projections/ledger/outbox.ts";

/** Account ids that clients of the operations API know as numbers; any 15 digits are exact as a JSON number. */
const WHOLE_NUMBER = /^(?:0|[1-9][0-9]{0,14})$/;

/** What names and steps are asked of. */
type Names = Pick<Outbox, "market" | "accountId">;

/** Such as `VIB-BRL/17`: by it a receiver recognises a repetition. */
export function settlementIdOf(row: OutboxRow, names: Names): string {
  return `${names.market(row.market).name}/${row.tradeId}`;
}

export function bodyOf(row: OutboxRow, names: Names): string {
  const { tickSize, lotSize } = names.market(row.market);
  const amounts = `"value":${numberText(row.price, tickSize)},"quantity":${numberText(row.quantity, lotSize)}`;
  const operation = (account: OutboxRow["buyer"], type: "CREDIT" | "DEBIT", requestId: string) =>
    `{${amounts},"userId":${userId(names.accountId(account))},"operationType":"${type}",` +
    `"requestId":${JSON.stringify(uuidOf(requestId))}}`;
  const credit = operation(row.buyer, "CREDIT", row.buyerRequestId);
  const debit = operation(row.seller, "DEBIT", row.sellerRequestId);
  return `{"settlementId":${JSON.stringify(settlementIdOf(row, names))},"operations":[${credit},${debit}]}`;
}

/** The UUID that has the same 128 bits as the ULID of a request. */
function uuidOf(requestId: string): string {
  return isUlid(requestId) ? ulidToUUID(requestId).toLowerCase() : requestId;
}

function numberText(steps: number, step: Decimal): string {
  return shortDecimal(formatSteps(steps, step));
}

function userId(accountId: string): string {
  return WHOLE_NUMBER.test(accountId) ? accountId : JSON.stringify(accountId);
}
