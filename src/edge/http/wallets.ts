/** What an account has, now: read from memory, as the last command left it. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { ExchangePort } from "../exchange-port.ts";
import { findAsset, resolveAccount } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { walletView } from "../render.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountQuery, listOf } from "./schemas.ts";
import { walletSchema } from "./views.ts";

const walletQuery = z.strictObject(accountQuery);
const assetParams = z.object({ asset: z.string() });

type WalletsCall = Call<unknown, z.infer<typeof walletQuery>>;
type WalletCall = Call<unknown, z.infer<typeof walletQuery>, z.infer<typeof assetParams>>;

export function addWalletRoutes(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/wallets",
    access: "read",
    tag: "wallets",
    summary: "All wallets",
    description:
      "One wallet for every listed asset, in the order of listing; an asset never had shows zeros.",
    query: walletQuery,
    answers: { 200: { is: "The wallets.", body: listOf(walletSchema) } },
    problems: ["unknown-account"],
    handle: listWallets,
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/wallets/:asset",
    access: "read",
    tag: "wallets",
    summary: "One wallet",
    params: assetParams,
    query: walletQuery,
    answers: { 200: { is: "The wallet.", body: walletSchema } },
    problems: ["unknown-account", "unknown-asset"],
    handle: showWallet,
  });
}

function listWallets(exchange: ExchangePort, request: WalletsCall, reply: FastifyReply): void {
  const { directory, balances } = exchange;
  const account = resolveAccount(request.principal, request.query.accountId, directory);
  if (account instanceof Refusal) {
    sendRefusal(reply, account);
    return;
  }
  const items = directory.assets.map((asset) => walletView(balances.get(account, asset.asset), asset));
  markPosition(reply, exchange.appliedSeq).send({ items });
}

function showWallet(exchange: ExchangePort, request: WalletCall, reply: FastifyReply): void {
  const { directory, balances } = exchange;
  const account = resolveAccount(request.principal, request.query.accountId, directory);
  const asset = findAsset(request.params.asset, directory);
  if (account instanceof Refusal) sendRefusal(reply, account);
  else if (asset instanceof Refusal) sendRefusal(reply, asset);
  else markPosition(reply, exchange.appliedSeq).send(walletView(balances.get(account, asset.asset), asset));
}
