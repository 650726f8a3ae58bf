/** What a line of the change stream looks like: the description of what `change-line.ts` writes, field by field. */
import { z } from "zod";
import {
  ACCOUNT_STATUSES,
  ORDER_TYPES,
  SCOPES,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
} from "../../domain/commands.ts";
import { END_REASONS } from "../../domain/events.ts";
import { MARKET_STATUSES, SIDES } from "../../domain/market.ts";
import { REJECTIONS } from "../../domain/rejections.ts";
import { ACCEPTED } from "../../projections/changes/change-line.ts";
import { amount, time } from "./schemas.ts";

const said = <Kind extends string, Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) =>
  z.strictObject({ kind: z.literal(kind), ...shape });

const accountId = z.string();
const orderId = z.int();
const market = z.string();
const asset = z.string();

const terms = {
  accountId,
  market,
  side: z.enum(SIDES),
  type: z.enum(ORDER_TYPES),
  timeInForce: z.enum(TIMES_IN_FORCE),
  price: amount.nullable(),
  triggerPrice: amount.nullable(),
  trailingOffset: amount.nullable(),
  quantity: amount.nullable(),
  quoteQuantity: amount.nullable(),
  displayQuantity: amount.nullable(),
  expiresAt: time.nullable(),
  postOnly: z.boolean(),
  selfTradePrevention: z.enum(SELF_TRADE_PREVENTIONS),
  clientOrderId: z.string().nullable(),
};
const movement = { accountId, asset, amount, reference: z.string() };
const { accountId: _, ...moved } = movement;
const transfer = { accountId, toAccountId: z.string(), ...moved };
const settlement = {
  settlementId: z.string().nullable(),
  base: asset,
  quote: asset,
  entries: z.array(
    z.strictObject({
      accountId,
      side: z.enum(SIDES),
      quantity: amount,
      value: amount,
      reference: z.string(),
    }),
  ),
};
const key = { accountId, keyId: z.string(), name: z.string(), scopes: z.array(z.enum(SCOPES)) };
const assetListing = { asset, scale: z.int() };
const marketListing = {
  market,
  base: z.string(),
  quote: z.string(),
  tickSize: amount,
  lotSize: amount,
  minNotional: amount.nullable(),
  maxQuantity: amount.nullable(),
  maxOpenOrders: z.int(),
  makerFee: amount,
  takerFee: amount,
  priceBand: amount.nullable(),
  referencePrice: amount.nullable(),
  status: z.enum(MARKET_STATUSES),
};
const named = { id: z.string(), orderId, accountId, market };

const command = z.discriminatedUnion("kind", [
  said("PlaceOrder", terms),
  z
    .strictObject({
      kind: z.literal("AmendOrder"),
      accountId,
      orderId,
      market: market.optional(),
      price: amount.nullable().optional(),
      quantity: amount.nullable().optional(),
      priceTicks: z.int().nullable().optional(),
      quantityLots: z.int().nullable().optional(),
    })
    .describe("Of an order that is not open any more, the price and quantity are in ticks and lots."),
  said("CancelOrder", { accountId, orderId }),
  said("CancelAllOrders", { accountId, market: market.nullable() }),
  said("SetCancelAfter", { accountId, seconds: z.int() }),
  said("ExpireOrders", {}),
  said("DepositFunds", movement),
  said("WithdrawFunds", movement),
  said("TransferFunds", transfer),
  said("SettleFunds", settlement),
  said("OpenAccount", { accountId, name: z.string().nullable() }),
  said("SetAccountStatus", { accountId, status: z.enum(ACCOUNT_STATUSES) }),
  said("CreateKey", key),
  said("RevokeKey", { keyId: z.string() }),
  said("ListAsset", assetListing),
  said("ListMarket", marketListing),
  said("ChangeMarket", {
    market,
    status: z.enum(MARKET_STATUSES).nullable(),
    makerFee: amount.nullable(),
    takerFee: amount.nullable(),
    priceBand: amount.nullable().describe("Zero takes the band away."),
  }),
]);

export const tradeExecuted = said("TradeExecuted", {
  market,
  tradeId: z.int(),
  price: amount,
  quantity: amount,
  value: amount,
  takerSide: z.enum(SIDES),
  takerOrderId: orderId,
  takerAccountId: accountId,
  takerFee: amount,
  makerOrderId: orderId,
  makerAccountId: accountId,
  makerFee: amount.describe("Negative when it is a rebate."),
  feeAsset: z.string(),
});

const event = z.discriminatedUnion("kind", [
  said("AccountOpened", { accountId, name: z.string().nullable() }),
  said("AccountStatusChanged", { accountId, status: z.enum(ACCOUNT_STATUSES) }),
  said("KeyCreated", key),
  said("KeyRevoked", { accountId, keyId: z.string() }),
  said("AssetListed", assetListing),
  said("MarketListed", marketListing),
  said("MarketChanged", {
    market,
    status: z.enum(MARKET_STATUSES),
    makerFee: amount,
    takerFee: amount,
    priceBand: amount.nullable(),
  }),
  said("FundsDeposited", movement),
  said("FundsWithdrawn", movement),
  said("FundsTransferred", transfer),
  said("MovementRepeated", { accountId, asset, transactionId: z.int() }),
  said("FundsSettled", settlement),
  said("SettlementRepeated", { transactionId: z.int() }),
  said("OrderPlaced", { id: z.string(), orderId, ...terms }),
  said("OrderRepeated", { orderId, accountId }),
  said("OrderTriggered", named),
  said("OrderAmended", {
    ...named,
    price: amount.nullable(),
    quantity: amount.nullable(),
    keepsPlace: z.boolean(),
  }),
  said("SelfTradePrevented", {
    accountId,
    market,
    takerOrderId: orderId,
    makerOrderId: orderId,
    quantity: amount,
  }),
  said("CancelAfterSet", { accountId, deadline: time.nullable() }),
  tradeExecuted,
  said("OrderFilled", named),
  said("OrderCanceled", { ...named, reason: z.enum(END_REASONS) }),
  said("OrderExpired", { ...named, reason: z.enum(END_REASONS) }),
  said("LevelChanged", {
    market,
    side: z.enum(SIDES),
    price: amount,
    quantity: amount.describe("The level's new total; zero means that it is gone."),
  }),
  said("WalletChanged", { accountId, asset, available: amount, held: amount, total: amount }),
  said("CommandRejected", { reason: z.enum(REJECTIONS) }),
]);

export const changeSchema = z
  .strictObject({
    seq: z.int().describe("One more than that of the line before; anything else is a gap."),
    at: time,
    requestId: z.string(),
    traceId: z.string().nullable(),
    command,
    outcome: z.enum([ACCEPTED, ...REJECTIONS]),
    events: z.array(event),
  })
  .describe("A line of the stream.");
