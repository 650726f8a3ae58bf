/** A data directory with a past of many small segments: two markets with odd steps, fees, all kinds of movements. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ulid } from "ulid";
import { onTestFinished } from "vitest";
import { xorshift } from "../../../bench/load/flow.ts";
import type { Command, PlaceOrder, SettleFunds } from "../../../src/domain/commands.ts";
import { marketSteps, OPEN_ORDERS_MAX_DEFAULT, type Steps } from "../../../src/domain/market.ts";
import {
  type AccountIndex,
  type AssetIndex,
  assetIndex,
  lots,
  type MarketIndex,
  minor,
  type OrderId,
  type PartsPerMillion,
  signedPartsPerMillion,
  ticks,
} from "../../../src/domain/units.ts";
import { Exchange, type ExchangeOptions } from "../../../src/exchange.ts";
import { PLAIN_TERMS } from "../../plain-order.ts";

/** Closed by some hundred orders. */
const SEGMENT_BYTES = 32 * 1024;
const TRADERS = 4;
/** Commands that share a frame. */
const TOGETHER = 50;

export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "pregao-archive-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function openExchange(
  directory: string,
  options: Partial<Pick<ExchangeOptions, "archive" | "onReport">> = {},
): Promise<Exchange> {
  return Exchange.open({
    directory,
    feedEventsMax: 1_000,
    diskReserveBytes: 0,
    segmentBytes: SEGMENT_BYTES,
    onReport: () => {},
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
}

/** Opens the exchange, trades for so many commands, and closes it: the ledger has come to the end of the journal. */
export async function tradeIn(directory: string, commands: number, seed = 1): Promise<void> {
  const exchange = await openExchange(directory);
  await trade(exchange, commands, seed);
  await exchange.ledger.reached(exchange.appliedSeq);
  await exchange.close();
}

export async function trade(exchange: Exchange, commands: number, seed = 1): Promise<void> {
  const random = xorshift(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  if (exchange.directory.assets.length === 2) await setUp(exchange);
  for (let done = 0; done < commands; done += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, () => submit(exchange, anyCommand(exchange, below))));
  }
}

export function submit(exchange: Exchange, command: Command): Promise<void> {
  return new Promise((resolve, reject) => {
    const requestId = ulid();
    const traceId = /[0-3]$/.test(requestId) ? "0af7651916cd43dd8448eb211c80319c" : null;
    exchange.submit({ requestId, traceId, command }, (answer) => {
      if ("turnedAway" in answer) reject(new Error(answer.turnedAway));
      else resolve();
    });
  });
}

async function setUp(exchange: Exchange): Promise<void> {
  const [base, quote] = [assetIndex(2), assetIndex(3)];
  const steps = marketSteps({
    tickSize: { units: 5, scale: 2 },
    lotSize: { units: 1, scale: 3 },
    baseScale: 8,
    quoteScale: 6,
  }) as Steps;
  const fees = { makerFee: signedPartsPerMillion(-100), takerFee: 1_000 as PartsPerMillion };
  const listing = {
    name: "BTC-USD",
    base,
    quote,
    ...steps,
    ...fees,
    minNotional: null,
    maxQuantity: null,
    maxOpenOrders: OPEN_ORDERS_MAX_DEFAULT,
    priceBand: null,
    referencePrice: null,
    status: "open",
  } as const;
  await submit(exchange, { kind: "ListAsset", name: "BTC", scale: 8 });
  await submit(exchange, { kind: "ListAsset", name: "USD", scale: 6 });
  await submit(exchange, { kind: "ListMarket", ...listing });
  for (let trader = 1; trader <= TRADERS; trader += 1) {
    await submit(exchange, { kind: "OpenAccount", accountId: `trader-${trader}`, name: null });
    for (const asset of [0, 1, 2, 3] as AssetIndex[]) {
      const amount = minor(1_000_000_000_000);
      const account = trader as AccountIndex;
      await submit(exchange, { kind: "DepositFunds", account, asset, amount, reference: `first-${asset}` });
    }
  }
}

function anyCommand(exchange: Exchange, below: (limit: number) => number): Command {
  const account = (1 + below(TRADERS)) as AccountIndex;
  const choice = below(13);
  const reference = `${choice}-${exchange.appliedSeq}-${below(1_000_000)}`;
  const move = { account, asset: below(4) as AssetIndex, amount: minor(1 + below(1_000)), reference };
  if (choice === 0) return { kind: "DepositFunds", ...move };
  if (choice === 1) return { kind: "WithdrawFunds", ...move };
  if (choice === 2) {
    const toAccount = ((account % TRADERS) + 1) as AccountIndex;
    return { kind: "TransferFunds", toAccount, ...move };
  }
  if (choice === 12) return settlementBetween(account, ((account % TRADERS) + 1) as AccountIndex, reference);
  const open = exchange.orders.ofAccount(account, null);
  const order = open[below(open.length)]?.order as OrderId | undefined;
  if (choice < 5 && order !== undefined) return { kind: "CancelOrder", account, order };
  if (choice === 5 && order !== undefined) {
    return { kind: "AmendOrder", account, order, price: ticks(990 + below(20)), quantity: null };
  }
  return anyOrder(account, below);
}

/** Of a trade made elsewhere; every other one has an id. */
function settlementBetween(buyer: AccountIndex, seller: AccountIndex, reference: string): SettleFunds {
  const amounts = { quantity: minor(3), value: minor(500) };
  return {
    kind: "SettleFunds",
    base: assetIndex(2),
    quote: assetIndex(3),
    entries: [
      { ...amounts, account: buyer, side: "buy", reference: `${reference}-bought` },
      { ...amounts, account: seller, side: "sell", reference: `${reference}-sold` },
    ],
    settlementId: reference.endsWith("7") ? reference : null,
  };
}

function anyOrder(account: AccountIndex, below: (limit: number) => number): PlaceOrder {
  const side = below(2) === 0 ? "buy" : "sell";
  return {
    kind: "PlaceOrder",
    ...PLAIN_TERMS,
    account,
    market: below(2) as MarketIndex,
    side,
    price: ticks(1_000 + below(11) - 5 + (side === "buy" ? -1 : 1)),
    quantity: lots(1 + below(30)),
    clientOrderId: below(3) === 0 ? `own-${below(1_000_000_000)}` : null,
  };
}
