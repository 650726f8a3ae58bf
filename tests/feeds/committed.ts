/** Commands that are on disk, made by hand: what the feeds fold, without an engine to produce it. */
import type { Command } from "../../src/domain/commands.ts";
import type {
  Committed,
  Event,
  LevelChanged,
  TradeExecuted,
  WalletChanged,
} from "../../src/domain/events.ts";
import type { Side } from "../../src/domain/market.ts";
import {
  accountIndex,
  assetIndex,
  epochMs,
  lots,
  marketIndex,
  minor,
  orderId,
  seq,
  ticks,
  tradeId,
} from "../../src/domain/units.ts";

const EXPIRE: Command = { kind: "ExpireOrders" };

export function committed(at: number, events: readonly Event[], command: Command = EXPIRE): Committed {
  const time = epochMs(1_700_000_000_000 + at);
  return {
    entry: { seq: seq(at), at: time, requestId: "01J00000000000000000000000", traceId: null, command },
    events,
  };
}

export function level(side: Side, price: number, quantity: number, market = 0): LevelChanged {
  return {
    kind: "LevelChanged",
    market: marketIndex(market),
    side,
    price: ticks(price),
    quantity: lots(quantity),
  };
}

export function wallet(account: number, available: number, asset = 0): WalletChanged {
  return {
    kind: "WalletChanged",
    account: accountIndex(account),
    asset: assetIndex(asset),
    available: minor(available),
    held: minor(0),
  };
}

export function trade(
  number: number,
  parties: { taker: number; maker: number; market?: number },
): TradeExecuted {
  return {
    kind: "TradeExecuted",
    market: marketIndex(parties.market ?? 0),
    trade: tradeId(number),
    price: ticks(100),
    quantity: lots(1),
    value: minor(100),
    takerSide: "buy",
    takerOrder: orderId(number * 2),
    takerAccount: accountIndex(parties.taker),
    takerFee: minor(0),
    makerOrder: orderId(number * 2 + 1),
    makerAccount: accountIndex(parties.maker),
    makerFee: minor(0),
  };
}
