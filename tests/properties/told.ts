/** The engine's events in the words of the model, so that the two can be compared line by line. */
import type { Event } from "../../src/domain/events.ts";
import type { Told } from "./model/floor.ts";

export function told(events: readonly Event[]): Told {
  return events.filter(({ kind }) => kind !== "LevelChanged" && kind !== "WalletChanged").map(line);
}

function line(event: Event): string {
  switch (event.kind) {
    case "CommandRejected":
      return `refused ${event.reason}`;
    case "OrderPlaced":
      return `placed ${event.order}`;
    case "OrderRepeated":
      return `order ${event.order} again`;
    case "MovementRepeated":
      return `movement ${event.transaction} again`;
    case "OrderTriggered":
      return `triggered ${event.order}`;
    case "OrderAmended": {
      const place = event.keepsPlace ? "keeps its place" : "enters again";
      return `amended ${event.order}: ${event.quantity} at ${event.price}, ${place}`;
    }
    case "SelfTradePrevented":
      return `prevented ${event.quantity} of ${event.takerOrder} and ${event.makerOrder}`;
    case "CancelAfterSet":
      return `cancel-after of ${event.account}: ${event.deadline}`;
    case "MarketChanged": {
      const { market, status, makerFee, takerFee, priceBand } = event;
      return `market ${market} is ${status}, fees ${makerFee} and ${takerFee}, band ${priceBand}`;
    }
    case "OrderFilled":
      return `filled ${event.order}`;
    case "OrderCanceled":
      return `canceled ${event.order} ${event.reason}`;
    case "OrderExpired":
      return `expired ${event.order} ${event.reason}`;
    case "FundsDeposited":
      return "DepositFunds";
    case "FundsWithdrawn":
      return "WithdrawFunds";
    case "SettlementRepeated":
      return `settlement ${event.transaction} again`;
    case "FundsSettled":
      return "SettleFunds";
    case "FundsTransferred":
      return "TransferFunds";
    case "TradeExecuted": {
      const { market, trade, quantity, price, value, takerSide, takerOrder, makerOrder } = event;
      return (
        `trade ${market}/${trade}: ${quantity} at ${price} worth ${value}, ` +
        `${takerOrder} ${takerSide}s paying ${event.takerFee}, ${makerOrder} paying ${event.makerFee}`
      );
    }
    default:
      return event.kind;
  }
}
