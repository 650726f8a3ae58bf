/**
 * Placing an order: the hottest route, so it goes by callbacks from the first byte to the answer. What the
 * command did is told from its own events; only a repetition has to ask history.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Committed, OrderRepeated } from "../../domain/events.ts";
import type { OrderUpdate } from "../../projections/live/live-orders.ts";
import type { OrderRecord } from "../../projections/order-record.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import { fillOfTrade, fillView, orderView } from "../render.ts";
import { findOrder } from "./find-order.ts";
import { type OrderBody, orderBody, readOrder } from "./order-body.ts";
import { sendRefusal, submit } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { placedSchema } from "./views.ts";

const EXAMPLE: OrderBody = {
  market: "VIB-BRL",
  side: "buy",
  type: "limit",
  price: "100.99",
  quantity: "10",
  timeInForce: "gtc",
  postOnly: false,
  clientOrderId: "my-1",
  selfTradePrevention: "cancel-maker",
};

export function addPlaceOrderRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/orders",
    access: "trade",
    tag: "orders",
    summary: "Place an order",
    description:
      "Answered only once the command is on disk. `fills` are those of the order's own entry. " +
      "An order that is sent again under its `clientOrderId` with the same content is answered with 200, " +
      "`Idempotency-Replayed: true` and the first order as it is now.",
    body: orderBody,
    example: EXAMPLE,
    answers: {
      201: { is: "The order was accepted.", body: placedSchema },
      200: { is: "The order had been placed before.", body: placedSchema },
    },
    problems: [
      "unknown-account",
      "unknown-market",
      "price-off-tick",
      "quantity-off-lot",
      "duplicate-client-order-id",
      "account-suspended",
      "market-halted",
      "no-liquidity",
      "below-min-notional",
      "above-max-quantity",
      "too-many-open-orders",
      "would-take",
      "amount-too-large",
      "insufficient-funds",
    ],
    handle: placeOrder,
  });
}

function placeOrder(exchange: ExchangePort, request: Call<OrderBody>, reply: FastifyReply): void {
  const command = readOrder(request.body, request.principal, exchange.directory);
  if (command instanceof Refusal) {
    sendRefusal(reply, command);
    return;
  }
  submit(exchange, reply, command, (committed, updates) => {
    const first = committed.events[0];
    if (first?.kind === "OrderRepeated") answerRepeated(exchange, reply, first);
    else reply.code(201).send(placed(exchange, committed, updates));
  });
}

/** The order as its own command left it, and the trades in which it was the taker. */
function placed({ directory }: ExchangePort, committed: Committed, updates: readonly OrderUpdate[]) {
  const { entry, events } = committed;
  const fills = [];
  for (const event of events) {
    if (event.kind === "TradeExecuted" && event.takerOrder === (entry.seq as number)) {
      fills.push(fillView(fillOfTrade(event, "taker", entry), directory));
    }
  }
  return { order: orderView(lastOf(updates, entry.seq), directory), fills };
}

function lastOf(updates: readonly OrderUpdate[], order: number): OrderRecord {
  for (let index = updates.length - 1; index >= 0; index -= 1) {
    const update = updates[index]!;
    if (update.order.order === order) return update.order;
  }
  throw new Error("an accepted order is among the updates of its command");
}

function answerRepeated(exchange: ExchangePort, reply: FastifyReply, event: OrderRepeated): void {
  replay(exchange, event).then(
    (answer) => reply.code(200).header("idempotency-replayed", "true").send(answer),
    (fault: unknown) => reply.send(fault),
  );
}

/** The first order as it is now, with the fills of its entry. */
async function replay(exchange: ExchangePort, { account, order }: OrderRepeated) {
  const { directory } = exchange;
  const found = await findOrder(exchange, account, { order, at: null });
  if (found === undefined) throw new Error("an order that is remembered is open or in the ledger");
  const fills = [];
  for (const fill of found.fills) {
    if (fill.seq === (order as number) && fill.role === "taker") fills.push(fillView(fill, directory));
  }
  return { order: orderView(found.record, directory), fills };
}
