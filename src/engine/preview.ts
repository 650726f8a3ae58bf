/**
 * What placing an order would do right now. The order is really placed, by the code that places all orders,
 * in a state of its own that holds a copy of no more than the order can reach: its market, its account, and
 * the orders in its way with their accounts. Nothing of the exchange changes.
 */
import { FEES_ACCOUNT, type PlaceOrder, type Sequenced } from "../domain/commands.ts";
import type { Event } from "../domain/events.ts";
import { type AccountIndex, assetIndex, type Lots, minor, type OrderId, orderIdOf } from "../domain/units.ts";
import { bandOf } from "./band.ts";
import { NONE, type Slot } from "./book/order-pool.ts";
import { EXPIRES, NAMED, TRIGGERED, traitsOf } from "./book/traits.ts";
import { placeOrder } from "./commands/place-order.ts";
import { orderContent } from "./contents.ts";
import { addAccount, addMarket, emptyState, type MarketState, marketState, type State } from "./state.ts";

/** In the copy the market is the first and only one, and its two assets are all that there are. */
const BASE = assetIndex(0);
const QUOTE = assetIndex(1);

/** What was found, and how many orders were looked at, an iceberg's every part as one more: that is what it costs. */
export type Previewed = {
  /** The order's own events, and the changes of its account's wallets; null if there were too many to look at. */
  readonly events: readonly Event[] | null;
  readonly met: number;
};

export function preview(state: State, entry: Sequenced<PlaceOrder>, ordersMax: number): Previewed {
  const { command } = entry;
  const copy = new PartialCopy(state, command);
  const met = copyWay(copy, state, command, ordersMax);
  return { events: met > ordersMax ? null : placed(copy, entry), met };
}

function placed(copy: PartialCopy, entry: Sequenced<PlaceOrder>): Event[] {
  copy.finish();
  const { log, wallets } = copy.state;
  const copied = { ...entry, command: copy.command };
  const refusal = placeOrder(copy.state, copied);
  if (refusal !== null) return [{ kind: "CommandRejected", reason: refusal }];
  wallets.tellChanges(log);
  const order = orderIdOf(entry.seq);
  return log
    .events(copied)
    .filter((event) => isOwn(event, order, copy.command.account))
    .map((event) => copy.back(event));
}

/**
 * Copies the orders that the order would meet, in their order, and counts them; at least one, since the best price
 * counts for the checks, and no more when there are too many.
 */
function copyWay(copy: PartialCopy, state: State, command: PlaceOrder, ordersMax: number): number {
  if ((traitsOf(command) & TRIGGERED) !== 0) return 0;
  const { pool } = state.open;
  const place = marketState(state, command.market);
  const { book, market } = place;
  const band = bandOf(place);
  const { account, selfTradePrevention: mode } = command;
  const isBuy = command.side === "buy";
  const limit = command.price ?? (isBuy ? band.highest : band.lowest);
  const side = book.oppositeOf(isBuy);
  let quantity: number = command.quantity ?? Infinity;
  let money: number = command.quoteQuantity ?? Infinity;
  let met = 0;
  for (let level = side.best; level !== NONE && quantity > 0 && money > 0; level = side.after(level)) {
    const price = side.price[level]!;
    const isOut = isBuy ? price > limit : price < limit;
    if (isOut && level !== side.best) return met;
    let hidden = 0;
    let parts = 0;
    for (let maker = side.head[level]!; maker !== NONE; maker = pool.nextOf(maker)) {
      copy.rest(maker);
      met += 1;
      if (isOut || met > ordersMax) return met;
      if (pool.accountOf(maker) === account) {
        if (mode === "cancel-taker" || mode === "cancel-both") return met;
        continue;
      }
      quantity -= pool.shownOf(maker);
      money -= pool.shownOf(maker) * price * market.quoteMinorPerTickLot;
      if (quantity <= 0 || money <= 0) return met;
      if (pool.hidden[maker] === 0) continue;
      hidden += pool.hidden[maker]!;
      parts += Math.ceil(pool.hidden[maker]! / pool.display[maker]!);
    }
    const perLot = price * market.quoteMinorPerTickLot;
    // The parts of a level come one after another, and the order may not come to all of them.
    if (parts > 0) met += Math.ceil(parts * Math.min(1, quantity / hidden, money / (hidden * perLot)));
    if (met > ordersMax) return met;
    quantity -= hidden;
    money -= hidden * perLot;
  }
  return met;
}

function isOwn(event: Event, order: OrderId, account: AccountIndex): boolean {
  switch (event.kind) {
    case "WalletChanged":
      return event.account === account;
    case "TradeExecuted":
    case "SelfTradePrevented":
      return event.takerOrder === order;
    case "OrderPlaced":
    case "OrderFilled":
    case "OrderCanceled":
    case "OrderExpired":
      return event.order === order;
    default:
      return event.kind === "OrderRepeated" || event.kind === "CommandRejected";
  }
}

/** A state with what one order can reach. Accounts are numbered anew, so that no table is larger than it needs to be. */
class PartialCopy {
  readonly state = emptyState();
  /** The order as it reads in the copy. */
  readonly command: PlaceOrder;
  readonly #original: State;
  readonly #from: MarketState;
  readonly #asked: PlaceOrder;
  /** Of each account in the copy, which one it is; and the other way round. */
  readonly #originals: AccountIndex[] = [FEES_ACCOUNT];
  readonly #copies = new Map<AccountIndex, AccountIndex>([[FEES_ACCOUNT, FEES_ACCOUNT]]);

  constructor(original: State, asked: PlaceOrder) {
    this.#original = original;
    this.#asked = asked;
    this.#from = marketState(original, asked.market);
    const { state } = this;
    for (const _ of [BASE, QUOTE]) state.wallets.listAsset();
    const { market, nextTrade, lastPrice } = this.#from;
    addMarket(state, { ...market, market: 0 as typeof market.market, base: BASE, quote: QUOTE });
    Object.assign(this.#to, { nextTrade, lastPrice });
    const account = this.#account(asked.account);
    this.command = { ...asked, market: this.#to.market.market, account };
    this.#remember();
  }

  get #to(): MarketState {
    return this.state.markets[0]!;
  }

  /** Puts an order of the original at the back of its level. */
  rest(original: Slot): void {
    const { pool: from } = this.#original.open;
    const { pool } = this.state.open;
    const terms = {
      account: this.#account(from.accountOf(original)),
      market: this.#to.market.market,
      side: from.isBuy[original] === 1 ? "buy" : "sell",
      price: from.priceOf(original),
      quantity: from.quantity[original] as Lots,
      displayQuantity: null,
      selfTradePrevention: from.selfTradePreventionOf(original),
      expiresAt: null,
      clientOrderId: null,
    } as const;
    const rates = { makerFee: from.makerFee[original]!, takerFee: from.takerFee[original]! };
    // An order that rests here never comes to its end by time, and its client id is not asked for.
    const traits = from.traits[original]! & ~(EXPIRES | NAMED);
    const slot = pool.take(from.orderId(original), terms, traits, rates);
    pool.remaining[slot] = from.remaining[original]!;
    pool.hidden[slot] = from.hidden[original]!;
    pool.held[slot] = from.held[original]!;
    pool.feeWhole[slot] = from.feeWhole[original]!;
    pool.feeParts[slot] = from.feeParts[original]!;
    pool.rebateDue[slot] = from.rebateDue[original]!;
    pool.display[slot] = from.display[original]!;
    this.#to.book.append(slot);
    this.state.open.add(slot);
  }

  /** Makes the copy ready: what was copied is no change, and orders that were not copied are counted too. */
  finish(): void {
    const { wallets, open, log } = this.state;
    const { account, market } = this.#asked;
    wallets.tellChanges(log);
    log.clear();
    const copied = open.countOf(this.command.account, this.command.market);
    const notCopied = this.#original.open.countOf(account, market) - copied;
    const place = this.#to;
    place.market = { ...place.market, maxOpenOrders: place.market.maxOpenOrders - notCopied };
  }

  /** An event of the copy as the original would tell it. */
  back(event: Event): Event {
    const { market } = this.#asked;
    const { base, quote } = this.#from.market;
    switch (event.kind) {
      case "WalletChanged":
        return { ...event, account: this.#asked.account, asset: event.asset === BASE ? base : quote };
      case "TradeExecuted": {
        const takerAccount = this.#originals[event.takerAccount]!;
        return { ...event, market, takerAccount, makerAccount: this.#originals[event.makerAccount]! };
      }
      case "SelfTradePrevented":
      case "OrderPlaced":
      case "OrderFilled":
      case "OrderCanceled":
      case "OrderExpired":
        return { ...event, market, account: this.#asked.account };
      case "OrderRepeated":
        return { ...event, account: this.#asked.account };
      default:
        return event;
    }
  }

  /** The copy of an account, with its wallets and its status. */
  #account(original: AccountIndex): AccountIndex {
    const known = this.#copies.get(original);
    if (known !== undefined) return known;
    const copy = addAccount(this.state, this.#original.accountStatuses[original]!);
    this.#originals.push(original);
    this.#copies.set(original, copy);
    const { base, quote } = this.#from.market;
    for (const [from, to] of [
      [base, BASE],
      [quote, QUOTE],
    ] as const) {
      const available = this.#original.wallets.available(original, from);
      const held = this.#original.wallets.held(original, from);
      this.state.wallets.deposit(copy, to, minor(available + held));
      this.state.wallets.hold(copy, to, held);
    }
    return copy;
  }

  /** What the client id has named before; its content counts the original's market. */
  #remember(): void {
    const { account, clientOrderId } = this.#asked;
    if (clientOrderId === null) return;
    const first = this.#original.once.order(account, clientOrderId);
    if (first === undefined) return;
    const isSame = first.content === orderContent(this.#asked);
    const content = isSame ? orderContent(this.command) : "";
    this.state.once.rememberOrder(this.command.account, clientOrderId, { named: first.named, content });
  }
}
