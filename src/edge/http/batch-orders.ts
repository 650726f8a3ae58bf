/**
 * Many orders in one request: each is a command of its own, decided one after another with nothing between them,
 * and answered as if it had come alone. One that cannot be read is told so in its place, and the others go on.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { PlaceOrder } from "../../domain/commands.ts";
import { TOGETHER_MAX } from "../../sequencer/sequencer.ts";
import { decisionOf, turnedAway } from "../decision.ts";
import type { ExchangePort, Taken } from "../exchange-port.ts";
import type { Asker } from "../orders/operations.ts";
import { type OrderBody, orderBody } from "../orders/order-body.ts";
import { type Placed, placedBy } from "../orders/placed.ts";
import { readOrder } from "../orders/read-order.ts";
import { type Problem, problem, Refusal } from "../problems.ts";
import { ORDER_EXAMPLE } from "./place-order.ts";
import { askerOf, markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { type Check, compiledCheck, jsonSchema, malformedBody } from "./validation.ts";
import { placedSchema, problemSchema } from "./views.ts";

const BODY_BYTES_MAX = 1024 * 1024;

const ORDER_SCHEMA = jsonSchema(orderBody);

/** The orders are checked one by one: what is wrong with one of them is no fault of the others. */
const batchBody = z.strictObject({
  orders: z
    // The second says that anything may come here, the first what should.
    .array(z.union([orderBody, z.unknown()]))
    .min(1)
    .max(TOGETHER_MAX)
    .describe("Each as the body of `POST /v1/orders`; an operator's orders name their `accountId` each."),
});
const resultSchema = z.union([
  placedSchema.extend({ replayed: z.literal(true).optional() }).describe("It was placed, now or before."),
  problemSchema,
]);
const batchSchema = z.object({
  results: z.array(resultSchema).describe("One an order, in the order of the request."),
});

type Result = (Placed & { readonly replayed?: true }) | Problem;
type BatchCall = Call<z.infer<typeof batchBody>>;

export function addBatchOrdersRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/orders/batch",
    access: "trade",
    tag: "orders",
    summary: "Place several orders",
    description:
      `One command an order, at most ${TOGETHER_MAX}, with consecutive sequences; \`Pregao-Seq\` is the last. Each result is what ` +
      "`POST /v1/orders` would have answered: the order and its fills, with `replayed` if it had been placed before, or the " +
      "problem. The path of a fault is that within its order.",
    body: batchBody,
    bodyBytesMax: BODY_BYTES_MAX,
    example: { orders: [ORDER_EXAMPLE, { ...ORDER_EXAMPLE, price: "100.00", clientOrderId: "my-2" }] },
    answers: { 200: { is: "What became of each order.", body: batchSchema } },
    problems: [],
    handle: placeBatch,
  });
}

function placeBatch(exchange: ExchangePort, request: BatchCall, reply: FastifyReply): void {
  const asker = askerOf(request);
  const check = compiledCheck(request, ORDER_SCHEMA);
  const read = request.body.orders.map((order) => readEntry(exchange, asker, check, order));
  const { requestId, traceId } = asker;
  const commands = read.filter((entry): entry is PlaceOrder => !(entry instanceof Refusal));
  if (commands.length === 0) {
    reply.send({ results: read.map((refusal) => problem(refusal as Refusal, asker)) });
    return;
  }
  const requests = commands.map((command) => ({ requestId, traceId, command }));
  exchange.submitTogether(requests, (answer) => {
    if ("turnedAway" in answer) {
      sendRefusal(reply, turnedAway(answer.turnedAway));
      return;
    }
    const { taken } = answer;
    markPosition(reply, taken.at(-1)!.committed.entry.seq);
    resultsOf(exchange, asker, read, taken).then(
      (results) => reply.send({ results }),
      (fault: unknown) => reply.send(fault),
    );
  });
}

function readEntry(
  { directory }: ExchangePort,
  { principal }: Asker,
  check: Check,
  order: unknown,
): PlaceOrder | Refusal {
  const fault = check(order);
  return fault === undefined ? readOrder(order as OrderBody, principal, directory) : malformedBody(fault);
}

/** Those that were read have been taken, in their order. */
function resultsOf(
  exchange: ExchangePort,
  asker: Asker,
  read: readonly (PlaceOrder | Refusal)[],
  taken: readonly Taken[],
): Promise<Result[]> {
  const outcomes = taken.values();
  return Promise.all(
    read.map((entry) =>
      entry instanceof Refusal ? problem(entry, asker) : resultOf(exchange, asker, outcomes.next().value!),
    ),
  );
}

async function resultOf(exchange: ExchangePort, asker: Asker, taken: Taken): Promise<Result> {
  const decision = decisionOf(taken);
  if ("refusal" in decision) return problem(decision.refusal, asker);
  const told = await placedBy(exchange, decision);
  if (told instanceof Refusal) return problem(told, asker);
  return told.isReplayed ? { ...told.placed, replayed: true } : told.placed;
}
