/** What a trace looks like, field by field. */
import { z } from "zod";
import { SELF_TRADE_PREVENTIONS } from "../../domain/commands.ts";
import { COMMAND_KINDS } from "../../domain/event-codec.ts";
import { END_REASONS } from "../../domain/events.ts";
import { MARKET_STATUSES, SIDES } from "../../domain/market.ts";
import { REJECTIONS } from "../../domain/rejections.ts";
import { ACCEPTED } from "../../projections/changes/change-line.ts";
import { changeSchema, tradeExecuted } from "./change-schemas.ts";
import { amount, time } from "./schemas.ts";
import { entrySchema, orderSchema, settlementWithAttemptsSchema } from "./views.ts";

const kind = z.enum(COMMAND_KINDS);
const { command, events } = changeSchema.shape;

const journal = z
  .strictObject({
    segment: z.int(),
    file: z.string().describe("The segment's name in the data directory's `journal/`."),
    offset: z.int().describe("Where the frame begins, in bytes from the start of the segment."),
    bytes: z.int().describe("The length of the frame."),
    firstSeq: z.int(),
    lastSeq: z.int(),
    epoch: z.int(),
    hash: z.string().describe("The frame's chained SHA-256, as the last 32 of its bytes have it."),
  })
  .describe("The frame of the journal that holds the command; all commands of a frame share their time.");

const trade = tradeExecuted.omit({ kind: true });

const entry = entrySchema.extend({
  accountId: z.string().nullable().describe("Null for the world outside the exchange."),
  market: z.string().nullable(),
});

const tracedCommand = z.strictObject({
  seq: z.int(),
  at: time,
  requestId: z.string(),
  traceId: z.string().nullable(),
  command,
  outcome: z.enum([ACCEPTED, ...REJECTIONS]),
  journal,
  events: events.nullable().describe("As in the change stream; null where `eventsMissing` says why."),
  eventCount: z.int().nullable().describe("Of all its events, whether they are shown or not."),
  effectsMissing: z
    .string()
    .nullable()
    .describe(
      "Why `trades`, `entries` and `settlements` are empty and not counted, where they have moved to the archive.",
    ),
  trades: z.array(trade),
  tradeCount: z.int().nullable(),
  entries: z.array(entry).describe("All postings of the command, of all accounts: zero in sum by asset."),
  entryCount: z.int().nullable(),
  settlements: z
    .array(settlementWithAttemptsSchema)
    .describe("The deliveries of its trades to the operator's wallet service."),
});

const touched = orderSchema.extend({
  touchedBy: z.array(
    z.strictObject({
      seq: z.int(),
      at: time,
      kind,
      requestId: z.string(),
      traceId: z.string().nullable(),
      how: z.array(z.enum(["placed", "changed", "traded", "ended"])),
    }),
  ),
  touchedByAll: z.boolean().describe("False if only the first and the latest 999 commands are shown."),
});

const balance = z.strictObject({ available: amount, held: amount });
const party = z.strictObject({
  orderId: z.int(),
  accountId: z.string(),
  side: z.enum(SIDES),
  isTriggered: z
    .boolean()
    .describe("Whether the order had waited for a trigger, which the command reached before this trade."),
  fee: amount,
  feeAsset: z.string(),
  feeRate: amount,
  holds: z.strictObject({
    asset: z.string(),
    before: amount,
    spent: amount,
    released: amount.describe("Below zero if more had to be kept aside."),
    after: amount,
  }),
  wallets: z.array(z.strictObject({ asset: z.string(), before: balance, after: balance })),
});

const explanation = z.strictObject({
  market: z.string(),
  tradeId: z.int(),
  seq: z.int(),
  command: kind,
  price: amount,
  quantity: amount,
  value: amount,
  taker: party,
  maker: party,
  before: z.strictObject({
    status: z.enum(MARKET_STATUSES),
    lastPrice: amount.nullable(),
    bestBid: amount.nullable(),
    bestAsk: amount.nullable(),
    band: z.strictObject({ lowest: amount, highest: amount }).nullable(),
  }),
  levels: z.array(z.strictObject({ price: amount, shown: amount, traded: amount })),
  ahead: z.array(
    z.strictObject({
      of: z.enum(["maker", "taker"]),
      count: z.int(),
      isWhole: z.boolean(),
      orders: z.array(
        z.strictObject({
          orderId: z.int(),
          accountId: z.string(),
          price: amount,
          shown: amount,
          traded: amount,
          prevented: amount,
          ended: z.enum(["filled", ...END_REASONS]).nullable(),
        }),
      ),
    }),
  ),
  selfTrade: z.strictObject({
    mode: z.enum(SELF_TRADE_PREVENTIONS).nullable(),
    canceled: z.array(z.int()),
    prevented: z.array(z.strictObject({ orderId: z.int(), quantity: amount })),
  }),
  text: z.array(z.string()).describe("The same in sentences."),
});

export const traceSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(["request", "trace", "order", "trade", "entry", "command"]),
  commands: z.array(tracedCommand),
  eventsMissing: z.string().nullable(),
  order: touched.nullable().describe("For an order: how it is now, and every command that touched it."),
  explanation: explanation.nullable().describe("How the trade came about, if `explain` was asked for."),
  deliveries: z
    .enum(["configured", "not-configured"])
    .describe("Whether trades are delivered to a wallet service; if not, no command has settlements."),
  nextCursor: z.string().nullable().describe("Of a W3C trace id with more commands than a page."),
});
