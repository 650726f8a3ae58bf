/** What answers look like: the descriptions of what `render.ts` makes, field by field. */
import { z } from "zod";
import { ORDER_TYPES, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../../domain/commands.ts";
import { END_REASONS } from "../../domain/events.ts";
import { MARKET_STATUSES, SIDES } from "../../domain/market.ts";
import { ATTEMPT_OUTCOMES, SETTLEMENT_STATUSES } from "../../domain/settlements.ts";
import { ENTRY_KINDS } from "../../projections/ledger/words.ts";
import { ORDER_STATUSES } from "../../projections/order-record.ts";
import { asOfFields } from "./as-of.ts";
import { amount, time } from "./schemas.ts";

export const orderSchema = z.object({
  id: z.string().meta({ example: "01K8ZJ3S2BF0000000000004K7" }),
  orderId: z.int().meta({ example: 4711 }),
  clientOrderId: z.string().nullable(),
  accountId: z.string(),
  market: z.string().meta({ example: "VIB-BRL" }),
  side: z.enum(SIDES),
  type: z.enum(ORDER_TYPES),
  timeInForce: z.enum(TIMES_IN_FORCE),
  expiresAt: time.nullable(),
  postOnly: z.boolean(),
  price: amount.nullable(),
  triggerPrice: amount.nullable(),
  trailingOffset: amount.nullable(),
  quantity: amount.nullable(),
  quoteQuantity: amount.nullable(),
  displayQuantity: amount.nullable(),
  filledQuantity: amount,
  remainingQuantity: amount.nullable(),
  preventedQuantity: amount.describe("What self-trade prevention took from it without a trade."),
  filledValue: amount,
  averagePrice: amount.nullable().describe("Rounded half up to 8 decimals; null before the first fill."),
  selfTradePrevention: z.enum(SELF_TRADE_PREVENTIONS),
  status: z.enum(ORDER_STATUSES),
  reason: z.enum(END_REASONS).nullable(),
  requestId: z.string(),
  traceId: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
});

const fillFields = {
  tradeId: z.int().meta({ example: 17 }),
  price: amount,
  quantity: amount,
  value: amount,
  role: z.enum(["maker", "taker"]),
  fee: amount,
  feeAsset: z.string().meta({ example: "BRL" }),
};

export const fillSchema = z.object(fillFields);

export const fillItemSchema = z.object({
  ...fillFields,
  orderId: z.int(),
  market: z.string(),
  side: z.enum(SIDES),
  at: time,
  seq: z.int(),
});

export const placedSchema = z.object({
  order: orderSchema,
  fills: z.array(fillSchema).describe("The latest 1,000 at most; all of them are in `GET /v1/fills`."),
});

/** A problem inside an answer; on its own it is sent as it is made. */
export const problemSchema = z.object({
  type: z.string().meta({ example: "/problems/insufficient-funds" }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

export const walletSchema = z.object({
  asset: z.string().meta({ example: "BRL" }),
  available: amount,
  held: amount,
  total: amount,
});

export const entrySchema = z.object({
  entryId: z.int(),
  transactionId: z.int(),
  seq: z.int(),
  at: time,
  asset: z.string(),
  amount: z.string().meta({ example: "-403.96" }),
  balanceAfter: amount,
  kind: z.enum(ENTRY_KINDS),
  orderId: z.int().nullable(),
  tradeId: z.int().nullable(),
  reference: z.string().nullable(),
  requestId: z.string(),
});

export const movedSchema = z.object({
  transactionId: z.int().describe("The sequence of the command that moved the money."),
  wallet: walletSchema,
});

export const marketSchema = z.object({
  market: z.string().meta({ example: "VIB-BRL" }),
  base: z.string(),
  quote: z.string(),
  tickSize: amount,
  lotSize: amount,
  minNotional: amount.nullable(),
  maxQuantity: amount.nullable(),
  priceBand: amount.nullable(),
  makerFee: amount,
  takerFee: amount,
  status: z.enum(MARKET_STATUSES),
});

const level = z.array(z.string()).length(2).describe("Price and quantity.");

export const bookSchema = z.object({
  market: z.string(),
  seq: z.int(),
  bids: z.array(level),
  asks: z.array(level),
  ...asOfFields,
});

export const tradeSchema = z.object({
  tradeId: z.int(),
  price: amount,
  quantity: amount,
  value: amount,
  takerSide: z.enum(SIDES),
  at: time,
  seq: z.int(),
});

export const settlementSchema = z.object({
  settlementId: z.string().meta({ example: "VIB-BRL/17" }),
  status: z.enum(SETTLEMENT_STATUSES),
  market: z.string(),
  tradeId: z.int(),
  seq: z.int(),
  at: time,
  price: amount,
  quantity: amount,
  buyer: z.object({ accountId: z.string(), requestId: z.string() }),
  seller: z.object({ accountId: z.string(), requestId: z.string() }),
  attemptCount: z.int().nullable().describe("Null where the attempts are not kept any more."),
  nextAttemptAt: time.nullable().describe("Not before then; null if it waits for nothing but its turn."),
  endedAt: time.nullable().describe("When it was delivered or given up."),
});

const attemptSchema = z.object({
  attempt: z.int(),
  at: time,
  milliseconds: z.int(),
  outcome: z.enum(ATTEMPT_OUTCOMES),
  httpStatus: z.int().nullable(),
  detail: z.string().nullable(),
});

export const settlementWithAttemptsSchema = settlementSchema.extend({
  attempts: z.array(attemptSchema).describe("The latest 100 at most, in their order."),
});
