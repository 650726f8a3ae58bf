/**
 * The dead man's switches: by which time an account must have set its own again, or all of its open orders
 * are canceled. Only accounts that armed one cost anything.
 */
import { type AccountIndex, type EpochMs, epochMs } from "../domain/units.ts";
import { heapByKey, type Keyed } from "./placed-heap.ts";

type Deadline = Keyed & { readonly account: AccountIndex };

export class Deadlines {
  readonly #byAccount = new Map<AccountIndex, Deadline>();
  readonly #queue = heapByKey<Deadline>();

  /** When the first switch runs out, or null if none is armed. */
  get firstAt(): EpochMs | null {
    const { first } = this.#queue;
    return first === undefined ? null : epochMs(first.key);
  }

  /** The account whose switch runs out first, by age of the account among equals. */
  get firstAccount(): AccountIndex {
    return this.#queue.first!.account;
  }

  /** Every switch that is armed, by age of the account. */
  get all(): { readonly account: AccountIndex; readonly deadline: EpochMs }[] {
    const armed = [...this.#byAccount.values()].sort((one, other) => one.account - other.account);
    return armed.map(({ account, key }) => ({ account, deadline: epochMs(key) }));
  }

  /** Arms an account's switch, in place of the one before. */
  arm(account: AccountIndex, deadline: EpochMs): void {
    this.disarm(account);
    const armed = { key: deadline, age: account, place: 0, account };
    this.#byAccount.set(account, armed);
    this.#queue.add(armed);
  }

  disarm(account: AccountIndex): void {
    const armed = this.#byAccount.get(account);
    if (armed === undefined) return;
    this.#byAccount.delete(account);
    this.#queue.remove(armed);
  }
}
