/**
 * The rulebook written down a second time, as plainly as it can be: arrays, full scans, big integers, and
 * nothing from the engine. It keeps only what accounts own and which orders are open; what is held is
 * worked out anew from the open orders whenever somebody asks.
 */
import type {
  AccountStatus,
  Command,
  DepositFunds,
  PlaceOrder,
  Sequenced,
  TransferFunds,
  WithdrawFunds,
} from "../../src/domain/commands.ts";
import type { MarketListing, Side } from "../../src/domain/market.ts";
import {
  affordable,
  charge,
  crosses,
  least,
  MOST,
  most,
  type Order,
  other,
  roundedUp,
} from "./reference-orders.ts";

type Market = {
  readonly index: number;
  readonly listing: MarketListing;
  status: string;
  makerFee: bigint;
  takerFee: bigint;
};

type Movement = DepositFunds | WithdrawFunds | TransferFunds;

/** What a command did, one line a thing, in order. */
export type Told = readonly string[];

export class Reference {
  readonly #assets: string[] = [];
  readonly #markets: Market[] = [];
  readonly #accounts: { readonly id: string; status: AccountStatus }[] = [{ id: "fees", status: "active" }];
  /** By account and asset: all that the account owns, held or not. */
  readonly #owned = new Map<string, bigint>();
  #open: Order[] = [];
  readonly #clientIds: { account: number; id: string; order: number; content: string }[] = [];
  readonly #references: { account: number; kind: string; id: string; seq: number; content: string }[] = [];
  #trades: number[] = [];

  apply({ seq, at, command }: Sequenced): Told {
    switch (command.kind) {
      case "PlaceOrder":
        return this.#place(seq, at, command);
      case "CancelOrder": {
        const order = this.#open.find(({ id }) => id === command.order);
        if (order === undefined || order.account !== command.account) return ["refused order-not-open"];
        this.#leave(order);
        return [`canceled ${order.id} requested`];
      }
      case "CancelAllOrders": {
        const mine = this.#open.filter(
          ({ account, market }) =>
            account === command.account && (command.market === null || market === command.market),
        );
        mine.sort((a, b) => a.id - b.id);
        for (const order of mine) this.#leave(order);
        return mine.map(({ id }) => `canceled ${id} requested`);
      }
      case "ExpireOrders": {
        const due = this.#open.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= at);
        due.sort((a, b) => a.expiresAt! - b.expiresAt! || a.id - b.id);
        for (const order of due) this.#leave(order);
        return due.map(({ id }) => `expired ${id} time`);
      }
      case "DepositFunds":
      case "WithdrawFunds":
      case "TransferFunds":
        return this.#move(seq, command);
      default:
        return this.#manage(command);
    }
  }

  get accounts(): number {
    return this.#accounts.length;
  }

  get assets(): number {
    return this.#assets.length;
  }

  get markets(): number {
    return this.#markets.length;
  }

  /** The ids of all open orders, oldest first. */
  get open(): readonly number[] {
    return this.#open.map(({ id }) => id);
  }

  held(account: number, asset: number): bigint {
    let held = 0n;
    for (const order of this.#open) {
      const { listing } = this.#markets[order.market]!;
      const holdsIn = order.side === "buy" ? listing.quote : listing.base;
      if (order.account === account && holdsIn === asset) held += this.#holdOf(order);
    }
    return held;
  }

  available(account: number, asset: number): bigint {
    return (this.#owned.get(`${account} ${asset}`) ?? 0n) - this.held(account, asset);
  }

  /** Totals per price, best first. */
  levels(market: number, side: Side): [number, number][] {
    const levels = new Map<bigint, bigint>();
    for (const { price, remaining } of this.#side(market, side)) {
      levels.set(price!, (levels.get(price!) ?? 0n) + remaining);
    }
    return [...levels].map(([price, quantity]) => [Number(price), Number(quantity)]);
  }

  #manage(command: Command): Told {
    switch (command.kind) {
      case "OpenAccount":
        if (this.#accounts.some(({ id }) => id === command.accountId)) return ["refused already-exists"];
        this.#accounts.push({ id: command.accountId, status: "active" });
        return ["AccountOpened"];
      case "SetAccountStatus":
        this.#accounts[command.account]!.status = command.status;
        return ["AccountStatusChanged"];
      case "ListAsset":
        if (this.#assets.includes(command.name)) return ["refused already-exists"];
        this.#assets.push(command.name);
        return ["AssetListed"];
      case "ListMarket": {
        if (this.#markets.some(({ listing }) => listing.name === command.name)) {
          return ["refused already-exists"];
        }
        const { kind: _, ...listing } = command;
        this.#markets.push({
          index: this.#markets.length,
          listing,
          status: listing.status,
          makerFee: BigInt(listing.makerFee),
          takerFee: BigInt(listing.takerFee),
        });
        this.#trades.push(0);
        return ["MarketListed"];
      }
      case "ChangeMarket": {
        const market = this.#markets[command.market]!;
        if (command.status !== null) market.status = command.status;
        if (command.makerFee !== null) market.makerFee = BigInt(command.makerFee);
        if (command.takerFee !== null) market.takerFee = BigInt(command.takerFee);
        return ["MarketChanged"];
      }
      default:
        throw new Error(`the reference does not know ${command.kind}`);
    }
  }

  #move(seq: number, command: Movement): Told {
    const { kind, account, asset, reference } = command;
    const amount = BigInt(command.amount);
    const content = JSON.stringify({ ...command, reference: "" });
    const known = this.#references.find(
      (other) => other.account === account && other.kind === kind && other.id === reference,
    );
    if (known !== undefined) {
      return [known.content === content ? `movement ${known.seq} again` : "refused reference-reused"];
    }
    if (kind === "DepositFunds") {
      let supply = 0n;
      for (const [key, owned] of this.#owned) if (key.endsWith(` ${asset}`)) supply += owned;
      if (supply + amount > MOST) return ["refused amount-too-large"];
    } else {
      if (this.#accounts[account]!.status !== "active") return ["refused account-suspended"];
      if (this.available(account, asset) < amount) return ["refused insufficient-funds"];
    }
    this.#references.push({ account, kind, id: reference, seq, content });
    this.#give(account, asset, kind === "DepositFunds" ? amount : -amount);
    if (kind === "TransferFunds") this.#give(command.toAccount, asset, amount);
    return [kind];
  }

  #place(seq: number, at: number, command: PlaceOrder): Told {
    const { account, clientOrderId } = command;
    const content = JSON.stringify(command);
    if (clientOrderId !== null) {
      const known = this.#clientIds.find((other) => other.account === account && other.id === clientOrderId);
      if (known !== undefined) {
        return [
          known.content === content ? `order ${known.order} again` : "refused duplicate-client-order-id",
        ];
      }
    }
    const order = this.#orderOf(seq, command);
    const refusal = this.#refusal(order, command);
    if (refusal !== null) return [`refused ${refusal}`];

    if (clientOrderId !== null) {
      this.#clientIds.push({ account, id: clientOrderId, order: seq, content });
    }
    const told = [`placed ${seq}`];
    if (command.timeInForce === "fok" && this.#found(order).quantity < order.remaining) {
      told.push(`expired ${seq} unfilled`);
    } else if (command.expiresAt !== null && command.expiresAt <= at) {
      told.push(`expired ${seq} time`);
    } else if (command.quoteQuantity !== null) {
      this.#spend(order, BigInt(command.quoteQuantity), told);
    } else {
      this.#take(order, told);
      const rests = command.timeInForce === "gtc" || command.timeInForce === "gtd";
      if (order.remaining === 0n) told.push(`filled ${seq}`);
      else if (rests) this.#open.push(order);
      else told.push(`expired ${seq} unfilled`);
    }
    return told;
  }

  #orderOf(id: number, command: PlaceOrder): Order {
    const { makerFee, takerFee } = this.#markets[command.market]!;
    return {
      id,
      account: command.account,
      market: command.market,
      side: command.side,
      price: command.price === null ? null : BigInt(command.price),
      expiresAt: command.expiresAt,
      makerFee,
      takerFee,
      remaining: BigInt(command.quantity ?? 0),
      charged: 0n,
    };
  }

  /** Section 1: the first check that fails answers. */
  #refusal(order: Order, command: PlaceOrder): string | null {
    const { listing, status } = this.#markets[order.market]!;
    const { account, side, price } = order;
    const unit = BigInt(listing.quoteMinorPerTickLot);
    const best = this.#side(order.market, other(side))[0];
    if (this.#accounts[account]!.status !== "active") return "account-suspended";
    if (status !== "open") return "market-halted";
    if (command.type === "market" && best === undefined) return "no-liquidity";
    const notional =
      command.quoteQuantity === null
        ? (price ?? best!.price!) * order.remaining * unit
        : BigInt(command.quoteQuantity);
    if (listing.minNotional !== null && notional < BigInt(listing.minNotional)) return "below-min-notional";
    if (listing.maxQuantity !== null && order.remaining > BigInt(listing.maxQuantity)) {
      return "above-max-quantity";
    }
    const mine = this.#open.filter((open) => open.account === account && open.market === order.market);
    if (["gtc", "gtd"].includes(command.timeInForce) && mine.length >= listing.maxOpenOrders) {
      return "too-many-open-orders";
    }
    if (command.postOnly && best !== undefined && crosses(order, best.price!)) return "would-take";

    const needed = this.#needed(order, command);
    if (needed === null) return "amount-too-large";
    const killed = command.timeInForce === "fok" && this.#found(order).quantity < order.remaining;
    const asset = side === "buy" ? listing.quote : listing.base;
    return !killed && this.available(account, asset) < needed ? "insufficient-funds" : null;
  }

  /** What the order must be able to pay, or null if it, or the order's value, is no amount. */
  #needed(order: Order, command: PlaceOrder): bigint | null {
    const { listing, takerFee } = this.#markets[order.market]!;
    if (command.quoteQuantity !== null) return BigInt(command.quoteQuantity);
    let needed: bigint;
    if (order.price !== null) {
      const value = order.price * order.remaining * BigInt(listing.quoteMinorPerTickLot);
      if (value > MOST) return null;
      needed = this.#holdOf(order);
    } else if (order.side === "sell") {
      needed = this.#holdOf(order);
    } else {
      const { value } = this.#found(order);
      needed = value + roundedUp(takerFee * value);
    }
    return needed > MOST ? null : needed;
  }

  /** Section 7: what an order with a limit, or a sell, can still cost. */
  #holdOf(order: Order): bigint {
    const { listing } = this.#markets[order.market]!;
    if (order.side === "sell") return order.remaining * BigInt(listing.baseMinorPerLot);
    const value = order.remaining * order.price! * BigInt(listing.quoteMinorPerTickLot);
    const rate = most(order.makerFee, order.takerFee);
    const fees = roundedUp(order.charged + rate * value) - roundedUp(order.charged);
    return value + (fees > 0n ? fees : 0n);
  }

  /** What the book would give the order now, own orders left out. */
  #found(order: Order): { quantity: bigint; value: bigint } {
    const { listing } = this.#markets[order.market]!;
    let quantity = 0n;
    let value = 0n;
    for (const maker of this.#side(order.market, other(order.side))) {
      if (maker.account === order.account || !crosses(order, maker.price!)) continue;
      const part = least(maker.remaining, order.remaining - quantity);
      quantity += part;
      value += part * maker.price! * BigInt(listing.quoteMinorPerTickLot);
    }
    return { quantity, value };
  }

  #take(taker: Order, told: string[]): void {
    while (taker.remaining > 0n) {
      const maker = this.#side(taker.market, other(taker.side))[0];
      if (maker === undefined || !crosses(taker, maker.price!)) return;
      if (maker.account === taker.account) {
        this.#leave(maker);
        told.push(`canceled ${maker.id} self-trade`);
        continue;
      }
      this.#trade(taker, maker, least(maker.remaining, taker.remaining), told);
    }
  }

  #spend(taker: Order, budget: bigint, told: string[]): void {
    const unit = BigInt(this.#markets[taker.market]!.listing.quoteMinorPerTickLot);
    let left = budget;
    let bought = false;
    for (;;) {
      if (left === 0n) break;
      const maker = this.#side(taker.market, "sell")[0];
      if (maker === undefined) {
        told.push(`expired ${taker.id} unfilled`);
        return;
      }
      const fits = affordable(taker, maker.price! * unit, left);
      if (fits === 0n) break;
      if (maker.account === taker.account) {
        this.#leave(maker);
        told.push(`canceled ${maker.id} self-trade`);
        continue;
      }
      left -= this.#trade(taker, maker, least(fits, maker.remaining), told);
      bought = true;
    }
    told.push(bought ? `filled ${taker.id}` : `expired ${taker.id} unfilled`);
  }

  /** Gives what a buying taker paid, its fee included. */
  #trade(taker: Order, maker: Order, quantity: bigint, told: string[]): bigint {
    const { listing } = this.#markets[taker.market]!;
    const value = maker.price! * quantity * BigInt(listing.quoteMinorPerTickLot);
    const takerFee = charge(taker, taker.takerFee, value);
    const makerFee = charge(maker, maker.makerFee, value);
    const [buyer, seller] = taker.side === "buy" ? [taker, maker] : [maker, taker];
    const [buyerFee, sellerFee] = taker.side === "buy" ? [takerFee, makerFee] : [makerFee, takerFee];
    const base = quantity * BigInt(listing.baseMinorPerLot);
    this.#give(buyer.account, listing.quote, -value - buyerFee);
    this.#give(buyer.account, listing.base, base);
    this.#give(seller.account, listing.quote, value - sellerFee);
    this.#give(seller.account, listing.base, -base);
    this.#give(0, listing.quote, buyerFee + sellerFee);
    if (taker.price !== null || taker.remaining > 0n) taker.remaining -= quantity;
    maker.remaining -= quantity;
    this.#trades[taker.market]! += 1;
    told.push(
      `trade ${taker.market}/${this.#trades[taker.market]}: ${quantity} at ${maker.price} worth ${value}, ` +
        `${taker.id} ${taker.side}s paying ${takerFee}, ${maker.id} paying ${makerFee}`,
    );
    if (maker.remaining === 0n) {
      this.#leave(maker);
      told.push(`filled ${maker.id}`);
    }
    return value + takerFee;
  }

  #give(account: number, asset: number, amount: bigint): void {
    const key = `${account} ${asset}`;
    this.#owned.set(key, (this.#owned.get(key) ?? 0n) + amount);
  }

  #leave(order: Order): void {
    this.#open = this.#open.filter((other) => other !== order);
  }

  /** A side of a book, the first to trade first. */
  #side(market: number, side: Side): Order[] {
    const orders = this.#open.filter((order) => order.market === market && order.side === side);
    const better = side === "buy" ? -1 : 1;
    return orders.sort((a, b) => better * Number(a.price! - b.price!) || a.id - b.id);
  }
}
