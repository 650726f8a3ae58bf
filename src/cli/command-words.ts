/** Commands as people read them: names for indices, decimal text for units, and the words of the API. */
import { unreachable } from "../domain/assert.ts";
import type { AmendOrder, Command, DepositFunds, OrderTerms, SettleFunds } from "../domain/commands.ts";
import { formatDecimal } from "../domain/decimal.ts";
import type { MarketListing } from "../domain/market.ts";
import { PPM_SCALE } from "../domain/units.ts";
import { stepsText, timeText } from "../edge/render.ts";
import type { Names } from "../replay/names.ts";

/** What a command says, field by field, in the order in which people read it. */
export type CommandWords = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | undefined>
>;

/** The names must have learnt the command and all before it. */
export function commandWords(command: Command, names: Names): CommandWords {
  switch (command.kind) {
    case "PlaceOrder":
      return orderWords(command, names);
    case "AmendOrder":
      return amendWords(command, names);
    case "CancelOrder":
      return { accountId: names.account(command.account), orderId: command.order };
    case "CancelAllOrders": {
      const { account, market } = command;
      return {
        accountId: names.account(account),
        market: market === null ? null : names.market(market).name,
      };
    }
    case "SetCancelAfter":
      return { accountId: names.account(command.account), seconds: command.seconds };
    case "DepositFunds":
    case "WithdrawFunds":
      return movementWords(command, names);
    case "TransferFunds": {
      const { accountId, ...rest } = movementWords(command, names);
      return { accountId, toAccountId: names.account(command.toAccount), ...rest };
    }
    case "SettleFunds":
      return settlementWords(command, names);
    case "SetAccountStatus":
      return { accountId: names.account(command.account), status: command.status };
    case "CreateKey": {
      const { kind: _, account, ...key } = command;
      return { accountId: names.account(account), ...key };
    }
    case "ListAsset":
      return { asset: command.name, scale: command.scale };
    case "ListMarket":
      return listingWords(command, names);
    case "ChangeMarket": {
      const { market, status, makerFee, takerFee, priceBand } = command;
      return {
        market: names.market(market).name,
        status,
        makerFee: rate(makerFee),
        takerFee: rate(takerFee),
        priceBand: rate(priceBand),
      };
    }
    case "OpenAccount":
    case "RevokeKey":
    case "ExpireOrders": {
      const { kind: _, ...words } = command;
      return words;
    }
    default:
      return unreachable(command);
  }
}

function orderWords(terms: OrderTerms, names: Names): CommandWords {
  const market = names.market(terms.market);
  const { scale } = names.asset(market.quote);
  return {
    accountId: names.account(terms.account),
    market: market.name,
    side: terms.side,
    type: terms.type,
    timeInForce: terms.timeInForce,
    price: stepsText(terms.price, market.tickSize),
    triggerPrice: stepsText(terms.triggerPrice, market.tickSize),
    trailingOffset: stepsText(terms.trailingOffset, market.tickSize),
    quantity: stepsText(terms.quantity, market.lotSize),
    quoteQuantity: terms.quoteQuantity === null ? null : formatDecimal(terms.quoteQuantity, scale),
    displayQuantity: stepsText(terms.displayQuantity, market.lotSize),
    expiresAt: terms.expiresAt === null ? null : timeText(terms.expiresAt),
    postOnly: terms.postOnly,
    selfTradePrevention: terms.selfTradePrevention,
    clientOrderId: terms.clientOrderId,
  };
}

/** Without its market the order's ticks and lots have no sizes. */
function amendWords({ account, order, price, quantity }: AmendOrder, names: Names): CommandWords {
  const market = names.marketOf(order);
  const who = { accountId: names.account(account), orderId: order };
  if (market === null) return { ...who, priceTicks: price, quantityLots: quantity };
  return {
    ...who,
    market: market.name,
    price: stepsText(price, market.tickSize),
    quantity: stepsText(quantity, market.lotSize),
  };
}

function movementWords(movement: Omit<DepositFunds, "kind">, names: Names): CommandWords {
  const { account, amount, reference } = movement;
  const { name, scale } = names.asset(movement.asset);
  return { accountId: names.account(account), asset: name, amount: formatDecimal(amount, scale), reference };
}

/** An entry a line: `alice buys 10 VIB for 1009.90 BRL as r-1`. */
function settlementWords({ base, quote, entries, settlementId }: SettleFunds, names: Names): CommandWords {
  const [bought, paid] = [names.asset(base), names.asset(quote)];
  return {
    settlementId,
    entries: entries.map(({ account, side, quantity, value, reference }) => {
      const amount = `${formatDecimal(quantity, bought.scale)} ${bought.name}`;
      const price = `${formatDecimal(value, paid.scale)} ${paid.name}`;
      return `${names.account(account)} ${side}s ${amount} for ${price} as ${reference}`;
    }),
  };
}

function listingWords(listing: MarketListing, names: Names): CommandWords {
  const { tickSize, lotSize, minNotional } = listing;
  const quote = names.asset(listing.quote);
  return {
    market: listing.name,
    base: names.asset(listing.base).name,
    quote: quote.name,
    tickSize: formatDecimal(tickSize.units, tickSize.scale),
    lotSize: formatDecimal(lotSize.units, lotSize.scale),
    minNotional: minNotional === null ? null : formatDecimal(minNotional, quote.scale),
    maxQuantity: stepsText(listing.maxQuantity, lotSize),
    maxOpenOrders: listing.maxOpenOrders,
    makerFee: rate(listing.makerFee),
    takerFee: rate(listing.takerFee),
    priceBand: rate(listing.priceBand),
    referencePrice: stepsText(listing.referencePrice, tickSize),
    status: listing.status,
  };
}

/** With all its decimals. */
function rate(partsPerMillion: number | null): string | null {
  return partsPerMillion === null ? null : formatDecimal(partsPerMillion, PPM_SCALE);
}
