/**
 * What traders of a random story do with orders, made dense on purpose: prices near each other, so that orders
 * cross; triggers near the last price; and amends and cancels that name orders which are mostly still open.
 */
import fc from "fast-check";
import {
  type Command,
  type OrderTerms,
  type PlaceOrder,
  SELF_TRADE_PREVENTIONS,
} from "../../src/domain/commands.ts";
import {
  AMOUNT_MAX,
  accountIndex,
  epochMs,
  lots,
  type MarketIndex,
  marketIndex,
  minor,
  type OrderId,
  type Ticks,
  ticks,
} from "../../src/domain/units.ts";
import type { OpenOrder } from "./model/model.ts";
import type { Scale } from "./worlds.ts";

export const ACCOUNTS = 4;

/** What a story has told so far, and what has come of it. */
export type Past = {
  readonly at: number;
  /** Orders and commands in their order; some orders were refused. */
  readonly placed: readonly OrderId[];
  readonly sent: readonly Command[];
  readonly open: readonly OpenOrder[];
  readonly status: (market: MarketIndex) => string;
  /** The price of the last trade. */
  readonly last: (market: MarketIndex) => number | null;
};

export type Intent = (past: Past) => Command;

/** Two of them do most of it, and meet themselves. */
export const trader = fc.constantFrom(1, 1, 1, 1, 2, 2, 2, 3, 3, 4).map(accountIndex);
export const market = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2).map(marketIndex);
const side = fc.constantFrom("buy" as const, "sell" as const);

/** The terms of an order but for what the past decides. */
type Shape = Pick<OrderTerms, "side" | "type" | "timeInForce" | "postOnly"> & {
  readonly price?: Ticks;
  readonly quantity?: number;
  readonly budget?: number;
  readonly display?: number;
  /** How long a gtd order lasts, in milliseconds. */
  readonly lasts?: number;
  /** How far the trigger is from the last price, on the side from which it can still be reached. */
  readonly away?: number;
  /** How far the limit of a triggered order is from its trigger. */
  readonly slip?: number;
  readonly offset?: number;
};

const lasts = fc.oneof(fc.integer({ min: -1, max: 6 }), fc.integer({ min: 300, max: 1_500 }));

function limitShape(scale: Scale): fc.Arbitrary<Shape> {
  const price = (least: number, most: number) =>
    fc.integer({ min: least, max: most }).map((offset) => ticks(scale.priceFirst + offset));
  const sided = fc.oneof(
    fc.record({ side, price: price(0, 9) }),
    fc.record({ side: fc.constant("buy" as const), price: price(0, 5) }),
    fc.record({ side: fc.constant("sell" as const), price: price(4, 9) }),
  );
  const how = fc.oneof(
    { weight: 8, arbitrary: fc.constant({ timeInForce: "gtc" as const, postOnly: false }) },
    { weight: 2, arbitrary: fc.constant({ timeInForce: "gtc" as const, postOnly: true }) },
    {
      weight: 2,
      arbitrary: fc.record({ timeInForce: fc.constant("gtd" as const), lasts, postOnly: fc.boolean() }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        timeInForce: fc.constantFrom("ioc" as const, "fok" as const),
        postOnly: fc.constant(false),
      }),
    },
  );
  const quantity = fc.integer({ min: 1, max: 12 });
  const display = fc.option(fc.integer({ min: 1, max: 4 }), { freq: 2, nil: undefined });
  return fc
    .record({ sided, how, quantity, display })
    .map(({ sided: where, how: terms, quantity: much, display: shown }): Shape => {
      const isShownInPart =
        shown !== undefined && (terms.timeInForce === "gtc" || terms.timeInForce === "gtd");
      const order = { type: "limit" as const, quantity: much, ...where, ...terms };
      return isShownInPart ? { ...order, display: shown } : order;
    });
}

const marketShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({
    type: fc.constant("market" as const),
    side,
    quantity: fc.integer({ min: 1, max: 12 }),
    timeInForce: fc.constantFrom("ioc" as const, "ioc" as const, "fok" as const),
    postOnly: fc.constant(false),
  }),
  fc.record({
    type: fc.constant("market" as const),
    side: fc.constant("buy" as const),
    budget: fc.integer({ min: 1, max: 60 }),
    timeInForce: fc.constant("ioc" as const),
    postOnly: fc.constant(false),
  }),
);

const triggeredShape: fc.Arbitrary<Shape> = fc
  .record({
    type: fc.constantFrom(
      "stop" as const,
      "stop-limit" as const,
      "take-profit" as const,
      "take-profit-limit" as const,
      "trailing-stop" as const,
    ),
    side,
    quantity: fc.integer({ min: 1, max: 12 }),
    budget: fc.integer({ min: 1, max: 60 }),
    timeInForce: fc.constantFrom(
      "gtc" as const,
      "gtc" as const,
      "gtd" as const,
      "ioc" as const,
      "fok" as const,
    ),
    lasts,
    away: fc.integer({ min: -1, max: 4 }),
    slip: fc.integer({ min: -2, max: 4 }),
    offset: fc.integer({ min: 1, max: 3 }),
    display: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 4, nil: undefined }),
  })
  .map(({ type, quantity, budget, slip, offset, display, away, ...rest }): Shape => {
    const isLimited = type === "stop-limit" || type === "take-profit-limit";
    const byBudget = !isLimited && rest.side === "buy";
    const timeInForce = byBudget && rest.timeInForce === "fok" ? "gtc" : rest.timeInForce;
    const rests = timeInForce === "gtc" || timeInForce === "gtd";
    return {
      ...rest,
      type,
      timeInForce,
      postOnly: false,
      ...(byBudget ? { budget } : { quantity }),
      ...(isLimited ? { slip } : {}),
      ...(isLimited && rests && display !== undefined ? { display } : {}),
      ...(type === "trailing-stop" ? { offset } : { away }),
    };
  });

export function placing(scale: Scale): fc.Arbitrary<Intent> {
  const shape = fc.oneof(
    { weight: 14, arbitrary: limitShape(scale) },
    { weight: 4, arbitrary: marketShape },
    { weight: 6, arbitrary: triggeredShape },
  );
  const clientOrderId = fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom("a", "b", "c", "d", "e", "f") },
  );
  const selfTradePrevention = fc.constantFrom(...SELF_TRADE_PREVENTIONS, "decrement" as const);
  return fc
    .record({ shape, account: trader, market, clientOrderId, selfTradePrevention, knows: fc.nat(4) })
    .map(({ shape: terms, knows, ...named }) => (past) => {
      const isAuction = knows > 0 && terms.type === "limit" && past.status(named.market) === "auction";
      return { ...named, ...placed(isAuction ? plain(terms) : terms, scale, named.market, past) };
    });
}

/** Who knows of an auction sends what it accepts. */
function plain({ lasts: _, ...terms }: Shape): Shape {
  return { ...terms, timeInForce: "gtc", postOnly: false };
}

type Numbers = Omit<PlaceOrder, "account" | "market" | "clientOrderId" | "selfTradePrevention">;

function placed(shape: Shape, scale: Scale, where: MarketIndex, past: Past): Numbers {
  const { side: towards, type, timeInForce, postOnly, quantity, budget, display, offset } = shape;
  const trigger = triggerOf(shape, scale, past.last(where));
  const slip = shape.slip === undefined ? null : towards === "buy" ? shape.slip : -shape.slip;
  return {
    kind: "PlaceOrder",
    side: towards,
    type,
    timeInForce,
    postOnly,
    price: slip === null ? (shape.price ?? null) : ticks(Math.max(1, trigger! + slip)),
    triggerPrice: trigger,
    trailingOffset: offset === undefined ? null : ticks(offset),
    quantity: quantity === undefined ? null : lots(quantity * scale.quantityStep),
    quoteQuantity: budget === undefined ? null : minor(Math.min(budget * scale.budgetStep, AMOUNT_MAX)),
    displayQuantity: display === undefined ? null : lots(display * scale.quantityStep),
    expiresAt: timeInForce === "gtd" ? epochMs(past.at + shape.lasts!) : null,
  };
}

function triggerOf(
  { away, side: towards, type }: Shape,
  { priceFirst }: Scale,
  last: number | null,
): Ticks | null {
  if (away === undefined) return null;
  const takesProfit = type === "take-profit" || type === "take-profit-limit";
  const above = (towards === "buy") !== takesProfit;
  return ticks(Math.max(1, (last ?? priceFirst + 4) + (above ? away : -away)));
}

/** Of the open orders those near the end of the list are the newest; now and then another's, or one that has ended. */
const target = fc.record({ account: trader, back: fc.nat(30), any: fc.nat(9) });

type Named = {
  readonly account: ReturnType<typeof accountIndex>;
  readonly order: OrderId;
  readonly open: OpenOrder | null;
};

function named(
  { account, back, any }: { account: Named["account"]; back: number; any: number },
  past: Past,
): Named {
  const { open, placed: all } = past;
  const order = open.length === 0 ? undefined : open[open.length - 1 - (back % open.length)];
  if (order === undefined || any === 0) {
    const id = all[Math.max(0, all.length - 1 - back)] ?? (1 as OrderId);
    return { account, order: id, open: open.find((each) => each.id === id) ?? null };
  }
  const owner = any === 1 ? account : accountIndex(order.account);
  return { account: owner, order: order.id as OrderId, open: order };
}

export function amending(scale: Scale): fc.Arbitrary<Intent> {
  const more = fc.integer({ min: -9, max: 4 });
  const moved = fc.integer({ min: -4, max: 4 });
  return fc
    .record({ target, more: fc.option(more), moved: fc.option(moved) })
    .map(({ target: which, ...change }) => (past: Past): Command => {
      const { open, ...names } = named(which, past);
      const price =
        change.moved === null || open?.price == null ? null : Math.max(1, open.price + change.moved);
      const quantity =
        change.more === null || open?.quantity == null
          ? null
          : Math.max(1, open.quantity + change.more * scale.quantityStep);
      if (open === null)
        return { kind: "AmendOrder", ...names, price: null, quantity: lots(scale.quantityStep) };
      if (price === null && quantity === null) return { kind: "CancelOrder", ...names };
      return {
        kind: "AmendOrder",
        ...names,
        price: price === null ? null : ticks(price),
        quantity: quantity === null ? null : lots(quantity),
      };
    });
}

export const canceling: fc.Arbitrary<Intent> = fc.oneof(
  {
    weight: 8,
    arbitrary: target.map((which) => (past: Past): Command => {
      const { account, order } = named(which, past);
      return { kind: "CancelOrder", account, order };
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(trader, fc.option(market)).map(
      ([account, where]) =>
        (): Command => ({ kind: "CancelAllOrders", account, market: where }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(trader, fc.constantFrom(0, 1, 1, 2)).map(
      ([account, seconds]) =>
        (): Command => ({ kind: "SetCancelAfter", account, seconds }),
    ),
  },
);
