/** Our whole `apply`: wallets, holds, fees and events, in one market and with an account for each trader. */
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import type { MarketListing } from "../../src/domain/market.ts";
import {
  accountIndex,
  assetIndex,
  epochMs,
  lots,
  marketIndex,
  minor,
  orderId,
  partsPerMillion,
  seq,
  ticks,
} from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Contender } from "./contender.ts";
import type { FlowCommand, Tally } from "./flow.ts";

const BASE = assetIndex(0);
const QUOTE = assetIndex(1);
const MARKET = marketIndex(0);
const AT = epochMs(0);
const DEPOSIT = minor(10 ** 12);
const REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

const LISTING: MarketListing = {
  name: "BASE-QUOTE",
  base: BASE,
  quote: QUOTE,
  tickSize: { units: 1, scale: 0 },
  lotSize: { units: 1, scale: 0 },
  baseMinorPerLot: 1,
  quoteMinorPerTickLot: 1,
  minNotional: null,
  maxQuantity: null,
  maxOpenOrders: 1_000_000,
  makerFee: partsPerMillion(1_000),
  takerFee: partsPerMillion(2_000),
  priceBand: null,
  referencePrice: null,
  status: "open",
};

export class Pregao implements Contender {
  readonly #engine = new Engine();
  readonly #accounts: number;
  #entries: Sequenced[] = [];
  /** Where each command's rows of the log end. */
  #ends: number[] = [];
  /** The commands that came before the flow: an order's id is its place in the flow, and these. */
  readonly #before: number;

  constructor(accounts: number) {
    this.#accounts = accounts;
    for (const command of this.#setUp())
      this.#engine.apply(this.#sequenced(this.#engine.appliedSeq + 1, command));
    this.#before = this.#engine.appliedSeq;
  }

  prepare(commands: readonly FlowCommand[]): void {
    const first = this.#engine.appliedSeq + 1;
    this.#engine.log.clear();
    this.#ends = commands.map(() => 0);
    this.#entries = commands.map((command, i) => this.#sequenced(first + i, this.#command(command)));
  }

  run(place: number): void {
    this.#engine.execute(this.#entries[place]!);
    this.#ends[place] = this.#engine.log.end;
  }

  countInto(tally: Tally): void {
    for (const [place, entry] of this.#entries.entries()) {
      const from = place === 0 ? 0 : this.#ends[place - 1]!;
      for (const event of this.#engine.log.events(entry, from, this.#ends[place]!)) {
        if (event.kind === "CommandRejected") {
          throw new Error(`a command of the flow is refused: ${event.reason}`);
        }
        if (event.kind !== "TradeExecuted") continue;
        tally.trades += 1;
        tally.lots += event.quantity;
      }
    }
  }

  *#setUp(): Generator<Command> {
    yield { kind: "ListAsset", name: "BASE", scale: 0 };
    yield { kind: "ListAsset", name: "QUOTE", scale: 0 };
    yield { kind: "ListMarket", ...LISTING };
    for (let trader = 0; trader < this.#accounts; trader += 1) {
      const account = traderAccount(trader);
      yield { kind: "OpenAccount", accountId: `trader-${trader}`, name: null };
      yield { kind: "DepositFunds", account, asset: BASE, amount: DEPOSIT, reference: "base" };
      yield { kind: "DepositFunds", account, asset: QUOTE, amount: DEPOSIT, reference: "quote" };
    }
  }

  #sequenced(place: number, command: Command): Sequenced {
    return { seq: seq(place), at: AT, requestId: REQUEST_ID, traceId: null, command };
  }

  #command({ kind, order, account, side, price, quantity }: FlowCommand): Command {
    if (kind === "cancel") {
      return { kind: "CancelOrder", account: traderAccount(account), order: orderId(this.#before + order) };
    }
    return {
      kind: "PlaceOrder",
      account: traderAccount(account),
      market: MARKET,
      side,
      type: "limit",
      timeInForce: kind === "take" ? "ioc" : "gtc",
      price: ticks(price),
      triggerPrice: null,
      trailingOffset: null,
      quantity: lots(quantity),
      quoteQuantity: null,
      displayQuantity: null,
      expiresAt: null,
      postOnly: false,
      selfTradePrevention: "cancel-maker",
      clientOrderId: null,
    };
  }
}

/** The account `fees` has the index 0. */
function traderAccount(trader: number) {
  return accountIndex(trader + 1);
}
