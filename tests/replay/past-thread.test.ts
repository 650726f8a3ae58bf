import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { accountIndex, type EpochMs, epochMs, marketIndex, type Seq, seq } from "../../src/domain/units.ts";
import { nodeClock } from "../../src/journal/clock.ts";
import { PastThread, type PastThreadOptions } from "../../src/replay/past-thread.ts";
import { copyOf, liveThrough, longStory, namesIn, type Past, snapshotAt } from "./past.ts";

/** A moment behind the last command of the story. */
const LATER = epochMs(Number.MAX_SAFE_INTEGER);

let lived: Past;
let lastSeq: Seq;
const threads: PastThread[] = [];

beforeAll(async () => {
  lived = await liveThrough(longStory());
  lastSeq = lived.ledger.seq;
});
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()));
});

function open(options: Partial<PastThreadOptions> = {}): PastThread {
  const now = () => ({ seq: lastSeq, at: LATER as EpochMs });
  const thread = new PastThread({ directory: lived.directory, now, ...options });
  threads.push(thread);
  return thread;
}

const bookAt = (at: number) => ({ market: marketIndex(0), depth: 1000, asOf: { seq: at } });
const walletsAt = (at: number, account = 1) => ({ account: accountIndex(account), asOf: { seq: at } });
const answered = (at: number) => ({ answer: { seq: at } });

describe("the thread of the past", () => {
  test("answers one after another, whether the next is later or earlier", async () => {
    const thread = open();
    const asked = [lastSeq, 100, 101, 350, 99, lastSeq].map(async (at) => {
      expect(await thread.ask("book", bookAt(at))).toMatchObject({ answer: { seq: at, book: { seq: at } } });
      expect(await thread.ask("wallets", walletsAt(at))).toMatchObject(answered(at));
    });
    await Promise.all(asked);
    const { books } = lived.present.live;
    const told = await thread.ask("book", bookAt(lastSeq));
    expect(told).toMatchObject({ answer: { book: books.snapshot(marketIndex(0), 1000) } });
  });

  test("says what there was not yet, and which moments there are not", async () => {
    const thread = open();
    expect(await thread.ask("book", bookAt(1))).toMatchObject({ answer: { seq: 1, book: null } });
    expect(await thread.ask("wallets", walletsAt(1))).toMatchObject({ answer: { seq: 1, wallets: null } });
    const after = { fault: { kind: "after-now", seq: lastSeq } };
    expect(await thread.ask("book", bookAt(lastSeq + 1))).toMatchObject(after);
    const before = { fault: { kind: "before-the-beginning" } };
    expect(await thread.ask("book", bookAt(0))).toMatchObject(before);
  });

  test("lets a few questions wait", async () => {
    const thread = open({ limits: { waitingMax: 2 } });
    const ask = () => thread.ask("book", bookAt(200));
    // The first is being answered, the others wait.
    const asked = [ask(), ask(), ask()];
    expect(await ask()).toEqual({ fault: { kind: "too-many" } });
    for (const each of asked) expect(await each).toMatchObject(answered(200));
  });

  test("gives up what takes too long, and answers the next", async () => {
    const due: (() => void)[] = [];
    const after = (ms: number, task: () => void) => {
      if (ms === 30_000) due.push(task);
      return nodeClock.after(ms, task);
    };
    const thread = open({ clock: { ...nodeClock, after } });
    const asked = [thread.ask("book", bookAt(lastSeq)), thread.ask("book", bookAt(100))];
    for (const task of due) task();
    for (const each of asked) expect(await each).toEqual({ fault: { kind: "too-long" } });
    expect(await thread.ask("book", bookAt(200))).toMatchObject(answered(200));
  });

  test("ends a thread that does not give up in time, and answers the next from another", async () => {
    const thread = open({ limits: { stopMs: 0 } });
    const gone = new AbortController();
    const asked = thread.ask("book", bookAt(lastSeq), { signal: gone.signal });
    gone.abort();
    expect(await asked).toEqual({ fault: { kind: "given-up" } });
    expect(await thread.ask("book", bookAt(200))).toMatchObject(answered(200));
  });

  test("forgets questions whose asker has left, whether they wait or not", async () => {
    const thread = open();
    const gone = new AbortController();
    const { signal } = gone;
    const asked = [1, 2, 3].map((at) => thread.ask("book", bookAt(at), { signal }));
    const stays = thread.ask("book", bookAt(300));
    gone.abort();
    for (const each of asked) expect(await each).toEqual({ fault: { kind: "given-up" } });
    expect(await thread.ask("book", bookAt(1), { signal })).toEqual({ fault: { kind: "given-up" } });
    expect(await stays).toMatchObject(answered(300));
  });

  test("is ended when nobody asks, and started again", async () => {
    const idle: (() => void)[] = [];
    const after = (ms: number, task: () => void) => {
      if (ms === 60_000) idle.push(task);
      return nodeClock.after(ms, task);
    };
    const thread = open({ clock: { ...nodeClock, after } });
    expect(await thread.ask("book", bookAt(300))).toMatchObject(answered(300));
    expect(idle).toHaveLength(1);
    idle[0]!();
    expect(await thread.ask("book", bookAt(200))).toMatchObject(answered(200));
  });

  test("says that the state is too large for its memory, and goes on", async () => {
    const thread = open({ limits: { heapMb: 4 } });
    expect(await thread.ask("book", bookAt(300))).toEqual({ fault: { kind: "too-large" } });
  });

  test("goes on from a snapshot when what comes next to its state has been removed", async () => {
    const { directory, ledger, closed } = lived;
    const copy = copyOf(directory);
    const thread = open({ directory: copy });
    const [first, second] = closed;
    expect(await thread.ask("book", bookAt(first!.seq))).toMatchObject(answered(first!.seq));
    for (const segment of [second!, closed[3]!]) {
      await snapshotAt(copy, segment, { ledgerSeq: ledger.seq, keepsSegments: false });
    }
    expect(namesIn(copy, "journal")).not.toContain("00000002.segment");
    const told = await thread.ask("book", bookAt(second!.seq + 1));
    expect(told).toMatchObject(answered(second!.seq + 1));
    const removed = { fault: { kind: "removed", oldestSeq: second!.seq } };
    expect(await thread.ask("book", bookAt(second!.seq - 1))).toMatchObject(removed);
  });

  test("rejects what a damaged journal cannot answer, and answers from what is whole", async () => {
    const directory = copyOf(lived.directory);
    const names = namesIn(directory, "journal").filter((name) => name.endsWith(".segment"));
    writeFileSync(join(directory, "journal", names[3]!), "no segment");
    const thread = open({ directory });
    await expect(thread.ask("book", bookAt(lastSeq))).rejects.toThrow(
      /the past could not be read: .*damaged/,
    );
    expect(await thread.ask("book", bookAt(20))).toMatchObject(answered(20));
  });

  test("gives up everything when it is closed", async () => {
    const thread = open();
    const asked = [thread.ask("book", bookAt(lastSeq)), thread.ask("book", bookAt(100))];
    await thread.close();
    for (const each of asked) expect(await each).toEqual({ fault: { kind: "given-up" } });
    expect(await thread.ask("book", bookAt(seq(1)))).toEqual({ fault: { kind: "given-up" } });
  });
});
