/** What placing an order now would do, for whoever wants to know before doing it. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { ExchangePort } from "../exchange-port.ts";
import type { Guard } from "../guard/guard.ts";
import { type OrderBody, orderBody } from "../orders/order-body.ts";
import { PREVIEW_ORDERS_MAX, previewOrder } from "../orders/preview.ts";
import { readOrder } from "../orders/read-order.ts";
import { PROBLEMS, type ProblemCode, problem, Refusal } from "../problems.ts";
import { ORDER_EXAMPLE } from "./place-order.ts";
import { askerOf, markPosition, sendRefusal, tellAllowance } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { amount } from "./schemas.ts";
import { fillSchema, orderSchema, problemSchema, walletSchema } from "./views.ts";

const previewSchema = z.object({
  order: orderSchema
    .extend({ id: z.string().nullable(), orderId: z.int().nullable() })
    .optional()
    .describe("The order as placing it would show it; `id` and `orderId` are null, since it has none yet."),
  fills: z.array(fillSchema).optional().describe("What it would trade at once."),
  fees: z.object({ asset: z.string(), amount }).optional().describe("What these trades would cost."),
  balances: z
    .array(walletSchema)
    .optional()
    .describe("The wallets of the market's base and quote asset afterwards."),
  replayed: z
    .literal(true)
    .optional()
    .describe("Its `clientOrderId` names an order that was placed before, which is the one shown."),
  refused: problemSchema.optional().describe("Why placing it would be refused; then there is nothing else."),
});

const CONFLICT = 409;
/** There is nothing to show: it would be too much, or what would be shown has moved to the archive. */
const NO_PREVIEW: ReadonlySet<ProblemCode> = new Set(["preview-too-large", "history-archived"]);
/** To look at so many orders takes about as long as to answer another request. */
const ORDERS_PER_REQUEST = 10;

export function addPreviewOrderRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/orders/preview",
    access: "read",
    isRead: true,
    tag: "orders",
    summary: "What placing an order now would do",
    description:
      "Takes the body of an order. The answer has `order`, `fills`, `fees` and `balances`, or, if the order would be refused " +
      "with 409 or 422, that problem as `refused`. Nothing is journaled or held, and a moment later it may be otherwise. " +
      "Other orders that its trades would trigger are not looked at. " +
      `An order that would meet more than ${PREVIEW_ORDERS_MAX.toLocaleString("en-US")} resting orders is not previewed, and every ${ORDERS_PER_REQUEST} of those that are looked at count as one more request.`,
    body: orderBody,
    example: ORDER_EXAMPLE,
    answers: { 200: { is: "What would happen.", body: previewSchema } },
    problems: ["unknown-account", "unknown-market", "history-archived", "preview-too-large", "overloaded"],
    handle: (exchange, request, reply) => preview(exchange, desk.guard, request, reply),
  });
}

async function preview(
  exchange: ExchangePort,
  guard: Guard,
  request: Call<OrderBody>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asker = askerOf(request);
  const { appliedSeq, directory } = exchange;
  const command = readOrder(request.body, asker.principal, directory);
  const { answer, met } =
    command instanceof Refusal ? { answer: command, met: 0 } : await previewOrder(exchange, asker, command);
  const allowance = guard.chargeKey(
    request.principal,
    Math.floor(met / ORDERS_PER_REQUEST),
    request.startedAt,
  );
  if (allowance !== undefined) tellAllowance(reply, allowance);
  if (!(answer instanceof Refusal)) return markPosition(reply, appliedSeq).send(answer);
  // What the rules would say is what was asked for; what is malformed or unknown is a fault of the asking, as is too much.
  const isTold = PROBLEMS[answer.code].status >= CONFLICT && !NO_PREVIEW.has(answer.code);
  if (!isTold) return sendRefusal(reply, answer);
  return markPosition(reply, appliedSeq).send({ refused: problem(answer, asker) });
}
