/**
 * The whole way of a book to a client: any random story through the real engine, told by the book channel. A client
 * that applies what it is sent has, at every sequence, the book that the independent model of the rules has.
 */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { formatSteps } from "../../src/domain/decimal.ts";
import type { Market } from "../../src/domain/market.ts";
import { marketIndex } from "../../src/domain/units.ts";
import { BookChannel } from "../../src/edge/ws/book-channel.ts";
import { Engine } from "../../src/engine/engine.ts";
import { BookDepth } from "../../src/projections/feeds/book-depth.ts";
import { Directory } from "../../src/projections/live/directory.ts";
import { HandOutbox } from "../feeds/outbox.ts";
import { SEED, STORIES } from "./search.ts";
import { stepsOf, story } from "./stories.ts";

const INTERVAL_MS = 20;
const RUNS = Math.ceil(STORIES / 8);
const MARKET = marketIndex(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a client keeps, and what it finds out: a message that does not chain to the one before is a gap. */
class Copy {
  readonly outbox = new HandOutbox();
  readonly #sides = { bids: new Map<string, string>(), asks: new Map<string, string>() };
  #read = 0;
  #seq = 0;
  messages = 0;

  /** Applies what has come, and gives the levels, best first. */
  catchUp(): { readonly bids: [string, string][]; readonly asks: [string, string][] } {
    for (; this.#read < this.outbox.sent.length; this.#read += 1) {
      const message = JSON.parse(this.outbox.sent[this.#read]!);
      if (message.type === "update") expect(message.prevSeq).toBe(this.#seq);
      this.#seq = message.seq;
      this.messages += 1;
      for (const side of ["bids", "asks"] as const) {
        for (const [price, quantity] of message[side] as [string, string][]) {
          if (Number(quantity) === 0) this.#sides[side].delete(price);
          else this.#sides[side].set(price, quantity);
        }
      }
    }
    const sorted = (side: Map<string, string>, sign: number) =>
      [...side].sort(([a], [b]) => sign * (Number(a) - Number(b)));
    return { bids: sorted(this.#sides.bids, -1), asks: sorted(this.#sides.asks, 1) };
  }
}

const inWords = (levels: readonly (readonly [number, number])[], { tickSize, lotSize }: Market) =>
  levels.map(([price, quantity]) => [formatSteps(price, tickSize), formatSteps(quantity, lotSize)]);

test("a feed applied to a copy is the book, at every sequence of any story", { timeout: 120_000 }, () => {
  let compared = 0;
  let messages = 0;
  fc.assert(
    fc.property(fc.noBias(story(160)), (told) => {
      const engine = new Engine();
      const books = new BookDepth();
      const directory = new Directory();
      const channel = new BookChannel({ books, directory }, INTERVAL_MS);
      const copy = new Copy();
      for (const { entry, model } of stepsOf(told)) {
        const committed = { entry, events: engine.apply(entry) };
        directory.project(committed);
        books.project(committed);
        const market = directory.markets[MARKET];
        if (market === undefined) continue;
        if (copy.outbox.sent.length === 0) {
          channel.subscribe({ market: MARKET, depth: null }, copy.outbox.asOutbox);
        }
        vi.advanceTimersByTime(INTERVAL_MS);
        expect(copy.catchUp()).toEqual({
          bids: inWords(model.levels(MARKET, "buy"), market),
          asks: inWords(model.levels(MARKET, "sell"), market),
        });
        compared += 1;
      }
      messages += copy.messages;
      channel.unsubscribe({ market: MARKET, depth: null }, copy.outbox.asOutbox);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  process.stdout.write(`${messages} messages, compared at ${compared} sequences\n`);
  expect(messages).toBeGreaterThan(RUNS * 5);
});
