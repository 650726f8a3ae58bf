/**
 * Orders by a socket: the same bodies as REST, the same checks, and the same answers, each sent once what it
 * tells is on disk. A socket may have several under way; how many is bounded.
 */
import { unreachable } from "../../domain/assert.ts";
import type { Principal } from "../auth.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { type Check, malformedBody } from "../http/validation.ts";
import { type Asker, amendOrder, cancelOrder, placeOrder, type Told } from "../orders/operations.ts";
import type { AmendBody, OrderBody } from "../orders/order-body.ts";
import { PROBLEMS, Refusal } from "../problems.ts";
import type { Message, OrderOperation } from "./operations.ts";
import type { Outbox } from "./outbox.ts";
import { socketProblem } from "./socket-problem.ts";

/** How one operation was answered, for logs and metrics. */
export type OrderAnswer = {
  readonly op: OrderOperation["op"];
  readonly requestId: string;
  readonly status: number;
  readonly isDecided: boolean;
  readonly startedAt: number;
};

/** Where a socket comes from. */
export type SocketClient = { readonly ip: string };

export type OrderEntryContext = {
  readonly exchange: ExchangePort;
  readonly checks: { readonly order: Check; readonly amend: Check };
  /** Operations of one socket that wait for the disk; one more is `overloaded`. */
  readonly ordersInFlightMax: number;
  /** Counts an operation, and says whether it is one too many. */
  readonly admit: (principal: Principal | null, client: SocketClient) => Refusal | undefined;
  /** Why an operation has to wait, if the exchange has more to do than it can. */
  readonly refusalWhileBehind: (now: number) => Refusal | undefined;
  readonly newRequestId: () => string;
  readonly onOrderAnswer: (answer: OrderAnswer) => void;
};

/** What of a socket its orders need. */
type OrderEntryOf = {
  readonly outbox: Outbox;
  readonly traceId: string | null;
  readonly client: SocketClient;
};

type Names = Pick<Message, "op" | "id">;

export class OrderEntry {
  readonly #context: OrderEntryContext;
  readonly #outbox: Outbox;
  readonly #traceId: string | null;
  readonly #client: SocketClient;
  /** Told of a fault of ours instead of an answer. */
  readonly #onFault: (names: Names, fault: unknown, requestId: string) => void;
  #inFlight = 0;
  #whenIdle: (() => void) | null = null;

  constructor(
    context: OrderEntryContext,
    { outbox, traceId, client }: OrderEntryOf,
    onFault: (names: Names, fault: unknown, requestId: string) => void,
  ) {
    this.#context = context;
    this.#outbox = outbox;
    this.#traceId = traceId;
    this.#client = client;
    this.#onFault = onFault;
  }

  /** Takes nothing more, and says when all that was taken is answered. */
  retire(whenIdle: () => void): void {
    if (this.#inFlight === 0) whenIdle();
    else this.#whenIdle ??= whenIdle;
  }

  enter(names: Names, operation: OrderOperation, principal: Principal | null): void {
    const { newRequestId, onOrderAnswer } = this.#context;
    const startedAt = performance.now();
    const requestId = newRequestId();
    this.#inFlight += 1;
    const tell = (told: Told<object>) => {
      this.#inFlight -= 1;
      if ("fault" in told) {
        this.#onFault(names, told.fault, requestId);
      } else {
        this.#outbox.send(JSON.stringify(answerOf(names, told, requestId)));
        const status = statusOf(operation, told);
        onOrderAnswer({ op: operation.op, requestId, status, isDecided: told.seq !== null, startedAt });
      }
      if (this.#inFlight === 0) this.#whenIdle?.();
    };
    const asker = this.#askerOf(principal, { requestId, startedAt, isCancel: operation.op === "cancel" });
    if (asker instanceof Refusal) tell({ refusal: asker, seq: null });
    else this.#perform(operation, asker, tell);
  }

  /** Who may trade, as long as there is room. */
  #askerOf(
    principal: Principal | null,
    { requestId, startedAt, isCancel }: { requestId: string; startedAt: number; isCancel: boolean },
  ): Asker | Refusal {
    const { ordersInFlightMax, admit, refusalWhileBehind } = this.#context;
    const excess = admit(principal, this.#client);
    if (excess !== undefined) return excess;
    if (principal === null) return new Refusal("unauthorized", "Orders need an API key.");
    if (principal.kind === "account" && !principal.scopes.includes("trade")) {
      return new Refusal("forbidden", "The API key lacks the scope trade.");
    }
    if (this.#whenIdle !== null) return new Refusal("overloaded", "The exchange is shutting down.");
    const behind = isCancel ? undefined : refusalWhileBehind(startedAt);
    if (behind !== undefined) return behind;
    if (this.#inFlight > ordersInFlightMax) {
      return new Refusal("overloaded", `A socket may have ${ordersInFlightMax} orders on their way.`);
    }
    return { principal, requestId, traceId: this.#traceId };
  }

  #perform(operation: OrderOperation, asker: Asker, tell: (told: Told<object>) => void): void {
    const { exchange, checks } = this.#context;
    switch (operation.op) {
      case "place": {
        const fault = checks.order(operation.body);
        if (fault === undefined) placeOrder(exchange, asker, operation.body as OrderBody, tell);
        else tell({ refusal: malformedBody(fault), seq: null });
        return;
      }
      case "amend": {
        const { orderId: order, body } = operation;
        const fault = checks.amend(body);
        if (fault === undefined) amendOrder(exchange, asker, { order, body: body as AmendBody }, tell);
        else tell({ refusal: malformedBody(fault), seq: null });
        return;
      }
      case "cancel": {
        const { orderId: order, accountId } = operation;
        cancelOrder(exchange, asker, { order, accountId }, tell);
        return;
      }
      default:
        unreachable(operation);
    }
  }
}

function answerOf({ op, id }: Names, told: Exclude<Told<object>, { fault: unknown }>, requestId: string) {
  const position = told.seq === null ? {} : { seq: told.seq };
  if ("refusal" in told) {
    return { op, id, ok: false, ...position, error: socketProblem(told.refusal, { requestId }) };
  }
  return { op, id, ok: true, ...position, ...(told.isReplayed ? { replayed: true } : {}), ...told.body };
}

/** The status that REST would have answered with. */
function statusOf({ op }: OrderOperation, told: Exclude<Told<object>, { fault: unknown }>): number {
  if ("refusal" in told) return PROBLEMS[told.refusal.code].status;
  return op === "place" && !told.isReplayed ? 201 : 200;
}
