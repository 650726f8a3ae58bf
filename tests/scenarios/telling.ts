/**
 * The outcome of a scenario in words: what was refused, what traded, what ended and why, the wallets and
 * the book. It is a fold over the engine's events, so what it shows is what every projection can know.
 */
import { assert } from "../../src/domain/assert.ts";
import type { OrderTerms, Sequenced } from "../../src/domain/commands.ts";
import { formatDecimal, formatSteps } from "../../src/domain/decimal.ts";
import type { Event, OrderAmended, TradeExecuted, WalletChanged } from "../../src/domain/events.ts";
import type { MarketListing, Side } from "../../src/domain/market.ts";
import type { AssetTerms } from "./language.ts";

type Cast = {
  /** The time at which the scenario's clock shows nothing. */
  readonly startMs: number;
  readonly assets: readonly AssetTerms[];
  readonly markets: readonly MarketListing[];
  readonly accounts: readonly string[];
};

type Open = {
  readonly order: number;
  /** As they are now. */
  readonly terms: OrderTerms;
  readonly isWaiting: boolean;
  /** By budget nothing. */
  remaining: number;
};

export class Telling {
  readonly #cast: Cast;
  /** The sequence before the first line of the story. */
  readonly seqBefore: number;
  readonly #lines: string[] = [];
  /** In the order in which they entered, which is their order in time but for the parts of icebergs. */
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

  /** The terms of an open order, by its number in the story. */
  termsOf(order: number): OrderTerms | undefined {
    return this.#open.get(order + this.seqBefore)?.terms;
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

  /** The orders whose trigger has not been reached. */
  waiting(): void {
    const waiting = [...this.#open.values()].filter(({ isWaiting }) => isWaiting);
    if (waiting.length > 0) this.#lines.push("waiting", ...waiting.map((open) => this.#waitingLine(open)));
  }

  #fold(event: Event, seq: number): string | null {
    switch (event.kind) {
      case "CommandRejected":
        return `${this.#name(seq)} refused: ${event.reason}`;
      case "OrderRepeated":
        return `${this.#name(seq)} is ${this.#name(event.order)} again`;
      case "SettlementRepeated":
        return `${this.#name(seq)} is ${this.#name(event.transaction)} again`;
      case "MovementRepeated":
        return `${this.#name(seq)} is ${this.#name(event.transaction)} again`;
      case "OrderPlaced": {
        const { kind: _, order, ...terms } = event;
        const isWaiting = terms.type !== "limit" && terms.type !== "market";
        this.#open.set(order, { order, terms, isWaiting, remaining: terms.quantity ?? 0 });
        return null;
      }
      case "OrderTriggered":
        this.#open.set(event.order, { ...this.#end(event.order), isWaiting: false });
        return `${this.#name(event.order)} triggered`;
      case "OrderAmended":
        return this.#amend(event);
      case "SelfTradePrevented":
        for (const order of [event.takerOrder, event.makerOrder])
          this.#open.get(order)!.remaining -= event.quantity;
        return (
          `prevented ${lotsText(event.quantity, this.#cast.markets[event.market]!)}: ` +
          `${this.#name(event.takerOrder)} meets ${this.#name(event.makerOrder)}`
        );
      case "CancelAfterSet": {
        const { account, deadline } = event;
        const when = deadline === null ? "no more" : `at ${(deadline - this.#cast.startMs) / 1000}s`;
        return `${this.#cast.accounts[account]} cancels all ${when}`;
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
      takerFee !== 0 || makerFee !== 0
        ? `, fees ${money(takerFee, quote)} and ${money(makerFee, quote)}`
        : "";
    return (
      `trade ${lotsText(quantity, listing)} at ${priceText(price, listing)}${where}: ` +
      `${this.#name(takerOrder)} ${verb} ${this.#name(makerOrder)}${fees}`
    );
  }

  #amend({ order, price, quantity, keepsPlace }: OrderAmended): string {
    const open = this.#open.get(order)!;
    const { terms } = open;
    const remaining = open.remaining + (quantity ?? 0) - (terms.quantity ?? 0);
    if (!keepsPlace) this.#open.delete(order);
    this.#open.set(order, { ...open, terms: { ...terms, price, quantity }, remaining });
    const listing = this.#cast.markets[terms.market]!;
    const asked = quantity === null ? "its budget" : lotsText(quantity, listing);
    const limit = price === null ? "market" : priceText(price, listing);
    const place = keepsPlace ? "keeps its place" : "goes to the back";
    return `${this.#name(order)} amended: ${asked} at ${limit}, ${place}`;
  }

  #end(order: number): Open {
    const open = this.#open.get(order);
    assert(open !== undefined, "an order ends once");
    this.#open.delete(order);
    return open;
  }

  /** An order or another command by its account and its number in the story. */
  #name(seq: number): string {
    const account = this.#accountOf.get(seq);
    // A settlement is nobody's own.
    const who = account === undefined ? "settlement" : this.#cast.accounts[account];
    return `${who}#${seq - this.seqBefore}`;
  }

  /** Best first. */
  #sideLines(market: number, side: Side): string[] {
    const listing = this.#cast.markets[market]!;
    const orders = this.#resting().filter(({ terms }) => terms.market === market && terms.side === side);
    const prices = [...new Set(orders.map(({ terms }) => terms.price!))];
    prices.sort((a, b) => (side === "buy" ? b - a : a - b));
    return prices.map((price) => {
      const level = orders.filter(({ terms }) => terms.price === price);
      const queue = level.map(
        ({ order, remaining }) => `${this.#name(order)} ${lotsText(remaining, listing)}`,
      );
      const shown = this.#levels.get(`${market} ${side} ${price}`)!;
      const isShownInPart = level.some(({ terms }) => terms.displayQuantity !== null);
      const shows = isShownInPart ? ` shows ${lotsText(shown, listing)}` : "";
      return `  ${side} ${priceText(price, listing)}${shows}: ${queue.join(", ")}`;
    });
  }

  #waitingLine({ order, terms, remaining }: Open): string {
    const listing = this.#cast.markets[terms.market]!;
    const quote = this.#cast.assets[listing.quote]!;
    const { quoteQuantity, price, triggerPrice, trailingOffset } = terms;
    const asked =
      quoteQuantity === null
        ? lotsText(remaining, listing)
        : `for ${money(quoteQuantity, quote)} ${quote.name}`;
    const limit = price === null ? "market" : priceText(price, listing);
    const until = trailingOffset === null ? "at" : "by";
    const level = priceText((trailingOffset ?? triggerPrice)!, listing);
    const where = this.#cast.markets.length > 1 ? ` in ${listing.name}` : "";
    return `  ${terms.side} ${asked} at ${limit} ${WAITS[terms.type]} ${until} ${level}${where}: ${this.#name(order)}`;
  }

  #resting(): Open[] {
    return [...this.#open.values()].filter(({ isWaiting }) => !isWaiting);
  }

  /** The levels that the engine reported are those that the open orders make; of an iceberg a part may be hidden. */
  #compareBooks(): void {
    const levels = new Map<string, { least: number; most: number }>();
    for (const { terms, remaining } of this.#resting()) {
      const key = `${terms.market} ${terms.side} ${terms.price}`;
      const { least, most } = levels.get(key) ?? { least: 0, most: 0 };
      const shown = Math.min(terms.displayQuantity ?? remaining, remaining);
      levels.set(key, { least: least + (shown < remaining ? 1 : remaining), most: most + shown });
    }
    assert(levels.size === this.#levels.size, "the book has a level for each price of an open order");
    for (const [key, { least, most }] of levels) {
      const shown = this.#levels.get(key) ?? 0;
      assert(least <= shown && shown <= most, "a level shows what its orders show");
    }
  }
}

const WAITS: Readonly<Record<string, string>> = {
  stop: "stopped",
  "stop-limit": "stopped",
  "take-profit": "taking profit",
  "take-profit-limit": "taking profit",
  "trailing-stop": "trailing",
};

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
