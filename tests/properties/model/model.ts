/**
 * The rulebook (docs/rules.md) written down a second time, as plainly as it can be: arrays, full scans, big
 * integers, and nothing from the engine. Whoever changes a rule changes it on the page first, and here from
 * the page.
 */
import type {
  AccountStatus,
  AmendOrder,
  ChangeMarket,
  Command,
  DepositFunds,
  ListMarket,
  PlaceOrder,
  Sequenced,
  SetCancelAfter,
  SettleFunds,
  TransferFunds,
  WithdrawFunds,
} from "../../../src/domain/commands.ts";
import type { Side } from "../../../src/domain/market.ts";
import { Floor, type Told } from "./floor.ts";
import { Memories } from "./memory.ts";
import { MOST, type Order, orderOf, remaining } from "./order.ts";
import { referenceOf, refusalOfAmend, refusalOfOrder } from "./refusals.ts";
import { settle } from "./settling.ts";
import { cascade } from "./triggers.ts";
import { uncross } from "./uncross.ts";

type Movement = DepositFunds | WithdrawFunds | TransferFunds;

/** An order that is open or pending, as its account sees it. */
export type OpenOrder = {
  readonly id: number;
  readonly account: number;
  readonly pending: boolean;
  readonly price: number | null;
  readonly quantity: number | null;
  /** Null by budget. */
  readonly remaining: number | null;
};

export class Model {
  readonly #floor = new Floor();
  readonly #assets: string[] = [];
  readonly #accounts: { readonly id: string; status: AccountStatus }[] = [{ id: "fees", status: "active" }];
  readonly #keys = new Set<string>();
  /** By account: when all of its orders end unless it is heard from. */
  readonly #deadlines = new Map<number, number>();
  readonly #ordersSent = new Memories();
  readonly #movementsSent = new Memories();
  readonly #settlementsSent = new Memories();
  readonly #clientIds = new Map<number, { readonly owner: string; readonly name: string }>();

  apply(entry: Sequenced): Told {
    this.#floor.told = [];
    this.#floor.prints = [];
    const told = this.#dispatch(entry);
    for (const line of told) {
      const ended = /^(?:filled|canceled|expired) (\d+)/.exec(line);
      const named = ended === null ? undefined : this.#clientIds.get(Number(ended[1]));
      if (named !== undefined) this.#ordersSent.mayFade(named.owner, named.name);
    }
    return told;
  }

  get accounts(): number {
    return this.#accounts.length;
  }

  get assets(): number {
    return this.#assets.length;
  }

  get markets(): number {
    return this.#floor.markets.length;
  }

  /** When something ends of itself, or null if nothing will. */
  get nextExpiry(): number | null {
    const ends = this.#floor.orders.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt]));
    const times = [...ends, ...this.#deadlines.values()];
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Oldest first. */
  get open(): OpenOrder[] {
    return this.#floor.orders.map((order) => ({
      id: order.id,
      account: order.account,
      pending: order.pending,
      price: order.price === null ? null : Number(order.price),
      quantity: order.quantity === null ? null : Number(order.quantity),
      remaining: order.quantity === null ? null : Number(remaining(order)),
    }));
  }

  status(market: number): string {
    return this.#floor.markets[market]!.status;
  }

  /** The price of the last trade. */
  last(market: number): number | null {
    const { last } = this.#floor.markets[market]!;
    return last === null ? null : Number(last);
  }

  held(account: number, asset: number): bigint {
    return this.#floor.held(account, asset);
  }

  available(account: number, asset: number): bigint {
    return this.#floor.available(account, asset);
  }

  /** What the book shows, best first. */
  levels(market: number, side: Side): [number, number][] {
    const levels = new Map<bigint, bigint>();
    for (const { price, shown } of this.#floor.side(market, side)) {
      levels.set(price!, (levels.get(price!) ?? 0n) + shown);
    }
    return [...levels].map(([price, quantity]) => [Number(price), Number(quantity)]);
  }

  #dispatch({ seq, at, command }: Sequenced): Told {
    switch (command.kind) {
      case "PlaceOrder":
        return this.#place(seq, at, command);
      case "AmendOrder":
        return this.#amend(at, command);
      case "CancelOrder": {
        const order = this.#ownOrder(command.account, command.order);
        if (order === undefined) return this.#tell("refused order-not-open");
        return this.#floor.end(order, "canceled", "requested");
      }
      case "CancelAllOrders":
        for (const order of this.#ordersOf(command.account)) {
          if (command.market === null || order.market === command.market) {
            this.#floor.end(order, "canceled", "requested");
          }
        }
        return this.#floor.told;
      case "SetCancelAfter":
        return this.#setCancelAfter(at, command);
      case "ExpireOrders":
        return this.#expire(at);
      case "ChangeMarket":
        return this.#changeMarket(at, command);
      case "DepositFunds":
      case "WithdrawFunds":
      case "TransferFunds":
        return this.#move(seq, command);
      case "SettleFunds":
        return this.#settle(seq, command);
      default:
        return this.#manage(command);
    }
  }

  #tell(line: string): Told {
    this.#floor.told.push(line);
    return this.#floor.told;
  }

  #place(seq: number, at: number, command: PlaceOrder): Told {
    const { account, clientOrderId, market } = command;
    const owner = String(account);
    const content = JSON.stringify(command);
    const known = clientOrderId === null ? undefined : this.#ordersSent.recall(owner, clientOrderId);
    if (known !== undefined) {
      const same = known.content === content;
      return this.#tell(same ? `order ${known.named} again` : "refused duplicate-client-order-id");
    }
    if (this.#accounts[account]!.status !== "active") return this.#tell("refused account-suspended");
    const order = orderOf(seq, command, this.#floor.markets[market]!);
    const refusal = refusalOfOrder(this.#floor, order);
    if (refusal !== null) return this.#tell(`refused ${refusal}`);

    if (clientOrderId !== null) {
      this.#ordersSent.remember(owner, clientOrderId, { named: seq, content });
      this.#clientIds.set(seq, { owner, name: clientOrderId });
    }
    this.#tell(`placed ${seq}`);
    if (!order.pending) return this.#enter(order, at);
    if (order.expiresAt !== null && order.expiresAt <= at) return this.#floor.end(order, "expired", "time");
    this.#floor.orders.push(order);
    return this.#floor.told;
  }

  #enter(order: Order, at: number): Told {
    const { market } = order;
    const before = this.#floor.markets[market]!.last;
    const reference = referenceOf(this.#floor, market);
    this.#floor.enter(order, at, reference);
    return cascade(this.#floor, { at, market, before, reference });
  }

  /** Section 6. */
  #amend(at: number, command: AmendOrder): Told {
    const order = this.#ownOrder(command.account, command.order);
    if (order === undefined) return this.#tell("refused order-not-open");
    const price = command.price === null ? order.price : BigInt(command.price);
    const quantity = command.quantity === null ? order.quantity : BigInt(command.quantity);
    if (price === order.price && quantity === order.quantity) return this.#tell("refused nothing-to-amend");
    if (quantity! <= order.filled + order.prevented) return this.#tell("refused quantity-below-filled");
    if (this.#accounts[order.account]!.status !== "active") return this.#tell("refused account-suspended");
    const refusal = refusalOfAmend(this.#floor, order, { ...order, price, quantity });
    if (refusal !== null) return this.#tell(`refused ${refusal}`);

    const keepsPlace = order.pending || (price === order.price && quantity! < order.quantity!);
    order.price = price;
    order.quantity = quantity;
    this.#tell(
      `amended ${order.id}: ${quantity} at ${price}, ${keepsPlace ? "keeps its place" : "enters again"}`,
    );
    if (keepsPlace) {
      if (order.shown > remaining(order)) order.shown = remaining(order);
      return this.#floor.told;
    }
    order.place = 0;
    order.shown = 0n;
    return this.#enter(order, at);
  }

  #ownOrder(account: number, id: number): Order | undefined {
    return this.#floor.orders.find((order) => order.id === id && order.account === account);
  }

  #ordersOf(account: number): Order[] {
    return this.#floor.orders.filter((order) => order.account === account).sort((a, b) => a.id - b.id);
  }

  #setCancelAfter(at: number, { account, seconds }: SetCancelAfter): Told {
    const deadline = at + seconds * 1000;
    if (seconds === 0) this.#deadlines.delete(account);
    else this.#deadlines.set(account, deadline);
    return this.#tell(`cancel-after of ${account}: ${seconds === 0 ? null : deadline}`);
  }

  /** In the order of their times. */
  #expire(at: number): Told {
    for (let next = this.nextExpiry; next !== null && next <= at; next = this.nextExpiry) {
      const due = this.#floor.orders.filter(({ expiresAt }) => expiresAt === next);
      for (const order of due.sort((a, b) => a.id - b.id)) this.#floor.end(order, "expired", "time");
      for (const [account, deadline] of [...this.#deadlines].sort(([a], [b]) => a - b)) {
        if (deadline !== next) continue;
        for (const order of this.#ordersOf(account)) this.#floor.end(order, "canceled", "cancel-after");
        this.#deadlines.delete(account);
        this.#tell(`cancel-after of ${account}: null`);
      }
    }
    return this.#floor.told;
  }

  #changeMarket(at: number, command: ChangeMarket): Told {
    const market = this.#floor.markets[command.market]!;
    const before = market.last;
    const reference = referenceOf(this.#floor, command.market);
    if (command.status !== null) market.status = command.status;
    if (command.makerFee !== null) market.makerFee = BigInt(command.makerFee);
    if (command.takerFee !== null) market.takerFee = BigInt(command.takerFee);
    if (command.priceBand !== null) market.band = command.priceBand === 0 ? null : BigInt(command.priceBand);
    const { status, makerFee, takerFee, band } = market;
    const told = this.#tell(
      `market ${command.market} is ${status}, fees ${makerFee} and ${takerFee}, band ${band}`,
    );
    if (command.status !== "open") return told;
    uncross(this.#floor, command.market);
    return cascade(this.#floor, { at, market: command.market, before, reference });
  }

  #manage(command: Command): Told {
    switch (command.kind) {
      case "OpenAccount":
        if (this.#accounts.some(({ id }) => id === command.accountId))
          return this.#tell("refused already-exists");
        this.#accounts.push({ id: command.accountId, status: "active" });
        return this.#tell("AccountOpened");
      case "SetAccountStatus":
        this.#accounts[command.account]!.status = command.status;
        return this.#tell("AccountStatusChanged");
      case "CreateKey":
        if (this.#keys.has(command.keyId)) return this.#tell("refused already-exists");
        this.#keys.add(command.keyId);
        return this.#tell("KeyCreated");
      case "RevokeKey":
        return this.#tell(this.#keys.delete(command.keyId) ? "KeyRevoked" : "refused not-found");
      case "ListAsset":
        if (this.#assets.includes(command.name)) return this.#tell("refused already-exists");
        this.#assets.push(command.name);
        return this.#tell("AssetListed");
      case "ListMarket":
        return this.#listMarket(command);
      default:
        throw new Error(`the model does not know ${command.kind}`);
    }
  }

  #listMarket({ kind: _, ...listing }: ListMarket): Told {
    const { markets } = this.#floor;
    if (markets.some((market) => market.listing.name === listing.name)) {
      return this.#tell("refused already-exists");
    }
    markets.push({
      listing,
      status: listing.status,
      makerFee: BigInt(listing.makerFee),
      takerFee: BigInt(listing.takerFee),
      band: listing.priceBand === null ? null : BigInt(listing.priceBand),
      last: null,
      trades: 0,
    });
    return this.#tell("MarketListed");
  }

  #move(seq: number, command: Movement): Told {
    const { kind, account, asset, reference } = command;
    const owner = `${account} ${kind}`;
    const amount = BigInt(command.amount);
    const content = JSON.stringify(command);
    const known = this.#movementsSent.recall(owner, reference);
    if (known !== undefined) {
      return this.#tell(
        known.content === content ? `movement ${known.named} again` : "refused reference-reused",
      );
    }
    if (kind === "DepositFunds") {
      if (this.#supply(asset) + amount > MOST) return this.#tell("refused amount-too-large");
    } else {
      if (this.#accounts[account]!.status !== "active") return this.#tell("refused account-suspended");
      if (this.available(account, asset) < amount) return this.#tell("refused insufficient-funds");
    }
    this.#movementsSent.remember(owner, reference, { named: seq, content });
    this.#movementsSent.mayFade(owner, reference);
    this.#floor.give(account, asset, kind === "DepositFunds" ? amount : -amount);
    if (kind === "TransferFunds") this.#floor.give(command.toAccount, asset, amount);
    return this.#tell(kind);
  }

  #settle(seq: number, command: SettleFunds): Told {
    return this.#tell(
      settle(seq, command, {
        floor: this.#floor,
        sent: this.#settlementsSent,
        isActive: (account) => this.#accounts[account]!.status === "active",
        supply: (asset) => this.#supply(asset),
      }),
    );
  }

  #supply(asset: number): bigint {
    let supply = 0n;
    for (const [key, owned] of this.#floor.owned) if (key.endsWith(` ${asset}`)) supply += owned;
    return supply;
  }
}
