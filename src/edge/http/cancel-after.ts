/** The dead man's switch: an account whose client falls silent has its orders canceled. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { FEES_ACCOUNT } from "../../domain/commands.ts";
import { timeText } from "../../projections/unit-text.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { resolveAccount } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { sendRefusal, submit } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { operatorsAccount, time } from "./schemas.ts";

/** A day: whoever wants its orders to outlive that does not mean to watch over them. */
const SECONDS_MAX = 86_400;

const cancelAfterBody = z.strictObject({
  seconds: z.int().min(0).max(SECONDS_MAX).describe("From now on; 0 disarms it."),
  accountId: operatorsAccount,
});
const deadlineSchema = z.object({ deadline: time.nullable().describe("Null when it is disarmed.") });

export function addCancelAfterRoute(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/orders/cancel-after",
    access: "trade",
    tag: "orders",
    summary: "Cancel all orders unless told otherwise in time",
    description:
      "All open and pending orders of the account are canceled (`cancel-after`) when so many seconds have passed, unless this " +
      "call comes again before, which sets the time anew, or disarms it with 0. It goes off once.",
    body: cancelAfterBody,
    example: { seconds: 60 },
    answers: { 200: { is: "When the orders will be canceled.", body: deadlineSchema } },
    problems: ["unknown-account"],
    handle: setCancelAfter,
  });
}

function setCancelAfter(
  exchange: ExchangePort,
  { body, principal }: Call<z.infer<typeof cancelAfterBody>>,
  reply: FastifyReply,
): void {
  const account = resolveAccount(principal, body.accountId, exchange.directory);
  if (account instanceof Refusal) {
    sendRefusal(reply, account);
  } else if (account === FEES_ACCOUNT) {
    sendRefusal(reply, malformed("accountId", "is a reserved account, which has no orders"));
  } else {
    submit(exchange, reply, { kind: "SetCancelAfter", account, seconds: body.seconds }, ({ events }) => {
      const set = events.find((event) => event.kind === "CancelAfterSet");
      const deadline = set?.deadline ?? null;
      reply.send({ deadline: deadline === null ? null : timeText(deadline) });
    });
  }
}
