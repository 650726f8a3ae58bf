/** A day of random trading in two markets, the same for the same seed, cut into frames of a few commands. */
import type { OrderTerms } from "../../src/domain/commands.ts";
import type { AccountIndex, EpochMs, Lots, MarketIndex, OrderId, Ticks } from "../../src/domain/units.ts";
import { BRL, type Fill, MARKET, Story, VIB } from "./story.ts";

const SECOND_MARKET = 1 as MarketIndex;

/** An order that rests or waits; `done` is what of it has been filled or prevented. */
type Resting = {
  account: AccountIndex;
  order: OrderId;
  side: "buy" | "sell";
  left: number;
  done: number;
  market: MarketIndex;
};

export type BusyDay = { readonly story: Story; readonly accounts: readonly AccountIndex[] };

export function busyDay({ commands, seed }: { commands: number; seed: number }): BusyDay {
  const story = new Story();
  story.market();
  story.market("VIX-BRL", SECOND_MARKET);
  const accounts = ["alice", "bob", "carol"].map((name) => story.account(name));
  for (const account of accounts) {
    story.deposit(account, VIB, 1_000_000);
    story.deposit(account, BRL, 1_000_000);
  }
  const next = random(seed);
  const floor: Floor = { accounts, next, resting: [], pending: [] };
  for (let i = 0; i < commands; i += 1) {
    if (next(3) === 0) story.at += 1 + next(5);
    step(story, floor);
    if (next(4) === 0) story.frame();
  }
  if (story.frames.at(-1)?.lastSeq !== story.seq) story.frame();
  return { story, accounts };
}

type Floor = {
  readonly accounts: readonly AccountIndex[];
  readonly resting: Resting[];
  /** Triggered orders whose price has not come. */
  readonly pending: Resting[];
  readonly next: (below: number) => number;
};

function step(story: Story, floor: Floor): void {
  const { accounts, resting, pending, next } = floor;
  const account = accounts[next(accounts.length)]!;
  const choice = next(16);
  const place = next(Math.max(resting.length, 1));
  const maker = resting[place];
  const neighbour = accounts[(accounts.indexOf(account) + 1) % accounts.length]!;
  if (choice === 0) story.transfer(account, neighbour, BRL, 5, `t-${story.seq}`);
  else if (choice === 1) story.withdraw(account, VIB, 3);
  else if (choice === 2) refuseOrSettle(story, [account, neighbour], next);
  else if (choice === 3 && maker !== undefined) {
    resting.splice(place, 1);
    if (maker.market === MARKET && next(3) === 0) story.expire(maker.account, maker.order);
    else story.cancel(maker.account, maker.order, "requested", maker.market);
  } else if (choice < 7 && maker !== undefined && maker.account !== account) {
    const quantity = 1 + next(maker.left);
    const side = maker.side === "buy" ? "sell" : "buy";
    const fills = [fillOf(maker, quantity, floor)];
    story.place({ account, side, price: 100, quantity, fills, market: maker.market });
  } else if (choice === 10) pending.push(rest(story, account, floor, { type: "stop", price: null }));
  else if (choice === 11 && pending.length > 0) trigger(story, floor);
  else if (choice === 12) amend(story, next(2) === 0 ? maker : pending[0], next);
  else if (choice === 13 && maker !== undefined) prevent(story, maker, floor);
  else if (choice === 14) story.setCancelAfter(account, next(2) === 0 ? null : (story.at as EpochMs));
  else if (choice === 15) {
    const [quantity, value] = [1 + next(3), 1 + next(9)];
    story.settle([
      { account, side: "buy", quantity, value, reference: `b-${story.seq}` },
      { account: neighbour, side: "sell", quantity, value, reference: `s-${story.seq}` },
    ]);
  } else resting.push(rest(story, account, floor, {}));
}

function refuseOrSettle(
  story: Story,
  [buyer, seller]: readonly [AccountIndex, AccountIndex],
  next: Floor["next"],
): void {
  if (next(2) === 0) {
    story.refuse();
    return;
  }
  const entry = { quantity: 2, value: 7 };
  story.settle(
    [
      { ...entry, account: buyer, side: "buy", reference: `b-${story.seq}` },
      { ...entry, account: seller, side: "sell", reference: `s-${story.seq}` },
    ],
    next(2) === 0 ? null : `elsewhere-${story.seq}`,
  );
}

/** Takes from a resting order, which leaves the floor when nothing is left of it. */
function fillOf(maker: Resting, quantity: number, { resting, next }: Floor): Fill {
  take(maker, quantity, resting);
  const takerFee = next(3);
  const makerFee = next(takerFee + 2) - takerFee;
  return { maker, price: 100, quantity, takerFee, makerFee, makerFilled: maker.left === 0 };
}

function take(order: Resting, quantity: number, resting: Resting[]): void {
  order.left -= quantity;
  order.done += quantity;
  if (order.left === 0) resting.splice(resting.indexOf(order), 1);
}

function rest(
  story: Story,
  account: AccountIndex,
  { next }: Floor,
  { type = "limit", price = 100 as Ticks }: Partial<OrderTerms>,
): Resting {
  const side = next(2) === 0 ? "buy" : "sell";
  const left = 1 + next(9);
  const market = next(4) === 0 ? SECOND_MARKET : MARKET;
  const clientOrderId = `my-${next(50)}`;
  const displayQuantity = type === "limit" && next(5) === 0 ? (1 as Lots) : null;
  const triggerPrice = type === "stop" ? ((90 + next(9)) as Ticks) : null;
  const terms = { type, price, displayQuantity, triggerPrice };
  const order = story.place({ account, side, price: 100, quantity: left, market, clientOrderId, terms });
  return { account, order, side, left, done: 0, market };
}

/** The oldest pending order enters, and takes of a resting one if there is one that it can meet. */
function trigger(story: Story, floor: Floor): void {
  const entering = floor.pending.shift()!;
  const maker = floor.resting.find(
    ({ account, side, market }) =>
      account !== entering.account && side !== entering.side && market === entering.market,
  );
  const quantity = maker === undefined ? 0 : 1 + floor.next(Math.min(entering.left, maker.left));
  const fills = maker === undefined ? [] : [fillOf(maker, quantity, floor)];
  story.trigger(entering, fills);
  entering.left -= quantity;
  entering.done += quantity;
  if (entering.left > 0) floor.resting.push(entering);
}

function amend(story: Story, order: Resting | undefined, next: Floor["next"]): void {
  if (order === undefined) {
    story.refuse();
    return;
  }
  order.left = 1 + next(9);
  const price = 99 + next(3);
  story.amend(order, { price, quantity: order.done + order.left, keepsPlace: next(2) === 0 });
}

/** An order meets one of its own account under `decrement`; the larger of them goes on. */
function prevent(story: Story, maker: Resting, { resting, next }: Floor): void {
  const { account, market } = maker;
  const asked = 1 + next(12);
  const quantity = Math.min(asked, maker.left);
  take(maker, quantity, resting);
  const side = maker.side === "buy" ? "sell" : "buy";
  const prevents = [{ maker: maker.order, quantity, makerEnds: maker.left === 0 }];
  const order = story.place({ account, side, price: 100, quantity: asked, market, prevents });
  const left = asked - quantity;
  if (left > 0) resting.push({ account, order, side, left, done: quantity, market });
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
