/**
 * Takes deliveries in hand, in the order of their trades. Of each account only a few are in hand at a time: what comes
 * behind them is parked on disk, with all that comes behind that for either of its accounts, so that an account whose
 * deliveries do not get through holds up nobody else, and no memory.
 */
import type { Outbox, OutboxRow } from "../../projections/ledger/outbox.ts";
import type { Hand } from "./hand.ts";
import { type Delivery, RECORDED, type Store } from "./store.ts";

/** Deliveries of an account that are in hand. */
const OF_ACCOUNT_MAX = 16;
/** Below so many, the next parked ones are fetched. */
const OF_ACCOUNT_LOW = 8;
/** Deliveries in hand, before no more are taken from the outbox; half as many again may come from the parked ones. */
const IN_HAND_MAX = 32_768;
const IN_HAND_WITH_PARKED_MAX = 49_152;
/** Parked deliveries; at this number the outbox waits, and with it accounts that could go on. */
const PARKED_MAX = 1_000_000;
/** Rows that are read from the outbox at once. */
const ROWS_AT_ONCE = 500;
/** Parked deliveries that are fetched in one go, at most. */
const FETCHED_AT_ONCE = 500;

type Parts = { readonly store: Store; readonly outbox: Outbox; readonly hand: Hand };

export class Intake {
  readonly #store: Store;
  readonly #outbox: Outbox;
  readonly #hand: Hand;
  /** All up to here has been taken in hand, or parked, or is at its end. */
  #position: number;
  /** Rows up to here may have been recorded before the start. */
  readonly #recordedUpTo: number;
  /** Accounts with parked deliveries, behind which all of theirs is parked. */
  readonly #stalled: Set<number>;
  /** Of these, those for which parked deliveries may be fetched now. */
  readonly #fetching: Set<number>;
  #parked: number;
  #mayHaveMore = true;

  constructor({ store, outbox, hand }: Parts, now: number) {
    this.#store = store;
    this.#outbox = outbox;
    this.#hand = hand;
    this.#position = store.taken;
    this.#recordedUpTo = store.lastRecorded;
    this.#stalled = new Set(store.accountsWithParked());
    this.#fetching = new Set(this.#stalled);
    this.#parked = store.count(RECORDED.parked);
    this.#takeUp(now);
  }

  get position(): number {
    return this.#position;
  }

  get parked(): number {
    return this.#parked;
  }

  /** Whether looking again at once may bring something that can be sent. */
  get mayHaveMore(): boolean {
    return this.#mayHaveMore || this.#fetching.size > 0;
  }

  /** The last number behind which nothing is missing in the store. */
  get recordedUpTo(): number {
    const first = this.#hand.unrecorded.keys().next().value;
    return first === undefined ? this.#position : Math.min(first - 1, this.#position);
  }

  /** Takes the next rows of the outbox. */
  take(now: number): void {
    const isFull = this.#hand.items.size >= IN_HAND_MAX || this.#parked >= PARKED_MAX;
    if (isFull && !this.#isLookingAgain) return;
    const rows = this.#outbox.after(this.#position, ROWS_AT_ONCE);
    const last = rows.at(-1);
    const { taken, parked } = this.#sort(rows.filter((row) => !this.#isKnown(row)));
    // A stretch of which all has to wait is passed over without haste.
    this.#mayHaveMore = rows.length === ROWS_AT_ONCE && taken.length > 0;
    if (last === undefined) return;
    // First on disk: if that fails, nothing has been taken.
    this.#store.together(() => {
      this.#store.saveSeen(last.seq);
      for (const { row, delivery } of parked) this.#store.park(delivery, row);
    });
    this.#parkedNow(parked);
    this.#position = last.settlement;
    for (const { row, delivery } of taken) this.#hand.add(row, delivery, now);
  }

  /** Fetches parked deliveries of accounts that have few in hand. */
  fetch(now: number): void {
    // Before all that was not recorded has been looked at again, an older one may still come for any account.
    if (this.#fetching.size === 0 || this.#isLookingAgain) return;
    try {
      this.#store.together(() => this.#outbox.together(() => this.#fetchSome(now)));
    } catch (error) {
      // What is in hand may still be parked on disk: the thread ends, and the next one goes by the disk.
      throw new Error(`parked deliveries could not be fetched: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** A delivery of the account has come to its end. */
  ended(account: number): void {
    if (this.#stalled.has(account) && this.#hand.queues.length(account) < OF_ACCOUNT_LOW) {
      this.#fetching.add(account);
    }
  }

  /** Sends dead deliveries again, each behind what is in hand of its accounts and before what is parked. */
  redrive(settlements: readonly number[]): number {
    const found = settlements.flatMap((settlement) => {
      const row = this.#outbox.find(settlement);
      const delivery = this.#store.find(settlement);
      if (row === undefined || delivery?.status !== RECORDED.dead) return [];
      return [{ row, delivery: { ...delivery, failures: 0, nextAt: null, endedAt: null } }];
    });
    this.#store.together(() => {
      for (const { row, delivery } of found) this.#store.park(delivery, row);
    });
    this.#parkedNow(found);
    for (const { row } of found) this.#fetching.add(row.buyer).add(row.seller);
    return found.length;
  }

  /**
   * Goes on with what was in hand when the thread ended. What stands behind the last of the gapless numbers is left to
   * `take`, which meets it in its order, among what had not been recorded.
   */
  #takeUp(now: number): void {
    for (const settlement of this.#store.after(RECORDED.pending, 0, IN_HAND_WITH_PARKED_MAX)) {
      if (settlement > this.#position) break;
      const row = this.#outbox.find(settlement);
      if (row === undefined) {
        // A ledger that is being made anew has not come to it yet: then it is taken when it does.
        this.#position = settlement - 1;
        break;
      }
      this.#hand.add(row, this.#store.find(settlement)!, now);
    }
  }

  get #isLookingAgain(): boolean {
    return this.#position < this.#recordedUpTo;
  }

  /** After a crash, the rows behind the last that was recorded are looked at again, and some have gone their way. */
  #isKnown({ settlement }: OutboxRow): boolean {
    if (this.#hand.items.has(settlement)) return true;
    if (settlement > this.#recordedUpTo) return false;
    const delivery = this.#store.find(settlement);
    return delivery !== undefined && delivery.status !== RECORDED.pending;
  }

  /** Which of the rows can be taken in hand, and which have to be parked behind others of their accounts. */
  #sort(rows: readonly OutboxRow[]) {
    const taken: { row: OutboxRow; delivery: Delivery | null }[] = [];
    const parked: { row: OutboxRow; delivery: Delivery }[] = [];
    const added = new Map<number, number>();
    const stalled = new Set<number>();
    const isFull = (account: number) =>
      stalled.has(account) ||
      this.#stalled.has(account) ||
      this.#hand.queues.length(account) + (added.get(account) ?? 0) >= OF_ACCOUNT_MAX;
    for (const row of rows) {
      const { buyer, seller, settlement } = row;
      const delivery = settlement <= this.#recordedUpTo ? this.#store.find(settlement) : undefined;
      if (isFull(buyer) || isFull(seller)) {
        parked.push({ row, delivery: delivery ?? untried(row) });
        stalled.add(buyer).add(seller);
        continue;
      }
      taken.push({ row, delivery: delivery ?? null });
      for (const account of [buyer, seller]) added.set(account, (added.get(account) ?? 0) + 1);
    }
    return { taken, parked };
  }

  #parkedNow(deliveries: readonly { readonly row: OutboxRow }[]): void {
    this.#parked += deliveries.length;
    for (const { row } of deliveries) this.#stalled.add(row.buyer).add(row.seller);
  }

  #fetchSome(now: number): void {
    let fetched = 0;
    const late: number[] = [];
    for (const account of this.#fetching) {
      if (fetched >= FETCHED_AT_ONCE || this.#hand.items.size >= IN_HAND_WITH_PARKED_MAX) break;
      this.#fetching.delete(account);
      const count = this.#fetchOf(account, now);
      if (count === null) late.push(account);
      else fetched += count;
    }
    for (const account of late) this.#fetching.add(account);
  }

  /**
   * Fetches what is next for an account, as far as it is next for the other account as well: where that one has an older
   * one, this one is fetched when the other's turn comes. Null if the ledger, which is being made anew, has not come to it.
   */
  #fetchOf(account: number, now: number): number | null {
    const { queues } = this.#hand;
    let fetched = 0;
    while (queues.length(account) < OF_ACCOUNT_MAX) {
      const settlement = this.#store.firstParked(account);
      if (settlement === undefined) {
        this.#stalled.delete(account);
        break;
      }
      const row = this.#outbox.find(settlement);
      if (row === undefined) return null;
      const other = row.buyer === account ? row.seller : row.buyer;
      if (this.#store.firstParked(other) !== settlement) break;
      if (queues.length(other) >= OF_ACCOUNT_MAX) break;
      this.#fetchOne(row, now);
      fetched += 1;
    }
    return fetched;
  }

  #fetchOne(row: OutboxRow, now: number): void {
    const delivery = this.#store.find(row.settlement)!;
    this.#store.unpark(delivery, row);
    this.#parked -= 1;
    this.#hand.add(row, delivery, now);
  }
}

function untried({ settlement }: OutboxRow): Delivery {
  return {
    settlement,
    status: RECORDED.parked,
    attempts: 0,
    failures: 0,
    nextAt: null,
    endedAt: null,
  };
}
