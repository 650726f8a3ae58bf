/**
 * Stories of every kind of order among a few accounts at prices near each other: whatever happens, every
 * invariant holds after every command, and a preview says beforehand what then comes.
 */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import {
  type Command,
  ORDER_TYPES,
  type OrderTerms,
  SELF_TRADE_PREVENTIONS,
} from "../../src/domain/commands.ts";
import type { Event } from "../../src/domain/events.ts";
import type { MarketStatus } from "../../src/domain/market.ts";
import {
  type AccountIndex,
  AMOUNT_MAX,
  accountIndex,
  epochMs,
  type OrderId,
  orderId,
  seq,
} from "../../src/domain/units.ts";
import { amending, changing, Desk, placing } from "./desk.ts";

const RUNS = Number(process.env.FC_RUNS ?? 300);
const SEED = Number(process.env.FC_SEED ?? Date.now() & 0x7fffffff);
console.info(`any orders: FC_SEED=${SEED} FC_RUNS=${RUNS}`);

/** An order that was asked for, whether or not it was refused, and by whom. */
type Asked = { readonly order: OrderId; readonly account: AccountIndex };

type Step = (desk: Desk, asked: readonly Asked[], unit: number) => Command;

const account = fc.integer({ min: 1, max: 3 }).map(accountIndex);
const price = fc.integer({ min: 95, max: 105 });
const quantity = fc.integer({ min: 1, max: 12 });
const side = fc.constantFrom("buy" as const, "sell" as const);

const terms = fc.record({
  type: fc.constantFrom("limit" as const, "limit" as const, "limit" as const, ...ORDER_TYPES),
  selfTradePrevention: fc.constantFrom(...SELF_TRADE_PREVENTIONS),
  lasts: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.integer({ min: -1, max: 9 })),
  inForce: fc.constantFrom("gtc" as const, "gtc" as const, "ioc" as const, "fok" as const),
  display: fc.option(fc.integer({ min: 1, max: 4 })),
  trigger: price,
  offset: fc.integer({ min: 1, max: 4 }),
  budget: fc.integer({ min: 50, max: 1_500 }),
  byBudget: fc.boolean(),
  postOnly: fc.integer({ min: 0, max: 6 }).map((die) => die === 0),
  id: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, fc.constantFrom("a", "b", "c")),
});

const place: fc.Arbitrary<Step> = fc
  .tuple(account, side, quantity, price, terms)
  .map(([who, way, lots, limit, given]) => (desk, _asked, unit) => {
    const { type } = given;
    const isMarket = type === "market";
    const hasLimit = type.includes("limit");
    const isTriggered = type !== "limit" && !isMarket;
    const byBudget = !hasLimit && way === "buy" && (isTriggered || given.byBudget);
    const rests = given.inForce === "gtc" && !isMarket;
    const wants: Partial<Record<keyof OrderTerms, unknown>> = {
      type,
      timeInForce: isMarket
        ? byBudget || given.inForce !== "fok"
          ? "ioc"
          : "fok"
        : rests && given.lasts !== null
          ? "gtd"
          : byBudget && given.inForce === "fok"
            ? "ioc"
            : given.inForce,
      triggerPrice: isTriggered && type !== "trailing-stop" ? given.trigger : null,
      trailingOffset: type === "trailing-stop" ? given.offset : null,
      quoteQuantity: byBudget ? Math.min(given.budget * unit - 1, AMOUNT_MAX) : null,
      displayQuantity: hasLimit && rests && given.display !== null ? Math.min(given.display, lots) : null,
      expiresAt: rests && given.lasts !== null ? epochMs(desk.at + given.lasts) : null,
      postOnly: type === "limit" && rests && given.postOnly,
      selfTradePrevention: given.selfTradePrevention,
      clientOrderId: given.id,
    };
    return placing(who, way, byBudget ? 0 : lots, hasLimit ? limit : 0, wants as never);
  });

/** One of the latest orders, or one that never was. */
function among(asked: readonly Asked[], back: number): Asked {
  return asked.at(-1 - back) ?? { order: orderId(1), account: accountIndex(1) };
}

const amend: fc.Arbitrary<Step> = fc
  .tuple(fc.nat(12), fc.option(price), fc.option(quantity))
  .map(([back, limit, lots]) => (_desk, asked) => {
    const change = {
      ...(limit === null ? {} : { price: limit }),
      ...(lots === null ? {} : { quantity: lots }),
    };
    const { account: who, order } = among(asked, back);
    return amending(who, order, change);
  });

const other: fc.Arbitrary<Step> = fc.oneof(
  fc.nat(12).map(
    (back): Step =>
      (_desk, asked) => ({ kind: "CancelOrder", ...among(asked, back) }),
  ),
  fc.constant<Step>(() => ({ kind: "ExpireOrders" })),
  fc.tuple(account, fc.integer({ min: 0, max: 1 })).map(
    ([who, seconds]): Step =>
      () => ({ kind: "SetCancelAfter", account: who, seconds }),
  ),
  fc
    .record({
      status: fc.constantFrom<MarketStatus>("open", "open", "open", "open", "auction", "halted"),
      makerFee: fc.constantFrom(-3_000, -100, 0, 5_000),
      takerFee: fc.constantFrom(0, 3_000, 20_000),
      priceBand: fc.constantFrom(0, 20_000, 50_000),
    })
    .map(
      (settings): Step =>
        () =>
          changing(settings),
    ),
);

const story = fc.record({
  listing: fc.record({
    status: fc.constantFrom("open" as const, "auction" as const),
    makerFee: fc.constantFrom(-3_000, -3_000, 0, 1_000),
    takerFee: fc.constantFrom(3_000, 10_000),
    maxOpenOrders: fc.constantFrom(3, 10_000),
    minNotional: fc.constantFrom(null, null, 200),
    referencePrice: fc.option(fc.constant(100)),
  }),
  /** What one lot costs at one tick: with the larger ones, some lots are worth just less, or just more, than any amount. */
  units: fc.constantFrom(
    { unit: 1, riches: 2_000 },
    { unit: 1, riches: 50_000 },
    { unit: 2 ** 41 + 1, riches: 2 ** 51 },
    { unit: 2 ** 43 + 3, riches: 2 ** 51 },
  ),
  steps: fc.array(
    fc.oneof(
      { weight: 24, arbitrary: place },
      { weight: 6, arbitrary: amend },
      { weight: 2, arbitrary: other },
    ),
    { minLength: 20, maxLength: 120, size: "max" },
  ),
});

const seen = new Map<string, number>();
afterAll(() => console.info([...seen].map(([what, times]) => `${what} ${times}`).join(", ")));

test("keep every invariant, and a preview changes nothing and says what comes", () => {
  fc.assert(
    fc.property(fc.noBias(story), ({ listing, units: { unit, riches }, steps }) => {
      const terms = { ...listing, quoteMinorPerTickLot: unit, baseMinorPerLot: unit };
      const desk = new Desk(terms as never, riches);
      const twin = new Desk(terms as never, riches);
      const asked: Asked[] = [];
      for (const step of steps) {
        desk.at += asked.length % 5 === 0 ? 1 : 0;
        const command = step(desk, asked, unit);
        const previewed = command.kind === "PlaceOrder" ? preview(desk, command) : null;
        if (command.kind === "PlaceOrder") asked.push({ order: desk.nextOrder, account: command.account });
        const events = desk.apply(command);
        const entry = { seq: seq(desk.nextOrder - 1), at: epochMs(desk.at), requestId: "", traceId: null };
        expect(twin.engine.apply({ ...entry, command })).toEqual(events);
        for (const event of events) count(event);
        if (previewed !== null) expectPreviewed(previewed, events, asked.at(-1)!.order);
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

function count(event: Event): void {
  const reason = "reason" in event ? ` ${event.reason}` : "";
  seen.set(event.kind + reason, (seen.get(event.kind + reason) ?? 0) + 1);
}

function preview(desk: Desk, command: Extract<Command, { kind: "PlaceOrder" }>): Event[] {
  const entry = { seq: seq(desk.nextOrder), at: epochMs(desk.at), requestId: "", traceId: null };
  return desk.engine.preview({ ...entry, command });
}

/** What other orders do that the order triggers is not part of its preview, and may change what it comes to. */
function expectPreviewed(previewed: readonly Event[], events: readonly Event[], order: OrderId): void {
  if (events.some(({ kind }) => kind === "OrderTriggered")) return;
  const [first] = events;
  const account = first?.kind === "OrderPlaced" ? first.account : null;
  expect(previewed).toEqual(
    events.filter((event) => {
      if (event.kind === "WalletChanged") return event.account === account;
      if (event.kind === "TradeExecuted" || event.kind === "SelfTradePrevented")
        return event.takerOrder === order;
      if (event.kind === "LevelChanged") return false;
      return !("order" in event) || event.order === order || event.kind === "OrderRepeated";
    }),
  );
}
