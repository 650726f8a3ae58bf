/** Accounts and their keys; for operators. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { ACCOUNT_STATUSES, FEES_ACCOUNT, SCOPES } from "../../domain/commands.ts";
import type { Account } from "../../projections/live/directory.ts";
import { makeKey } from "../auth.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findAccount } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { newRequestId } from "../request-id.ts";
import { markPosition, sendRefusal, submit } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountId, label, scopes } from "./schemas.ts";

const openBody = z.strictObject({
  accountId: accountId.nullable().optional(),
  name: label.nullable().optional(),
});
const statusBody = z.strictObject({ status: z.enum(ACCOUNT_STATUSES) });
const keyBody = z.strictObject({ name: label, scopes });
const accountParams = z.object({ accountId: z.string() });
const keyParams = z.object({ keyId: z.string() });

const openedSchema = z.object({ accountId: z.string() });
const accountSchema = z.object({
  accountId: z.string(),
  name: z.string().nullable(),
  status: z.enum(ACCOUNT_STATUSES),
});
const newKeySchema = z.object({
  keyId: z.string(),
  key: z.string().describe("Shown this once."),
  scopes: z.array(z.enum(SCOPES)),
});

/** Of one account. The journal knows no bound, so those that are on their way to it are not counted. */
const KEYS_MAX = 100;

type AccountParams = z.infer<typeof accountParams>;

export function addAccountRoutes(app: FastifyInstance, desk: Desk): void {
  addAccountCalls(app, desk);
  addKeyCalls(app, desk);
}

function addAccountCalls(app: FastifyInstance, desk: Desk): void {
  const common = { access: "admin", tag: "operating" } as const;
  addRoute(app, desk, {
    ...common,
    method: "POST",
    path: "/v1/accounts",
    summary: "Open an account",
    description: "Without an `accountId` one is made.",
    body: openBody,
    example: { accountId: "alice", name: "Alice" },
    answers: { 201: { is: "The account is open.", body: openedSchema } },
    problems: ["already-exists"],
    handle: openAccount,
  });
  addRoute(app, desk, {
    ...common,
    method: "GET",
    path: "/v1/accounts/:accountId",
    summary: "One account",
    params: accountParams,
    answers: { 200: { is: "The account.", body: accountSchema } },
    problems: ["unknown-account"],
    handle: showAccount,
  });
  addRoute(app, desk, {
    ...common,
    method: "PATCH",
    path: "/v1/accounts/:accountId",
    summary: "Suspend an account, or make it active again",
    description: "A suspended account can cancel, read and receive money, and nothing else.",
    params: accountParams,
    body: statusBody,
    example: { status: "suspended" },
    answers: { 200: { is: "The account as it is now.", body: accountSchema } },
    problems: ["unknown-account"],
    handle: changeAccount,
  });
}

function addKeyCalls(app: FastifyInstance, desk: Desk): void {
  const common = { access: "admin", tag: "operating" } as const;
  addRoute(app, desk, {
    ...common,
    method: "POST",
    path: "/v1/accounts/:accountId/keys",
    summary: "Make an API key",
    description: `The answer is the only place where the key is ever shown. An account has at most ${KEYS_MAX} keys.`,
    params: accountParams,
    body: keyBody,
    example: { name: "trading bot", scopes: ["read", "trade"] },
    answers: { 201: { is: "The key.", body: newKeySchema } },
    problems: ["unknown-account"],
    handle: createKey,
  });
  addRoute(app, desk, {
    ...common,
    method: "DELETE",
    path: "/v1/keys/:keyId",
    summary: "Revoke an API key",
    description: "Its sockets are closed.",
    params: keyParams,
    answers: { 200: { is: "The key is revoked.", body: z.object({ keyId: z.string() }) } },
    problems: ["not-found"],
    handle: (exchange, request, reply) => {
      const { keyId } = request.params;
      if (exchange.directory.key(keyId) === undefined) {
        sendRefusal(reply, new Refusal("not-found", "There is no such key."));
        return;
      }
      submit(exchange, reply, { kind: "RevokeKey", keyId }, () => reply.send({ keyId }));
    },
  });
}

function openAccount(
  exchange: ExchangePort,
  request: Call<z.infer<typeof openBody>>,
  reply: FastifyReply,
): void {
  const { accountId: asked, name } = request.body;
  const id = asked ?? newRequestId();
  submit(exchange, reply, { kind: "OpenAccount", accountId: id, name: name ?? null }, () => {
    reply.code(201).send({ accountId: id });
  });
}

function showAccount(
  exchange: ExchangePort,
  request: Call<unknown, unknown, AccountParams>,
  reply: FastifyReply,
): void {
  const account = findAccount(request.params.accountId, exchange.directory);
  if (account instanceof Refusal) sendRefusal(reply, account);
  else markPosition(reply, exchange.appliedSeq).send(accountView(account));
}

function changeAccount(
  exchange: ExchangePort,
  request: Call<z.infer<typeof statusBody>, unknown, AccountParams>,
  reply: FastifyReply,
): void {
  const account = findTradingAccount(request.params.accountId, exchange);
  if (account instanceof Refusal) {
    sendRefusal(reply, account);
    return;
  }
  const { status } = request.body;
  submit(exchange, reply, { kind: "SetAccountStatus", account: account.account, status }, () => {
    reply.send(accountView({ ...account, status }));
  });
}

function createKey(
  exchange: ExchangePort,
  request: Call<z.infer<typeof keyBody>, unknown, AccountParams>,
  reply: FastifyReply,
): void {
  const account = findTradingAccount(request.params.accountId, exchange);
  if (account instanceof Refusal) {
    sendRefusal(reply, account);
    return;
  }
  if (exchange.directory.keyCount(account.account) >= KEYS_MAX) {
    const message = `has ${KEYS_MAX} keys, and no account may have more; revoke one first`;
    sendRefusal(reply, malformed("accountId", message));
    return;
  }
  const { name, scopes } = request.body;
  const { keyId, key, secretHash } = makeKey();
  const command = { kind: "CreateKey", account: account.account, keyId, name, scopes, secretHash } as const;
  submit(exchange, reply, command, () => {
    // No cache on the way may keep the key.
    reply.header("cache-control", "no-store").code(201).send({ keyId, key, scopes });
  });
}

function findTradingAccount(id: string, { directory }: ExchangePort): Account | Refusal {
  const account = findAccount(id, directory);
  if (account instanceof Refusal || account.account !== FEES_ACCOUNT) return account;
  return malformed("accountId", "is a reserved account, which has no keys and cannot be suspended");
}

function accountView({ accountId, name, status }: Account) {
  return { accountId, name, status };
}
