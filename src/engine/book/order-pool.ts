/**
 * Every order that is in the exchange, one slot an order, a typed array a field. Slots are given back and
 * used again; the links that put an order into its price level, its account's list and the queue of
 * expiries are fields too, so that a slot or a link costs no object of its own: the arrays grow by doubling,
 * when more orders are in the exchange than ever before.
 */
import { assert, fail } from "../../domain/assert.ts";
import type { Texts } from "../../domain/columns.ts";
import { type OrderTerms, SELF_TRADE_PREVENTIONS, type SelfTradePrevention } from "../../domain/commands.ts";
import type { AccountIndex, Lots, MarketIndex, OrderId, Ticks } from "../../domain/units.ts";
import { grownBytes, grownDoubles, grownIntegers, grownTraits } from "../grown.ts";
import { CHARGED, ICEBERG, NAMED, POST_ONLY, RESTS } from "./traits.ts";

/** No slot: the end of a list. */
export const NONE = -1;

const SLOTS_FIRST = 1024;

/** What an order asked for, or paid, before it rested. Here, since V8 looks an imported constant up at each use. */
const PAST = POST_ONLY | CHARGED;
const NOTHING_BUT_RESTS = RESTS;
/** From this one on, the traits say that there is something to be blanked. */
const LEAST_TO_BLANK = ICEBERG;

/** A slot of the pool; it names an order for as long as the order lives. */
export type Slot = number;

/** The terms of an order that it keeps for as long as it lives. */
export type LastingTerms = Pick<
  OrderTerms,
  | "account"
  | "market"
  | "side"
  | "price"
  | "quantity"
  | "displayQuantity"
  | "selfTradePrevention"
  | "expiresAt"
  | "clientOrderId"
>;

/** Rates in parts per million. */
export type Rates = { readonly makerFee: number; readonly takerFee: number };

export class OrderPool {
  id = new Float64Array(SLOTS_FIRST);
  isBuy = new Uint8Array(SLOTS_FIRST);
  /** Bits of `traits.ts`. */
  traits = new Uint16Array(SLOTS_FIRST);
  /** Which of `SELF_TRADE_PREVENTIONS` holds when the order comes in. */
  selfTrade = new Uint8Array(SLOTS_FIRST);
  /** Ticks; zero for an order without a limit. */
  price = new Float64Array(SLOTS_FIRST);
  /** Lots in all, what has been filled and prevented included; zero for an order by budget. */
  quantity = new Float64Array(SLOTS_FIRST);
  /** Lots that can still trade; for an order by budget zero, since its held money says how far it goes. */
  remaining = new Float64Array(SLOTS_FIRST);
  /** Lots of these that the book does not show while the order rests: zero unless it is an iceberg. */
  hidden = new Float64Array(SLOTS_FIRST);
  /** Lots that the book shows at most; zero for an order that is shown whole. */
  display = new Float64Array(SLOTS_FIRST);
  /** Counts up within a book with every place at the back of a queue that was taken: a place in time. */
  arrival = new Float64Array(SLOTS_FIRST);
  /** Minor units that the order holds: of the base asset for a sell, of the quote asset for a buy. */
  held = new Float64Array(SLOTS_FIRST);
  /** The rates in force when the order was placed, in parts per million. */
  makerFee = new Int32Array(SLOTS_FIRST);
  takerFee = new Int32Array(SLOTS_FIRST);
  /** Rate × value over all fills so far: whole minor units, and parts per million of one. */
  feeWhole = new Float64Array(SLOTS_FIRST);
  feeParts = new Int32Array(SLOTS_FIRST);
  /** Rebates that the order has earned and not been paid, in whole minor units. */
  rebateDue = new Float64Array(SLOTS_FIRST);
  /** Milliseconds; zero if the order has no end of its own. */
  expiresAt = new Float64Array(SLOTS_FIRST);
  /** Its place in the queue of expiries, or NONE. */
  expiryPlace = new Int32Array(SLOTS_FIRST).fill(NONE);
  /**
   * What links an order with others, a row of eight numbers an order, half a line of the cache: whoever takes an order out
   * needs them all, and in a large pool each of them would be a miss of its own if they lay apart (ADR 8).
   */
  #links = emptyLinks(SLOTS_FIRST);
  /** Null for an order that gave none, and for one whose client id is among those that were restored. */
  readonly #clientOrderIds: (string | null)[] = [];
  #restoredClientOrderIds: Texts | undefined;

  #freed = NONE;
  #used = 0;

  /** Takes a slot for an order: its terms, bits of `traits.ts`, and the rates in force. */
  take(order: OrderId, terms: LastingTerms, traits: number, rates: Rates): Slot {
    const { price, quantity } = terms;
    const slot = this.takeSlot();
    this.id[slot] = order;
    this.setAccount(slot, terms.account);
    this.setMarket(slot, terms.market);
    this.isBuy[slot] = terms.side === "buy" ? 1 : 0;
    this.traits[slot] = traits;
    this.price[slot] = price ?? 0;
    this.quantity[slot] = quantity ?? 0;
    this.remaining[slot] = quantity ?? 0;
    this.makerFee[slot] = rates.makerFee;
    this.takerFee[slot] = rates.takerFee;
    if (traits >= ICEBERG) this.#keepMore(slot, terms);
    return slot;
  }

  /** Takes a slot for an order of which the caller fills in what `take` would. */
  takeSlot(): Slot {
    const slot = this.#freed;
    if (slot === NONE) return this.#takeUnused();
    this.#freed = this.nextOf(slot);
    return slot;
  }

  /** Takes the first slots of an empty pool, so many as there are orders to fill in. */
  takeFirst(count: number): void {
    assert(this.#used === 0, "an empty pool is filled");
    let length = this.id.length;
    while (length < count) length *= 2;
    if (length > this.id.length) this.#grow(length);
    this.#used = count;
    for (let slot = 0; slot < count; slot += 1) this.#clientOrderIds.push(null);
  }

  /** Gives the orders in the first slots their client ids; a text is made of one only when it is asked for. */
  setClientOrderIds(ids: Texts): void {
    this.#restoredClientOrderIds = ids;
  }

  /** Null for an order that gave none. */
  clientOrderId(slot: Slot): string | null {
    if (!this.has(slot, NAMED)) return null;
    return this.#clientOrderIds[slot] ?? this.#restoredClientOrderIds!.given(slot);
  }

  /** Gives a slot back; the order must have left every list, and hold nothing. */
  giveBack(slot: Slot): void {
    if (this.held[slot] !== 0) fail("an order that has left holds nothing");
    if (this.traits[slot]! >= LEAST_TO_BLANK) this.#blankMore(slot);
    this.setNext(slot, this.#freed);
    this.#freed = slot;
  }

  orderId(slot: Slot): OrderId {
    return this.id[slot] as OrderId;
  }

  accountOf(slot: Slot): AccountIndex {
    return this.#links[slot << 3]! as AccountIndex;
  }

  marketOf(slot: Slot): MarketIndex {
    return this.#links[(slot << 3) | 1]! as MarketIndex;
  }

  setAccount(slot: Slot, account: number): void {
    this.#links[slot << 3] = account;
  }

  setMarket(slot: Slot, market: number): void {
    this.#links[(slot << 3) | 1] = market;
  }

  /** Its price level while it rests, or NONE. */
  levelOf(slot: Slot): number {
    return this.#links[(slot << 3) | 2]!;
  }

  setLevel(slot: Slot, level: number): void {
    this.#links[(slot << 3) | 2] = level;
  }

  /** Its neighbours at its price, by time; of a free slot the next free one. */
  nextOf(slot: Slot): number {
    return this.#links[(slot << 3) | 3]!;
  }

  setNext(slot: Slot, next: number): void {
    this.#links[(slot << 3) | 3] = next;
  }

  previousOf(slot: Slot): number {
    return this.#links[(slot << 3) | 4]!;
  }

  setPrevious(slot: Slot, previous: number): void {
    this.#links[(slot << 3) | 4] = previous;
  }

  /** Its neighbours among its account's open orders, by age. */
  accountNextOf(slot: Slot): number {
    return this.#links[(slot << 3) | 5]!;
  }

  setAccountNext(slot: Slot, accountNext: number): void {
    this.#links[(slot << 3) | 5] = accountNext;
  }

  accountPreviousOf(slot: Slot): number {
    return this.#links[(slot << 3) | 6]!;
  }

  setAccountPrevious(slot: Slot, accountPrevious: number): void {
    this.#links[(slot << 3) | 6] = accountPrevious;
  }

  /** The next order at the same place of the index. */
  indexNextOf(slot: Slot): number {
    return this.#links[(slot << 3) | 7]!;
  }

  setIndexNext(slot: Slot, indexNext: number): void {
    this.#links[(slot << 3) | 7] = indexNext;
  }

  priceOf(slot: Slot): Ticks {
    return this.price[slot] as Ticks;
  }

  has(slot: Slot, trait: number): boolean {
    return (this.traits[slot]! & trait) !== 0;
  }

  /** Whether all that is to be said of an order is that it rests; what it asked for or paid before says nothing now. */
  justRests(slot: Slot): boolean {
    return (this.traits[slot]! & ~PAST) === NOTHING_BUT_RESTS;
  }

  /** An order by budget has no quantity: what it holds says how far it goes. */
  isByBudget(slot: Slot): boolean {
    return this.price[slot] === 0 && this.quantity[slot] === 0;
  }

  /** What the book shows of an order that rests, and what may trade before it goes to the back. */
  shownOf(slot: Slot): Lots {
    const remaining = this.remaining[slot]!;
    return (this.has(slot, ICEBERG) ? remaining - this.hidden[slot]! : remaining) as Lots;
  }

  selfTradePreventionOf(slot: Slot): SelfTradePrevention {
    return SELF_TRADE_PREVENTIONS[this.selfTrade[slot]!]!;
  }

  /** What few orders have; the arrays for it are zero unless an order's traits say otherwise. */
  #keepMore(slot: Slot, terms: LastingTerms): void {
    const { displayQuantity, expiresAt, clientOrderId, selfTradePrevention } = terms;
    this.display[slot] = displayQuantity ?? 0;
    this.expiresAt[slot] = expiresAt ?? 0;
    this.#clientOrderIds[slot] = clientOrderId;
    this.selfTrade[slot] = SELF_TRADE_PREVENTIONS.indexOf(selfTradePrevention);
  }

  #blankMore(slot: Slot): void {
    const traits = this.traits[slot]!;
    if (traits >= CHARGED) this.#blankFees(slot);
    if ((traits & ~CHARGED) >= ICEBERG) this.#blank(slot);
  }

  #blank(slot: Slot): void {
    this.display[slot] = 0;
    this.hidden[slot] = 0;
    this.expiresAt[slot] = 0;
    this.#clientOrderIds[slot] = null;
    this.selfTrade[slot] = 0;
  }

  #blankFees(slot: Slot): void {
    this.feeWhole[slot] = 0;
    this.feeParts[slot] = 0;
    this.rebateDue[slot] = 0;
  }

  #takeUnused(): Slot {
    if (this.#used === this.id.length) this.#grow(this.#used * 2);
    // Without gaps it stays an array; with large ones it would become a dictionary.
    this.#clientOrderIds.push(null);
    return this.#used++;
  }

  #grow(length: number): void {
    const links = emptyLinks(length);
    links.set(this.#links);
    this.#links = links;
    this.id = grownDoubles(this.id, length);
    this.isBuy = grownBytes(this.isBuy, length);
    this.traits = grownTraits(this.traits, length);
    this.selfTrade = grownBytes(this.selfTrade, length);
    this.price = grownDoubles(this.price, length);
    this.quantity = grownDoubles(this.quantity, length);
    this.remaining = grownDoubles(this.remaining, length);
    this.hidden = grownDoubles(this.hidden, length);
    this.display = grownDoubles(this.display, length);
    this.arrival = grownDoubles(this.arrival, length);
    this.held = grownDoubles(this.held, length);
    this.makerFee = grownIntegers(this.makerFee, length);
    this.takerFee = grownIntegers(this.takerFee, length);
    this.feeWhole = grownDoubles(this.feeWhole, length);
    this.feeParts = grownIntegers(this.feeParts, length);
    this.rebateDue = grownDoubles(this.rebateDue, length);
    this.expiresAt = grownDoubles(this.expiresAt, length);
    this.expiryPlace = grownIntegers(this.expiryPlace, length, NONE);
  }
}

/** Of slots that hold no order: they stand at no level. */
function emptyLinks(slots: number): Int32Array<ArrayBuffer> {
  return new Int32Array(slots << 3).fill(NONE);
}
