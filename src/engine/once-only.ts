/**
 * The memory that makes a retry harmless: which order a client id named, which movement a reference. It is
 * part of the engine's state, so that a retry after a crash is recognised like any other. The promise has an
 * edge: all open orders and the last 10,000 ended ones per account, the last 10,000 references per account
 * and kind. Nobody else's activity can push them out.
 */
import {
  type MovementKind,
  ORDER_TYPES,
  type PlaceOrder,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
} from "../domain/commands.ts";
import type { AccountIndex, OrderId, Seq } from "../domain/units.ts";

/** Per account; for references per account and kind. */
export const REMEMBERED_MAX = 10_000;

/** What an id named, and with which content. */
export type Remembered<T> = { readonly named: T; readonly content: string };

/** Names in the order in which they were given up to forgetting; the oldest goes when there are too many. */
class Memory<T> {
  readonly #byName = new Map<string, Remembered<T>>();
  /** A ring of the names that may be forgotten. */
  readonly #fading: string[] = [];
  #oldest = 0;

  get(name: string): Remembered<T> | undefined {
    return this.#byName.get(name);
  }

  keep(name: string, remembered: Remembered<T>): void {
    this.#byName.set(name, remembered);
  }

  /** From now on the name counts towards the limit. */
  fade(name: string): void {
    if (this.#fading.length < REMEMBERED_MAX) {
      this.#fading.push(name);
      return;
    }
    this.#byName.delete(this.#fading[this.#oldest]!);
    this.#fading[this.#oldest] = name;
    this.#oldest = (this.#oldest + 1) % REMEMBERED_MAX;
  }
}

export class OnceOnly {
  readonly #orders = new Map<AccountIndex, Memory<OrderId>>();
  readonly #movements = {
    deposit: new Map<AccountIndex, Memory<Seq>>(),
    withdrawal: new Map<AccountIndex, Memory<Seq>>(),
    transfer: new Map<AccountIndex, Memory<Seq>>(),
  } as const satisfies Record<MovementKind, Map<AccountIndex, Memory<Seq>>>;

  order(account: AccountIndex, clientOrderId: string): Remembered<OrderId> | undefined {
    return this.#orders.get(account)?.get(clientOrderId);
  }

  rememberOrder(account: AccountIndex, clientOrderId: string, order: Remembered<OrderId>): void {
    memoryOf(this.#orders, account).keep(clientOrderId, order);
  }

  /** An order that gave an id has ended: it is one of the last 10,000 now. */
  orderEnded(account: AccountIndex, clientOrderId: string): void {
    memoryOf(this.#orders, account).fade(clientOrderId);
  }

  movement(kind: MovementKind, account: AccountIndex, reference: string): Remembered<Seq> | undefined {
    return this.#movements[kind].get(account)?.get(reference);
  }

  rememberMovement(
    movement: { readonly kind: MovementKind; readonly account: AccountIndex; readonly reference: string },
    remembered: Remembered<Seq>,
  ): void {
    const memory = memoryOf(this.#movements[movement.kind], movement.account);
    memory.keep(movement.reference, remembered);
    memory.fade(movement.reference);
  }
}

/**
 * The content of an order, in units; two orders are the same exactly if these are. It is kept for long, so it
 * is short: all words are one number, and of the amounts only those that were given are there.
 */
export function orderContent(command: PlaceOrder): string {
  const { market, price, quantity, quoteQuantity, expiresAt } = command;
  const { triggerPrice, trailingOffset, displayQuantity } = command;
  let content = `${market} ${wordsOf(command)}`;
  if (price !== null) content += ` p${price}`;
  if (quantity !== null) content += ` q${quantity}`;
  if (quoteQuantity !== null) content += ` b${quoteQuantity}`;
  if (triggerPrice !== null) content += ` t${triggerPrice}`;
  if (trailingOffset !== null) content += ` o${trailingOffset}`;
  if (displayQuantity !== null) content += ` d${displayQuantity}`;
  if (expiresAt !== null) content += ` e${expiresAt}`;
  return content;
}

/** The words of an order as the digits of one number. */
function wordsOf({ side, type, timeInForce, selfTradePrevention, postOnly }: PlaceOrder): number {
  let words = ORDER_TYPES.indexOf(type);
  words = words * TIMES_IN_FORCE.length + TIMES_IN_FORCE.indexOf(timeInForce);
  words = words * SELF_TRADE_PREVENTIONS.length + SELF_TRADE_PREVENTIONS.indexOf(selfTradePrevention);
  return words * 4 + (postOnly ? 2 : 0) + (side === "buy" ? 1 : 0);
}

function memoryOf<T>(memories: Map<AccountIndex, Memory<T>>, account: AccountIndex): Memory<T> {
  let memory = memories.get(account);
  if (memory === undefined) {
    memory = new Memory();
    memories.set(account, memory);
  }
  return memory;
}
