/**
 * Followers of the change stream that begin anywhere, read at any pace, fall behind and come back: each gets every line
 * behind its sequence, once, in order, and the same bytes as everybody else.
 */
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Committed } from "../../src/domain/events.ts";
import { type Seq, seq } from "../../src/domain/units.ts";
import { changeFormFor } from "../../src/edge/changes/change-forms.ts";
import type { Recorded } from "../../src/edge/changes/change-reader.ts";
import { ChangeStreams } from "../../src/edge/changes/change-streams.ts";
import type { Committing } from "../../src/edge/changes/change-tail.ts";
import { CHANGE_LIMITS, type ChangeLimits } from "../../src/edge/changes/limits.ts";
import type { CommittedListener, Replay } from "../../src/edge/exchange-port.ts";
import { Refusal } from "../../src/edge/problems.ts";
import { Engine } from "../../src/engine/engine.ts";
import { changeLine, changeOf } from "../../src/projections/changes/change-line.ts";
import { LiveProjections } from "../../src/projections/live-projections.ts";
import { SEED } from "../properties/search.ts";
import { stepsOf, story } from "../properties/stories.ts";

/** Everything in small, so that it is met. */
const SMALL: ChangeLimits = {
  ...CHANGE_LIMITS,
  tailEventsMax: 60,
  commandEventsMax: 8,
  tailPieceBytes: 1_500,
  pastPieceBytes: 4_000,
  gatherMs: 0,
  heartbeatMs: 20,
  retryMs: 1,
  replaysMax: 20,
};

let told: Committed[];

beforeAll(() => {
  const stories = fc.sample(fc.noBias(story(600)), { numRuns: 20, seed: SEED });
  const longest = stories.reduce((one, other) => (one.steps.length > other.steps.length ? one : other));
  const engine = new Engine();
  told = [...stepsOf(longest)].map(({ entry }) => ({ entry, events: engine.apply(entry) }));
  expect(told.length).toBeGreaterThan(250);
});

/** An exchange that commits the story as a test tells it, and whose past is the lines as they were then. */
class Stage implements Committing, Recorded {
  readonly #live = new LiveProjections(1);
  readonly lines: string[] = [];
  readonly streams: ChangeStreams;
  /** How often the past was asked. */
  replays = 0;
  /** Whether it cannot be asked every third time. */
  isHasty = false;
  refusals = 0;
  /** The oldest sequence that can be resumed from. */
  oldestSeq = 0;
  /** Whether the journal cannot be read at all. */
  isDamaged = false;
  /** How long the past takes for a piece. */
  pieceMs = 1;
  openReplays = 0;
  readonly faults: unknown[] = [];
  #next = 0;

  constructor(limits: ChangeLimits) {
    this.streams = new ChangeStreams(this, { limits, onFault: (error) => this.faults.push(error) });
  }

  get directory() {
    return this.#live.directory;
  }

  get orders() {
    return this.#live.orders;
  }

  get appliedSeq(): Seq {
    return seq(this.#next);
  }

  get isOver(): boolean {
    return this.#next === told.length;
  }

  get listeners(): number {
    return this.#live.listeners.size;
  }

  subscribe(listener: CommittedListener): () => void {
    this.#live.listeners.add(listener);
    return () => this.#live.listeners.delete(listener);
  }

  readonly past: Recorded["past"] = {
    replay: () => {
      this.openReplays += 1;
      return {
        changes: (asked) => this.#changes(asked),
        close: async () => {
          this.openReplays -= 1;
        },
      };
    },
  };

  commit(count: number): void {
    for (let left = count; left > 0 && !this.isOver; left -= 1) {
      const committed = told[this.#next]!;
      this.#next += 1;
      const updates = this.#live.project(committed);
      this.lines.push(changeLine(changeOf(committed, updates, this.orders), this.directory));
    }
  }

  async #changes({
    after,
    through,
    bytesMax,
  }: Parameters<Replay["changes"]>[0]): ReturnType<Replay["changes"]> {
    await wait(this.pieceMs);
    if (this.isDamaged) throw new Error("the journal is damaged");
    if (after < this.oldestSeq) return { fault: { kind: "removed", oldestSeq: seq(this.oldestSeq) } };
    this.replays += 1;
    if (this.isHasty && this.replays % 3 === 0) {
      this.refusals += 1;
      return { fault: { kind: "too-long" } };
    }
    let text = "";
    let last: number = after;
    while (last < through && text.length < bytesMax) {
      text += this.lines[last];
      last += 1;
    }
    return { answer: { lines: Buffer.from(text), lastSeq: seq(last) } };
  }
}

type Follower = { readonly after: number; text: string; isOver: boolean; bytes: AsyncIterator<Buffer> };

const gone = () => new AbortController().signal;
const LINES = changeFormFor(undefined);
const EVENTS = changeFormFor("text/event-stream");

async function open(stage: Stage, wish: { after: number; follows: boolean; form?: typeof LINES }) {
  const { after, follows, form = LINES } = wish;
  const opened = await stage.streams.open({ after: seq(after), follows, form, requestId: "r", gone: gone() });
  if (opened instanceof Refusal) throw new Error(opened.detail);
  return opened.bytes;
}

/** What a reader of lines keeps: an empty one is a heartbeat. */
const withoutHeartbeats = (text: string) => text.replaceAll(/^\n/gm, "");

let stage: Stage | undefined;
afterEach(() => stage?.streams.close());

/** Reads on until it has as much as there is. */
async function readOn(follower: Follower, due: string): Promise<void> {
  while (withoutHeartbeats(follower.text).length < due.length) {
    const { value, done } = await follower.bytes.next();
    if (done) return;
    follower.text += value.toString();
  }
}

test("any followers of any story have its lines, whenever they come and however slowly they read", async () => {
  const random = fc.sample(fc.array(fc.nat(1_000), { minLength: 2_000, maxLength: 2_000 }), {
    numRuns: 1,
    seed: SEED,
  })[0]!;
  const draw = (below: number) => random.pop()! % below;
  stage = new Stage(SMALL);
  stage.isHasty = true;
  const followers: Follower[] = [];
  stage.commit(50);
  while (!stage.isOver) {
    if (followers.length < 12) {
      const after = draw(stage.appliedSeq + 1);
      const bytes = await open(stage, { after, follows: true });
      followers.push({ after, text: "", isOver: false, bytes: bytes[Symbol.asyncIterator]() });
    }
    stage.commit(1 + draw(6));
    const reader = followers[draw(followers.length)]!;
    // Every third reads seldom, so that it falls behind.
    if (reader.after % 3 !== 0 || draw(10) === 0) {
      const { value } = await reader.bytes.next();
      reader.text += value?.toString() ?? "";
    }
  }
  for (const follower of followers) {
    const due = stage.lines.slice(follower.after).join("");
    await readOn(follower, due);
    expect(withoutHeartbeats(follower.text)).toBe(due);
  }
  expect(stage.refusals).toBeGreaterThan(0);
  expect(stage.listeners).toBe(1);
  for (const { bytes } of followers) await bytes.return?.();
  await vi.waitUntil(() => stage?.streams.count === 0);
  expect(stage.openReplays).toBe(0);
  // Nobody follows: a command costs nothing any more.
  expect(stage.listeners).toBe(0);
});

test("a stream that does not follow ends with the last command of the time when it was asked for", async () => {
  stage = new Stage(SMALL);
  stage.commit(120);
  const bytes = await open(stage, { after: 40, follows: false });
  const due = stage.lines.slice(40).join("");
  stage.commit(30);
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  expect(text).toBe(due);
  await vi.waitUntil(() => stage?.streams.count === 0);
  const nothing = await open(stage, { after: 150, follows: false });
  for await (const piece of nothing) expect(piece.toString()).toBe("");
});

test("as Server-Sent Events each line is one event, with its sequence as id", async () => {
  stage = new Stage(SMALL);
  stage.commit(100);
  const bytes = await open(stage, { after: 30, follows: false, form: EVENTS });
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  const due = stage.lines.slice(30).map((line) => `id: ${JSON.parse(line).seq}\ndata: ${line}\n`);
  expect(text).toBe(due.join(""));
});

test.each([
  { accept: "text/event-stream", takes: EVENTS },
  { accept: "application/x-ndjson;q=0.5, Text/Event-Stream; q=0.9", takes: EVENTS },
  { accept: "text/event-stream;q=0, */*", takes: LINES },
  { accept: "text/event-stream; q=0.000", takes: LINES },
  { accept: "application/x-text/event-stream", takes: LINES },
  { accept: "*/*", takes: LINES },
  { accept: undefined, takes: LINES },
])("who accepts $accept gets what it takes", ({ accept, takes }) => {
  expect(changeFormFor(accept).type).toBe(takes.type);
});

test("a stream that nobody reads takes one piece of memory, and is cut in the end", async () => {
  stage = new Stage({ ...SMALL, stalledMsMax: 50 });
  stage.commit(told.length);
  const bytes = await open(stage, { after: 0, follows: true });
  const failed = new Promise<Error>((resolve) => bytes.once("error", resolve));
  bytes.read(0);
  await vi.waitUntil(() => bytes.readableLength > 0);
  expect(bytes.readableLength).toBeLessThan(2 * SMALL.pastPieceBytes);
  expect((await failed).message).toBe("the reader took nothing for 50 ms");
  expect(stage.replays).toBe(1);
  await vi.waitUntil(() => stage?.streams.count === 0);
});

test("says that it is there while there is nothing to tell, and at once", async () => {
  stage = new Stage(SMALL);
  stage.commit(10);
  for (const [form, heartbeat] of [
    [LINES, "\n"],
    [EVENTS, ":\n\n"],
  ] as const) {
    const bytes = (await open(stage, { after: 10, follows: true, form }))[Symbol.asyncIterator]();
    expect((await bytes.next()).value.toString()).toBe(heartbeat);
    expect((await bytes.next()).value.toString()).toBe(heartbeat);
    await bytes.return?.();
  }
});

test("a history that was removed is said before anything else, and later in a last line that says where it stopped", async () => {
  stage = new Stage(SMALL);
  stage.commit(100);
  const { streams } = stage;
  stage.oldestSeq = 90;
  const wish = { after: seq(1), follows: true, form: LINES, requestId: "r", gone: gone() };
  const refused = await streams.open(wish);
  expect(refused).toMatchObject({
    code: "history-removed",
    detail: expect.stringContaining("resume from is 90"),
  });
  await vi.waitUntil(() => streams.count === 0);
  expect(stage.listeners).toBe(0);

  stage.oldestSeq = 0;
  const bytes = await open(stage, { after: 1, follows: true });
  stage.oldestSeq = 90;
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  const last = JSON.parse(text.trimEnd().split("\n").at(-1)!);
  expect(last).toMatchObject({ problem: { code: "history-removed", status: 410 } });
  expect(text.startsWith(stage.lines.slice(1, last.resumeFrom).join(""))).toBe(true);
});

test("only so many streams can be open", async () => {
  stage = new Stage({ ...SMALL, streamsMax: 2 });
  stage.commit(100);
  const far = await open(stage, { after: 0, follows: true });
  await open(stage, { after: 100, follows: true });
  await expect(open(stage, { after: 100, follows: true })).rejects.toThrow(
    "No more than 2 change streams can be open",
  );
  far.destroy();
  await vi.waitUntil(() => stage?.streams.count === 1);
  await open(stage, { after: 0, follows: true });
});

test("however many come at once, all are taken, and read the journal by turns, in the order in which they came", async () => {
  stage = new Stage({ ...SMALL, replaysMax: 2, openMsMax: 5 });
  stage.commit(200);
  const joined = await Promise.all(
    Array.from({ length: 8 }, () => open(stage!, { after: 20, follows: false })),
  );
  // One of those that wait leaves, and holds nobody up.
  joined[4]!.destroy();
  const ended: number[] = [];
  let openMost = 0;
  const texts = await Promise.all(
    joined.map(async (bytes, place) => {
      let text = "";
      if (place === 4) return "";
      for await (const piece of bytes) {
        text += piece.toString();
        openMost = Math.max(openMost, stage!.openReplays);
        await wait(1);
      }
      ended.push(place);
      return withoutHeartbeats(text);
    }),
  );
  const due = stage.lines.slice(20).join("");
  expect(texts).toEqual(joined.map((_, place) => (place === 4 ? "" : due)));
  expect(openMost).toBe(2);
  expect(ended.slice(0, 2).sort()).toEqual([0, 1]);
  expect(ended.at(-1)).toBeGreaterThanOrEqual(6);
  await vi.waitUntil(() => stage?.openReplays === 0);
});

test("whose turn to read the journal does not come is told so, and where to resume", async () => {
  stage = new Stage({ ...SMALL, replaysMax: 1, openMsMax: 5, turnMsMax: 50 });
  stage.commit(200);
  await open(stage, { after: 0, follows: true });
  const bytes = await open(stage, { after: 20, follows: true });
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  const { problem, resumeFrom } = JSON.parse(withoutHeartbeats(text));
  expect([problem.code, problem.status, resumeFrom]).toEqual(["overloaded", 503, 20]);
  expect(problem.detail).toContain("No more than 1 change streams can read the journal");
  expect(stage.openReplays).toBe(1);
});

test("while the journal takes long to read, a stream says that it is there", async () => {
  stage = new Stage({ ...SMALL, openMsMax: 5 });
  stage.pieceMs = 100;
  stage.commit(20);
  const bytes = await open(stage, { after: 10, follows: false });
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  expect(text).toMatch(/^\n\n+\{"seq":11,/);
  expect(withoutHeartbeats(text)).toBe(stage.lines.slice(10).join(""));
});

test("a journal that cannot be read is told as a fault of the exchange, and to the operator", async () => {
  stage = new Stage(SMALL);
  stage.commit(100);
  const bytes = await open(stage, { after: 1, follows: false });
  stage.isDamaged = true;
  let text = "";
  for await (const piece of bytes) text += piece.toString();
  expect(JSON.parse(text.trimEnd().split("\n").at(-1)!)).toMatchObject({
    problem: { code: "internal-error" },
  });
  await expect(open(stage, { after: 1, follows: false })).rejects.toThrow("The exchange failed to answer.");
  expect(stage.faults.map((fault) => (fault as Error).message)).toEqual(
    Array(2).fill("the journal is damaged"),
  );
  await vi.waitUntil(() => stage?.openReplays === 0);
});

test("a stop ends every stream between two lines, and takes no further ones", async () => {
  stage = new Stage({ ...SMALL, closeGraceMs: 10 });
  stage.commit(200);
  const read = await open(stage, { after: 0, follows: true });
  const unread = await open(stage, { after: 0, follows: true });
  let text = "";
  for await (const piece of read) {
    text += piece.toString();
    if (text.length > 2 * SMALL.pastPieceBytes) stage.streams.close();
  }
  expect(text.endsWith("\n")).toBe(true);
  expect(stage.lines.join("").startsWith(text)).toBe(true);
  await vi.waitUntil(() => unread.destroyed);
  await expect(open(stage, { after: 200, follows: true })).rejects.toThrow("stopping");
});
