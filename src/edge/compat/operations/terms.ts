/** The price and the quantity that a client asks for, of an operation as of an entry to settle. */
import type { LosslessNumber } from "lossless-json";
import type { Market } from "../../../domain/market.ts";
import type { Lots, Ticks } from "../../../domain/units.ts";
import { parseLots, parsePrice } from "../../parse.ts";
import { Refusal } from "../../problems.ts";
import { decimalOf } from "./numbers.ts";

export type ExactTerms = { readonly value: LosslessNumber; readonly quantity: LosslessNumber };
type Terms = { readonly price: Ticks; readonly quantity: Lots };

/** `within` is the path of the object that has them, with its point; empty for the body. */
export function readTerms(sent: ExactTerms, { tickSize, lotSize }: Market, within: string): Terms | Refusal {
  const value = decimalOf(sent.value, `${within}value`);
  if (value instanceof Refusal) return value;
  const price = parsePrice(value, tickSize, `${within}value`);
  if (price instanceof Refusal) return price;
  const amount = decimalOf(sent.quantity, `${within}quantity`);
  if (amount instanceof Refusal) return amount;
  const quantity = parseLots(amount, lotSize, `${within}quantity`);
  return quantity instanceof Refusal ? quantity : { price, quantity };
}
