/** An order of the default market in the words of the first design, where it is an operation. */
import { hash } from "node:crypto";
import { ulidToUUID, uuidToULID } from "ulid";
import { z } from "zod";
import type { Market, Side } from "../../../domain/market.ts";
import { isUuid } from "../../../domain/ulid.ts";
import type { OrderRecord } from "../../../projections/order-record.ts";
import { time } from "../../http/schemas.ts";
import type { orderView } from "../../render.ts";
import { numberOf } from "./numbers.ts";
import { userId, userIdView } from "./users.ts";

export const OPERATION_TYPES = ["BUY", "SELL", "SALE"] as const;
export const OPERATION_STATUSES = ["IN_TRADE", "FINISHED"] as const;

type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** An amount, exactly as it is. */
export const exactNumber = z.number().meta({ example: 100.99 });

const uuid = z.string().meta({ format: "uuid", example: "019ab2f0-5a3e-7c11-9f54-2b1d0a8c7e66" });

export const operationSchema = z.object({
  operationType: z.enum(["BUY", "SELL"]),
  id: z.string().describe("`<userId>|<requestId>`"),
  quantity: exactNumber.describe("What it asks for; of one that is finished, what it has traded."),
  value: exactNumber.describe("The price that it asks for."),
  userId,
  operationStatus: z
    .enum(OPERATION_STATUSES)
    .describe("`FINISHED` once it is filled, or has ended in another way: it is not in trade any more."),
  requestId: uuid,
  hash: z
    .string()
    .describe("MD5 over value, quantity, user, status and type with `|` between them: it changes with them."),
  audit: z.object({
    createdAt: time,
    updatedBy: z
      .string()
      .describe(
        "The user, or `exchange` once a trade, or something else that nobody asked for, has changed it.",
      ),
    updatedAt: time,
  }),
});

const OPERATION_ID = /^(.{1,64})\|(.{36})$/;

/** `SELL` and `SALE` mean the same. */
export function sideOf(operationType: (typeof OPERATION_TYPES)[number]): Side {
  return operationType === "BUY" ? "buy" : "sell";
}

/** Whether an order is one that this API shows: it has a price, it has entered, and it is in the market that this is about. */
export function isOperation({ terms, progress }: OrderRecord, { market }: Market): boolean {
  return terms.market === market && terms.price !== null && progress.status !== "pending";
}

/** What it shows of an order that is an operation. */
export function operationView(order: ReturnType<typeof orderView>) {
  const { accountId, status, reason, filledQuantity, createdAt, updatedAt } = order;
  const isInTrade = status === "open" || status === "partially-filled";
  const operationStatus: OperationStatus = isInTrade ? "IN_TRADE" : "FINISHED";
  const operationType = order.side === "buy" ? "BUY" : "SELL";
  const quantity = numberOf(isInTrade ? order.quantity! : filledQuantity);
  const value = numberOf(order.price!);
  const requestId = ulidToUUID(order.requestId).toLowerCase();
  const isUsers = Number(filledQuantity) === 0 && (reason === null || reason === "requested");
  return {
    operationType,
    id: `${accountId}|${requestId}`,
    quantity,
    value,
    userId: userIdView(accountId),
    operationStatus,
    requestId,
    hash: hash("md5", [value, quantity, accountId, operationStatus, operationType].join("|")),
    audit: { createdAt, updatedBy: isUsers ? accountId : "exchange", updatedAt },
  };
}

/** Whose operation an id names, and the request that it came with; undefined if it can name none. */
export function readOperationId(
  id: string,
): { readonly accountId: string; readonly requestId: string } | undefined {
  const [, accountId = "", uuid = ""] = OPERATION_ID.exec(id) ?? [];
  return isUuid(uuid) ? { accountId, requestId: uuidToULID(uuid) } : undefined;
}
