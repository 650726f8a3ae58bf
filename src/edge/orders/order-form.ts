/**
 * Which fields an order of each type has, and what goes with what: all that can be wrong with an order before a
 * market is looked up. A field that its type does not use is refused by name, so that nothing trades otherwise
 * than it was meant.
 */
import type { OrderType, TimeInForce } from "../../domain/commands.ts";
import type { EpochMs } from "../../domain/units.ts";
import { parseTime } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { isGiven, type OrderBody } from "./order-body.ts";

/** What is said about an order apart from its amounts. */
export type OrderForm = {
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly expiresAt: EpochMs | null;
};

/** What tells the types apart: whether an order has a limit, and what makes it enter, if it does not at once. */
type TypeForm = { readonly hasLimit: boolean; readonly trigger: "triggerPrice" | "trailingOffset" | null };

const TYPE_FORMS = {
  limit: { hasLimit: true, trigger: null },
  market: { hasLimit: false, trigger: null },
  stop: { hasLimit: false, trigger: "triggerPrice" },
  "stop-limit": { hasLimit: true, trigger: "triggerPrice" },
  "take-profit": { hasLimit: false, trigger: "triggerPrice" },
  "take-profit-limit": { hasLimit: true, trigger: "triggerPrice" },
  "trailing-stop": { hasLimit: false, trigger: "trailingOffset" },
} as const satisfies Record<OrderType, TypeForm>;

const PRICE_FIELDS = ["price", "triggerPrice", "trailingOffset"] as const;

export function readForm(body: OrderBody): OrderForm | Refusal {
  const form = TYPE_FORMS[body.type];
  const timeInForce = body.timeInForce ?? (body.type === "market" ? "ioc" : "gtc");
  const fault =
    priceFault(body, form) ??
    sizeFault(body, form) ??
    displayFault(body, form, timeInForce) ??
    postOnlyFault(body, form, timeInForce) ??
    timeFault(body, timeInForce);
  if (fault !== undefined) return fault;
  const expiresAt = isGiven(body.expiresAt) ? parseTime(body.expiresAt, "expiresAt") : null;
  return expiresAt instanceof Refusal
    ? expiresAt
    : { timeInForce, postOnly: body.postOnly ?? false, expiresAt };
}

function priceFault(body: OrderBody, form: TypeForm): Refusal | undefined {
  for (const field of PRICE_FIELDS) {
    const isUsed = field === "price" ? form.hasLimit : form.trigger === field;
    if (isUsed === isGiven(body[field])) continue;
    return malformed(
      field,
      isUsed ? `is required for a ${body.type} order` : `is not for ${body.type} orders`,
    );
  }
  return undefined;
}

/** By quantity or by budget: a triggered buy without a limit can be held for only by its budget. */
function sizeFault(body: OrderBody, { hasLimit, trigger }: TypeForm): Refusal | undefined {
  const { type, side, quantity, quoteQuantity } = body;
  if (hasLimit || side === "sell") {
    if (isGiven(quoteQuantity)) return malformed("quoteQuantity", "is for buys without a limit only");
    return isGiven(quantity) ? undefined : malformed("quantity", `is required for a ${type} order`);
  }
  if (trigger !== null) {
    if (isGiven(quantity))
      return malformed("quantity", `is not for a ${type} buy, which gives quoteQuantity`);
    return isGiven(quoteQuantity) ? undefined : malformed("quoteQuantity", `is required for a ${type} buy`);
  }
  if (!isGiven(quoteQuantity)) {
    return isGiven(quantity) ? undefined : malformed("quantity", `is required for a ${type} order`);
  }
  return isGiven(quantity) ? malformed("quoteQuantity", "cannot go with quantity") : undefined;
}

function displayFault(
  { type, displayQuantity }: OrderBody,
  { hasLimit }: TypeForm,
  timeInForce: TimeInForce,
): Refusal | undefined {
  if (!isGiven(displayQuantity)) return undefined;
  if (!hasLimit) return malformed("displayQuantity", `is not for ${type} orders, which never rest`);
  return neverRests(timeInForce)
    ? malformed("displayQuantity", `cannot go with ${timeInForce}, which never rests`)
    : undefined;
}

function postOnlyFault(
  { type, postOnly }: OrderBody,
  { trigger }: TypeForm,
  timeInForce: TimeInForce,
): Refusal | undefined {
  if (postOnly !== true) return undefined;
  if (type === "market" || trigger !== null) return malformed("postOnly", `is not for ${type} orders`);
  return neverRests(timeInForce)
    ? malformed("postOnly", `cannot go with ${timeInForce}, which never rests`)
    : undefined;
}

/** All but a market order may last: a triggered one without a limit does not rest, but it waits. */
function timeFault(
  { type, quoteQuantity, expiresAt }: OrderBody,
  timeInForce: TimeInForce,
): Refusal | undefined {
  if (type === "market" && !neverRests(timeInForce)) {
    return malformed("timeInForce", "must be ioc or fok for a market order");
  }
  if (timeInForce === "fok" && isGiven(quoteQuantity)) {
    return malformed("timeInForce", "cannot be fok for an order by quoteQuantity");
  }
  if ((timeInForce === "gtd") === isGiven(expiresAt)) return undefined;
  return malformed("expiresAt", timeInForce === "gtd" ? "is required with gtd" : "goes with gtd only");
}

function neverRests(timeInForce: TimeInForce): boolean {
  return timeInForce === "ioc" || timeInForce === "fok";
}
