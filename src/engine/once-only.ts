/**
 * The memory that makes a retry harmless: which order a client id named, which movement a reference. It is
 * part of the engine's state, so that a retry after a crash is recognised like any other. The promise has an
 * edge: all open orders and the last 10,000 ended ones per account, the last 10,000 references per account
 * and kind. Nobody else's activity can push them out. The id of a settlement is remembered by each account that
 * was part of it.
 */
import type { ColumnReader, ColumnWriter } from "../domain/columns.ts";
import {
  type MovementKind,
  ORDER_TYPES,
  type PlaceOrder,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
} from "../domain/commands.ts";
import type { AccountIndex, OrderId, Seq } from "../domain/units.ts";
import { Memories, type Remembered } from "./memories.ts";

export class OnceOnly {
  readonly #orders = new Memories<OrderId>();
  readonly #movements = {
    deposit: new Memories<Seq>(),
    withdrawal: new Memories<Seq>(),
    transfer: new Memories<Seq>(),
    settlement: new Memories<Seq>(),
  } as const satisfies Record<MovementKind, Memories<Seq>>;
  readonly #settlements = new Memories<Seq>();

  order(account: AccountIndex, clientOrderId: string): Remembered<OrderId> | undefined {
    return this.#orders.get(account, clientOrderId);
  }

  rememberOrder(account: AccountIndex, clientOrderId: string, order: Remembered<OrderId>): void {
    this.#orders.keep(account, clientOrderId, order);
  }

  /** An order that gave an id has ended: it is one of the last 10,000 now. */
  orderEnded(account: AccountIndex, clientOrderId: string): void {
    this.#orders.fade(account, clientOrderId);
  }

  movement(kind: MovementKind, account: AccountIndex, reference: string): Remembered<Seq> | undefined {
    return this.#movements[kind].get(account, reference);
  }

  rememberMovement(
    movement: { readonly kind: MovementKind; readonly account: AccountIndex; readonly reference: string },
    remembered: Remembered<Seq>,
  ): void {
    const { kind, account, reference } = movement;
    this.#movements[kind].keep(account, reference, remembered);
    this.#movements[kind].fade(account, reference);
  }

  settlement(account: AccountIndex, settlementId: string): Remembered<Seq> | undefined {
    return this.#settlements.get(account, settlementId);
  }

  rememberSettlement(account: AccountIndex, settlementId: string, settled: Remembered<Seq>): void {
    this.#settlements.keep(account, settlementId, settled);
    this.#settlements.fade(account, settlementId);
  }

  /** Where nothing was ever settled, the dump is that of a release which could not settle. */
  dump(writer: ColumnWriter): void {
    for (const memories of this.#always()) memories.dump(writer);
    if (this.#ofSettlements().every((memories) => memories.isEmpty)) return;
    for (const memories of this.#ofSettlements()) memories.dump(writer);
  }

  restore(reader: ColumnReader): void {
    for (const memories of this.#always()) memories.restore(reader);
    if (reader.isAtEnd) return;
    for (const memories of this.#ofSettlements()) memories.restore(reader);
  }

  #always(): readonly (Memories<OrderId> | Memories<Seq>)[] {
    const { deposit, withdrawal, transfer } = this.#movements;
    return [this.#orders, deposit, withdrawal, transfer];
  }

  #ofSettlements(): readonly Memories<Seq>[] {
    return [this.#movements.settlement, this.#settlements];
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
