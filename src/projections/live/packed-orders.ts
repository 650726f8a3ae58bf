/**
 * Live orders as columns, oldest first: how a snapshot keeps them. Those of an account become records when it is
 * first asked for, so that a restart does not wait for a million of them to be made.
 */
import { ColumnReader, ColumnWriter } from "../../domain/columns.ts";
import type { AccountIndex, OrderId } from "../../domain/units.ts";
import { firstAbove } from "../number-columns.ts";
import { OrderColumns, OrderTable } from "../order-columns.ts";
import type { OrderRecord } from "../order-record.ts";

/** The bytes of orders that are given oldest first. */
export function packOrders(records: readonly OrderRecord[]): Uint8Array<ArrayBuffer> {
  const writer = new ColumnWriter();
  const table = new OrderTable(records.length);
  for (const record of records) table.add(record);
  table.write(writer);
  return writer.take();
}

export class PackedOrders {
  readonly #columns: OrderColumns;
  /** The rows of each account that has not been taken, by age. */
  readonly #rows = new Map<AccountIndex, Int32Array>();

  /** Keeps the bytes for as long as an account is left. @throws DecodeError */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const reader = new ColumnReader(bytes);
    this.#columns = new OrderColumns(reader);
    reader.end();
    this.#gatherRows();
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** One that has not been taken. */
  get firstAccount(): AccountIndex | undefined {
    return this.#rows.keys().next().value;
  }

  get accounts(): readonly AccountIndex[] {
    return [...this.#rows.keys()];
  }

  /** Whose order it is, if it is here. */
  accountOf(order: OrderId): AccountIndex | undefined {
    const { order: ids, account } = this.#columns.numbers;
    const row = firstAbove(ids, order - 1, { from: 0, to: ids.length });
    const owner = account[row] as AccountIndex;
    return ids[row] === order && this.#rows.has(owner) ? owner : undefined;
  }

  /** An account's orders, oldest first; they are not here any more. */
  take(account: AccountIndex): readonly OrderRecord[] {
    const rows = this.#rows.get(account);
    if (rows === undefined) return [];
    this.#rows.delete(account);
    return Array.from(rows, (row) => this.#columns.at(row));
  }

  #gatherRows(): void {
    const { account } = this.#columns.numbers;
    const counts = new Map<AccountIndex, number>();
    for (let row = 0; row < account.length; row += 1) {
      const owner = account[row] as AccountIndex;
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    for (const [owner, count] of counts) this.#rows.set(owner, new Int32Array(count));
    for (let row = account.length - 1; row >= 0; row -= 1) {
      const owner = account[row] as AccountIndex;
      const left = counts.get(owner)! - 1;
      counts.set(owner, left);
      this.#rows.get(owner)![left] = row;
    }
  }
}
