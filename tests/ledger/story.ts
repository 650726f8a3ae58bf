/**
 * A small exchange of our own making that tells the ledger what happened: it keeps totals, so that wallets
 * agree with trades, and believes whatever the test says of orders.
 */
import { createHash } from "node:crypto";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Command, OrderTerms, SettlementEntry } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import type { Committed, EndReason, Event, MarketListed } from "../../src/domain/events.ts";
import type { Side } from "../../src/domain/market.ts";
import type {
  AccountIndex,
  AssetIndex,
  EpochMs,
  Lots,
  MarketIndex,
  Minor,
  OrderId,
  PartsPerMillion,
  Seq,
  Ticks,
  TradeId,
} from "../../src/domain/units.ts";
import type { LedgerFrame } from "../../src/projections/ledger/messages.ts";
import { PLAIN_TERMS } from "../plain-order.ts";

export const VIB = 0 as AssetIndex;
export const BRL = 1 as AssetIndex;
export const MARKET = 0 as MarketIndex;
const BASE_MINOR_PER_LOT = 10;

/** A fill of the order being placed against a resting one, at a fee for each. */
export type Fill = {
  maker: { account: AccountIndex; order: OrderId };
  price: number;
  quantity: number;
  takerFee?: number;
  makerFee?: number;
  makerFilled?: boolean;
};

/** What `decrement` takes from the order being placed and from a resting one of its account. */
export type Prevention = { maker: OrderId; quantity: number; makerEnds: boolean };

/** The terms as they are from now on. */
export type Amendment = { price: number | null; quantity: number | null; keepsPlace: boolean };

export type Placing = {
  account: AccountIndex;
  side: Side;
  price: number;
  quantity: number;
  clientOrderId?: string;
  fills?: Fill[];
  prevents?: Prevention[];
  market?: MarketIndex;
  terms?: Partial<OrderTerms>;
};

/** An order that enters the market, at once or when it is triggered or amended. */
export type Entering = {
  account: AccountIndex;
  order: OrderId;
  side: Side;
  /** What of it may trade. */
  left: number;
  market: MarketIndex;
};

/** What traces a command. */
type Ids = { readonly requestId: string; readonly traceId: string | null };

export class Story {
  at = 1_700_000_000_000;
  #seq = 0;
  #accounts = 0;
  readonly #trades = new Map<number, number>();
  readonly #totals = new Map<string, number>();
  #frameStart = 1;
  #hash = "00".repeat(32);
  readonly #writer = new ByteWriter();
  readonly frames: LedgerFrame[] = [];
  readonly committed: Committed[] = [];

  get seq(): Seq {
    return this.#seq as Seq;
  }

  /** Closes a frame with all that happened since the last one. */
  frame(): LedgerFrame {
    this.#hash = createHash("sha256").update(this.#hash).update(this.#writer.view()).digest("hex");
    const frame = {
      firstSeq: this.#frameStart as Seq,
      lastSeq: this.seq,
      hash: this.#hash,
      outcomes: this.#writer.view().slice(),
    };
    this.#frameStart = this.#seq + 1;
    this.#writer.clear();
    this.frames.push(frame);
    return frame;
  }

  market(name = "VIB-BRL", market = MARKET): void {
    if (market === MARKET) {
      this.did("ListAsset", [{ kind: "AssetListed", asset: VIB, name: "VIB", scale: 1 }]);
      this.did("ListAsset", [{ kind: "AssetListed", asset: BRL, name: "BRL", scale: 2 }]);
    }
    const listed: MarketListed = {
      kind: "MarketListed",
      market,
      name,
      base: VIB,
      quote: BRL,
      tickSize: { units: 1, scale: 2 },
      lotSize: { units: 1, scale: 0 },
      baseMinorPerLot: BASE_MINOR_PER_LOT,
      quoteMinorPerTickLot: 1,
      minNotional: null,
      maxQuantity: null,
      maxOpenOrders: 10_000,
      makerFee: -100 as PartsPerMillion,
      takerFee: 1_000 as PartsPerMillion,
      priceBand: null,
      referencePrice: 100 as Ticks,
      status: "open",
    };
    this.did("ListMarket", [listed]);
  }

  account(accountId: string): AccountIndex {
    this.#accounts += 1;
    const account = this.#accounts as AccountIndex;
    this.did("OpenAccount", [{ kind: "AccountOpened", account, accountId, name: null }]);
    return account;
  }

  deposit(account: AccountIndex, asset: AssetIndex, amount: number, reference = `d-${this.#seq}`): void {
    const wallet = this.#moved(account, asset, amount);
    this.did("DepositFunds", [
      { kind: "FundsDeposited", account, asset, amount: amount as Minor, reference },
      wallet,
    ]);
  }

  withdraw(account: AccountIndex, asset: AssetIndex, amount: number, reference = `w-${this.#seq}`): void {
    const wallet = this.#moved(account, asset, -amount);
    this.did("WithdrawFunds", [
      { kind: "FundsWithdrawn", account, asset, amount: amount as Minor, reference },
      wallet,
    ]);
  }

  transfer(from: AccountIndex, to: AccountIndex, asset: AssetIndex, amount: number, reference: string): void {
    const wallets = [this.#moved(from, asset, -amount), this.#moved(to, asset, amount)];
    this.did("TransferFunds", [
      { kind: "FundsTransferred", account: from, toAccount: to, asset, amount: amount as Minor, reference },
      ...wallets,
    ]);
  }

  /** The seller gives, the buyer pays, and the ledger is told in the order of the list. */
  settle(
    entries: readonly {
      account: AccountIndex;
      side: "buy" | "sell";
      quantity: number;
      value: number;
      reference: string;
    }[],
    settlementId: string | null = null,
  ): void {
    const wallets = new Map<string, Event>();
    for (const { account, side, quantity, value } of entries) {
      const sign = side === "buy" ? 1 : -1;
      wallets.set(`${account} ${VIB}`, this.#moved(account, VIB, sign * quantity));
      wallets.set(`${account} ${BRL}`, this.#moved(account, BRL, -sign * value));
    }
    const settled = entries as readonly SettlementEntry[];
    this.did("SettleFunds", [
      { kind: "FundsSettled", base: VIB, quote: BRL, entries: settled, settlementId },
      ...wallets.values(),
    ]);
  }

  place(placing: Placing): OrderId {
    const { account, side, price, quantity, fills = [], prevents = [], market = MARKET } = placing;
    const order = (this.#seq + 1) as OrderId;
    const terms: OrderTerms = {
      ...PLAIN_TERMS,
      account,
      market,
      side,
      price: price as Ticks,
      quantity: quantity as Lots,
      clientOrderId: placing.clientOrderId ?? null,
      ...placing.terms,
    };
    const placed: Event = { kind: "OrderPlaced", order, ...terms };
    const prevented = prevents.flatMap((prevention) => this.#prevented(order, terms, prevention));
    const left = prevents.reduce((sum, prevention) => sum - prevention.quantity, quantity);
    this.#enter("PlaceOrder", [placed, ...prevented], { account, order, side, left, market }, fills);
    return order;
  }

  /** A pending order's price has come. */
  trigger(entering: Entering, fills: readonly Fill[]): void {
    const { order, account, market } = entering;
    this.#enter("ChangeMarket", [{ kind: "OrderTriggered", order, account, market }], entering, fills);
  }

  amend(entering: Entering, terms: Amendment, fills: readonly Fill[] = []): void {
    const { order, account, market } = entering;
    const price = terms.price as Ticks | null;
    const quantity = terms.quantity as Lots | null;
    const { keepsPlace } = terms;
    const amended: Event = { kind: "OrderAmended", order, account, market, price, quantity, keepsPlace };
    this.#enter("AmendOrder", [amended], entering, fills);
  }

  setCancelAfter(account: AccountIndex, deadline: EpochMs | null): void {
    this.did("SetCancelAfter", [{ kind: "CancelAfterSet", account, deadline }]);
  }

  cancel(account: AccountIndex, order: OrderId, reason: EndReason = "requested", market = MARKET): void {
    const wallet = this.#moved(account, BRL, 0);
    this.did("CancelOrder", [{ kind: "OrderCanceled", order, account, market, reason }, wallet]);
  }

  expire(account: AccountIndex, order: OrderId): void {
    this.did("ExpireOrders", [{ kind: "OrderExpired", order, account, market: MARKET, reason: "time" }]);
  }

  refuse(): void {
    this.did("PlaceOrder", [{ kind: "CommandRejected", reason: "insufficient-funds" }]);
  }

  did(kind: Command["kind"], events: readonly Event[], ids: Partial<Ids> = {}): void {
    this.#seq += 1;
    const committed: Committed = {
      entry: {
        seq: this.seq,
        at: this.at as EpochMs,
        requestId: `01KBQ${String(this.#seq).padStart(21, "0")}`,
        traceId: this.#seq % 2 === 0 ? null : "4bf92f3577b34da6a3ce929d0e0e4736",
        ...ids,
        command: { kind } as Command,
      },
      events,
    };
    this.committed.push(committed);
    encodeOutcome(this.#writer, committed);
  }

  #enter(kind: Command["kind"], first: readonly Event[], entering: Entering, fills: readonly Fill[]): void {
    const { account, order, side, market } = entering;
    const events = [...first];
    const wallets = new Map<string, Event>();
    let { left } = entering;
    for (const fill of fills) {
      events.push(...this.#trade(entering, fill, wallets));
      left -= fill.quantity;
    }
    const isPrevented = fills.length === 0 && first.some((event) => event.kind === "SelfTradePrevented");
    if (left === 0 && isPrevented) {
      events.push({ kind: "OrderCanceled", order, account, market, reason: "self-trade" });
    } else if (left === 0) events.push({ kind: "OrderFilled", order, account, market });
    if (wallets.size === 0) wallets.set("", this.#moved(account, side === "buy" ? BRL : VIB, 0));
    events.push({ kind: "LevelChanged", market, side, price: 100 as Ticks, quantity: left as Lots });
    this.did(kind, [...events, ...wallets.values()]);
  }

  #prevented(order: OrderId, { account, market }: OrderTerms, prevention: Prevention): Event[] {
    const { maker, makerEnds } = prevention;
    const quantity = prevention.quantity as Lots;
    const prevented: Event = {
      kind: "SelfTradePrevented",
      account,
      market,
      takerOrder: order,
      makerOrder: maker,
      quantity,
    };
    const end: Event = { kind: "OrderCanceled", order: maker, account, market, reason: "self-trade" };
    return makerEnds ? [prevented, end] : [prevented];
  }

  #trade({ order, account, side, market }: Entering, fill: Fill, wallets: Map<string, Event>): Event[] {
    const { maker, price, quantity, takerFee = 0, makerFee = 0, makerFilled = false } = fill;
    const trade = (this.#trades.get(market) ?? 0) + 1;
    this.#trades.set(market, trade);
    const value = price * quantity;
    const sign = side === "buy" ? 1 : -1;
    const move = (who: AccountIndex, asset: AssetIndex, amount: number) =>
      wallets.set(`${who} ${asset}`, this.#moved(who, asset, amount));
    move(account, VIB, sign * quantity * BASE_MINOR_PER_LOT);
    move(maker.account, VIB, -sign * quantity * BASE_MINOR_PER_LOT);
    move(account, BRL, -sign * value - takerFee);
    move(maker.account, BRL, sign * value - makerFee);
    if (takerFee + makerFee > 0) move(0 as AccountIndex, BRL, takerFee + makerFee);
    const executed: Event = {
      kind: "TradeExecuted",
      market,
      trade: trade as TradeId,
      price: price as Ticks,
      quantity: quantity as Lots,
      value: value as Minor,
      takerSide: side,
      takerOrder: order,
      takerAccount: account,
      takerFee: takerFee as Minor,
      makerOrder: maker.order,
      makerAccount: maker.account,
      makerFee: makerFee as Minor,
    };
    const end: Event = { kind: "OrderFilled", order: maker.order, account: maker.account, market };
    return makerFilled ? [executed, end] : [executed];
  }

  /** The wallet after its total has changed by `amount`; how much of it is held makes no difference here. */
  #moved(account: AccountIndex, asset: AssetIndex, amount: number): Event {
    const key = `${account} ${asset}`;
    const total = (this.#totals.get(key) ?? 0) + amount;
    this.#totals.set(key, total);
    const held = Math.min(total, 1) as Minor;
    return { kind: "WalletChanged", account, asset, available: (total - held) as Minor, held };
  }
}
