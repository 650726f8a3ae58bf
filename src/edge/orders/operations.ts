/**
 * Placing, canceling and amending one order, for REST and sockets alike: what is asked is read, given to the
 * exchange, and told once it is on disk. By callbacks all the way, since placing is the hottest path there is.
 */
import type { Command, PlaceOrder, Request } from "../../domain/commands.ts";
import type { Seq } from "../../domain/units.ts";
import type { OrderRecord } from "../../projections/order-record.ts";
import { missingOrder } from "../archived.ts";
import type { Principal } from "../auth.ts";
import { decisionOf, type Refused } from "../decision.ts";
import type { ExchangePort, Taken } from "../exchange-port.ts";
import { parseOrderName, resolveAccount } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { findOrder, owned } from "./find-order.ts";
import { type AmendBody, isGiven, type OrderBody } from "./order-body.ts";
import { orderAfter, type Placed, type PlacedBy, placedBy } from "./placed.ts";
import { readAmendment, readOrder } from "./read-order.ts";

/** Who asks, and the ids under which the command will be found. */
export type Asker = Pick<Request, "requestId" | "traceId"> & { readonly principal: Principal };

/** What became of what was asked; a fault is one of ours. */
export type Told<Body> =
  | { readonly body: Body; readonly seq: Seq; readonly isReplayed: boolean }
  | Refused
  | { readonly fault: unknown };

/** Is told once. */
export type Tell<Body> = (told: Told<Body>) => void;

/** The order that an operation is about: in the client's words, and of whom. */
export type NamedOrder = { readonly order: string; readonly accountId?: string | null | undefined };

export function placeOrder(exchange: ExchangePort, asker: Asker, body: OrderBody, tell: Tell<Placed>): void {
  const command = readOrder(body, asker.principal, exchange.directory);
  if (command instanceof Refusal) {
    tell({ refusal: command, seq: null });
    return;
  }
  submitOrder(exchange, asker, command, tell);
}

/** Places an order that has been read. */
export function submitOrder(
  exchange: ExchangePort,
  asker: Pick<Asker, "requestId" | "traceId">,
  command: PlaceOrder,
  tell: Tell<Placed>,
): void {
  submit(exchange, asker, command, tell, (taken) => {
    const { seq } = taken.committed.entry;
    const answer = placedBy(exchange, taken);
    const told = (placing: PlacedBy | Refusal) => {
      if (placing instanceof Refusal) tell({ refusal: placing, seq });
      else tell({ body: placing.placed, seq, isReplayed: placing.isReplayed });
    };
    if (!(answer instanceof Promise)) {
      told(answer);
      return;
    }
    answer.then(told).catch((fault: unknown) => tell({ fault }));
  });
}

export function cancelOrder(
  exchange: ExchangePort,
  asker: Asker,
  named: NamedOrder,
  tell: Tell<Pick<Placed, "order">>,
): void {
  withOrder(exchange, asker, named, tell, ({ order, terms: { account } }) => {
    submit(exchange, asker, { kind: "CancelOrder", account, order }, tell, (taken) => {
      const { order: canceled } = orderAfter(exchange, taken, order);
      tell({ body: { order: canceled }, seq: taken.committed.entry.seq, isReplayed: false });
    });
  });
}

export function amendOrder(
  exchange: ExchangePort,
  asker: Asker,
  { order: name, body }: { readonly order: string; readonly body: AmendBody },
  tell: Tell<Placed>,
): void {
  if (!isGiven(body.price) && !isGiven(body.quantity)) {
    tell({ refusal: malformed("", "body changes nothing: give price, quantity or both"), seq: null });
    return;
  }
  withOrder(exchange, asker, { order: name, accountId: body.accountId }, tell, (record) => {
    const change = readAmendment(body, record, exchange.directory);
    if (change instanceof Refusal) {
      tell({ refusal: change, seq: null });
      return;
    }
    const { order, terms } = record;
    const command = { kind: "AmendOrder", account: terms.account, order, ...change } as const;
    submit(exchange, asker, command, tell, (taken) => {
      const { seq } = taken.committed.entry;
      tell({ body: orderAfter(exchange, taken, order), seq, isReplayed: false });
    });
  });
}

/**
 * Looks an order up, open or ended. One that has ended is refused by the rules, not by us: the refusal belongs
 * into the journal. One that never was, or is another account's, is not known.
 */
function withOrder<Body>(
  exchange: ExchangePort,
  { principal }: Asker,
  { order: text, accountId }: NamedOrder,
  tell: Tell<Body>,
  use: (record: OrderRecord) => void,
): void {
  const account = resolveAccount(principal, accountId, exchange.directory);
  if (account instanceof Refusal) {
    tell({ refusal: account, seq: null });
    return;
  }
  const name = parseOrderName(text);
  const found = (record: OrderRecord | undefined) => {
    if (record === undefined) tell({ refusal: missingOrder(exchange, name), seq: null });
    else use(record);
  };
  const live = name && exchange.orders.get(name.order);
  if (name === undefined) found(undefined);
  else if (live !== undefined) found(owned(live, account, name) ? live : undefined);
  else {
    findOrder(exchange, account, name)
      .then((ended) => found(ended?.record))
      .catch((fault: unknown) => tell({ fault }));
  }
}

/** Gives a command to the exchange; what it did is `done`'s to tell, and a refusal is told here. */
function submit<Body>(
  exchange: ExchangePort,
  { requestId, traceId }: Pick<Asker, "requestId" | "traceId">,
  command: Command,
  tell: Tell<Body>,
  done: (taken: Taken) => void,
): void {
  exchange.submit({ requestId, traceId, command }, (answer) => {
    try {
      const decision = decisionOf(answer);
      if ("refusal" in decision) tell(decision);
      else done(decision);
    } catch (fault) {
      // The caller is the sequencer, which must not stumble over an answer that cannot be made.
      tell({ fault });
    }
  });
}
