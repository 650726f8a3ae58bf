/** Events as people read them, each with everything that it says but the hash of a key. */
import { unreachable } from "../../domain/assert.ts";
import { formatDecimal, formatSteps } from "../../domain/decimal.ts";
import type { Event, TradeExecuted, WalletChanged } from "../../domain/events.ts";
import { orderUlid } from "../../domain/ulid.ts";
import type { AccountIndex, EpochMs, MarketIndex, Minor, OrderId } from "../../domain/units.ts";
import { stepsText, timeText } from "../unit-text.ts";
import {
  keyWords,
  listingWords,
  marketChangeWords,
  movementWords,
  type Names,
  orderWords,
  settlementWords,
  transferWords,
  type Words,
} from "./command-words.ts";

/** When an order that the command touched was placed: half of the second name that it has. */
export type PlacedAt = (order: OrderId) => EpochMs;

export function eventWords(event: Event, names: Names, placedAt: PlacedAt): Words {
  const { kind } = event;
  switch (event.kind) {
    case "AccountOpened":
      return { kind, accountId: event.accountId, name: event.name };
    case "AccountStatusChanged":
      return { kind, accountId: names.account(event.account), status: event.status };
    case "KeyCreated":
      return { kind, ...keyWords(event, names) };
    case "KeyRevoked":
      return { kind, accountId: names.account(event.account), keyId: event.keyId };
    case "AssetListed":
      return { kind, asset: event.name, scale: event.scale };
    case "MarketListed":
      return { kind, ...listingWords(event, names) };
    case "MarketChanged":
      return { kind, ...marketChangeWords(event, names) };
    case "FundsDeposited":
    case "FundsWithdrawn":
      return { kind, ...movementWords(event, names) };
    case "FundsTransferred":
      return { kind, ...transferWords(event, names) };
    case "MovementRepeated": {
      const { name: asset } = names.asset(event.asset);
      return { kind, accountId: names.account(event.account), asset, transactionId: event.transaction };
    }
    case "FundsSettled":
      return { kind, ...settlementWords(event, names) };
    case "SettlementRepeated":
      return { kind, transactionId: event.transaction };
    case "WalletChanged":
      return walletWords(event, names);
    case "LevelChanged": {
      const market = names.market(event.market);
      const price = formatSteps(event.price, market.tickSize);
      const quantity = formatSteps(event.quantity, market.lotSize);
      return { kind, market: market.name, side: event.side, price, quantity };
    }
    case "CommandRejected":
      return { kind, reason: event.reason };
    default:
      return orderEventWords(event, names, placedAt);
  }
}

type OrderEvent = Extract<
  Event,
  | { kind: `Order${string}` }
  | { kind: "TradeExecuted" }
  | { kind: "SelfTradePrevented" }
  | { kind: "CancelAfterSet" }
>;

function orderEventWords(event: OrderEvent, names: Names, placedAt: PlacedAt): Words {
  const { kind } = event;
  switch (event.kind) {
    case "OrderPlaced":
      return { kind, id: idOf(event.order, placedAt), orderId: event.order, ...orderWords(event, names) };
    case "OrderRepeated":
      return { kind, orderId: event.order, accountId: names.account(event.account) };
    case "OrderAmended": {
      const { tickSize, lotSize } = names.market(event.market);
      const price = stepsText(event.price, tickSize);
      const quantity = stepsText(event.quantity, lotSize);
      return { ...namedWords(event, names, placedAt), price, quantity, keepsPlace: event.keepsPlace };
    }
    case "OrderTriggered":
    case "OrderFilled":
      return namedWords(event, names, placedAt);
    case "OrderCanceled":
    case "OrderExpired":
      return { ...namedWords(event, names, placedAt), reason: event.reason };
    case "SelfTradePrevented": {
      const { takerOrder, makerOrder } = event;
      const market = names.market(event.market);
      return {
        kind,
        accountId: names.account(event.account),
        market: market.name,
        takerOrderId: takerOrder,
        makerOrderId: makerOrder,
        quantity: formatSteps(event.quantity, market.lotSize),
      };
    }
    case "CancelAfterSet": {
      const deadline = event.deadline === null ? null : timeText(event.deadline);
      return { kind, accountId: names.account(event.account), deadline };
    }
    case "TradeExecuted":
      return tradeWords(event, names);
    default:
      return unreachable(event);
  }
}

export function tradeWords(trade: TradeExecuted, names: Names): Words {
  const market = names.market(trade.market);
  const quote = names.asset(market.quote);
  const money = (amount: Minor) => formatDecimal(amount, quote.scale);
  return {
    kind: trade.kind,
    market: market.name,
    tradeId: trade.trade,
    price: formatSteps(trade.price, market.tickSize),
    quantity: formatSteps(trade.quantity, market.lotSize),
    value: money(trade.value),
    takerSide: trade.takerSide,
    takerOrderId: trade.takerOrder,
    takerAccountId: names.account(trade.takerAccount),
    takerFee: money(trade.takerFee),
    makerOrderId: trade.makerOrder,
    makerAccountId: names.account(trade.makerAccount),
    makerFee: money(trade.makerFee),
    feeAsset: quote.name,
  };
}

function walletWords({ kind, account, asset, available, held }: WalletChanged, names: Names): Words {
  const { name, scale } = names.asset(asset);
  return {
    kind,
    accountId: names.account(account),
    asset: name,
    available: formatDecimal(available, scale),
    held: formatDecimal(held, scale),
    total: formatDecimal(available + held, scale),
  };
}

type Named = {
  readonly kind: Event["kind"];
  readonly order: OrderId;
  readonly account: AccountIndex;
  readonly market: MarketIndex;
};

function namedWords({ kind, order, account, market }: Named, names: Names, placedAt: PlacedAt): Words {
  return {
    kind,
    id: idOf(order, placedAt),
    orderId: order,
    accountId: names.account(account),
    market: names.market(market).name,
  };
}

function idOf(order: OrderId, placedAt: PlacedAt): string {
  return orderUlid(placedAt(order), order);
}
