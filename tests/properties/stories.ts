/**
 * Random trading stories, made dense on purpose: few accounts, so that some meet themselves; prices near
 * each other, so that orders cross; little money, so that some are refused; odd fees; and worlds whose
 * amounts stand just below 2^53.
 */
import fc from "fast-check";
import type { Command, OrderTerms, Sequenced } from "../../src/domain/commands.ts";
import type { MarketListing, MarketStatus } from "../../src/domain/market.ts";
import {
  type AccountIndex,
  AMOUNT_MAX,
  accountIndex,
  assetIndex,
  epochMs,
  lots,
  marketIndex,
  minor,
  type OrderId,
  partsPerMillion,
  seq,
  ticks,
} from "../../src/domain/units.ts";

const ASSETS = 3;
const ACCOUNTS = 4;
const START = 1_000;

/** What the numbers of a story are multiplied with. */
type Scale = {
  readonly priceFirst: number;
  readonly quantityStep: number;
  readonly depositStep: number;
  readonly budgetStep: number;
};

type World = { readonly markets: readonly MarketListing[]; readonly scale: Scale };

/** What a story has told so far: orders are named by their place in it, and commands are sent again. */
type Past = { readonly placed: readonly OrderId[]; readonly sent: readonly Command[]; readonly at: number };

type Intent = (past: Past) => Command;

export type Story = {
  readonly world: World;
  readonly steps: readonly { readonly wait: number; readonly intent: Intent }[];
};

const feeRate = fc.constantFrom(0, 0, 1, 333, 1_000, 2_500, 100_001, 333_333, 999_999).map(partsPerMillion);

function listing(
  name: string,
  base: number,
  quote: number,
  unit: fc.Arbitrary<number>,
  lot: fc.Arbitrary<number>,
) {
  return fc.record<MarketListing>({
    name: fc.constant(name),
    base: fc.constant(assetIndex(base)),
    quote: fc.constant(assetIndex(quote)),
    tickSize: fc.constant({ units: 1, scale: 0 }),
    lotSize: fc.constant({ units: 1, scale: 0 }),
    baseMinorPerLot: lot,
    quoteMinorPerTickLot: unit,
    minNotional: fc.option(fc.integer({ min: 1, max: 40 }).map(minor), { freq: 2 }),
    maxQuantity: fc.option(fc.integer({ min: 8, max: 11 }).map(lots), { freq: 2 }),
    maxOpenOrders: fc.constantFrom(2, 5, 10_000, 10_000, 10_000),
    makerFee: feeRate,
    takerFee: feeRate,
    priceBand: fc.constant(null),
    referencePrice: fc.constant(null),
    status: fc.constant<MarketStatus>("open"),
  });
}

/** Two markets share an asset as their quote, and the third's base is another's base. */
function markets(unit: fc.Arbitrary<number>, lot: fc.Arbitrary<number>) {
  return fc.tuple(
    listing("A-C", 0, 2, unit, lot),
    listing("B-C", 1, 2, unit, lot),
    listing("A-B", 0, 1, unit, lot),
  );
}

const smallWorld = fc.record<World>({
  markets: markets(fc.constantFrom(1, 1, 3, 25), fc.constantFrom(1, 1, 7, 100)),
  scale: fc.record<Scale>({
    priceFirst: fc.constantFrom(1, 1, 60, 95),
    quantityStep: fc.constant(1),
    depositStep: fc.constantFrom(100, 1_000, 10_000),
    budgetStep: fc.constantFrom(1, 13, 100),
  }),
});

/** A few lots at these prices are worth just less, or just more, than any amount may be. */
const vastWorld = fc.constantFrom(1, 7, 1_048_583).chain((unit) =>
  fc.record<World>({
    markets: markets(fc.constant(unit), fc.constantFrom(1, 2 ** 46 + 1, 2 ** 49)),
    scale: fc.record<Scale>({
      priceFirst: fc
        .constantFrom(3, 7, 11, 24, 60)
        .map((lotsThatFit) => Math.floor(AMOUNT_MAX / unit / lotsThatFit) - 6),
      quantityStep: fc.constant(1),
      depositStep: fc.constantFrom(2 ** 48, 2 ** 49 - 1),
      budgetStep: fc.constantFrom(2 ** 49 - 1, 2 ** 50 + 3),
    }),
  }),
);

/** Prices of a few ticks and quantities that fill the range: the other way to come near 2^53. */
const heavyWorld = fc.record<World>({
  markets: markets(fc.constantFrom(1, 3), fc.constantFrom(1, 2)).map((listings) =>
    listings.map((each) => ({ ...each, maxQuantity: null })),
  ),
  scale: fc.record<Scale>({
    priceFirst: fc.constantFrom(1, 5),
    quantityStep: fc.constantFrom(2 ** 44 + 1, 2 ** 46 - 1, 999_999_999_989),
    depositStep: fc.constantFrom(2 ** 48, 2 ** 49 - 1),
    budgetStep: fc.constantFrom(2 ** 46 - 1, 2 ** 49 + 3),
  }),
});

const world: fc.Arbitrary<World> = fc.oneof(
  { weight: 6, arbitrary: smallWorld },
  { weight: 2, arbitrary: vastWorld },
  { weight: 2, arbitrary: heavyWorld },
);

const trader = fc.integer({ min: 1, max: ACCOUNTS }).map(accountIndex);
const asset = fc.integer({ min: 0, max: ASSETS - 1 }).map(assetIndex);
const market = fc.constantFrom(0, 0, 0, 0, 0, 1, 2).map(marketIndex);

type Numbers = Pick<
  OrderTerms,
  "type" | "timeInForce" | "price" | "quantity" | "quoteQuantity" | "postOnly"
> & { readonly lasts: number | null };

function numbersOf(scale: Scale): fc.Arbitrary<Numbers & { readonly side: "buy" | "sell" }> {
  const price = fc.integer({ min: 0, max: 9 }).map((offset) => ticks(scale.priceFirst + offset));
  const quantity = fc.integer({ min: 1, max: 12 }).map((count) => lots(count * scale.quantityStep));
  const budget = fc
    .integer({ min: 1, max: 60 })
    .map((count) => minor(Math.min(count * scale.budgetStep, AMOUNT_MAX)));
  const side = fc.constantFrom("buy" as const, "sell" as const);
  const none = { quoteQuantity: fc.constant(null), postOnly: fc.constant(false), lasts: fc.constant(null) };
  const limit = { type: fc.constant("limit" as const), price, quantity, side };
  const atMarket = { type: fc.constant("market" as const), price: fc.constant(null) };
  return fc.oneof(
    { weight: 8, arbitrary: fc.record({ ...limit, ...none, timeInForce: fc.constant("gtc" as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        ...limit,
        ...none,
        timeInForce: fc.constant("gtc" as const),
        postOnly: fc.constant(true),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        ...limit,
        ...none,
        timeInForce: fc.constant("gtd" as const),
        lasts: fc.integer({ min: -1, max: 6 }),
        postOnly: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        ...limit,
        ...none,
        timeInForce: fc.constantFrom("ioc" as const, "fok" as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        ...atMarket,
        ...none,
        quantity,
        side,
        timeInForce: fc.constantFrom("ioc" as const, "ioc" as const, "fok" as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        ...atMarket,
        ...none,
        quantity: fc.constant(null),
        quoteQuantity: budget,
        side: fc.constant("buy" as const),
        timeInForce: fc.constant("ioc" as const),
      }),
    },
  );
}

function placing(scale: Scale): fc.Arbitrary<Intent> {
  const clientOrderId = fc.option(fc.constantFrom("a", "b", "c", "d", "e", "f"));
  return fc
    .tuple(
      numbersOf(scale),
      trader,
      market,
      fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, clientOrderId),
    )
    .map(([{ lasts, ...numbers }, account, where, id]) => ({ at }) => ({
      kind: "PlaceOrder",
      account,
      market: where,
      triggerPrice: null,
      trailingOffset: null,
      displayQuantity: null,
      expiresAt: lasts === null ? null : epochMs(at + lasts),
      selfTradePrevention: "cancel-maker",
      clientOrderId: id,
      ...numbers,
    }));
}

function movement(scale: Scale): fc.Arbitrary<Intent> {
  const amount = fc
    .integer({ min: 1, max: 20 })
    .map((count) => minor(Math.min(count * scale.depositStep, AMOUNT_MAX)));
  const reference = fc.nat(60).map((number) => `r${number}`);
  const kind = fc.constantFrom("DepositFunds" as const, "WithdrawFunds" as const);
  const way = fc.record({ account: trader, asset, amount, reference });
  return fc.oneof(
    fc.record({ kind, way }).map(({ kind: which, way: terms }) => () => ({ kind: which, ...terms })),
    fc.record({ way, to: trader }).map(({ way: terms, to }) => (): Command => {
      const toAccount = to === terms.account ? accountIndex((to % ACCOUNTS) + 1) : to;
      return { kind: "TransferFunds", ...terms, toAccount };
    }),
    fc.record({ asset, amount, reference }).map(
      (terms) => (): Command => ({
        kind: "WithdrawFunds",
        account: accountIndex(0),
        ...terms,
      }),
    ),
  );
}

const canceling: fc.Arbitrary<Intent> = fc.oneof(
  fc.tuple(trader, fc.nat(30)).map(
    ([account, back]) =>
      ({ placed }: Past): Command => ({
        kind: "CancelOrder",
        account,
        order: placed[Math.max(0, placed.length - 1 - back)] ?? (1 as OrderId),
      }),
  ),
  fc.tuple(trader, fc.option(market)).map(
    ([account, where]) =>
      (): Command => ({
        kind: "CancelAllOrders",
        account,
        market: where,
      }),
  ),
);

const managing: fc.Arbitrary<Intent> = fc.oneof(
  fc.tuple(trader, fc.constantFrom("active" as const, "active" as const, "suspended" as const)).map(
    ([account, status]) =>
      (): Command => ({ kind: "SetAccountStatus", account, status }),
  ),
  fc
    .record({
      market,
      status: fc.option(fc.constantFrom<MarketStatus>("open", "open", "open", "halted", "cancel-only")),
      makerFee: fc.option(feeRate),
      takerFee: fc.option(feeRate),
    })
    .map((terms) => (): Command => ({ kind: "ChangeMarket", priceBand: null, ...terms })),
);

/** The same again, as a client that never saw the answer sends it. */
const repeating: fc.Arbitrary<Intent> = fc
  .tuple(fc.nat(12), fc.integer({ min: 0, max: 4 }))
  .map(([back, changed]) => ({ sent }: Past): Command => {
    const named = sent.filter((command) =>
      command.kind === "PlaceOrder" ? command.clientOrderId !== null : "reference" in command,
    );
    const again = named[Math.max(0, named.length - 1 - back)]!;
    if (changed > 1 || !("reference" in again)) return again;
    if (changed === 1) return { ...again, asset: assetIndex((again.asset + 1) % ASSETS) };
    return { ...again, amount: minor(again.amount - 1) };
  });

const expiring: fc.Arbitrary<Intent> = fc.constant((): Command => ({ kind: "ExpireOrders" }));

/** Any story of up to so many steps, in a world of its own. */
export function story(stepsMax: number): fc.Arbitrary<Story> {
  return world.chain((where) => {
    const intent = fc.oneof(
      { weight: 70, arbitrary: placing(where.scale) },
      { weight: 6, arbitrary: movement(where.scale) },
      { weight: 7, arbitrary: canceling },
      { weight: 1, arbitrary: managing },
      { weight: 4, arbitrary: expiring },
      { weight: 6, arbitrary: repeating },
    );
    const step = fc.record({ wait: fc.constantFrom(0, 0, 1, 2), intent });
    return fc.record({
      world: fc.constant(where),
      steps: fc.array(step, { minLength: 1, maxLength: stepsMax, size: "max" }),
    });
  });
}

/** The story as a journal would give it: its world listed and funded first, then step by step. */
export function* entriesOf({ world: { markets: listings, scale }, steps }: Story): Generator<Sequenced> {
  let at = START;
  let next = 1;
  const placed: OrderId[] = [];
  const sent: Command[] = [];
  const entry = (command: Command): Sequenced => {
    sent.push(command);
    return { seq: seq(next++), at: epochMs(at), requestId: "", traceId: null, command };
  };
  for (let i = 0; i < ASSETS; i += 1) yield entry({ kind: "ListAsset", name: "ABC"[i]!, scale: 0 });
  for (const terms of listings) yield entry({ kind: "ListMarket", ...terms });
  for (let i = 1; i <= ACCOUNTS; i += 1) {
    yield entry({ kind: "OpenAccount", accountId: `account-${i}`, name: null });
    for (let asked = 0; asked < ASSETS; asked += 1) yield entry(firstDeposit(accountIndex(i), asked, scale));
  }
  for (const { wait, intent } of steps) {
    at += wait;
    const command = intent({ placed, sent, at });
    if (command.kind === "PlaceOrder") placed.push(next as OrderId);
    yield entry(command);
  }
}

/** The first account is rich, the last one poor. */
function firstDeposit(account: AccountIndex, asked: number, { depositStep }: Scale): Command {
  // Eight, four, two and one parts: together they never pass 2^53.
  const amount = Math.min(depositStep * 2 ** (ACCOUNTS - account), AMOUNT_MAX);
  return {
    kind: "DepositFunds",
    account,
    asset: assetIndex(asked),
    amount: minor(amount),
    reference: `first-${asked}`,
  };
}
