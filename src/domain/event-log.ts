/**
 * The outcome of commands as it is recorded: what the engine says often is a row of numbers, because an object
 * for each of them would take as long as all the trading. Whoever wants events gets them as the plain objects
 * of `events.ts`, in the order in which they happened; the canonical encoding is made from the rows themselves.
 */
import type { PlaceOrder, Sequenced } from "./commands.ts";
import {
  END_REASONS,
  type EndReason,
  type Event,
  type LevelChanged,
  type OrderCanceled,
  type OrderExpired,
  type OrderFilled,
  type OrderPlaced,
  type TradeExecuted,
  type WalletChanged,
} from "./events.ts";
import type { Side } from "./market.ts";
import {
  type AccountIndex,
  type AssetIndex,
  type Lots,
  type MarketIndex,
  type Minor,
  type OrderId,
  orderId,
  type Ticks,
  type TradeId,
} from "./units.ts";

const OTHER = 0;
const ORDER_PLACED = 1;
const TRADE_EXECUTED = 2;
const ORDER_ENDED = 3;
const LEVEL_CHANGED = 4;
const WALLET_CHANGED = 5;

/** What a row tells: its first number, which also says how many follow. */
export const ROWS = {
  /** An event that is rare, and was an object from the start: its place among them. */
  other: OTHER,
  /** Nothing more: the order has the sequence of its command, and its terms. */
  orderPlaced: ORDER_PLACED,
  /** The fields of `TradeExecuted` in their order, the taker's side as a flag for a buy. */
  tradeExecuted: TRADE_EXECUTED,
  /** The order, its account, its market, and its end. */
  orderEnded: ORDER_ENDED,
  /** The market, a flag for a bid, the price and the quantity. */
  levelChanged: LEVEL_CHANGED,
  /** The account, the asset, what is available and what is held. */
  walletChanged: WALLET_CHANGED,
} as const;

/** The numbers of a row, the first included, by what it tells. */
export const ROW_LENGTHS = [2, 1, 13, 5, 5, 5] as const;

const NUMBERS_FIRST = 1024;
/** No log is as long: a bit for each place in it. */
const PLACE_MAX = 2 ** 30 - 1;

/** How an order ends, as one number: zero if it is filled, or else twice the place of the reason, and how. */
export type End = number;

export const FILLED: End = 0;

export function endOf(kind: "OrderCanceled" | "OrderExpired", reason: EndReason): End {
  return 2 * END_REASONS.indexOf(reason) + (kind === "OrderCanceled" ? 1 : 2);
}

/** Of an end that is not `FILLED`: whether the order was canceled, or else has expired. */
export function isCancel(end: End): boolean {
  return end % 2 === 1;
}

/** Of an end that is not `FILLED`: the place of its reason among all of them. */
export function reasonPlaceOf(end: End): number {
  return (end - 1) >> 1;
}

export class EventLog {
  /** The rows; replaced when there are more of them than ever before. */
  numbers = new Float64Array(NUMBERS_FIRST);
  /** Where the next row will begin. */
  end = 0;
  /** The rare events; what is past their count is left from before. */
  readonly #others: Event[] = [];
  #otherCount = 0;

  /** Forgets everything. */
  clear(): void {
    this.end = 0;
    // To set the length of an array costs several times as much as all that a command records.
    this.#otherCount = 0;
  }

  /** Records an event that is rare enough to be an object. */
  tell(event: Event): void {
    const row = this.#newRow(2);
    this.numbers[row] = OTHER;
    this.numbers[row + 1] = this.#otherCount;
    this.#others[this.#otherCount] = event;
    this.#otherCount += 1;
  }

  /** The current command has placed its order. */
  orderPlaced(): void {
    const row = this.#newRow(1);
    this.numbers[row] = ORDER_PLACED;
  }

  /** One argument a field, in the order of the event's: an object for them would be what this class is there to spare. */
  tradeExecuted(
    market: MarketIndex,
    trade: TradeId,
    price: Ticks,
    quantity: Lots,
    value: Minor,
    takerBuys: boolean,
    takerOrder: OrderId,
    takerAccount: AccountIndex,
    takerFee: Minor,
    makerOrder: OrderId,
    makerAccount: AccountIndex,
    makerFee: Minor,
  ): void {
    const row = this.#newRow(13);
    const numbers = this.numbers;
    numbers[row] = TRADE_EXECUTED;
    numbers[row + 1] = market;
    numbers[row + 2] = trade;
    numbers[row + 3] = price;
    numbers[row + 4] = quantity;
    numbers[row + 5] = value;
    numbers[row + 6] = takerBuys ? 1 : 0;
    numbers[row + 7] = takerOrder;
    numbers[row + 8] = takerAccount;
    numbers[row + 9] = takerFee;
    numbers[row + 10] = makerOrder;
    numbers[row + 11] = makerAccount;
    numbers[row + 12] = makerFee;
  }

  orderEnded(order: OrderId, account: AccountIndex, market: MarketIndex, end: End): void {
    this.orderEndedAt(this.#newRow(5), order, account, market, end);
  }

  orderEndedAt(row: number, order: OrderId, account: AccountIndex, market: MarketIndex, end: End): void {
    const { numbers } = this;
    numbers[row] = ORDER_ENDED;
    numbers[row + 1] = order;
    numbers[row + 2] = account;
    numbers[row + 3] = market;
    numbers[row + 4] = end;
  }

  levelChanged(market: MarketIndex, isBid: 0 | 1, price: Ticks, quantity: Lots): void {
    this.levelChangedAt(this.#newRow(5), market, isBid, price, quantity);
  }

  levelChangedAt(row: number, market: MarketIndex, isBid: number, price: number, quantity: number): void {
    const { numbers } = this;
    numbers[row] = LEVEL_CHANGED;
    numbers[row + 1] = market;
    numbers[row + 2] = isBid;
    numbers[row + 3] = price;
    numbers[row + 4] = quantity;
  }

  walletChanged(account: AccountIndex, asset: AssetIndex, available: Minor, held: Minor): void {
    this.walletChangedAt(this.#newRow(5), account, asset, available, held);
  }

  walletChangedAt(
    row: number,
    account: AccountIndex,
    asset: AssetIndex,
    available: number,
    held: number,
  ): void {
    const { numbers } = this;
    numbers[row] = WALLET_CHANGED;
    numbers[row + 1] = account;
    numbers[row + 2] = asset;
    numbers[row + 3] = available;
    numbers[row + 4] = held;
  }

  /** Where the next row will begin, known to be so small that the places of a row are summed up without a check for overflow. */
  get place(): number {
    return this.end & PLACE_MAX;
  }

  /** As `orderPlaced`, at a place for which there is room; the caller moves the end. So do the verbs below that name a row. */
  orderPlacedAt(row: number): void {
    this.numbers[row] = ORDER_PLACED;
  }

  /** A rare event, by its place. */
  other(place: number): Event {
    return this.#others[place]!;
  }

  /** The events of the command whose rows begin here, as objects. */
  events({ seq, command }: Sequenced, from = 0, to = this.end): Event[] {
    const events: Event[] = [];
    for (let row = from; row < to; row += ROW_LENGTHS[this.numbers[row]!]!) {
      const isPlaced = this.numbers[row] === ROWS.orderPlaced;
      events.push(isPlaced ? placed(orderId(seq), command as PlaceOrder) : this.#event(row));
    }
    return events;
  }

  /** The prices of the trades from a row on. */
  tradePrices(from: number): Ticks[] {
    const prices: Ticks[] = [];
    for (let row = from; row < this.end; row += ROW_LENGTHS[this.numbers[row]!]!) {
      if (this.numbers[row] === ROWS.tradeExecuted) prices.push(this.numbers[row + 3] as Ticks);
    }
    return prices;
  }

  #newRow(length: number): number {
    const row = this.end;
    this.end = row + length;
    if (this.end > this.numbers.length) this.#grow();
    // Known to be so small, the places of a row are summed up without a check for overflow.
    return row & PLACE_MAX;
  }

  #grow(): void {
    const grown = new Float64Array(this.numbers.length * 2);
    grown.set(this.numbers);
    this.numbers = grown;
  }

  #event(row: number): Event {
    const numbers = this.numbers;
    switch (numbers[row]) {
      case ROWS.tradeExecuted:
        return trade(numbers, row);
      case ROWS.orderEnded:
        return ended(numbers, row);
      case ROWS.levelChanged:
        return level(numbers, row);
      case ROWS.walletChanged:
        return wallet(numbers, row);
      default:
        return this.#others[numbers[row + 1]!]!;
    }
  }
}

/** Field by field: a spread is many times slower. */
function placed(order: OrderId, command: PlaceOrder): OrderPlaced {
  return {
    kind: "OrderPlaced",
    order,
    account: command.account,
    market: command.market,
    side: command.side,
    type: command.type,
    timeInForce: command.timeInForce,
    price: command.price,
    triggerPrice: command.triggerPrice,
    trailingOffset: command.trailingOffset,
    quantity: command.quantity,
    quoteQuantity: command.quoteQuantity,
    displayQuantity: command.displayQuantity,
    expiresAt: command.expiresAt,
    postOnly: command.postOnly,
    selfTradePrevention: command.selfTradePrevention,
    clientOrderId: command.clientOrderId,
  };
}

function trade(numbers: Float64Array, row: number): TradeExecuted {
  return {
    kind: "TradeExecuted",
    market: numbers[row + 1] as MarketIndex,
    trade: numbers[row + 2] as TradeId,
    price: numbers[row + 3] as Ticks,
    quantity: numbers[row + 4] as Lots,
    value: numbers[row + 5] as Minor,
    takerSide: sideOf(numbers[row + 6]!),
    takerOrder: numbers[row + 7] as OrderId,
    takerAccount: numbers[row + 8] as AccountIndex,
    takerFee: numbers[row + 9] as Minor,
    makerOrder: numbers[row + 10] as OrderId,
    makerAccount: numbers[row + 11] as AccountIndex,
    makerFee: numbers[row + 12] as Minor,
  };
}

function ended(numbers: Float64Array, row: number): OrderFilled | OrderCanceled | OrderExpired {
  const order = numbers[row + 1] as OrderId;
  const account = numbers[row + 2] as AccountIndex;
  const market = numbers[row + 3] as MarketIndex;
  const end = numbers[row + 4]!;
  if (end === FILLED) return { kind: "OrderFilled", order, account, market };
  const kind = isCancel(end) ? "OrderCanceled" : "OrderExpired";
  return { kind, order, account, market, reason: END_REASONS[reasonPlaceOf(end)]! };
}

function level(numbers: Float64Array, row: number): LevelChanged {
  return {
    kind: "LevelChanged",
    market: numbers[row + 1] as MarketIndex,
    side: sideOf(numbers[row + 2]!),
    price: numbers[row + 3] as Ticks,
    quantity: numbers[row + 4] as Lots,
  };
}

function wallet(numbers: Float64Array, row: number): WalletChanged {
  return {
    kind: "WalletChanged",
    account: numbers[row + 1] as AccountIndex,
    asset: numbers[row + 2] as AssetIndex,
    available: numbers[row + 3] as Minor,
    held: numbers[row + 4] as Minor,
  };
}

function sideOf(buys: number): Side {
  return buys === 1 ? "buy" : "sell";
}
