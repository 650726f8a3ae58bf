/**
 * Plays a scenario on the real engine, as the sequencer would drive it: expiries that are due come first.
 * After every command all invariants are checked by full scans, and the book as the level events tell it
 * against the book as the order events tell it.
 */
import { assert } from "../../src/domain/assert.ts";
import type { ChangeMarket, Command, OrderTerms, Sequenced } from "../../src/domain/commands.ts";
import { parseDecimal, parseExactDecimal, parseSteps } from "../../src/domain/decimal.ts";
import {
  type MarketListing,
  marketSteps,
  OPEN_ORDERS_MAX_DEFAULT,
  type Steps,
} from "../../src/domain/market.ts";
import {
  type AccountIndex,
  accountIndex,
  assetIndex,
  epochMs,
  type Lots,
  lots,
  marketIndex,
  minor,
  orderId,
  type PartsPerMillion,
  partsPerMillion,
  seq,
  type Ticks,
  ticks,
} from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { GeneralWay } from "../engine/general-way.ts";
import type { Told } from "../properties/model/floor.ts";
import { Model } from "../properties/model/model.ts";
import { told } from "../properties/told.ts";
import {
  type AmendStatement,
  type AssetTerms,
  accountsOf,
  LanguageError,
  type Line,
  type MarketTerms,
  type MovementStatement,
  parseStatement,
  type Scenario,
  type SettlementStatement,
  type Statement,
} from "./language.ts";
import type { OrderStatement } from "./order-words.ts";
import { Telling } from "./telling.ts";

/** A new data directory has these. */
const DEFAULT_ASSETS: readonly AssetTerms[] = [
  { name: "VIB", decimals: 0 },
  { name: "BRL", decimals: 2 },
];
const DEFAULT_MARKET = { name: "VIB-BRL", base: "VIB", quote: "BRL", terms: {} } as const;
const DEFAULT_TERMS = { tick: "0.01", lot: "1", "maker fee": "0", "taker fee": "0" };

/** 2026-01-01T00:00:00Z; a scenario's clock counts from here. */
const START_MS = 1_767_225_600_000;

/** Plays a scenario and gives its outcome as text. */
export function play(scenario: Scenario): string {
  const stage = new Stage(scenario);
  for (const line of scenario.lines) stage.play(line);
  return stage.outcome();
}

class Stage {
  readonly #engine = new Engine();
  readonly #general = new GeneralWay();
  readonly #model = new Model();
  readonly #assets: readonly AssetTerms[];
  readonly #markets: readonly MarketListing[];
  readonly #accounts: readonly string[];
  readonly #telling: Telling;
  #seq = 0;
  #at = START_MS;
  #references = 0;

  constructor({ assets, markets, lines }: Scenario) {
    this.#assets = assets.length > 0 ? assets : DEFAULT_ASSETS;
    const terms = markets.length > 0 ? markets : [DEFAULT_MARKET];
    this.#markets = terms.map((each) => this.#listing(each));
    this.#accounts = ["fees", ...accountsOf(lines)];
    for (const { name, decimals } of this.#assets) this.#setUp({ kind: "ListAsset", name, scale: decimals });
    for (const listing of this.#markets) this.#setUp({ kind: "ListMarket", ...listing });
    for (const accountId of this.#accounts.slice(1))
      this.#setUp({ kind: "OpenAccount", accountId, name: null });
    // Commands are numbered from the first line of the story.
    this.#telling = new Telling(
      { startMs: START_MS, assets: this.#assets, markets: this.#markets, accounts: this.#accounts },
      this.#seq,
    );
  }

  play(line: Line): void {
    const before = this.#telling.lineCount;
    for (let n = 1; n <= line.times; n += 1) {
      const statement = parseStatement(line.text.replaceAll("{n}", String(n)), line.number);
      try {
        this.#perform(statement);
      } catch (error) {
        throw new Error(`line ${line.number}, ${line.text}: ${(error as Error).message}`, { cause: error });
      }
    }
    if (line.times > 1) this.#telling.gather(before);
  }

  outcome(): string {
    this.#general.expectSameState(this.#engine);
    this.#telling.book();
    this.#telling.waiting();
    return this.#telling.text();
  }

  #perform(statement: Statement): void {
    switch (statement.kind) {
      case "show-wallets":
        this.#telling.wallets(statement.accounts);
        return;
      case "show-book":
        this.#telling.book();
        return;
      case "clock":
        this.#at = START_MS + statement.atMs;
        this.#expire();
        return;
      default:
        this.#expire();
        this.#apply(this.#command(statement));
    }
  }

  /** The sequencer puts expiries that are due first. */
  #expire(): void {
    const { nextExpiry } = this.#engine;
    if (nextExpiry !== null && nextExpiry <= this.#at) this.#apply({ kind: "ExpireOrders" });
  }

  #apply(command: Command): void {
    const entry = this.#entry(command);
    const events = this.#engine.apply(entry);
    this.#engine.check();
    this.#general.follow(entry, events);
    this.#telling.hear(entry, events);
    assertSame(told(events), this.#model.apply(entry));
  }

  #setUp(command: Command): void {
    const entry = this.#entry(command);
    const events = this.#engine.apply(entry);
    this.#general.follow(entry, events);
    this.#model.apply(entry);
    const [event] = events;
    assert(event?.kind !== "CommandRejected", "the stage is set up without a refusal");
  }

  #entry(command: Command): Sequenced {
    this.#seq += 1;
    return { seq: seq(this.#seq), at: epochMs(this.#at), requestId: "", traceId: null, command };
  }

  #command(statement: Statement): Command {
    switch (statement.kind) {
      case "order":
        return { kind: "PlaceOrder", ...this.#orderTerms(statement) };
      case "cancel":
        return {
          kind: "CancelOrder",
          account: this.#account(statement.account),
          order: orderId(statement.order + this.#telling.seqBefore),
        };
      case "amend":
        return this.#amend(statement);
      case "cancel-after":
        return {
          kind: "SetCancelAfter",
          account: this.#account(statement.account),
          seconds: statement.seconds,
        };
      case "cancel-all":
        return {
          kind: "CancelAllOrders",
          account: this.#account(statement.account),
          market: statement.market === null ? null : this.#market(statement.market),
        };
      case "account":
        return {
          kind: "SetAccountStatus",
          account: this.#account(statement.account),
          status: statement.status,
        };
      case "status":
        return this.#change(statement.market, { status: statement.status });
      case "band":
        return this.#change(statement.market, { priceBand: rate(statement.share) });
      case "fees": {
        const { market, maker, taker } = statement;
        return this.#change(market, { makerFee: rate(maker), takerFee: rate(taker) });
      }
      case "deposit":
      case "withdrawal":
      case "transfer":
        return this.#movement(statement);
      case "settlement":
        return this.#settlement(statement);
      default:
        throw new LanguageError(`${statement.kind} is no command`);
    }
  }

  #orderTerms(statement: OrderStatement): OrderTerms {
    const { account, side, type, quantity, budget, price, trigger, offset, display, how, untilMs } =
      statement;
    const market = this.#market(statement.market ?? this.#markets[0]!.name);
    const listing = this.#markets[market]!;
    const postOnly = how === "post-only";
    const rests = untilMs === null ? "gtc" : "gtd";
    return {
      account: this.#account(account),
      market,
      side,
      type,
      timeInForce: how !== null && !postOnly ? how : type === "market" ? "ioc" : rests,
      price: priceOf(listing, price),
      triggerPrice: priceOf(listing, trigger),
      trailingOffset: priceOf(listing, offset),
      quantity: quantityOf(listing, quantity),
      quoteQuantity: budget === null ? null : this.#amount(budget.amount, budget.asset),
      displayQuantity: quantityOf(listing, display),
      expiresAt: untilMs === null ? null : epochMs(START_MS + untilMs),
      postOnly,
      selfTradePrevention: statement.selfTradePrevention,
      clientOrderId: statement.clientOrderId,
    };
  }

  #amend({ account, order, price, quantity }: AmendStatement): Command {
    const placed = this.#telling.termsOf(order);
    const listing = this.#markets[placed?.market ?? 0]!;
    return {
      kind: "AmendOrder",
      account: this.#account(account),
      order: orderId(order + this.#telling.seqBefore),
      price: priceOf(listing, price),
      quantity: quantityOf(listing, quantity),
    };
  }

  #change(market: string, changes: Partial<ChangeMarket>): Command {
    const unchanged = { status: null, makerFee: null, takerFee: null, priceBand: null };
    return { kind: "ChangeMarket", market: this.#market(market), ...unchanged, ...changes };
  }

  #movement({ kind, account, to, amount, asset, reference }: MovementStatement): Command {
    this.#references += 1;
    const terms = {
      account: this.#account(account),
      asset: assetIndex(this.#assetPlace(asset)),
      amount: this.#amount(amount, asset),
      reference: reference ?? `unnamed ${this.#references}`,
    };
    if (kind === "deposit") return { kind: "DepositFunds", ...terms };
    if (kind === "withdrawal") return { kind: "WithdrawFunds", ...terms };
    return { kind: "TransferFunds", ...terms, toAccount: this.#account(to!) };
  }

  #settlement({ settlementId, entries }: SettlementStatement): Command {
    const listing = this.#markets[0]!;
    return {
      kind: "SettleFunds",
      base: listing.base,
      quote: listing.quote,
      entries: entries.map(({ account, side, quantity, price, reference }) => {
        const traded = quantityOf(listing, quantity)!;
        return {
          account: this.#account(account),
          side,
          quantity: minor(traded * listing.baseMinorPerLot),
          value: minor(priceOf(listing, price)! * traded * listing.quoteMinorPerTickLot),
          reference,
        };
      }),
      settlementId,
    };
  }

  #listing({ name, base, quote, terms }: MarketTerms): MarketListing {
    const baseAsset = this.#assetPlace(base);
    const quoteAsset = this.#assetPlace(quote);
    const steps = marketSteps({
      tickSize: parseExactDecimal(terms.tick ?? DEFAULT_TERMS.tick)!,
      lotSize: parseExactDecimal(terms.lot ?? DEFAULT_TERMS.lot)!,
      baseScale: this.#assets[baseAsset]!.decimals,
      quoteScale: this.#assets[quoteAsset]!.decimals,
    });
    if ("field" in steps) throw new LanguageError(`${name}: ${steps.field} ${steps.message}`);
    const minNotional = terms["min notional"];
    const maxQuantity = terms["max quantity"];
    return {
      name,
      base: assetIndex(baseAsset),
      quote: assetIndex(quoteAsset),
      ...steps,
      minNotional: minNotional === undefined ? null : this.#amount(minNotional, quote),
      maxQuantity: quantityOf(steps, maxQuantity ?? null),
      maxOpenOrders: Number(terms["max open orders"] ?? OPEN_ORDERS_MAX_DEFAULT),
      makerFee: rate(terms["maker fee"] ?? DEFAULT_TERMS["maker fee"]),
      takerFee: rate(terms["taker fee"] ?? DEFAULT_TERMS["taker fee"]),
      priceBand: terms.band === undefined ? null : rate(terms.band),
      referencePrice: priceOf(steps, terms.reference ?? null),
      status: "open",
    };
  }

  #account(name: string): AccountIndex {
    return accountIndex(place(this.#accounts, name));
  }

  #market(name: string) {
    return marketIndex(
      place(
        this.#markets.map((market) => market.name),
        name,
      ),
    );
  }

  #assetPlace(name: string): number {
    return place(
      this.#assets.map((asset) => asset.name),
      name,
    );
  }

  #amount(text: string, asset: string) {
    return minor(unitsOf(parseDecimal(text, this.#assets[this.#assetPlace(asset)]!.decimals), text));
  }
}

function assertSame(happened: Told, expected: Told): void {
  const [is, should] = [happened, expected].map((lines) => lines.join("; "));
  assert(is === should, `the model says "${should}" of what the engine tells as "${is}"`);
}

/** A share in parts per million; a rebate is negative. */
function rate(text: string): PartsPerMillion {
  const units = unitsOf(parseDecimal(text.replace("-", ""), 6), text);
  return (text.startsWith("-") ? -units : partsPerMillion(units)) as PartsPerMillion;
}

function priceOf({ tickSize }: Steps, text: string | null): Ticks | null {
  return text === null ? null : ticks(unitsOf(parseSteps(text, tickSize), text));
}

function quantityOf({ lotSize }: Steps, text: string | null): Lots | null {
  return text === null ? null : lots(unitsOf(parseSteps(text, lotSize), text));
}

function unitsOf(parsed: ReturnType<typeof parseDecimal>, text: string): number {
  if ("fault" in parsed) throw new LanguageError(`${text} is ${parsed.fault}`);
  return parsed.units;
}

function place(names: readonly string[], name: string): number {
  const index = names.indexOf(name);
  if (index < 0) throw new LanguageError(`nobody has heard of ${name}`);
  return index;
}
