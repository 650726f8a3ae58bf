/** The lines of the change stream tell all that happened, so that whoever folds them has what the exchange has. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDecimal, formatSteps } from "../../src/domain/decimal.ts";
import { accountIndex } from "../../src/domain/units.ts";
import { changeSchema } from "../../src/edge/http/change-schemas.ts";
import { Engine } from "../../src/engine/engine.ts";
import { changeLine, changeOf } from "../../src/projections/changes/change-line.ts";
import { LiveProjections } from "../../src/projections/live-projections.ts";
import type { Body } from "../edge/harness.ts";
import { EVENT_KINDS } from "../fixtures/event-kinds.ts";
import { SEED, STORIES } from "../properties/search.ts";
import { type Story, stepsOf, story } from "../properties/stories.ts";

const RUNS = Math.ceil(STORIES / 24);
const RUNS_OF_ALL_KINDS = 50;
/** The kinds of events that the tests have met. */
const kinds = new Set<string>();

/** What a reader knows who has nothing but the lines. */
class Copy {
  readonly wallets = new Map<string, string>();
  readonly levels = new Map<string, string>();
  readonly orders = new Map<number, Body>();
  #seq = 0;

  read(line: Body): void {
    expect(line.seq).toBe(this.#seq + 1);
    this.#seq = line.seq;
    for (const event of line.events) this.#fold(event);
  }

  #fold(event: Body): void {
    switch (event.kind) {
      case "WalletChanged":
        this.wallets.set(
          `${event.accountId} ${event.asset}`,
          `${event.available} ${event.held} ${event.total}`,
        );
        return;
      case "LevelChanged": {
        const level = `${event.market} ${event.side} ${event.price}`;
        if (Number(event.quantity) === 0) this.levels.delete(level);
        else this.levels.set(level, event.quantity);
        return;
      }
      case "OrderPlaced":
        this.orders.set(event.orderId, event);
        return;
      case "OrderAmended": {
        const { price, quantity } = event;
        this.orders.set(event.orderId, { ...this.orders.get(event.orderId), price, quantity });
        return;
      }
      case "OrderFilled":
      case "OrderCanceled":
      case "OrderExpired":
        expect(this.orders.get(event.orderId)).toMatchObject({ id: event.id, accountId: event.accountId });
        this.orders.delete(event.orderId);
    }
  }
}

function walletsOf({ balances, directory }: LiveProjections): Map<string, string> {
  const wallets = new Map<string, string>();
  for (const { account, accountId } of directory.accounts) {
    for (const { asset, name, scale } of directory.assets) {
      const { available, held } = balances.get(account, asset);
      const text = [available, held, available + held].map((amount) => formatDecimal(amount, scale));
      wallets.set(`${accountId} ${name}`, text.join(" "));
    }
  }
  return wallets;
}

function levelsOf({ books, directory }: LiveProjections): Map<string, string> {
  const levels = new Map<string, string>();
  for (const { market, name, tickSize, lotSize } of directory.markets) {
    const { bids, asks } = books.snapshot(market, null);
    for (const [side, rows] of [
      ["buy", bids],
      ["sell", asks],
    ] as const) {
      for (const [price, quantity] of rows) {
        levels.set(`${name} ${side} ${formatSteps(price, tickSize)}`, formatSteps(quantity, lotSize));
      }
    }
  }
  return levels;
}

function openOrdersOf({ orders, directory }: LiveProjections): Map<number, string> {
  const open = new Map<number, string>();
  for (const { account, accountId } of directory.accounts) {
    for (const { order, terms } of orders.ofAccount(account, null))
      open.set(order, `${accountId} ${terms.type}`);
  }
  return open;
}

function checkLines(told: Story): void {
  const engine = new Engine();
  const live = new LiveProjections(1);
  const copy = new Copy();
  for (const { entry } of stepsOf(told)) {
    const committed = { entry, events: engine.apply(entry) };
    const change = changeOf(committed, live.project(committed), live.orders);
    const line = changeLine(change, live.directory);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    const words = changeSchema.parse(JSON.parse(line));
    expect(words.events.map(({ kind }) => kind)).toEqual(committed.events.map(({ kind }) => kind));
    for (const { kind } of words.events) kinds.add(kind);
    copy.read(words);
  }
  const all = walletsOf(live);
  for (const [wallet, text] of all) {
    if (copy.wallets.has(wallet)) expect(copy.wallets.get(wallet)).toBe(text);
    else expect(text).toMatch(/^[0. ]+$/);
  }
  expect(copy.levels).toEqual(levelsOf(live));
  const open = new Map([...copy.orders].map(([id, order]) => [id, `${order.accountId} ${order.type}`]));
  expect(open).toEqual(openOrdersOf(live));
}

test("every line is as it is described, and the lines of any story fold to what the exchange has", () => {
  const stories = fc.noBias(story(120));
  fc.assert(fc.property(stories, checkLines), { numRuns: RUNS, seed: SEED });
  // The same ones in every run, which have every kind of event between them, but one that is met below.
  fc.assert(fc.property(stories, checkLines), { numRuns: RUNS_OF_ALL_KINDS, seed: 1 });
});

test("the hash of a key is told to nobody", () => {
  const secretHash = "5ec4e7".repeat(10);
  const live = new LiveProjections(1);
  const engine = new Engine();
  const lines = [
    { kind: "OpenAccount", accountId: "alice", name: null } as const,
    {
      kind: "CreateKey",
      account: accountIndex(1),
      keyId: "k1",
      name: "bot",
      scopes: ["read"],
      secretHash,
    } as const,
    { kind: "RevokeKey", keyId: "k1" } as const,
  ].map((command, place) => {
    const entry = { seq: (place + 1) as never, at: 1 as never, requestId: "r", traceId: null, command };
    const committed = { entry, events: engine.apply(entry) };
    for (const { kind } of committed.events) kinds.add(kind);
    return changeLine(changeOf(committed, live.project(committed), live.orders), live.directory);
  });
  expect(lines[1]).toContain('"kind":"KeyCreated","accountId":"alice","keyId":"k1","name":"bot"');
  expect(lines.join("")).not.toContain(secretHash);
});

test("no kind of event was left out above", () => {
  expect(EVENT_KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
});
