/**
 * With which content each remembered name was given, row by row. Two contents are the same exactly if their texts
 * are; that of a usual order is made of numbers when somebody asks, for a text that is kept costs several times as much.
 */
import { ORDER_TYPES, type PlaceOrder, SELF_TRADE_PREVENTIONS, TIMES_IN_FORCE } from "../domain/commands.ts";
import { grownDoubles } from "./grown.ts";
import type { Row } from "./name-table.ts";

/** What may be kept of a `C`, or of the text that it had before a restart. */
export type Contents<C> = {
  keep(row: Row, content: C | string): void;
  text(row: Row): string;
};

export class TextContents implements Contents<string> {
  readonly #texts: string[] = [];

  keep(row: Row, content: string): void {
    this.#texts[row] = content;
  }

  text(row: Row): string {
    return this.#texts[row]!;
  }
}

const ROWS_FIRST = 16;
/** In the column of headings: the content is a text. */
const IS_TEXT = -1;
const WORDS_END = ORDER_TYPES.length * TIMES_IN_FORCE.length * SELF_TRADE_PREVENTIONS.length * 4;

/** An order with no more than a price and a quantity is kept as three numbers. */
export class OrderContents implements Contents<PlaceOrder> {
  /** The market and the words as one number. */
  #headings = new Float64Array(ROWS_FIRST);
  /** Zero for what was not given. */
  #prices = new Float64Array(ROWS_FIRST);
  #quantities = new Float64Array(ROWS_FIRST);
  readonly #texts: (string | null)[] = [];

  keep(row: Row, content: PlaceOrder | string): void {
    while (row >= this.#headings.length) this.#grow();
    const isText = typeof content === "string" || !isUsual(content);
    this.#texts[row] = isText ? textOf(content) : null;
    if (isText) this.#headings[row] = IS_TEXT;
    else {
      this.#headings[row] = content.market * WORDS_END + wordsOf(content);
      this.#prices[row] = content.price ?? 0;
      this.#quantities[row] = content.quantity ?? 0;
    }
  }

  text(row: Row): string {
    const heading = this.#headings[row]!;
    if (heading === IS_TEXT) return this.#texts[row]!;
    const price = this.#prices[row]!;
    const quantity = this.#quantities[row]!;
    return usualText(
      Math.floor(heading / WORDS_END),
      heading % WORDS_END,
      price === 0 ? null : price,
      quantity === 0 ? null : quantity,
    );
  }

  #grow(): void {
    const length = this.#headings.length * 2;
    this.#headings = grownDoubles(this.#headings, length);
    this.#prices = grownDoubles(this.#prices, length);
    this.#quantities = grownDoubles(this.#quantities, length);
  }
}

/**
 * The content of an order, in units; two orders are the same exactly if these are. It is kept for long, so it
 * is short: all words are one number, and of the amounts only those that were given are there.
 */
export function orderContent(command: PlaceOrder): string {
  const { market, price, quantity, quoteQuantity, expiresAt } = command;
  const { triggerPrice, trailingOffset, displayQuantity } = command;
  let content = usualText(market, wordsOf(command), price, quantity);
  if (quoteQuantity !== null) content += ` b${quoteQuantity}`;
  if (triggerPrice !== null) content += ` t${triggerPrice}`;
  if (trailingOffset !== null) content += ` o${trailingOffset}`;
  if (displayQuantity !== null) content += ` d${displayQuantity}`;
  if (expiresAt !== null) content += ` e${expiresAt}`;
  return content;
}

function textOf(content: PlaceOrder | string): string {
  return typeof content === "string" ? content : orderContent(content);
}

/** Whether three numbers say all of it: zero, which stands for what was not given, must not have been given. */
function isUsual(command: PlaceOrder): boolean {
  const { price, quantity, quoteQuantity, expiresAt } = command;
  const { triggerPrice, trailingOffset, displayQuantity } = command;
  const hasMore =
    quoteQuantity !== null ||
    triggerPrice !== null ||
    trailingOffset !== null ||
    displayQuantity !== null ||
    expiresAt !== null;
  return !hasMore && price !== 0 && quantity !== 0;
}

function usualText(market: number, words: number, price: number | null, quantity: number | null): string {
  let content = `${market} ${words}`;
  if (price !== null) content += ` p${price}`;
  if (quantity !== null) content += ` q${quantity}`;
  return content;
}

/** The words of an order as the digits of one number. */
function wordsOf({ side, type, timeInForce, selfTradePrevention, postOnly }: PlaceOrder): number {
  let words = ORDER_TYPES.indexOf(type);
  words = words * TIMES_IN_FORCE.length + TIMES_IN_FORCE.indexOf(timeInForce);
  words = words * SELF_TRADE_PREVENTIONS.length + SELF_TRADE_PREVENTIONS.indexOf(selfTradePrevention);
  return words * 4 + (postOnly ? 2 : 0) + (side === "buy" ? 1 : 0);
}
