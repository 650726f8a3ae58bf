/** Any story, any start, any stalls: every stream gets exactly what concerns it, once, in order. */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { accountIndex, marketIndex, type Seq, seq } from "../../src/domain/units.ts";
import { Stream } from "../../src/edge/ws/stream.ts";
import { concerns, type StreamTarget } from "../../src/edge/ws/stream-messages.ts";
import { Streams } from "../../src/edge/ws/streams.ts";
import type { FeedEntry } from "../../src/projections/feeds/feed-entry.ts";
import { FeedLog } from "../../src/projections/feeds/feed-log.ts";
import { FeedWallets } from "../../src/projections/feeds/feed-rows.ts";
import { committed, trade, wallet } from "./committed.ts";
import { listedDirectory } from "./listing.ts";
import { HandOutbox } from "./outbox.ts";

const TARGETS: readonly StreamTarget[] = [
  { channel: "trades", market: marketIndex(0) },
  { channel: "fills", account: accountIndex(1), namesAccount: false },
  { channel: "wallets", account: accountIndex(2), namesAccount: true },
];

/** A turn of the event loop, in which one stream catches up a little. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

type Follower = {
  readonly stream: Stream;
  readonly outbox: HandOutbox;
  readonly from: number;
  laggedAt: number | null;
};

class Stage {
  readonly log: FeedLog;
  readonly streams: Streams;
  readonly told: FeedEntry[] = [];
  #seq = 0;

  constructor({ eventsMax, missedMax }: { eventsMax: number; missedMax: number }) {
    this.log = new FeedLog({ eventsMax });
    this.streams = new Streams({ feed: this.log, directory: listedDirectory() }, missedMax);
  }

  get seq(): number {
    return this.#seq;
  }

  command({ trades, wallets }: { trades: number; wallets: number }): void {
    this.#seq += 1;
    const events = [
      ...Array.from({ length: trades }, (_, index) =>
        trade(this.#seq * 10 + index, { taker: 1 + (index % 2), maker: 3 }),
      ),
      ...Array.from({ length: wallets }, (_, index) => wallet(1 + (index % 3), this.#seq, index % 2)),
    ];
    const told = this.log.project(committed(this.#seq, events), []);
    if (told === undefined) return;
    this.told.push(told);
    this.streams.publish(told);
  }

  follow(target: StreamTarget, after: number | null): Follower {
    const outbox = new HandOutbox();
    const start = { outbox: outbox.asOutbox, after: seq(after ?? this.#seq), isResumed: after !== null };
    const follower: Follower = {
      stream: new Stream(target, start, (resumeFrom: Seq) => {
        follower.laggedAt = resumeFrom;
        this.streams.remove(follower.stream);
      }),
      outbox,
      from: start.after,
      laggedAt: null,
    };
    this.streams.add(follower.stream);
    return follower;
  }

  /** The sequences of the messages that a stream should have got, one a message. */
  expected(target: StreamTarget, from: number, to = Number.MAX_SAFE_INTEGER): number[] {
    return this.told
      .filter((entry) => entry.seq > from && entry.seq <= to && concerns(entry, target))
      .flatMap((entry) => Array<number>(countOf(entry, target)).fill(entry.seq));
  }
}

function countOf(entry: FeedEntry, target: StreamTarget): number {
  if (target.channel === "trades") return entry.trades.length;
  const { account } = target;
  if (target.channel === "wallets")
    return entry.wallets.filter((change) => change.account === account).length;
  return entry.trades.filter((each) => each.takerAccount === account || each.makerAccount === account).length;
}

const seqsOf = ({ outbox }: Follower) => outbox.sent.map((text) => JSON.parse(text).seq as number);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ trades: fc.nat(2), wallets: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ follow: fc.nat(2), back: fc.nat(30), isLive: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ fill: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.record({ drain: fc.nat(8) }) },
  { weight: 2, arbitrary: fc.constant({ turn: true }) },
);

describe("streams", () => {
  test("nothing is missing and nothing comes twice, from any sequence, through any stalls", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
        const stage = new Stage({ eventsMax: 10_000, missedMax: 10_000 });
        const followers: Follower[] = [];
        for (const each of steps) {
          if ("trades" in each) stage.command(each);
          else if ("turn" in each) await turn();
          else if ("fill" in each) {
            const follower = followers[each.fill];
            if (follower !== undefined) follower.outbox.isFull = true;
          } else if ("drain" in each) followers[each.drain]?.outbox.drain();
          else {
            const after = each.isLive ? null : Math.max(0, stage.seq - each.back);
            followers.push(stage.follow(TARGETS[each.follow]!, after));
          }
        }
        for (const { outbox } of followers) outbox.drain();
        while (followers.some(({ stream }) => !stream.isLive)) await turn();
        for (const follower of followers) {
          expect(seqsOf(follower)).toEqual(stage.expected(follower.stream.target, follower.from));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a live stream that misses too much ends, and resuming from where it says misses nothing", async () => {
    const stage = new Stage({ eventsMax: 10_000, missedMax: 5 });
    const follower = stage.follow(TARGETS[0]!, null);
    stage.command({ trades: 2, wallets: 0 });
    follower.outbox.isFull = true;
    for (let missed = 0; missed < 5; missed += 1) stage.command({ trades: 1, wallets: 0 });
    expect(follower.laggedAt).toBeNull();
    stage.command({ trades: 0, wallets: 3 });
    expect(follower.laggedAt).toBeNull();
    stage.command({ trades: 1, wallets: 0 });
    expect(follower.laggedAt).toBe(1);
    expect(seqsOf(follower)).toEqual([1, 1]);
    const resumed = stage.follow(TARGETS[0]!, follower.laggedAt);
    while (!resumed.stream.isLive) await turn();
    expect([...seqsOf(follower), ...seqsOf(resumed)]).toEqual(stage.expected(TARGETS[0]!, 0));
  });

  test("one that replays is not ended by what happens meanwhile, only by what is forgotten", async () => {
    const stage = new Stage({ eventsMax: 20, missedMax: 5 });
    for (let count = 0; count < 10; count += 1) stage.command({ trades: 1, wallets: 0 });
    const patient = stage.follow(TARGETS[0]!, 3);
    const slow = stage.follow(TARGETS[0]!, 3);
    slow.outbox.isFull = true;
    for (let count = 0; count < 8; count += 1) stage.command({ trades: 1, wallets: 0 });
    while (!patient.stream.isLive) await turn();
    expect(seqsOf(patient)).toEqual(stage.expected(TARGETS[0]!, 3));
    expect(slow.laggedAt).toBeNull();
    for (let count = 0; count < 30; count += 1) stage.command({ trades: 1, wallets: 0 });
    slow.outbox.drain();
    await turn();
    expect(slow.laggedAt).toBe(3);
  });

  test("a live stream whose last message is long forgotten still reads on from where it stalled", async () => {
    const stage = new Stage({ eventsMax: 20, missedMax: 50 });
    const follower = stage.follow(TARGETS[0]!, null);
    for (let count = 0; count < 30; count += 1) stage.command({ trades: 0, wallets: 3 });
    follower.outbox.isFull = true;
    stage.command({ trades: 1, wallets: 0 });
    follower.outbox.drain();
    while (!follower.stream.isLive) await turn();
    expect(follower.laggedAt).toBeNull();
    expect(seqsOf(follower)).toEqual([31]);
  });

  test("replays take turns: a long one does not hold up a short one", async () => {
    const stage = new Stage({ eventsMax: 1_000_000, missedMax: 10 });
    for (let count = 0; count < 5000; count += 1) stage.command({ trades: 1, wallets: 0 });
    const long = stage.follow(TARGETS[0]!, 0);
    const short = stage.follow(TARGETS[0]!, 4990);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(short.stream.isLive).toBe(true);
    expect(long.stream.isLive).toBe(false);
    while (!long.stream.isLive) await turn();
    expect(long.outbox.sent).toHaveLength(5000);
  });

  test("a stream whose socket is full does not hold up those behind it, and reads on when it has drained", async () => {
    const stage = new Stage({ eventsMax: 10_000, missedMax: 10 });
    for (let count = 0; count < 3; count += 1) stage.command({ trades: 1, wallets: 0 });
    const first = stage.follow(TARGETS[0]!, 0);
    const full = stage.follow(TARGETS[0]!, 0);
    const last = stage.follow(TARGETS[0]!, 0);
    full.outbox.isFull = true;
    for (let turns = 0; turns < 4; turns += 1) await turn();
    expect(first.stream.isLive).toBe(true);
    expect(last.stream.isLive).toBe(true);
    expect(full.outbox.sent).toEqual([]);
    full.outbox.drain();
    for (let turns = 0; turns < 2; turns += 1) await turn();
    expect(seqsOf(full)).toEqual([1, 2, 3]);
  });

  test("a full stream that ends before it has drained leaves the turn to those behind it", async () => {
    const stage = new Stage({ eventsMax: 10_000, missedMax: 10 });
    for (let count = 0; count < 3; count += 1) stage.command({ trades: 1, wallets: 0 });
    const first = stage.follow(TARGETS[0]!, 0);
    const full = stage.follow(TARGETS[0]!, 0);
    const last = stage.follow(TARGETS[0]!, 0);
    full.outbox.isFull = true;
    await turn();
    expect(first.stream.isLive).toBe(true);
    stage.streams.remove(full.stream);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(last.stream.isLive).toBe(true);
    full.outbox.drain();
    await turn();
    expect(full.outbox.sent).toEqual([]);
  });

  test("a stream that gets on, however slowly, is not ended", async () => {
    const stage = new Stage({ eventsMax: 10_000, missedMax: 5 });
    const slow = stage.follow(TARGETS[0]!, null);
    const { outbox } = slow;
    outbox.isFull = true;
    for (let count = 0; count < 5; count += 1) stage.command({ trades: 1, wallets: 0 });
    for (let rounds = 0; rounds < 20; rounds += 1) {
      outbox.room = 1;
      outbox.drain();
      while (!outbox.isFull) await turn();
      stage.command({ trades: 1, wallets: 0 });
    }
    outbox.room = Number.POSITIVE_INFINITY;
    outbox.drain();
    while (!slow.stream.isLive) await turn();
    expect(slow.laggedAt).toBeNull();
    expect(seqsOf(slow)).toEqual(stage.expected(TARGETS[0]!, 0));
  });

  test("a replay reads past any number of commands that do not concern it", async () => {
    const stage = new Stage({ eventsMax: 1_000_000, missedMax: 10 });
    for (let count = 0; count < 10_000; count += 1) {
      stage.command({ trades: count % 4999 === 0 ? 1 : 0, wallets: 1 });
    }
    const follower = stage.follow(TARGETS[0]!, 0);
    while (!follower.stream.isLive) await turn();
    expect(seqsOf(follower)).toEqual([1, 5000, 9999]);
  });

  test("all who follow the same get the same bytes, written once", () => {
    const stage = new Stage({ eventsMax: 100, missedMax: 10 });
    const frames: (string | Buffer)[] = [];
    for (let count = 0; count < 3; count += 1) {
      stage.follow(TARGETS[0]!, null).outbox.send = (message) => frames.push(message);
    }
    stage.command({ trades: 1, wallets: 0 });
    expect(frames).toHaveLength(3);
    expect(new Set(frames).size).toBe(1);
  });

  test("whoever catches up has each command read once, however many rows the others have", async () => {
    const stage = new Stage({ eventsMax: 100_000, missedMax: 10_000 });
    for (let command = 0; command < 100; command += 1) stage.command({ trades: 0, wallets: 300 });
    const read = vi.spyOn(FeedWallets.prototype, "at");
    const follower = stage.follow(TARGETS[2]!, 0);
    while (!follower.stream.isLive) await turn();
    expect(read).toHaveBeenCalledTimes(100 * 300);
    read.mockRestore();
    expect(seqsOf(follower)).toEqual(stage.expected(TARGETS[2]!, 0));
  });
});
