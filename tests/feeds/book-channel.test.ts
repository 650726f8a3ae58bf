/** Any story, any subscriber: at every message the client's copy is the book of that message's sequence. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Side } from "../../src/domain/market.ts";
import { marketIndex } from "../../src/domain/units.ts";
import { BookChannel } from "../../src/edge/ws/book-channel.ts";
import { BookDepth } from "../../src/projections/feeds/book-depth.ts";
import { committed, level } from "./committed.ts";
import { listedDirectory } from "./listing.ts";
import { HandOutbox } from "./outbox.ts";

const MARKET = marketIndex(0);
const INTERVAL_MS = 20;
const DEPTHS = [null, 1, 2, 5, 1000];

type Message = {
  readonly type: "snapshot" | "update";
  readonly seq: number;
  readonly prevSeq?: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
};

type Step =
  | { readonly step: "command"; readonly changes: { side: Side; price: number; quantity: number }[] }
  | { readonly step: "interval" }
  | { readonly step: "join" | "leave" | "fill" | "drain"; readonly client: number };

const CLIENTS = 6;
const client = fc.nat(CLIENTS - 1);
const change = fc.record({
  side: fc.constantFrom<Side>("buy", "sell"),
  price: fc.integer({ min: 1, max: 12 }),
  quantity: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 })),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant("command" as const),
      changes: fc.array(change, { maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("interval" as const) }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("join" as const), client }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constantFrom("leave" as const, "fill" as const, "drain" as const),
      client,
    }),
  },
);

/** Follows a book as a client does, and compares it with what it should be after each message. */
class Follower {
  readonly outbox = new HandOutbox();
  readonly depth: number | null;
  #read = 0;
  #seq = 0;
  #copy = { bids: new Map<number, number>(), asks: new Map<number, number>() };

  constructor(depth: number | null) {
    this.depth = depth;
  }

  check(history: ReadonlyMap<number, BookDepth>): void {
    for (; this.#read < this.outbox.sent.length; this.#read += 1) {
      const message: Message = JSON.parse(this.outbox.sent[this.#read]!);
      expect(message.type).toBe(this.#read === 0 ? "snapshot" : "update");
      if (message.type === "update") {
        expect(message.prevSeq).toBe(this.#seq);
        expect(message.bids.length + message.asks.length).toBeGreaterThan(0);
      }
      this.#seq = message.seq;
      this.#apply("bids", message.bids);
      this.#apply("asks", message.asks);
      const { bids, asks } = history.get(message.seq)!.snapshot(MARKET, this.depth);
      expect([...this.#copy.bids].sort(([a], [b]) => b - a)).toEqual(bids);
      expect([...this.#copy.asks].sort(([a], [b]) => a - b)).toEqual(asks);
    }
  }

  /** What it shows now, to be compared with the book when nothing is pending. */
  get bids(): [number, number][] {
    return [...this.#copy.bids].sort(([a], [b]) => b - a);
  }

  #apply(side: "bids" | "asks", levels: Message["bids"]): void {
    for (const [price, quantity] of levels) {
      if (quantity === "0") expect(this.#copy[side].delete(Number(price))).toBe(true);
      else {
        expect(this.#copy[side].get(Number(price))).not.toBe(Number(quantity));
        this.#copy[side].set(Number(price), Number(quantity));
      }
    }
  }
}

/** Plays a story; the history keeps a book for every sequence, as it was. */
function play(steps: readonly Step[]): void {
  const books = new BookDepth();
  const channel = new BookChannel({ books, directory: listedDirectory() }, INTERVAL_MS);
  const commands: Parameters<BookDepth["project"]>[0][] = [];
  const history = new Map([[0, new BookDepth()]]);
  const followers: (Follower | null)[] = Array.from({ length: CLIENTS }, () => null);
  const command = (changes: Extract<Step, { step: "command" }>["changes"]) => {
    const events = changes.map(({ side, price, quantity }) => level(side, price, quantity));
    commands.push(committed(commands.length + 1, events));
    books.project(commands.at(-1)!);
    const then = new BookDepth();
    for (const each of commands) then.project(each);
    history.set(commands.length, then);
  };
  for (const each of steps) {
    if (each.step === "command") command(each.changes);
    else if (each.step === "interval") vi.advanceTimersByTime(INTERVAL_MS);
    else act(each, followers, channel);
    for (const follower of followers) follower?.check(history);
  }
  for (const follower of followers) follower?.outbox.drain();
  vi.advanceTimersByTime(INTERVAL_MS);
  for (const follower of followers) {
    follower?.check(history);
    if (follower !== null) expect(follower.bids).toEqual(books.snapshot(MARKET, follower.depth).bids);
  }
  expect(vi.getTimerCount()).toBe(0);
  for (const [index, follower] of followers.entries()) {
    if (follower !== null) act({ step: "leave", client: index }, followers, channel);
  }
  command([{ side: "buy", price: 12, quantity: 9 }]);
  expect(vi.getTimerCount()).toBe(0);
}

function act(
  { step, client }: Extract<Step, { client: number }>,
  followers: (Follower | null)[],
  channel: BookChannel,
): void {
  const follower = followers[client] ?? null;
  if (step === "join" && follower === null) {
    const joined = new Follower(DEPTHS[client % DEPTHS.length]!);
    followers[client] = joined;
    channel.subscribe({ market: MARKET, depth: joined.depth }, joined.outbox.asOutbox);
  } else if (step === "leave" && follower !== null) {
    channel.unsubscribe({ market: MARKET, depth: follower.depth }, follower.outbox.asOutbox);
    followers[client] = null;
  } else if (step === "fill" && follower !== null) {
    follower.outbox.isFull = true;
  } else if (step === "drain") {
    follower?.outbox.drain();
  }
}

describe("the book channel", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("snapshot and updates give the book at every message, to fast and slow clients, at every depth", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), play), { numRuns: 400 });
  });

  test("one update is written once for all who chain to the same message", () => {
    const books = new BookDepth();
    const channel = new BookChannel({ books, directory: listedDirectory() }, INTERVAL_MS);
    const frames: (string | Buffer)[] = [];
    for (let clients = 0; clients < 3; clients += 1) {
      const outbox = new HandOutbox();
      outbox.send = (message) => frames.push(message);
      channel.subscribe({ market: MARKET, depth: 5 }, outbox.asOutbox);
    }
    books.project(committed(1, [level("buy", 5, 1)]));
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(frames).toHaveLength(6);
    expect(new Set(frames.slice(3)).size).toBe(1);
  });

  test("a client that missed a thousand updates gets their sum in one", () => {
    const books = new BookDepth();
    const channel = new BookChannel({ books, directory: listedDirectory() }, INTERVAL_MS);
    const outbox = new HandOutbox();
    channel.subscribe({ market: MARKET, depth: null }, outbox.asOutbox);
    outbox.isFull = true;
    for (let at = 1; at <= 1000; at += 1) {
      books.project(committed(at, [level("buy", (at % 3) + 1, at)]));
      vi.advanceTimersByTime(INTERVAL_MS);
    }
    expect(outbox.sent).toHaveLength(1);
    outbox.drain();
    expect(JSON.parse(outbox.sent[1]!)).toMatchObject({
      seq: 1000,
      prevSeq: 0,
      bids: [
        ["3", "998"],
        ["2", "1000"],
        ["1", "999"],
      ],
    });
  });

  test("a client that missed a change and its reversal hears of neither, and the next update chains for it", () => {
    const books = new BookDepth();
    const channel = new BookChannel({ books, directory: listedDirectory() }, INTERVAL_MS);
    const [slow, fast] = [new HandOutbox(), new HandOutbox()];
    for (const { asOutbox } of [slow, fast]) channel.subscribe({ market: MARKET, depth: 5 }, asOutbox);
    slow.isFull = true;
    for (const [at, quantity] of [1, 0].entries()) {
      books.project(committed(at + 1, [level("buy", 5, quantity)]));
      vi.advanceTimersByTime(INTERVAL_MS);
    }
    slow.drain();
    expect(slow.sent).toHaveLength(1);
    books.project(committed(3, [level("buy", 6, 1)]));
    vi.advanceTimersByTime(INTERVAL_MS);
    expect(JSON.parse(slow.sent[1]!)).toMatchObject({ seq: 3, prevSeq: 0, bids: [["6", "1"]] });
    expect(JSON.parse(fast.sent[3]!)).toMatchObject({ seq: 3, prevSeq: 2, bids: [["6", "1"]] });
  });
});
