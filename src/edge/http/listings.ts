/** Assets and markets, listed and changed without a restart; for operators. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { ChangeMarket } from "../../domain/commands.ts";
import {
  MARKET_STATUSES,
  type Market,
  type MarketListing,
  marketSteps,
  OPEN_ORDERS_MAX_DEFAULT,
  SCALE_MAX,
  type Steps,
} from "../../domain/market.ts";
import {
  type Lots,
  type Minor,
  type PartsPerMillion,
  partsPerMillion,
  type Ticks,
} from "../../domain/units.ts";
import type { Asset, Directory } from "../../projections/live/directory.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { isGiven } from "../orders/order-body.ts";
import {
  findAsset,
  findMarket,
  parseAmount,
  parseLots,
  parsePrice,
  parseRate,
  parseSignedRate,
  parseStep,
} from "../parse.ts";
import { malformed, type ProblemCode, Refusal } from "../problems.ts";
import { marketView } from "../render.ts";
import { markPosition, sendRefusal, submit } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { assetName, decimalText, listOf, nameOf, signedDecimalText } from "./schemas.ts";
import { marketSchema } from "./views.ts";

/** Open orders of an account in a market, whatever the listing asks for. */
const OPEN_ORDERS_MAX = 1_000_000;

const NO_FEES = { makerFee: partsPerMillion(0), takerFee: partsPerMillion(0) };
/** In a command, where null leaves the band as it is. */
const NO_BAND = partsPerMillion(0);

const assetBody = z.strictObject({ asset: assetName, scale: z.int().min(0).max(SCALE_MAX) });
const rate = decimalText.nullable().optional().meta({ example: "0.001" });
const makerRate = signedDecimalText.nullable().optional().meta({ example: "-0.0005" });
const band = decimalText.nullable().optional().meta({ example: "0.10" });
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
  priceBand: band.describe(
    "How far from the reference a price may be, as a share of it; no band unless given.",
  ),
  referencePrice: decimalText
    .nullable()
    .optional()
    .describe("What the band is measured from before the first trade."),
  makerFee: makerRate.describe(
    "A share of at most six decimals; 0 unless given, and negative for a rebate, which `takerFee` must cover.",
  ),
  takerFee: rate.describe("A share of at most six decimals; 0 unless given."),
  status: status.describe("`open` unless given."),
});
const changeBody = z.strictObject({
  status,
  makerFee: makerRate,
  takerFee: rate,
  priceBand: band.describe("Null takes the band away; left out, it stays."),
});
const marketParams = z.object({ market: z.string() });
const assetSchema = z.object({ asset: z.string(), scale: z.int() });

type MarketBody = z.infer<typeof marketBody>;
type ChangeCall = Call<z.infer<typeof changeBody>, unknown, z.infer<typeof marketParams>>;

type Limits = { readonly minNotional: Minor | null; readonly maxQuantity: Lots | null };
type Fees = { readonly makerFee: PartsPerMillion; readonly takerFee: PartsPerMillion };
type Band = { readonly priceBand: PartsPerMillion | null; readonly referencePrice: Ticks | null };

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
    summary: "Change a market's status, fees or price band",
    description:
      "Open orders keep the fees that were in force when they were placed. A change to `open` trades what is crossed, at one price.",
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
  const band = readBand(body, steps);
  if (band instanceof Refusal) return band;
  const fees = readFees(body, NO_FEES);
  if (fees instanceof Refusal) return fees;
  return {
    name,
    base: base.asset,
    quote: quote.asset,
    ...steps,
    ...limits,
    maxOpenOrders: body.maxOpenOrders ?? OPEN_ORDERS_MAX_DEFAULT,
    ...fees,
    ...band,
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

function readBand(body: MarketBody, { tickSize }: Steps): Band | Refusal {
  const priceBand = given(body.priceBand, (text) => parseBand(text));
  if (priceBand instanceof Refusal) return priceBand;
  const referencePrice = given(body.referencePrice, (text) => parsePrice(text, tickSize, "referencePrice"));
  if (referencePrice instanceof Refusal) return inListing(referencePrice, "referencePrice");
  return { priceBand, referencePrice };
}

/** A band of nothing would let nobody trade at another price than the last. */
function parseBand(text: string): PartsPerMillion | Refusal {
  const band = parseRate(text, "priceBand");
  return band === NO_BAND ? malformed("priceBand", "must be above zero, or null for no band") : band;
}

/** The fees with the changes; what a maker is given must come from what the taker pays. */
function readFees(
  body: { readonly makerFee?: Given; readonly takerFee?: Given },
  current: Fees,
): Fees | Refusal {
  const makerFee = given(body.makerFee, (text) => parseSignedRate(text, "makerFee")) ?? current.makerFee;
  if (makerFee instanceof Refusal) return makerFee;
  const takerFee = given(body.takerFee, (text) => parseRate(text, "takerFee")) ?? current.takerFee;
  if (takerFee instanceof Refusal) return takerFee;
  if (makerFee + takerFee >= 0) return { makerFee, takerFee };
  return malformed(
    isGiven(body.makerFee) ? "makerFee" : "takerFee",
    "leaves a rebate that the taker's fee does not cover",
  );
}

function changeMarket(exchange: ExchangePort, request: ChangeCall, reply: FastifyReply): void {
  const { directory } = exchange;
  const market = findMarket(request.params.market, directory);
  const change = market instanceof Refusal ? market : readChange(request.body, market);
  if (change instanceof Refusal) {
    sendRefusal(reply, change);
    return;
  }
  submit(exchange, reply, change, () => {
    reply.send(marketView(directory.market(change.market), directory));
  });
}

function readChange(body: ChangeCall["body"], market: Market): ChangeMarket | Refusal {
  const fees = readFees(body, market);
  if (fees instanceof Refusal) return fees;
  const status = body.status ?? null;
  const makerFee = isGiven(body.makerFee) ? fees.makerFee : null;
  const takerFee = isGiven(body.takerFee) ? fees.takerFee : null;
  const priceBand = readBandChange(body.priceBand);
  if (priceBand instanceof Refusal) return priceBand;
  if (status === null && makerFee === null && takerFee === null && priceBand === null) {
    return malformed("", "body changes nothing: give status, makerFee, takerFee or priceBand");
  }
  return { kind: "ChangeMarket", market: market.market, status, makerFee, takerFee, priceBand };
}

/** The one setting that a null takes away: there is no band that means none. */
function readBandChange(text: Given): PartsPerMillion | null | Refusal {
  if (text === undefined) return null;
  return text === null ? NO_BAND : parseBand(text);
}

type Given = string | null | undefined;

function given<Value>(text: Given, parse: (text: string) => Value): Value | null {
  return isGiven(text) ? parse(text) : null;
}

const LISTING_FAULTS: Readonly<Partial<Record<ProblemCode, string>>> = {
  "amount-too-large": "is too large",
  "price-off-tick": "must be a whole number of ticks",
  "quantity-off-lot": "must be a whole number of lots",
};

/** In a listing there is no rule that an amount could be against: whatever does not fit is malformed. */
function inListing(refusal: Refusal, path: string): Refusal {
  if (refusal.code === "invalid-request") return refusal;
  return malformed(path, LISTING_FAULTS[refusal.code] ?? refusal.detail);
}
