/** A user's wallet: the two balances of the default market, and how one is opened. */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { LosslessNumber } from "lossless-json";
import { z } from "zod";
import { type DepositFunds, FEES_ACCOUNT_ID } from "../../../domain/commands.ts";
import { formatDecimal } from "../../../domain/decimal.ts";
import type { AccountIndex, Minor, Seq } from "../../../domain/units.ts";
import type { Asset } from "../../../projections/live/directory.ts";
import { decisionOf, type Refused, turnedAway } from "../../decision.ts";
import type { Answer, AnswerTogether, ExchangePort, Taken } from "../../exchange-port.ts";
import { markPosition, sendRefusal, sendRefused } from "../../http/replies.ts";
import { addRoute, type Call, type Desk } from "../../http/route.ts";
import { parseAmount } from "../../parse.ts";
import { Refusal } from "../../problems.ts";
import { type DefaultMarket, defaultMarket } from "./default-market.ts";
import { decimalOf, numberOf } from "./numbers.ts";
import { exactNumber } from "./operation.ts";
import { Turns } from "./turns.ts";
import { findUser, readUserId, reserved, userId, userIdView } from "./users.ts";

/** What a wallet begins with is deposited under these, so that a second try adds nothing. */
const REFERENCES = { quantity: "wallet-create.quantity", value: "wallet-create.value" } as const;

const createBody = z.strictObject({
  userId,
  quantity: exactNumber.optional().describe("What it begins with of the base asset; 0 is nothing."),
  value: exactNumber.optional().describe("What it begins with of the quote asset; 0 is nothing."),
});
const walletParams = z.object({ userId: z.string() });

const walletSchema = z.object({
  userId,
  quantity: exactNumber.describe("All that the user has of the base asset."),
  value: exactNumber.describe("All that the user has of the quote asset."),
  availableQuantity: exactNumber.describe("What of it no operation holds."),
  availableValue: exactNumber.describe("What of it no operation holds."),
});

type CreateCall = Call<z.infer<typeof createBody>>;
type WalletCall = Call<unknown, unknown, z.infer<typeof walletParams>>;

/** What a wallet is to begin with. */
type Start = { readonly accountId: string; readonly deposits: readonly Deposit[] };
type Deposit = Pick<DepositFunds, "asset" | "amount" | "reference">;

export function addWalletRoutes(app: FastifyInstance, desk: Desk): void {
  const turns = new Turns();
  addRoute(app, desk, {
    method: "POST",
    path: "/wallet/create",
    access: "admin",
    tag: "operations",
    summary: "Open a wallet",
    description:
      "Opens the user's account, and deposits what it begins with. Sent again it changes nothing, and completes what a " +
      "first try has left undone; with other amounts it is refused.",
    body: createBody,
    example: { userId: 334455, quantity: 10, value: 1009.9 },
    answers: {
      201: { is: "The wallet was opened, or got what it begins with.", body: walletSchema },
      200: { is: "It was all there: the wallet as it is now.", body: walletSchema },
    },
    problems: ["unknown-market", "reference-reused", "amount-too-large"],
    handle: (exchange, request: CreateCall, reply) => createWallet(exchange, request, reply, turns),
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/wallet/:userId",
    access: "admin",
    tag: "operations",
    summary: "One wallet",
    params: walletParams,
    answers: { 200: { is: "The wallet.", body: walletSchema } },
    problems: ["unknown-account", "unknown-market"],
    handle: showWallet,
  });
}

function showWallet(exchange: ExchangePort, request: WalletCall, reply: FastifyReply): void {
  const { directory, appliedSeq } = exchange;
  const user = findUser(request.params.userId, "userId", directory);
  const traded = defaultMarket(directory);
  if (user instanceof Refusal) sendRefusal(reply, user);
  else if (traded instanceof Refusal) sendRefusal(reply, traded);
  else markPosition(reply, appliedSeq).send(walletView(exchange, user.account, traded));
}

/** Calls for one user take turns: what another deposits must not come between what this one looks at and what it does. */
async function createWallet(
  exchange: ExchangePort,
  request: CreateCall,
  reply: FastifyReply,
  turns: Turns,
): Promise<FastifyReply> {
  const traded = defaultMarket(exchange.directory);
  if (traded instanceof Refusal) return sendRefusal(reply, traded);
  const start = readStart(request, traded);
  if (start instanceof Refusal) return sendRefusal(reply, start);
  return turns.take(start.accountId, () => openWallet(exchange, request, reply, { start, traded }));
}

async function openWallet(
  exchange: ExchangePort,
  request: CreateCall,
  reply: FastifyReply,
  { start, traded }: { readonly start: Start; readonly traded: DefaultMarket },
): Promise<FastifyReply> {
  const refusal = refusalOfStart(exchange, start);
  if (refusal !== null) return sendRefusal(reply, refusal);
  const opened = await openAccount(exchange, request, start.accountId);
  if ("refusal" in opened) return sendRefused(reply, opened);
  const deposited = await deposit(exchange, request, opened.account, start.deposits);
  if ("refusal" in deposited) return sendRefused(reply, deposited);
  const isReplayed = !opened.isNew && !deposited.isNew;
  if (isReplayed) reply.header("idempotency-replayed", "true");
  markPosition(reply, deposited.seq ?? opened.seq ?? exchange.appliedSeq);
  return reply.code(isReplayed ? 200 : 201).send(walletView(exchange, opened.account, traded));
}

function readStart({ exactBody }: CreateCall, { base, quote }: DefaultMarket): Start | Refusal {
  const sent = exactBody as {
    readonly userId: unknown;
    readonly quantity?: LosslessNumber;
    readonly value?: LosslessNumber;
  };
  const accountId = readUserId(sent.userId, "userId");
  if (accountId instanceof Refusal) return accountId;
  if (accountId === FEES_ACCOUNT_ID) return reserved("userId");
  const deposits: Deposit[] = [];
  for (const [path, asset] of [["quantity", base] as const, ["value", quote] as const]) {
    const amount = readAmount(sent[path], asset, path);
    if (amount instanceof Refusal) return amount;
    if (amount !== null) deposits.push({ asset: asset.asset, amount, reference: REFERENCES[path] });
  }
  return { accountId, deposits };
}

/** Null for nothing, which a wallet may well begin with. */
function readAmount(sent: LosslessNumber | undefined, asset: Asset, path: string): Minor | null | Refusal {
  if (sent === undefined) return null;
  const text = decimalOf(sent, path);
  if (text instanceof Refusal) return text;
  return text === "0" ? null : parseAmount(text, asset, path);
}

/**
 * Looks first, since what it begins with is two commands, and one of them must not take effect where the other is
 * refused. Only a deposit elsewhere that takes an asset's supply to its end at this moment may still come between.
 */
function refusalOfStart(exchange: ExchangePort, { accountId, deposits }: Start): Refusal | null {
  const account = exchange.directory.accountById(accountId)?.account ?? null;
  for (const deposit of deposits) {
    const reason = exchange.refusalOfDeposit({ kind: "DepositFunds", account, ...deposit });
    if (reason !== null) return new Refusal(reason);
  }
  return null;
}

type Opened = { readonly account: AccountIndex; readonly isNew: boolean; readonly seq: Seq | null };

async function openAccount(
  exchange: ExchangePort,
  { id: requestId, traceId }: CreateCall,
  accountId: string,
): Promise<Opened | Refused> {
  const found = () => exchange.directory.accountById(accountId)?.account;
  const known = found();
  if (known !== undefined) return { account: known, isNew: false, seq: null };
  const command = { kind: "OpenAccount", accountId, name: null } as const;
  const answer = await new Promise<Answer>((resolve) => {
    exchange.submit({ requestId, traceId, command }, resolve);
  });
  const decision = decisionOf(answer);
  const account = found();
  // Another request may have opened it while this one was on its way.
  if (account !== undefined && "committed" in decision) {
    return { account, isNew: true, seq: decision.committed.entry.seq };
  }
  if ("refusal" in decision) {
    const { refusal, seq } = decision;
    return account !== undefined && refusal.code === "already-exists"
      ? { account, isNew: false, seq }
      : decision;
  }
  throw new Error("an account that was opened is in the directory");
}

/** All of them in one frame; whether any is new, or the first refusal. */
async function deposit(
  exchange: ExchangePort,
  { id: requestId, traceId }: CreateCall,
  account: AccountIndex,
  deposits: readonly Deposit[],
): Promise<{ readonly isNew: boolean; readonly seq: Seq | null } | Refused> {
  if (deposits.length === 0) return { isNew: false, seq: null };
  const requests = deposits.map((terms) => {
    const command: DepositFunds = { kind: "DepositFunds", account, ...terms };
    return { requestId, traceId, command };
  });
  const answer = await new Promise<AnswerTogether>((resolve) => {
    exchange.submitTogether(requests, resolve);
  });
  if ("turnedAway" in answer) return { refusal: turnedAway(answer.turnedAway), seq: null };
  const decisions = answer.taken.map((taken) => decisionOf(taken));
  const refused = decisions.find((decision): decision is Refused => "refusal" in decision);
  if (refused !== undefined) return refused;
  const isNew = answer.taken.some(({ committed }: Taken) => committed.events[0]?.kind === "FundsDeposited");
  return { isNew, seq: answer.taken.at(-1)!.committed.entry.seq };
}

function walletView(
  { directory, balances }: ExchangePort,
  account: AccountIndex,
  { base, quote }: DefaultMarket,
) {
  const of = (asset: Asset) => {
    const { available, held } = balances.get(account, asset.asset);
    const number = (amount: number) => numberOf(formatDecimal(amount, asset.scale));
    return { all: number(available + held), available: number(available) };
  };
  const [quantity, value] = [of(base), of(quote)];
  return {
    userId: userIdView(directory.account(account).accountId),
    quantity: quantity.all,
    value: value.all,
    availableQuantity: quantity.available,
    availableValue: value.available,
  };
}
