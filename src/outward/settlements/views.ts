/** What can be asked about deliveries: the rows of the outbox, with what has become of each. */
import type {
  Redriven,
  Settlement,
  SettlementStatus,
  SettlementsQuery,
  SettlementWithAttempts,
} from "../../domain/settlements.ts";
import type { EpochMs, MarketIndex, TradeId } from "../../domain/units.ts";
import type { Outbox, OutboxRow } from "../../projections/ledger/outbox.ts";
import { type Page, takePage } from "../../projections/ledger/pages.ts";
import type { DeliveryLoop } from "./delivery-loop.ts";
import { RECORDED, type Store, statusOf } from "./store.ts";

/** Above every number. */
const END = Number.MAX_SAFE_INTEGER;

export type TradeName = { readonly market: MarketIndex; readonly tradeId: TradeId };

type Parts = { readonly loop: DeliveryLoop; readonly store: Store; readonly outbox: Outbox };

/** Every answer shows what is on disk. */
export class SettlementViews {
  readonly #loop: DeliveryLoop;
  readonly #store: Store;
  readonly #outbox: Outbox;

  constructor({ loop, store, outbox }: Parts) {
    this.#loop = loop;
    this.#store = store;
    this.#outbox = outbox;
  }

  list({ status, limit, before = END }: SettlementsQuery): Page<Settlement> {
    this.#loop.flush();
    return this.#outbox.together(() => this.#page({ status, limit, before }));
  }

  #page({ status, limit, before }: SettlementsQuery & { readonly before: number }): Page<Settlement> {
    return takePage(
      {
        raws: this.#walk(status, before),
        position: (row) => row.settlement,
        read: (row) => {
          const settlement = this.#settlement(row);
          return status === undefined || settlement.status === status ? settlement : undefined;
        },
      },
      limit,
    );
  }

  find({ market, tradeId }: TradeName): SettlementWithAttempts | undefined {
    this.#loop.flush();
    const row = this.#outbox.ofTrade(market, tradeId);
    if (row === undefined) return undefined;
    return { ...this.#settlement(row), attempts: this.#store.attemptsOf(row.settlement) };
  }

  redrive({ market, tradeId }: TradeName): Redriven {
    const row = this.#outbox.ofTrade(market, tradeId);
    if (row === undefined) return "unknown";
    this.#loop.flush();
    if (this.#settlement(row).status === "delivered") return "delivered";
    this.#loop.redrive(row.settlement);
    return "redriven";
  }

  redriveAll(): Promise<number> {
    return this.#loop.redriveAll();
  }

  /** The rows that may be of a status, newest first; what is not is left out by who reads them. */
  *#walk(status: SettlementStatus | undefined, before: number): Generator<OutboxRow> {
    const { position } = this.#loop.intake;
    if (status === undefined) yield* this.#outbox.before(before);
    else if (status === "delivered") yield* this.#outbox.before(Math.min(before, position + 1));
    else {
      if (status === "pending") yield* this.#notTaken(before, position);
      const numbers = status === "dead" ? this.#store.before(RECORDED.dead, before) : this.#open(before);
      for (const number of numbers) {
        const row = this.#outbox.find(number);
        if (row !== undefined) yield row;
      }
    }
  }

  *#notTaken(before: number, position: number): Generator<OutboxRow> {
    for (const row of this.#outbox.before(before)) {
      if (row.settlement <= position) return;
      yield row;
    }
  }

  /** In hand or parked, newest first. */
  *#open(before: number): Generator<number> {
    const inHand = [...this.#loop.hand.items.keys()].filter((number) => number < before);
    inHand.sort((a, b) => b - a);
    let next = 0;
    for (const parked of this.#store.before(RECORDED.parked, before)) {
      while (next < inHand.length && inHand[next]! > parked) yield inHand[next++]!;
      yield parked;
    }
    yield* inHand.slice(next);
  }

  #settlement({ traceId: _, buyerRequestId, sellerRequestId, ...row }: OutboxRow): Settlement {
    const { status, attemptCount, nextAt, endedAt } = this.#stateOf(row.settlement);
    return {
      ...row,
      buyerRequestId,
      sellerRequestId,
      status,
      attemptCount,
      nextAttemptAt: nextAt as EpochMs | null,
      endedAt: endedAt as EpochMs | null,
    };
  }

  #stateOf(settlement: number) {
    const { hand, intake } = this.#loop;
    const item = hand.items.get(settlement);
    if (item !== undefined || settlement > intake.position) {
      const nextAt = item?.state === "waiting" ? item.notBefore : null;
      return { status: "pending", attemptCount: item?.attempts ?? 0, nextAt, endedAt: null } as const;
    }
    const delivery = this.#store.find(settlement);
    // It arrived so long ago that no more is kept of it.
    if (delivery === undefined)
      return { status: "delivered", attemptCount: null, nextAt: null, endedAt: null } as const;
    const { status, attempts, nextAt, endedAt } = delivery;
    return { status: statusOf(status), attemptCount: attempts, nextAt, endedAt };
  }
}
