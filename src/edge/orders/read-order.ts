/** From what a client wrote to terms in whole units, or the first thing that is wrong with it. */
import { FEES_ACCOUNT, type PlaceOrder } from "../../domain/commands.ts";
import type { Decimal } from "../../domain/decimal.ts";
import { type Market, productOrNull } from "../../domain/market.ts";
import type { Lots, Minor, Ticks } from "../../domain/units.ts";
import type { Directory } from "../../projections/live/directory.ts";
import type { OrderRecord } from "../../projections/order-record.ts";
import type { Principal } from "../auth.ts";
import { findMarket, parseAmount, parseLots, parsePrice, resolveAccount } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { type AmendBody, isGiven, type OrderBody } from "./order-body.ts";
import { readForm } from "./order-form.ts";

type Prices = {
  readonly price: Ticks | null;
  readonly triggerPrice: Ticks | null;
  readonly trailingOffset: Ticks | null;
};

type Sizes = {
  readonly quantity: Lots | null;
  readonly displayQuantity: Lots | null;
  readonly quoteQuantity: Minor | null;
};

/** The parts in which an iceberg may be shown when it is placed. */
const PLACED_PARTS_MAX = 100;
/**
 * An amend may go beyond that, but not without bound: each part is a trade of its own, and a command of
 * millions of them would keep everybody waiting, at every replay again.
 */
const AMENDED_PARTS_MAX = 10_000;

export function readOrder(body: OrderBody, principal: Principal, directory: Directory): PlaceOrder | Refusal {
  const form = readForm(body);
  if (form instanceof Refusal) return form;
  const account = resolveAccount(principal, body.accountId, directory);
  if (account instanceof Refusal) return account;
  if (account === FEES_ACCOUNT) return malformed("accountId", "is a reserved account, which has no orders");
  const market = findMarket(body.market, directory);
  if (market instanceof Refusal) return market;
  // Tick before lot, as the rules have it.
  const prices = readPrices(body, market);
  if (prices instanceof Refusal) return prices;
  const sizes = readSizes(body, market, directory);
  if (sizes instanceof Refusal) return sizes;
  return {
    kind: "PlaceOrder",
    account,
    market: market.market,
    side: body.side,
    type: body.type,
    timeInForce: form.timeInForce,
    price: prices.price,
    triggerPrice: prices.triggerPrice,
    trailingOffset: prices.trailingOffset,
    quantity: sizes.quantity,
    quoteQuantity: sizes.quoteQuantity,
    displayQuantity: sizes.displayQuantity,
    expiresAt: form.expiresAt,
    postOnly: form.postOnly,
    selfTradePrevention: body.selfTradePrevention ?? "cancel-maker",
    clientOrderId: body.clientOrderId ?? null,
  };
}

/** What of an order is to change; null leaves it as it is. */
export function readAmendment(
  body: AmendBody,
  { terms }: OrderRecord,
  directory: Directory,
): (Pick<Prices, "price"> & Pick<Sizes, "quantity">) | Refusal {
  const { tickSize, lotSize } = directory.market(terms.market);
  if (isGiven(body.price) && terms.price === null) {
    return malformed("price", `is not for ${terms.type} orders`);
  }
  if (isGiven(body.quantity) && terms.quantity === null) {
    return malformed("quantity", "is not for an order by quoteQuantity");
  }
  const price = readPrice(body.price, "price", tickSize);
  if (price instanceof Refusal) return price;
  const quantity = readLots(body.quantity, "quantity", lotSize);
  if (quantity instanceof Refusal) return quantity;
  if (quantity !== null && hasMoreParts(quantity, terms.displayQuantity, AMENDED_PARTS_MAX)) {
    return malformed("quantity", `must be at most ${AMENDED_PARTS_MAX} times displayQuantity`);
  }
  return { price, quantity };
}

function readPrices(body: OrderBody, { tickSize }: Market): Prices | Refusal {
  const price = readPrice(body.price, "price", tickSize);
  if (price instanceof Refusal) return price;
  const triggerPrice = readPrice(body.triggerPrice, "triggerPrice", tickSize);
  if (triggerPrice instanceof Refusal) return triggerPrice;
  const trailingOffset = readPrice(body.trailingOffset, "trailingOffset", tickSize);
  return trailingOffset instanceof Refusal ? trailingOffset : { price, triggerPrice, trailingOffset };
}

function readSizes(body: OrderBody, market: Market, directory: Directory): Sizes | Refusal {
  const { lotSize } = market;
  const quantity = readLots(body.quantity, "quantity", lotSize);
  if (quantity instanceof Refusal) return quantity;
  const displayQuantity = readLots(body.displayQuantity, "displayQuantity", lotSize);
  if (displayQuantity instanceof Refusal) return displayQuantity;
  if (quantity !== null && displayQuantity !== null) {
    if (displayQuantity > quantity) return malformed("displayQuantity", "must not be above quantity");
    if (hasMoreParts(quantity, displayQuantity, PLACED_PARTS_MAX)) {
      return malformed("displayQuantity", "must be at least a hundredth of quantity");
    }
  }
  const quote = directory.asset(market.quote);
  const quoteQuantity = isGiven(body.quoteQuantity)
    ? parseAmount(body.quoteQuantity, quote, "quoteQuantity")
    : null;
  return quoteQuantity instanceof Refusal ? quoteQuantity : { quantity, displayQuantity, quoteQuantity };
}

/** Whether an iceberg of this quantity would be shown in more than so many parts. */
function hasMoreParts(quantity: Lots, displayQuantity: Lots | null, partsMax: number): boolean {
  if (displayQuantity === null) return false;
  // A product above 2^53 - 1 is above any quantity.
  return (productOrNull(displayQuantity, partsMax) ?? quantity) < quantity;
}

/** What a client wrote in a field that may be left out. */
type Given = string | null | undefined;

function readPrice(text: Given, path: keyof Prices, tickSize: Decimal): Ticks | null | Refusal {
  return isGiven(text) ? parsePrice(text, tickSize, path) : null;
}

function readLots(text: Given, path: keyof Sizes, lotSize: Decimal): Lots | null | Refusal {
  return isGiven(text) ? parseLots(text, lotSize, path) : null;
}
