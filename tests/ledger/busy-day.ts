/** A day of random trading in two markets, the same for the same seed, cut into frames of a few commands. */
import type { AccountIndex, MarketIndex, OrderId } from "../../src/domain/units.ts";
import { BRL, MARKET, Story, VIB } from "./story.ts";

const SECOND_MARKET = 1 as MarketIndex;

type Resting = {
  account: AccountIndex;
  order: OrderId;
  side: "buy" | "sell";
  left: number;
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
  const resting: Resting[] = [];
  for (let i = 0; i < commands; i += 1) {
    if (next(3) === 0) story.at += 1 + next(5);
    step(story, { accounts, resting, next });
    if (next(4) === 0) story.frame();
  }
  if (story.frames.at(-1)?.lastSeq !== story.seq) story.frame();
  return { story, accounts };
}

type Floor = {
  readonly accounts: readonly AccountIndex[];
  readonly resting: Resting[];
  readonly next: (below: number) => number;
};

function step(story: Story, { accounts, resting, next }: Floor): void {
  const account = accounts[next(accounts.length)]!;
  const choice = next(10);
  const place = next(Math.max(resting.length, 1));
  const maker = resting[place];
  const neighbour = accounts[(accounts.indexOf(account) + 1) % accounts.length]!;
  if (choice === 0) story.transfer(account, neighbour, BRL, 5, `t-${story.seq}`);
  else if (choice === 1) story.withdraw(account, VIB, 3);
  else if (choice === 2) story.refuse();
  else if (choice === 3 && maker !== undefined) {
    resting.splice(place, 1);
    story.cancel(maker.account, maker.order, "requested", maker.market);
  } else if (choice < 7 && maker !== undefined && maker.account !== account) {
    const quantity = 1 + next(maker.left);
    maker.left -= quantity;
    if (maker.left === 0) resting.splice(place, 1);
    const side = maker.side === "buy" ? "sell" : "buy";
    const fill = { maker, price: 100, quantity, takerFee: next(3), makerFee: next(2) };
    const fills = [{ ...fill, makerFilled: maker.left === 0 }];
    story.place({ account, side, price: 100, quantity, fills, market: maker.market });
  } else {
    const side = next(2) === 0 ? "buy" : "sell";
    const left = 1 + next(9);
    const market = next(4) === 0 ? SECOND_MARKET : MARKET;
    const clientOrderId = `my-${next(50)}`;
    const order = story.place({ account, side, price: 100, quantity: left, market, clientOrderId });
    resting.push({ account, order, side, left, market });
  }
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
