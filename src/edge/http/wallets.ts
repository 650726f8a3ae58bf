/** What an account has: now, read from memory as the last command left it, or at a moment of the past. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { AccountIndex } from "../../domain/units.ts";
import type { Asset } from "../../projections/live/directory.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findAsset, resolveAccount } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { walletView } from "../render.ts";
import { AS_OF_PROBLEMS, asOfFields, asOfQuery, asOfView, PastReads } from "./as-of.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountQuery, listOf } from "./schemas.ts";
import { walletSchema } from "./views.ts";

const walletQuery = z.strictObject({ ...accountQuery, ...asOfQuery });
const assetParams = z.object({ asset: z.string() });

type WalletsCall = Call<unknown, z.infer<typeof walletQuery>>;
type WalletCall = Call<unknown, z.infer<typeof walletQuery>, z.infer<typeof assetParams>>;

export function addWalletRoutes(app: FastifyInstance, desk: Desk): void {
  const past = new PastReads(app, desk.guard);
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/wallets",
    access: "read",
    tag: "wallets",
    summary: "All wallets",
    description:
      "One wallet for every listed asset, in the order of listing; an asset never had shows zeros.",
    query: walletQuery,
    answers: { 200: { is: "The wallets.", body: listOf(walletSchema).extend(asOfFields) } },
    problems: ["unknown-account", ...AS_OF_PROBLEMS],
    handle: (exchange, request, reply) => listWallets(exchange, request, reply, past),
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/wallets/:asset",
    access: "read",
    tag: "wallets",
    summary: "One wallet",
    params: assetParams,
    query: walletQuery,
    answers: { 200: { is: "The wallet.", body: walletSchema.extend(asOfFields) } },
    problems: ["unknown-account", "unknown-asset", ...AS_OF_PROBLEMS],
    handle: (exchange, request, reply) => showWallet(exchange, request, reply, past),
  });
}

async function listWallets(
  exchange: ExchangePort,
  request: WalletsCall,
  reply: FastifyReply,
  past: PastReads,
): Promise<FastifyReply> {
  const { directory, balances } = exchange;
  const account = resolveAccount(request.principal, request.query.accountId, directory);
  if (account instanceof Refusal) return sendRefusal(reply, account);
  const { asOf } = request.query;
  if (asOf === undefined) {
    const items = directory.assets.map((asset) => walletView(balances.get(account, asset.asset), asset));
    return markPosition(reply, exchange.appliedSeq).send({ items });
  }
  const then = await walletsThen(exchange, reply, past, { account, asOf });
  if (then instanceof Refusal) return sendRefusal(reply, then);
  const items = then.wallets.map((wallet) => walletView(wallet, directory.asset(wallet.asset)));
  return reply.send({ items, asOf: asOfView(then) });
}

async function showWallet(
  exchange: ExchangePort,
  request: WalletCall,
  reply: FastifyReply,
  past: PastReads,
): Promise<FastifyReply> {
  const { directory, balances } = exchange;
  const account = resolveAccount(request.principal, request.query.accountId, directory);
  const asset = findAsset(request.params.asset, directory);
  if (account instanceof Refusal) return sendRefusal(reply, account);
  if (asset instanceof Refusal) return sendRefusal(reply, asset);
  const { asOf } = request.query;
  if (asOf === undefined) {
    return markPosition(reply, exchange.appliedSeq).send(
      walletView(balances.get(account, asset.asset), asset),
    );
  }
  const then = await walletsThen(exchange, reply, past, { account, asOf });
  if (then instanceof Refusal) return sendRefusal(reply, then);
  const wallet = then.wallets.find((each) => each.asset === asset.asset);
  if (wallet === undefined) return sendRefusal(reply, notListedThen(asset, then.seq));
  return reply.send({ ...walletView(wallet, asset), asOf: asOfView(then) });
}

async function walletsThen(
  exchange: ExchangePort,
  reply: FastifyReply,
  past: PastReads,
  { account, asOf: text }: { readonly account: AccountIndex; readonly asOf: string },
) {
  const then = await past.read(reply, text, (asOf, asking) =>
    exchange.past.wallets({ account, asOf }, asking),
  );
  if (then instanceof Refusal) return then;
  const { seq, at, wallets } = then;
  if (wallets !== null) return { seq, at, wallets };
  const { accountId } = exchange.directory.account(account);
  return new Refusal("unknown-account", `There was no account ${accountId} at sequence ${seq}.`);
}

function notListedThen({ name }: Asset, seq: number): Refusal {
  return new Refusal("unknown-asset", `There was no asset ${name} at sequence ${seq}.`);
}
