/**
 * Order per account: a delivery's turn has come when nothing of either of its accounts is before it. Deliveries of other
 * accounts do not wait for it.
 */
import type { OutboxRow } from "../../projections/ledger/outbox.ts";

/** A delivery in hand. */
export type Item = {
  readonly row: OutboxRow;
  /** All attempts so far. */
  attempts: number;
  /** Those of them that count against the limit. */
  failures: number;
  /** `queued` waits for others of its accounts, `ready` for a free connection, `waiting` for its time. */
  state: "queued" | "ready" | "sending" | "waiting";
  /** When a delivery that waits may be tried again. */
  notBefore: number;
  takenAt: number;
};

export class AccountQueues {
  readonly #queues = new Map<number, Item[]>();

  /** Deliveries in hand of an account. */
  length(account: number): number {
    return this.#queues.get(account)?.length ?? 0;
  }

  push(item: Item): void {
    for (const account of accountsOf(item)) {
      const queue = this.#queues.get(account);
      if (queue === undefined) this.#queues.set(account, [item]);
      else queue.push(item);
    }
  }

  isFirst(item: Item): boolean {
    return accountsOf(item).every((account) => this.#queues.get(account)![0] === item);
  }

  /** Takes out the first of its queues, and gives those whose turn has come by that. */
  remove(item: Item): Item[] {
    const next: Item[] = [];
    for (const account of accountsOf(item)) {
      const queue = this.#queues.get(account)!;
      queue.shift();
      if (queue.length === 0) this.#queues.delete(account);
      else if (!next.includes(queue[0]!)) next.push(queue[0]!);
    }
    return next.filter((first) => this.isFirst(first));
  }
}

/** Buyer and seller; one account where it traded with itself. */
export function accountsOf({ row: { buyer, seller } }: Item): readonly number[] {
  return buyer === seller ? [buyer] : [buyer, seller];
}
