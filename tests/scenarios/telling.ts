/**
 * The outcome of a scenario in words: what was refused, what traded, what ended and why, the wallets and
 * the book. It is a fold over the engine's events, so what it shows is what every projection can know.
 */
import { assert } from "../../src/domain/assert.ts";
import type { OrderTerms, Sequenced } from "../../src/domain/commands.ts";
import { formatDecimal, formatSteps } from "../../src/domain/decimal.ts";
import type { Event, TradeExecuted, WalletChanged } from "../../src/domain/events.ts";
import type { MarketListing, Side } from "../../src/domain/market.ts";
import type { AssetTerms } from "./language.ts";

type Cast = {
  readonly assets: readonly AssetTerms[];
  readonly markets: readonly MarketListing[];
  readonly accounts: readonly string[];
};

type Open = { readonly order: number; readonly terms: OrderTerms; remaining: number };

export class Telling {
  readonly #cast: Cast;
  /** The sequence before the first line of the story. */
  readonly seqBefore: number;
  readonly #lines: string[] = [];
  /** In the order in which they were placed, which is their order in time. */
  readonly #open = new Map<number, Open>();
  /** By sequence. */
  readonly #accountOf = new Map<number, number>();
  readonly #levels = new Map<string, number>();
  readonly #wallets = new Map<string, WalletChanged>();

  constructor(cast: Cast, seqBefore: number) {
    this.#cast = cast;
    this.seqBefore = seqBefore;
  }

  get lineCount(): number {
    return this.#lines.length;
  }

  text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }

  hear({ seq, command }: Sequenced, events: readonly Event[]): void {
    if ("account" in command) this.#accountOf.set(seq, command.account);
    for (const event of events) {
      const line = this.#fold(event, seq);
      if (line !== null) this.#lines.push(line);
    }
    this.#compareBooks();
  }

  /** Tells what has come since a line once, and how often it came: for a line of the story that is repeated. */
  gather(since: number): void {
    let last = "";
    let times = 0;
    for (const line of this.#lines.splice(since)) {
      const shape = line.replaceAll(/#\d+/g, "#…");
      times = shape === last ? times + 1 : 1;
      last = shape;
      if (times === 1) this.#lines.push(line);
      else this.#lines[this.#lines.length - 1] = `${shape}, ${times} times`;
    }
  }

  wallets(accounts: readonly string[]): void {
    for (const name of accounts) {
      const account = this.#cast.accounts.indexOf(name);
      assert(account >= 0, `${name} has an account`);
      const balances = this.#cast.assets.flatMap((asset, index) => {
        const { available, held } = this.#wallets.get(`${account} ${index}`) ?? { available: 0, held: 0 };
        const aside = held === 0 ? "" : ` and ${money(held, asset)} held`;
        return available === 0 && held === 0 ? [] : [`${money(available, asset)} ${asset.name}${aside}`];
      });
      this.#lines.push(`${name}: ${balances.join(", ") || "nothing"}`);
    }
  }

  book(): void {
    for (const [market, listing] of this.#cast.markets.entries()) {
      const levels = [...this.#sideLines(market, "sell").reverse(), ...this.#sideLines(market, "buy")];
      if (levels.length === 0) continue;
      this.#lines.push(this.#cast.markets.length > 1 ? `book of ${listing.name}` : "book", ...levels);
    }
  }

  #fold(event: Event, seq: number): string | null {
    switch (event.kind) {
      case "CommandRejected":
        return `${this.#name(seq)} refused: ${event.reason}`;
      case "OrderRepeated":
        return `${this.#name(seq)} is ${this.#name(event.order)} again`;
      case "MovementRepeated":
        return `${this.#name(seq)} is ${this.#name(event.transaction)} again`;
      case "OrderPlaced": {
        const { kind: _, order, ...terms } = event;
        this.#open.set(order, { order, terms, remaining: terms.quantity ?? 0 });
        return null;
      }
      case "TradeExecuted":
        return this.#trade(event);
      case "OrderFilled": {
        // Of an order by quantity the trades tell it.
        const { terms, remaining } = this.#end(event.order);
        assert(terms.quantity === null || remaining === 0, "an order is filled when nothing remains");
        return terms.quantity === null ? `${this.#name(event.order)} filled` : null;
      }
      case "OrderCanceled":
        this.#end(event.order);
        return `${this.#name(event.order)} canceled: ${event.reason}`;
      case "OrderExpired":
        this.#end(event.order);
        return `${this.#name(event.order)} expired: ${event.reason}`;
      case "LevelChanged": {
        const key = `${event.market} ${event.side} ${event.price}`;
        if (event.quantity === 0) this.#levels.delete(key);
        else this.#levels.set(key, event.quantity);
        return null;
      }
      case "WalletChanged":
        this.#wallets.set(`${event.account} ${event.asset}`, event);
        return null;
      default:
        return null;
    }
  }

  #trade(trade: TradeExecuted): string {
    const { takerOrder, makerOrder, takerSide, price, quantity, takerFee, makerFee } = trade;
    const listing = this.#cast.markets[trade.market]!;
    const quote = this.#cast.assets[listing.quote]!;
    for (const order of [takerOrder, makerOrder]) {
      const open = this.#open.get(order)!;
      if (open.terms.quantity !== null) open.remaining -= quantity;
    }
    const verb = takerSide === "buy" ? "lifts" : "hits";
    const where = this.#cast.markets.length > 1 ? ` in ${listing.name}` : "";
    const fees =
      takerFee + makerFee > 0 ? `, fees ${money(takerFee, quote)} and ${money(makerFee, quote)}` : "";
    return (
      `trade ${lotsText(quantity, listing)} at ${priceText(price, listing)}${where}: ` +
      `${this.#name(takerOrder)} ${verb} ${this.#name(makerOrder)}${fees}`
    );
  }

  #end(order: number): Open {
    const open = this.#open.get(order);
    assert(open !== undefined, "an order ends once");
    this.#open.delete(order);
    return open;
  }

  /** An order or another command by its account and its number in the story. */
  #name(seq: number): string {
    return `${this.#cast.accounts[this.#accountOf.get(seq)!]}#${seq - this.seqBefore}`;
  }

  /** Best first. */
  #sideLines(market: number, side: Side): string[] {
    const listing = this.#cast.markets[market]!;
    const orders = [...this.#open.values()].filter(
      ({ terms }) => terms.market === market && terms.side === side,
    );
    const prices = [...new Set(orders.map(({ terms }) => terms.price!))];
    prices.sort((a, b) => (side === "buy" ? b - a : a - b));
    return prices.map((price) => {
      const level = orders.filter(({ terms }) => terms.price === price);
      const queue = level.map(
        ({ order, remaining }) => `${this.#name(order)} ${lotsText(remaining, listing)}`,
      );
      return `  ${side} ${priceText(price, listing)}: ${queue.join(", ")}`;
    });
  }

  /** The levels that the engine reported are those that the open orders make. */
  #compareBooks(): void {
    const levels = new Map<string, number>();
    for (const { terms, remaining } of this.#open.values()) {
      const key = `${terms.market} ${terms.side} ${terms.price}`;
      levels.set(key, (levels.get(key) ?? 0) + remaining);
    }
    assert(levels.size === this.#levels.size, "the book has a level for each price of an open order");
    for (const [key, quantity] of levels) {
      assert(this.#levels.get(key) === quantity, "a level has what its orders have");
    }
  }
}

function money(units: number, { decimals }: AssetTerms): string {
  return trimmed(formatDecimal(units, decimals));
}

function priceText(price: number, { tickSize }: MarketListing): string {
  return trimmed(formatSteps(price, tickSize));
}

function lotsText(quantity: number, { lotSize }: MarketListing): string {
  return trimmed(formatSteps(quantity, lotSize));
}

/** Traders say 100, not 100.00. */
function trimmed(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}
