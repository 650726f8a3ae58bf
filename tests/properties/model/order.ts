/** Orders as the model sees them, with the sums that the rulebook asks for, in big integers. */
import type {
  OrderType,
  PlaceOrder,
  SelfTradePrevention,
  TimeInForce,
} from "../../../src/domain/commands.ts";
import type { Side } from "../../../src/domain/market.ts";

/** The largest amount. */
export const MOST = 2n ** 53n - 1n;
export const MILLION = 1_000_000n;

export type Order = {
  readonly id: number;
  readonly account: number;
  readonly market: number;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly prevention: SelfTradePrevention;
  readonly expiresAt: number | null;
  readonly makerFee: bigint;
  readonly takerFee: bigint;
  readonly display: bigint | null;
  readonly offset: bigint | null;
  /** The limit. */
  price: bigint | null;
  /** All that it asks for; null by budget. */
  quantity: bigint | null;
  /** What is left to spend; null by quantity. */
  budget: bigint | null;
  /** A trailing stop has none before the first trade. */
  trigger: bigint | null;
  pending: boolean;
  filled: bigint;
  prevented: bigint;
  /** Its turn at its price, and what the book shows of it; zero while it is not in the book. */
  place: number;
  shown: bigint;
  /** Σ rate × value of all fills, in millionths of a minor unit, and what has been paid of it. */
  charged: bigint;
  paid: bigint;
};

export function orderOf(
  id: number,
  command: PlaceOrder,
  fees: { readonly makerFee: bigint; readonly takerFee: bigint },
): Order {
  return {
    id,
    account: command.account,
    market: command.market,
    side: command.side,
    type: command.type,
    timeInForce: command.timeInForce,
    postOnly: command.postOnly,
    prevention: command.selfTradePrevention,
    expiresAt: command.expiresAt,
    makerFee: fees.makerFee,
    takerFee: fees.takerFee,
    display: big(command.displayQuantity),
    offset: big(command.trailingOffset),
    price: big(command.price),
    quantity: big(command.quantity),
    budget: big(command.quoteQuantity),
    trigger: big(command.triggerPrice),
    pending: isTriggered(command.type),
    filled: 0n,
    prevented: 0n,
    place: 0,
    shown: 0n,
    charged: 0n,
    paid: 0n,
  };
}

export function isTriggered(type: OrderType): boolean {
  return type !== "limit" && type !== "market";
}

/** Whether an order stays in the book with what it does not trade at once. */
export function canRest({ price, timeInForce }: Order): boolean {
  return price !== null && (timeInForce === "gtc" || timeInForce === "gtd");
}

export function remaining({ quantity, filled, prevented }: Order): bigint {
  return quantity! - filled - prevented;
}

export function other(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}

/** Whether a price is within a limit; no limit allows any. */
export function within(side: Side, limit: bigint | null, price: bigint): boolean {
  if (limit === null) return true;
  return side === "buy" ? price <= limit : price >= limit;
}

/** Section 4: which way the price must go to trigger the order. */
export function isReached({ type, side, trigger }: Order, last: bigint | null): boolean {
  if (last === null || trigger === null) return false;
  const takesProfit = type === "take-profit" || type === "take-profit-limit";
  const upwards = takesProfit ? side === "sell" : side === "buy";
  return upwards ? last >= trigger : last <= trigger;
}

export function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Millionths of a minor unit as whole units, towards the higher: ⌈2.5⌉ is 3, and ⌈-2.5⌉ is -2, a rebate of 2. */
export function roundedUp(millionths: bigint): bigint {
  const whole = millionths / MILLION;
  return millionths > whole * MILLION ? whole + 1n : whole;
}

/** What a fill adds to a taker's fees: what it owes in all less what it has paid, but never less than nothing. */
export function chargeTaker(order: Order, value: bigint): bigint {
  order.charged += order.takerFee * value;
  const fee = most(roundedUp(order.charged) - order.paid, 0n);
  order.paid += fee;
  return fee;
}

/** What a fill adds to a maker's fees; a rebate is at most what the taker pays. */
export function chargeMaker(order: Order, value: bigint, takerFee: bigint): bigint {
  order.charged += order.makerFee * value;
  const fee = most(roundedUp(order.charged) - order.paid, -takerFee);
  order.paid += fee;
  return fee;
}

/** The most lots whose value and fee fit the budget, found by halving. */
export function affordable(order: Order, perLot: bigint): bigint {
  const budget = order.budget!;
  let fits = 0n;
  let fails = budget / perLot + 1n;
  while (fails - fits > 1n) {
    const middle = (fits + fails) / 2n;
    const value = middle * perLot;
    if (value + chargeTaker({ ...order }, value) <= budget) fits = middle;
    else fails = middle;
  }
  return fits;
}

function big(value: number | null): bigint | null {
  return value === null ? null : BigInt(value);
}
