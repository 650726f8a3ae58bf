/**
 * An open loop: every order has its time whatever became of those before it, and its latency counts from
 * that time. A server that stalls is charged for all that should have been sent meanwhile.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowOrder } from "./flow.ts";
import type { Answer, HttpClient } from "./http-client.ts";
import type { Trader } from "./traders.ts";

export type OpenLoopResult = {
  readonly seconds: number;
  readonly orders: number;
  /** Not sent, since every connection was waiting for an answer; none unless the loop gives up so. */
  readonly unsent: number;
  readonly cancels: number;
  /** Cancels of orders that had been filled meanwhile: answered 409, as they must be. */
  readonly cancelsTooLate: number;
  readonly errors: number;
  /** What the errors were, by status or code. */
  readonly errorKinds: ReadonlyMap<string, number>;
  /** Of orders and cancels, in milliseconds from the scheduled time, sorted. */
  readonly latencies: Float64Array;
  /** The ids of all orders that were acknowledged. */
  readonly acknowledged: readonly number[];
};

type Resting = { readonly orderId: number; readonly account: number };

/** How many resting orders are kept in mind to be canceled. */
const RESTING_KEPT = 200;
const TURN_MS = 1;

export class OpenLoop {
  readonly #client: HttpClient;
  readonly #traders: readonly Trader[];
  readonly #latencies: number[] = [];
  readonly #acknowledged: number[] = [];
  readonly #resting: Resting[] = [];
  readonly #errors = new Map<string, number>();
  readonly #givesUp: boolean;
  #unsent = 0;
  #orders = 0;
  #cancels = 0;
  #cancelsTooLate = 0;
  #inFlight = 0;

  /** With `givesUp`, an order that finds no free connection at its time is never sent, as by a client that is tired of waiting. */
  constructor(client: HttpClient, traders: readonly Trader[], { givesUp = false } = {}) {
    this.#client = client;
    this.#givesUp = givesUp;
    this.#traders = traders;
  }

  async run(orders: Generator<FlowOrder>, rate: number, seconds: number): Promise<OpenLoopResult> {
    const startedAt = performance.now();
    const count = rate * seconds;
    while (this.#orders < count) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) * rate) / 1000));
      while (this.#orders < due) {
        if (this.#givesUp && this.#client.isBusy) this.#unsent += 1;
        else this.#send(orders.next().value, startedAt + (this.#orders * 1000) / rate);
        this.#orders += 1;
      }
      await sleep(TURN_MS);
    }
    while (this.#inFlight > 0) await sleep(TURN_MS);
    return {
      seconds: (performance.now() - startedAt) / 1000,
      orders: this.#orders,
      unsent: this.#unsent,
      cancels: this.#cancels,
      cancelsTooLate: this.#cancelsTooLate,
      errors: [...this.#errors.values()].reduce((sum, one) => sum + one, 0),
      errorKinds: this.#errors,
      latencies: Float64Array.from(this.#latencies).sort(),
      acknowledged: this.#acknowledged,
    };
  }

  #send(order: FlowOrder, scheduledAt: number): void {
    this.#place(order, scheduledAt);
    const canceled = order.cancels ? this.#resting.shift() : undefined;
    if (canceled !== undefined) this.#cancel(canceled, scheduledAt);
  }

  #place({ account, side, price, quantity }: FlowOrder, scheduledAt: number): void {
    const text = `${Math.floor(price / 100)}.${String(price % 100).padStart(2, "0")}`;
    const body = `{"market":"VIB-BRL","side":"${side}","type":"limit","price":"${text}","quantity":"${quantity}"}`;
    const { authorization } = this.#traders[account]!;
    this.#inFlight += 1;
    this.#client.send({ method: "POST", path: "/v1/orders", authorization, body }, (answer) => {
      this.#count(answer, scheduledAt);
      if (answer?.status !== 201) return this.#fault(answer);
      const orderId = Number(/"orderId":(\d+)/.exec(answer.body)![1]);
      this.#acknowledged.push(orderId);
      if (!answer.body.includes('"status":"open"')) return;
      this.#resting.push({ orderId, account });
      if (this.#resting.length > RESTING_KEPT) this.#resting.shift();
    });
  }

  #cancel({ orderId, account }: Resting, scheduledAt: number): void {
    const { authorization } = this.#traders[account]!;
    this.#cancels += 1;
    this.#inFlight += 1;
    this.#client.send({ method: "DELETE", path: `/v1/orders/${orderId}`, authorization }, (answer) => {
      this.#count(answer, scheduledAt);
      if (answer?.status === 409) this.#cancelsTooLate += 1;
      else if (answer?.status !== 200) this.#fault(answer);
    });
  }

  #count(answer: Answer | undefined, scheduledAt: number): void {
    this.#inFlight -= 1;
    if (answer !== undefined) this.#latencies.push(performance.now() - scheduledAt);
  }

  #fault(answer: Answer | undefined): void {
    const kind = answer === undefined ? "connection" : kindOf(answer);
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + 1);
  }
}

function kindOf({ status, saysWhen }: Answer): string {
  const mustSayWhen = status === 429 || status === 503;
  return mustSayWhen && !saysWhen ? `${status} without Retry-After` : String(status);
}
