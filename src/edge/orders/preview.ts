/**
 * What placing an order would do now: the engine's own events for it, told as the answer to placing it would be,
 * with what it would cost and leave. Nothing is journaled, so the order in it has no id.
 */
import type { PlaceOrder } from "../../domain/commands.ts";
import type { Event, OrderPlaced, TradeExecuted, WalletChanged } from "../../domain/events.ts";
import { lots, minor } from "../../domain/units.ts";
import {
  type OrderProgress,
  type OrderRecord,
  reasonOf,
  SHOWN_FILLS_MAX,
  STATUS_WHEN_ENDED,
  statusWhenPlaced,
} from "../../projections/order-record.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import { fillOfTrade, fillView, moneyView, orderView, walletView } from "../render.ts";
import type { Asker } from "./operations.ts";
import { type Placed, repeatedOrder } from "./placed.ts";

export type Preview = {
  readonly order: Omit<Placed["order"], "id" | "orderId"> & {
    readonly id: string | null;
    readonly orderId: number | null;
  };
  readonly fills: Placed["fills"];
  /** What the placing would cost. */
  readonly fees: ReturnType<typeof moneyView>;
  /** The account's wallets of both assets, afterwards. */
  readonly balances: readonly ReturnType<typeof walletView>[];
  /** Set if the order would be recognised as one that was placed before. */
  readonly replayed?: true;
};

/**
 * The resting orders that a preview looks at, each part of an iceberg as one. A placing that meets more takes its time
 * as well, and pays for it with its trades; whoever only asks must not hold up everybody else.
 */
export const PREVIEW_ORDERS_MAX = 1_000;

/** What there is to say, and how many orders were looked at for it. */
type Told = { readonly answer: Preview | Refusal; readonly met: number };

/** What the exchange would say to an order; nothing is changed by it. */
export async function previewOrder(exchange: ExchangePort, asker: Asker, command: PlaceOrder): Promise<Told> {
  const { events, met } = exchange.preview(command, PREVIEW_ORDERS_MAX);
  if (events !== null) return { answer: await answerOf(exchange, asker, command, events), met };
  const detail = `The order would meet more than ${PREVIEW_ORDERS_MAX} resting orders, and a preview looks at no more. Ask about a smaller quantity, or look at the book.`;
  return { answer: new Refusal("preview-too-large", detail), met };
}

async function answerOf(
  exchange: ExchangePort,
  asker: Asker,
  command: PlaceOrder,
  events: readonly Event[],
): Promise<Preview | Refusal> {
  const first = events[0];
  if (first?.kind === "CommandRejected") return new Refusal(first.reason);
  const balances = balancesAfter(exchange, command, events);
  if (first?.kind === "OrderRepeated") {
    const placed = await repeatedOrder(exchange, first);
    if (placed instanceof Refusal) return placed;
    return { ...placed, fees: feesOf(exchange, command, []), balances, replayed: true };
  }
  if (first?.kind !== "OrderPlaced") throw new Error("an order is placed, repeated or refused");
  const { directory } = exchange;
  const at = exchange.now();
  const trades = tradesOf(first, events);
  const fills = trades
    .slice(-SHOWN_FILLS_MAX)
    .map((trade) => fillView(fillOfTrade(trade, "taker", { at, seq: exchange.appliedSeq }), directory));
  const record: OrderRecord = {
    order: first.order,
    terms: command,
    requestId: asker.requestId,
    traceId: asker.traceId,
    createdAt: at,
    progress: { ...progressOf(first, events), updatedAt: at },
  };
  const order = { ...orderView(record, directory), id: null, orderId: null };
  return { order, fills, fees: feesOf(exchange, command, trades), balances };
}

/** How far the order would come at once. */
function progressOf(placed: OrderPlaced, events: readonly Event[]): Omit<OrderProgress, "updatedAt"> {
  const trades = tradesOf(placed, events);
  const filledQuantity = lots(trades.reduce((sum, { quantity }) => sum + quantity, 0));
  const filledValue = minor(trades.reduce((sum, { value }) => sum + value, 0));
  let prevented = 0;
  let status = filledQuantity > 0 ? "partially-filled" : statusWhenPlaced(placed.type);
  let reason: OrderProgress["reason"] = null;
  for (const event of events) {
    if (event.kind === "SelfTradePrevented" && event.takerOrder === placed.order) prevented += event.quantity;
    const isEnd =
      event.kind === "OrderFilled" || event.kind === "OrderCanceled" || event.kind === "OrderExpired";
    if (!isEnd || event.order !== placed.order) continue;
    status = STATUS_WHEN_ENDED[event.kind];
    reason = reasonOf(event);
  }
  return { status, reason, filledQuantity, filledValue, preventedQuantity: lots(prevented) };
}

function tradesOf({ order }: OrderPlaced, events: readonly Event[]): TradeExecuted[] {
  return events.filter(
    (event): event is TradeExecuted => event.kind === "TradeExecuted" && event.takerOrder === order,
  );
}

function feesOf({ directory }: ExchangePort, { market }: PlaceOrder, trades: readonly TradeExecuted[]) {
  const paid = trades.reduce((sum, { takerFee }) => sum + takerFee, 0);
  return moneyView(minor(paid), directory.asset(directory.market(market).quote));
}

/** The wallets of the market's two assets, as the events leave them. */
function balancesAfter(
  { directory, balances }: ExchangePort,
  { account, market }: PlaceOrder,
  events: readonly Event[],
) {
  const { base, quote } = directory.market(market);
  return [base, quote].map((asset) => {
    const changed = events.findLast(
      (event): event is WalletChanged =>
        event.kind === "WalletChanged" && event.account === account && event.asset === asset,
    );
    return walletView(changed ?? balances.get(account, asset), directory.asset(asset));
  });
}
