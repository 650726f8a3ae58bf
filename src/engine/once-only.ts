/**
 * The memory that makes a retry harmless: which order a client id named, which movement a reference. It is
 * part of the engine's state, so that a retry after a crash is recognised like any other. The promise has an
 * edge: all open orders and the last 10,000 ended ones per account, the last 10,000 references per account
 * and kind. Nobody else's activity can push them out. The id of a settlement is remembered by each account that
 * was part of it.
 */
import type { ColumnReader, ColumnWriter } from "../domain/columns.ts";
import type { MovementKind, PlaceOrder } from "../domain/commands.ts";
import type { AccountIndex, OrderId, Seq } from "../domain/units.ts";
import { OrderContents, TextContents } from "./contents.ts";
import { Memories, type Remembered } from "./memories.ts";

export class OnceOnly {
  readonly #orders = new Memories<OrderId, PlaceOrder>(new OrderContents());
  readonly #movements = {
    deposit: new Memories<Seq, string>(new TextContents()),
    withdrawal: new Memories<Seq, string>(new TextContents()),
    transfer: new Memories<Seq, string>(new TextContents()),
    settlement: new Memories<Seq, string>(new TextContents()),
  } as const satisfies Record<MovementKind, Memories<Seq, string>>;
  readonly #settlementIds = new Memories<Seq, string>(new TextContents());

  order(account: AccountIndex, clientOrderId: string): Remembered<OrderId> | undefined {
    return this.#orders.get(account, clientOrderId);
  }

  /** Of an id that is not remembered. The content is the order's, or one that was remembered before. */
  rememberOrder(
    account: AccountIndex,
    clientOrderId: string,
    order: Remembered<OrderId, PlaceOrder | string>,
  ): void {
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
    return this.#settlementIds.get(account, settlementId);
  }

  rememberSettlement(account: AccountIndex, settlementId: string, settled: Remembered<Seq>): void {
    this.#settlementIds.keep(account, settlementId, settled);
    this.#settlementIds.fade(account, settlementId);
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

  #always(): readonly (Memories<OrderId, PlaceOrder> | Memories<Seq, string>)[] {
    const { deposit, withdrawal, transfer } = this.#movements;
    return [this.#orders, deposit, withdrawal, transfer];
  }

  #ofSettlements(): readonly Memories<Seq, string>[] {
    return [this.#movements.settlement, this.#settlementIds];
  }
}
