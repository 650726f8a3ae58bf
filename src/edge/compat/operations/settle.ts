/** Settling a list of credits and debits, whole or not at all: one command, and one answer for all of it. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { SettleFunds, SettlementEntry } from "../../../domain/commands.ts";
import { formatSteps } from "../../../domain/decimal.ts";
import { productOrNull } from "../../../domain/market.ts";
import { isUuid } from "../../../domain/ulid.ts";
import { minor } from "../../../domain/units.ts";
import type { Directory } from "../../../projections/live/directory.ts";
import type { ExchangePort } from "../../exchange-port.ts";
import { sendRefusal, submit } from "../../http/replies.ts";
import { addRoute, type Call, type Desk } from "../../http/route.ts";
import { reference } from "../../http/schemas.ts";
import { malformed, Refusal } from "../../problems.ts";
import { type DefaultMarket, defaultMarket } from "./default-market.ts";
import { numberOf } from "./numbers.ts";
import { exactNumber } from "./operation.ts";
import { type ExactTerms, readTerms } from "./terms.ts";
import { findUser, userId, userIdView } from "./users.ts";

/** Entries of one list, at most; more is refused. */
export const ENTRIES_MAX = 500;
/** Room for as many entries as there may be, and as much again. */
const BODY_BYTES_MAX = 256 * 1024;

const entryFields = {
  value: exactNumber.describe("The price of one."),
  quantity: exactNumber,
  userId,
  operationType: z
    .enum(["CREDIT", "DEBIT"])
    .describe("`CREDIT` receives the quantity and pays value × quantity, `DEBIT` the reverse."),
  requestId: reference.meta({ example: "019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66" }),
};
const settlementId = reference
  .nullable()
  .optional()
  .meta({ example: "VIB-BRL/17" })
  .describe("With one, it alone makes the list idempotent, and a requestId may come again in other lists.");
const body = z.strictObject({
  operations: z.array(z.strictObject(entryFields)).min(1).max(ENTRIES_MAX),
  settlementId,
});
const settledSchema = z.object({
  transactionId: z.int().describe("The sequence of the command that moved the money."),
  settlementId,
  operations: z.array(z.object(entryFields)),
});

type SettleCall = Call<z.infer<typeof body>>;
type ExactEntry = ExactTerms & {
  readonly userId: unknown;
  readonly operationType: "CREDIT" | "DEBIT";
  readonly requestId: string;
};

/** An entry in units, and as it is told. */
type ReadEntry = { readonly entry: SettlementEntry; readonly view: object };

export function addSettleRoute(app: FastifyInstance, desk: Desk): void {
  const entry = { value: 100.99, quantity: 10 };
  const requestIds = ["019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66", "019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e67"];
  addRoute(app, desk, {
    method: "POST",
    path: "/wallet",
    access: "admin",
    tag: "operations",
    summary: "Settle a list of credits and debits",
    description:
      "All of it takes effect or nothing. Whether a user can pay is judged on what all entries together take from it, " +
      "against what is available. The same list again moves nothing: 200, `Idempotency-Replayed: true` and the first result.",
    body,
    bodyBytesMax: BODY_BYTES_MAX,
    example: {
      operations: [
        { ...entry, userId: 334455, operationType: "CREDIT", requestId: requestIds[0]! },
        { ...entry, userId: 334456, operationType: "DEBIT", requestId: requestIds[1]! },
      ],
      settlementId: "VIB-BRL/17",
    },
    answers: {
      201: { is: "The list was settled.", body: settledSchema },
      200: { is: "It had been settled before: the first result.", body: settledSchema },
    },
    problems: [
      "unknown-account",
      "unknown-market",
      "price-off-tick",
      "quantity-off-lot",
      "reference-reused",
      "amount-too-large",
      "unbalanced",
      "account-suspended",
      "insufficient-funds",
    ],
    handle: settle,
  });
}

function settle(exchange: ExchangePort, request: SettleCall, reply: FastifyReply): void {
  const { directory } = exchange;
  const traded = defaultMarket(directory);
  if (traded instanceof Refusal) {
    sendRefusal(reply, traded);
    return;
  }
  const read = readEntries(request, traded, directory);
  if (read instanceof Refusal) {
    sendRefusal(reply, read);
    return;
  }
  const command: SettleFunds = {
    kind: "SettleFunds",
    base: traded.base.asset,
    quote: traded.quote.asset,
    entries: read.map(({ entry }) => entry),
    settlementId: request.body.settlementId ?? null,
  };
  submit(exchange, reply, command, ({ entry, events }) => {
    const first = events[0];
    const isReplayed = first?.kind === "SettlementRepeated";
    if (isReplayed) reply.header("idempotency-replayed", "true");
    reply.code(isReplayed ? 200 : 201).send({
      transactionId: isReplayed ? first.transaction : entry.seq,
      settlementId: command.settlementId,
      operations: read.map(({ view }) => view),
    });
  });
}

function readEntries(
  request: SettleCall,
  traded: DefaultMarket,
  directory: Directory,
): readonly ReadEntry[] | Refusal {
  const { operations } = request.exactBody as { readonly operations: readonly ExactEntry[] };
  const named = new Set<string>();
  const entries: ReadEntry[] = [];
  for (const [place, sent] of operations.entries()) {
    const path = `operations[${place}]`;
    const read = readEntry(sent, path, traded, directory);
    if (read instanceof Refusal) return read;
    const { account, reference: name } = read.entry;
    if ((request.body.settlementId ?? null) === null && named.has(`${account} ${name}`)) {
      return malformed(`${path}.requestId`, "is in the list already, for the same user");
    }
    named.add(`${account} ${name}`);
    entries.push(read);
  }
  return entries;
}

function readEntry(
  sent: ExactEntry,
  path: string,
  { market }: DefaultMarket,
  directory: Directory,
): ReadEntry | Refusal {
  const user = findUser(sent.userId, `${path}.userId`, directory);
  if (user instanceof Refusal) {
    // Of many users it has to be said which.
    const isUnknown = user.code === "unknown-account";
    return isUnknown ? new Refusal(user.code, `${path}.userId: ${user.detail}`) : user;
  }
  const terms = readTerms(sent, market, `${path}.`);
  if (terms instanceof Refusal) return terms;
  const { price, quantity: traded } = terms;
  const quantity = productOrNull(traded, market.baseMinorPerLot);
  if (quantity === null) return tooLarge(`${path}.quantity`);
  // A tick times a lot is a whole number of the quote's units, so this is exact.
  const value = productOrNull(price, traded, market.quoteMinorPerTickLot);
  if (value === null) return tooLarge(`${path}: value × quantity`);
  const { operationType, requestId } = sent;
  const name = isUuid(requestId) ? requestId.toLowerCase() : requestId;
  return {
    entry: {
      account: user.account,
      side: operationType === "CREDIT" ? "buy" : "sell",
      quantity: minor(quantity),
      value: minor(value),
      reference: name,
    },
    view: {
      value: numberOf(formatSteps(price, market.tickSize)),
      quantity: numberOf(formatSteps(traded, market.lotSize)),
      userId: userIdView(user.accountId),
      operationType,
      requestId: name,
    },
  };
}

function tooLarge(what: string): Refusal {
  return new Refusal("amount-too-large", `${what} exceeds 2^53 - 1 units.`);
}
