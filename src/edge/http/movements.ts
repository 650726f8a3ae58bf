/** Moving money: deposits, withdrawals and transfers, each idempotent by its reference. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { type Command, FEES_ACCOUNT } from "../../domain/commands.ts";
import type { AccountIndex, AssetIndex, Minor } from "../../domain/units.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findAccount, findAsset, parseAmount, resolveAccount } from "../parse.ts";
import { malformed, type ProblemCode, Refusal } from "../problems.ts";
import { walletView } from "../render.ts";
import { sendRefusal, submit } from "./replies.ts";
import { addRoute, type Call, type Desk, type Route } from "./route.ts";
import { decimalText, nameOf, operatorsAccount, reference } from "./schemas.ts";
import { movedSchema } from "./views.ts";

const money = { asset: nameOf("BRL"), amount: decimalText, reference };

const depositBody = z.strictObject({ accountId: nameOf("alice"), ...money });
const withdrawalBody = z.strictObject({ ...money, accountId: operatorsAccount });
const transferBody = z.strictObject({ toAccountId: nameOf("bob"), ...money, accountId: operatorsAccount });

type WithdrawalBody = z.infer<typeof withdrawalBody>;
type TransferBody = z.infer<typeof transferBody>;
type Movement = {
  readonly account: AccountIndex;
  readonly asset: AssetIndex;
  readonly amount: Minor;
  readonly reference: string;
};

const ANSWERS: Route<unknown, unknown, unknown>["answers"] = {
  201: { is: "The money has moved; the wallet is the account's.", body: movedSchema },
  200: { is: "It had moved before: the first result, and the wallet as it is now.", body: movedSchema },
};
const PROBLEMS_OF_ALL: readonly ProblemCode[] = ["unknown-account", "unknown-asset", "reference-reused"];
const ONCE =
  "The same `reference` and content again moves nothing: 200, `Idempotency-Replayed: true` and the first result.";

export function addMovementRoutes(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/deposits",
    access: "admin",
    tag: "wallets",
    summary: "Deposit money",
    description: ONCE,
    body: depositBody,
    example: { accountId: "alice", asset: "BRL", amount: "1000.00", reference: "wire-1" },
    answers: ANSWERS,
    problems: [...PROBLEMS_OF_ALL, "amount-too-large"],
    handle: (exchange, request, reply) => move(exchange, request, reply, "DepositFunds"),
  });
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/withdrawals",
    access: "withdraw",
    tag: "wallets",
    summary: "Withdraw money",
    description: ONCE,
    body: withdrawalBody,
    example: { asset: "BRL", amount: "10.00", reference: "payout-1" },
    answers: ANSWERS,
    problems: [...PROBLEMS_OF_ALL, "account-suspended", "insufficient-funds", "amount-too-large"],
    handle: (exchange, request, reply) => move(exchange, request, reply, "WithdrawFunds"),
  });
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/transfers",
    access: "transfer",
    tag: "wallets",
    summary: "Transfer money to another account",
    description: ONCE,
    body: transferBody,
    example: { toAccountId: "bob", asset: "BRL", amount: "10.00", reference: "rent-1" },
    answers: ANSWERS,
    problems: [...PROBLEMS_OF_ALL, "account-suspended", "insufficient-funds", "amount-too-large"],
    handle: transfer,
  });
}

function move(
  exchange: ExchangePort,
  request: Call<WithdrawalBody>,
  reply: FastifyReply,
  kind: "DepositFunds" | "WithdrawFunds",
): void {
  const movement = readMovement(exchange, request);
  if (movement instanceof Refusal) sendRefusal(reply, movement);
  else if (kind === "DepositFunds" && movement.account === FEES_ACCOUNT)
    sendRefusal(reply, reserved("accountId"));
  else submitMovement(exchange, reply, { kind, ...movement });
}

function transfer(exchange: ExchangePort, request: Call<TransferBody>, reply: FastifyReply): void {
  const movement = readMovement(exchange, request);
  if (movement instanceof Refusal) {
    sendRefusal(reply, movement);
    return;
  }
  const to = findAccount(request.body.toAccountId, exchange.directory);
  if (to instanceof Refusal) {
    sendRefusal(reply, to);
  } else if (movement.account === FEES_ACCOUNT || to.account === FEES_ACCOUNT) {
    sendRefusal(reply, reserved(to.account === FEES_ACCOUNT ? "toAccountId" : "accountId"));
  } else if (to.account === movement.account) {
    sendRefusal(reply, malformed("toAccountId", "must be another account"));
  } else {
    submitMovement(exchange, reply, { kind: "TransferFunds", ...movement, toAccount: to.account });
  }
}

/** Trades alone put money into the account that collects fees, and withdrawals alone take it out. */
function reserved(path: string): Refusal {
  return malformed(path, "is a reserved account, from which operators withdraw and no more");
}

function readMovement(exchange: ExchangePort, { body, principal }: Call<WithdrawalBody>): Movement | Refusal {
  const { directory } = exchange;
  const account = resolveAccount(principal, body.accountId, directory);
  if (account instanceof Refusal) return account;
  const asset = findAsset(body.asset, directory);
  if (asset instanceof Refusal) return asset;
  const amount = parseAmount(body.amount, asset, "amount");
  if (amount instanceof Refusal) return amount;
  return { account, asset: asset.asset, amount, reference: body.reference };
}

function submitMovement(exchange: ExchangePort, reply: FastifyReply, command: Command & Movement): void {
  submit(exchange, reply, command, ({ entry, events }) => {
    const { account, asset } = command;
    const wallet = walletView(exchange.balances.get(account, asset), exchange.directory.asset(asset));
    const first = events[0];
    if (first?.kind !== "MovementRepeated") {
      reply.code(201).send({ transactionId: entry.seq, wallet });
      return;
    }
    reply.header("idempotency-replayed", "true");
    reply.code(200).send({ transactionId: first.transaction, wallet });
  });
}
