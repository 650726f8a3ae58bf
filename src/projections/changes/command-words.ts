/** Commands as people read them: names for indices, decimal text for units, and the words of the API. */
import { unreachable } from "../../domain/assert.ts";
import type {
  AmendOrder,
  ChangeMarket,
  Command,
  DepositFunds,
  OrderTerms,
  SettleFunds,
} from "../../domain/commands.ts";
import { formatDecimal } from "../../domain/decimal.ts";
import type { Market, MarketListing } from "../../domain/market.ts";
import type { AccountIndex, MarketIndex, OrderId, PartsPerMillion } from "../../domain/units.ts";
import type { Asset } from "../live/directory.ts";
import { rateText, stepsText, timeText } from "../unit-text.ts";

/** What a command or an event says, field by field, in the order in which people read it. */
export type Words = {
  readonly [field: string]:
    | string
    | number
    | boolean
    | null
    | undefined
    | readonly string[]
    | readonly Words[];
};

/** The names of what a command or an event speaks of; they must have learnt it and all before it. */
export type Names = {
  account(index: AccountIndex): string;
  asset(index: Asset["asset"]): Asset;
  market(index: MarketIndex): Market;
};

/** The same, where orders that are amended have to be found as well. */
export type CommandNames = Names & {
  /** The market of an order, or null if it is not known any more. */
  marketOf(order: OrderId): Market | null;
};

/** All that a command says but the hash of a key, which is for nobody to read. */
export function commandWords(command: Command, names: CommandNames): Words {
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
    case "TransferFunds":
      return transferWords(command, names);
    case "SettleFunds":
      return settlementWords(command, names);
    case "SetAccountStatus":
      return { accountId: names.account(command.account), status: command.status };
    case "CreateKey":
      return keyWords(command, names);
    case "ListAsset":
      return { asset: command.name, scale: command.scale };
    case "ListMarket":
      return listingWords(command, names);
    case "ChangeMarket":
      return marketChangeWords(command, names);
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

export function orderWords(terms: OrderTerms, names: Names): Words {
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
function amendWords({ account, order, price, quantity }: AmendOrder, names: CommandNames): Words {
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

type Movement = Omit<DepositFunds, "kind">;

export function movementWords({ account, asset, amount, reference }: Movement, names: Names): Words {
  const { name, scale } = names.asset(asset);
  return { accountId: names.account(account), asset: name, amount: formatDecimal(amount, scale), reference };
}

export function transferWords(
  transfer: Movement & { readonly toAccount: AccountIndex },
  names: Names,
): Words {
  const { accountId, ...rest } = movementWords(transfer, names);
  return { accountId, toAccountId: names.account(transfer.toAccount), ...rest };
}

export function settlementWords(settlement: Omit<SettleFunds, "kind">, names: Names): Words {
  const { base, quote, entries, settlementId } = settlement;
  const [bought, paid] = [names.asset(base), names.asset(quote)];
  return {
    settlementId,
    base: bought.name,
    quote: paid.name,
    entries: entries.map(({ account, side, quantity, value, reference }) => ({
      accountId: names.account(account),
      side,
      quantity: formatDecimal(quantity, bought.scale),
      value: formatDecimal(value, paid.scale),
      reference,
    })),
  };
}

export function keyWords(
  key: {
    readonly account: AccountIndex;
    readonly keyId: string;
    readonly name: string;
    readonly scopes: readonly string[];
  },
  names: Names,
): Words {
  return { accountId: names.account(key.account), keyId: key.keyId, name: key.name, scopes: key.scopes };
}

export function listingWords(listing: MarketListing, names: Names): Words {
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
    makerFee: rateOrNull(listing.makerFee),
    takerFee: rateOrNull(listing.takerFee),
    priceBand: rateOrNull(listing.priceBand),
    referencePrice: stepsText(listing.referencePrice, tickSize),
    status: listing.status,
  };
}

export function marketChangeWords(change: Omit<ChangeMarket, "kind">, names: Names): Words {
  return {
    market: names.market(change.market).name,
    status: change.status,
    makerFee: rateOrNull(change.makerFee),
    takerFee: rateOrNull(change.takerFee),
    priceBand: rateOrNull(change.priceBand),
  };
}

function rateOrNull(rate: PartsPerMillion | null): string | null {
  return rate === null ? null : rateText(rate);
}
