/** Assets and markets, listed and changed without a restart; for operators. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import {
  MARKET_STATUSES,
  type MarketListing,
  marketSteps,
  OPEN_ORDERS_MAX_DEFAULT,
  SCALE_MAX,
  type Steps,
} from "../../domain/market.ts";
import { type Lots, type Minor, type PartsPerMillion, partsPerMillion } from "../../domain/units.ts";
import type { Asset, Directory } from "../../projections/live/directory.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findAsset, findMarket, parseAmount, parseLots, parseRate, parseStep } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { marketView } from "../render.ts";
import { markPosition, sendRefusal, submit } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { assetName, decimalText, listOf, nameOf } from "./schemas.ts";
import { marketSchema } from "./views.ts";

/** Open orders of an account in a market, whatever the listing asks for. */
const OPEN_ORDERS_MAX = 1_000_000;

const NO_FEE = partsPerMillion(0);

const assetBody = z.strictObject({ asset: assetName, scale: z.int().min(0).max(SCALE_MAX) });
const rate = decimalText.nullable().optional().meta({ example: "0.001" });
const status = z.enum(MARKET_STATUSES).nullable().optional();
const marketBody = z.strictObject({
  market: nameOf("VIB-BRL").describe("`<base>-<quote>`"),
  base: nameOf("VIB"),
  quote: nameOf("BRL"),
  tickSize: decimalText,
  lotSize: decimalText,
  minNotional: decimalText.nullable().optional(),
  maxQuantity: decimalText.nullable().optional(),
  maxOpenOrders: z
    .int()
    .min(1)
    .max(OPEN_ORDERS_MAX)
    .nullable()
    .optional()
    .describe(`Per account; ${OPEN_ORDERS_MAX_DEFAULT} unless given.`),
  makerFee: rate.describe("A share of at most six decimals; 0 unless given."),
  takerFee: rate.describe("A share of at most six decimals; 0 unless given."),
  status: status.describe("`open` unless given."),
});
const changeBody = z.strictObject({ status, makerFee: rate, takerFee: rate });
const marketParams = z.object({ market: z.string() });
const assetSchema = z.object({ asset: z.string(), scale: z.int() });

type MarketBody = z.infer<typeof marketBody>;
type ChangeCall = Call<z.infer<typeof changeBody>, unknown, z.infer<typeof marketParams>>;

type Limits = { readonly minNotional: Minor | null; readonly maxQuantity: Lots | null };
type Fees = { readonly makerFee: PartsPerMillion | null; readonly takerFee: PartsPerMillion | null };

export function addListingRoutes(app: FastifyInstance, desk: Desk): void {
  addAssetCalls(app, desk);
  addMarketCalls(app, desk);
}

function addAssetCalls(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/assets",
    access: "admin",
    tag: "operating",
    summary: "List an asset",
    body: assetBody,
    example: { asset: "BRL", scale: 2 },
    answers: { 201: { is: "The asset is listed.", body: assetSchema } },
    problems: ["already-exists"],
    handle: (exchange, request, reply) => {
      const { asset, scale } = request.body;
      submit(exchange, reply, { kind: "ListAsset", name: asset, scale }, () => {
        reply.code(201).send({ asset, scale });
      });
    },
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/assets",
    access: "admin",
    tag: "operating",
    summary: "All assets",
    answers: { 200: { is: "The assets, in the order of listing.", body: listOf(assetSchema) } },
    problems: [],
    handle: (exchange, _, reply) => {
      const items = exchange.directory.assets.map(({ name, scale }) => ({ asset: name, scale }));
      markPosition(reply, exchange.appliedSeq).send({ items });
    },
  });
}

function addMarketCalls(app: FastifyInstance, desk: Desk): void {
  addRoute(app, desk, {
    method: "POST",
    path: "/v1/markets",
    access: "admin",
    tag: "operating",
    summary: "List a market",
    description:
      "`lotSize` must be a whole number of the base asset's smallest units, and `tickSize` times `lotSize` " +
      "one of the quote asset's, so that every trade is exact.",
    body: marketBody,
    example: {
      market: "VIB-BRL",
      base: "VIB",
      quote: "BRL",
      tickSize: "0.01",
      lotSize: "1",
      takerFee: "0.001",
    },
    answers: { 201: { is: "The market is listed.", body: marketSchema } },
    problems: ["unknown-asset", "already-exists"],
    handle: listMarket,
  });
  addRoute(app, desk, {
    method: "PATCH",
    path: "/v1/markets/:market",
    access: "admin",
    tag: "operating",
    summary: "Change a market's status or fees",
    description: "Open orders keep the fees that were in force when they were placed.",
    params: marketParams,
    body: changeBody,
    example: { status: "halted" },
    answers: { 200: { is: "The market as it is now.", body: marketSchema } },
    problems: ["unknown-market"],
    handle: changeMarket,
  });
}

function listMarket(exchange: ExchangePort, request: Call<MarketBody>, reply: FastifyReply): void {
  const { directory } = exchange;
  const listing = readListing(request.body, directory);
  if (listing instanceof Refusal) {
    sendRefusal(reply, listing);
    return;
  }
  submit(exchange, reply, { kind: "ListMarket", ...listing }, () => {
    const market = directory.marketByName(listing.name)!;
    reply.code(201).send(marketView(market, directory));
  });
}

function readListing(body: MarketBody, directory: Directory): MarketListing | Refusal {
  const base = findAsset(body.base, directory);
  if (base instanceof Refusal) return base;
  const quote = findAsset(body.quote, directory);
  if (quote instanceof Refusal) return quote;
  if (base === quote) return malformed("quote", "must be another asset than base");
  const name = `${base.name}-${quote.name}`;
  if (body.market !== name) return malformed("market", `must be ${name}`);
  const steps = readSteps(body, base, quote);
  if (steps instanceof Refusal) return steps;
  const limits = readLimits(body, steps, quote);
  if (limits instanceof Refusal) return limits;
  const fees = readFees(body);
  if (fees instanceof Refusal) return fees;
  return {
    name,
    base: base.asset,
    quote: quote.asset,
    ...steps,
    ...limits,
    maxOpenOrders: body.maxOpenOrders ?? OPEN_ORDERS_MAX_DEFAULT,
    makerFee: fees.makerFee ?? NO_FEE,
    takerFee: fees.takerFee ?? NO_FEE,
    status: body.status ?? "open",
  };
}

function readSteps(body: MarketBody, base: Asset, quote: Asset): Steps | Refusal {
  const tickSize = parseStep(body.tickSize, "tickSize");
  if (tickSize instanceof Refusal) return tickSize;
  const lotSize = parseStep(body.lotSize, "lotSize");
  if (lotSize instanceof Refusal) return lotSize;
  const steps = marketSteps({ tickSize, lotSize, baseScale: base.scale, quoteScale: quote.scale });
  return "field" in steps ? malformed(steps.field, steps.message) : steps;
}

function readLimits(body: MarketBody, steps: Steps, quote: Asset): Limits | Refusal {
  const minNotional = given(body.minNotional, (text) => parseAmount(text, quote, "minNotional"));
  if (minNotional instanceof Refusal) return inListing(minNotional, "minNotional");
  const maxQuantity = given(body.maxQuantity, (text) => parseLots(text, steps.lotSize, "maxQuantity"));
  if (maxQuantity instanceof Refusal) return inListing(maxQuantity, "maxQuantity");
  return { minNotional, maxQuantity };
}

function readFees(body: { readonly makerFee?: Given; readonly takerFee?: Given }): Fees | Refusal {
  const makerFee = given(body.makerFee, (text) => parseRate(text, "makerFee"));
  if (makerFee instanceof Refusal) return makerFee;
  const takerFee = given(body.takerFee, (text) => parseRate(text, "takerFee"));
  if (takerFee instanceof Refusal) return takerFee;
  return { makerFee, takerFee };
}

function changeMarket(exchange: ExchangePort, request: ChangeCall, reply: FastifyReply): void {
  const { directory } = exchange;
  const market = findMarket(request.params.market, directory);
  const fees = readFees(request.body);
  if (market instanceof Refusal || fees instanceof Refusal) {
    sendRefusal(reply, market instanceof Refusal ? market : (fees as Refusal));
    return;
  }
  const status = request.body.status ?? null;
  if (status === null && fees.makerFee === null && fees.takerFee === null) {
    sendRefusal(reply, malformed("", "body changes nothing"));
    return;
  }
  const command = { kind: "ChangeMarket", market: market.market, status, ...fees } as const;
  submit(exchange, reply, command, () => {
    reply.send(marketView(directory.market(market.market), directory));
  });
}

type Given = string | null | undefined;

function given<Value>(text: Given, parse: (text: string) => Value): Value | null {
  return text === null || text === undefined ? null : parse(text);
}

/** In a listing there is no rule that an amount could be against: whatever does not fit is malformed. */
function inListing(refusal: Refusal, path: string): Refusal {
  if (refusal.code === "invalid-request") return refusal;
  return malformed(
    path,
    refusal.code === "amount-too-large" ? "is too large" : "must be a whole number of lots",
  );
}
