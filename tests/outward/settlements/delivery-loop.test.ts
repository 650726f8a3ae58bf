/** Order, retries, the end of patience, and crashes: with a sender of the tests' own, in a time of their own. */
import { describe, expect, it } from "vitest";
import { xorshift } from "../../../bench/load/flow.ts";
import { marketIndex, tradeId } from "../../../src/domain/units.ts";
import type { Verdict } from "../../../src/outward/settlements/sender.ts";
import type { TradeName } from "../../../src/outward/settlements/views.ts";
import {
  DELIVERED,
  type Delivering,
  deliver,
  FAILED,
  OutboxFile,
  type Pair,
  REFUSED,
  until,
} from "./outbox-file.ts";

const HOUR_MS = 3_600_000;
/** More than are in hand of an account, so that the rest is parked. */
const MANY = 60;

function outboxOf(pairs: readonly Pair[]): OutboxFile {
  const file = new OutboxFile();
  file.add(pairs);
  return file;
}

const repeat = (count: number, pair: Pair): Pair[] => Array.from({ length: count }, () => pair);
const allGone = ({ loop }: Delivering) => loop.figures.pending === 0;

describe("order", () => {
  it("delivers what shares an account one after another, in the order of the trades", async () => {
    const arrived: number[] = [];
    let underWay = 0;
    const delivering = deliver(outboxOf(repeat(MANY, [1, 2])), async (trade) => {
      underWay += 1;
      expect(underWay).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      arrived.push(trade);
      return DELIVERED;
    });
    await until(() => allGone(delivering));
    expect(arrived).toEqual(Array.from({ length: MANY }, (_, index) => index + 1));
  });

  it("lets nobody wait for accounts that are not theirs, however much waits there", async () => {
    const arrived: number[] = [];
    const stuck = repeat(MANY, [1, 2]);
    const file = outboxOf([...stuck, [3, 4], [2, 5], [5, 6], [3, 4]]);
    const delivering = deliver(file, (trade) => {
      if (trade === 1) return FAILED;
      arrived.push(trade);
      return DELIVERED;
    });
    await until(() => arrived.length === 2);
    // Of the others, one waits for an account that is stuck, and the next one for that one.
    expect(arrived).toEqual([MANY + 1, MANY + 4]);
    expect(delivering.loop.figures).toMatchObject({ pending: MANY + 2, delivered: 2, oldestPendingAt: 1000 });
    await expect(
      until(() => {
        delivering.pass(HOUR_MS);
        return delivering.loop.figures.dead === 1 && allGone(delivering);
      }),
    ).resolves.toBeUndefined();
    expect(new Set(arrived).size).toBe(MANY + 3);
  });

  it("delivers all, once by its key and in order, whatever fails and however often it crashes", async () => {
    for (const seed of [1, 2, 3, 4]) await endureCrashes(seed);
  });
});

async function endureCrashes(seed: number): Promise<void> {
  const random = xorshift(seed);
  const pick = (most: number) => 1 + Math.floor(random() * most);
  const accounts = [2, 4, 12][seed % 3]!;
  const file = new OutboxFile();
  const pairs: Pair[] = [];
  const first: number[] = [];
  const seen = new Set<number>();
  let accountsBusy = new Set<number>();
  const receiver = async (trade: number): Promise<Verdict> => {
    const own = new Set(pairs[trade - 1]!);
    const busy = accountsBusy;
    for (const account of own) expect(busy.has(account), `${trade} shares an account`).toBe(false);
    for (const account of own) busy.add(account);
    await new Promise((resolve) => setImmediate(resolve));
    for (const account of own) busy.delete(account);
    const isTaken = random() < 0.8;
    if (isTaken && !seen.has(trade)) {
      seen.add(trade);
      first.push(trade);
    }
    return isTaken && random() < 0.9 ? DELIVERED : FAILED;
  };
  let delivering = deliver(file, receiver, { failuresMax: 1000, chance: random });
  for (let round = 0; round < 6; round += 1) {
    const more = Array.from({ length: pick(80) }, (): Pair => [pick(accounts), pick(accounts)]);
    pairs.push(...more);
    file.add(more);
    // Half of the crashes come so soon that much is in hand of which nothing has been recorded.
    const isSoon = round % 2 === 0;
    const goal = seen.size + pick(isSoon ? 4 : 60);
    let looks = 0;
    await until(() => {
      looks += 1;
      if (!isSoon) delivering.pass(1000);
      return seen.size >= goal || allGone(delivering) || (isSoon && looks > 20);
    });
    delivering.crash();
    accountsBusy = new Set();
    delivering = deliver(file, receiver, { failuresMax: 1000, chance: random });
  }
  await until(() => {
    delivering.pass(HOUR_MS);
    return allGone(delivering);
  });
  expect(seen.size).toBe(pairs.length);
  for (let account = 1; account <= accounts; account += 1) {
    const own = first.filter((trade) => pairs[trade - 1]!.includes(account));
    expect(own).toEqual([...own].sort((a, b) => a - b));
  }
  expect(delivering.loop.figures).toMatchObject({ dead: 0, delivered: pairs.length });
  delivering.crash();
}

describe("failures", () => {
  it("tries again after a while that grows, and writes every attempt down", async () => {
    let tries = 0;
    const delivering = deliver(outboxOf([[1, 2]]), () => {
      tries += 1;
      return tries < 4 ? FAILED : DELIVERED;
    });
    const waits: number[] = [];
    for (let count = 1; count <= 3; count += 1) {
      await until(() => tries === count && delivering.loop.hand.waiting.size === 1);
      const { nextAttemptAt } = delivering.views.list({ limit: 1 }).rows[0]!;
      const { at, milliseconds } = delivering.views.find(nameOf(1))!.attempts[count - 1]!;
      // From the answer on: how long that took is the machine's affair.
      waits.push(Math.round((nextAttemptAt! - at - milliseconds) / 50) * 50);
      delivering.pass(waits.at(-1)! + 50);
    }
    await until(() => allGone(delivering));
    expect(waits).toEqual([750, 1500, 3000]);
    expect(delivering.views.find(nameOf(1))).toMatchObject({
      status: "delivered",
      attemptCount: 4,
      attempts: [
        { attempt: 1, outcome: "failed", httpStatus: 500, detail: "no" },
        { attempt: 2, outcome: "failed" },
        { attempt: 3, outcome: "failed" },
        { attempt: 4, outcome: "delivered", httpStatus: 200, detail: null },
      ],
    });
    expect(delivering.loop.figures).toMatchObject({ retries: 3, attempts: { failed: 3, delivered: 1 } });
  });

  it("does not come back sooner than the receiver asked", async () => {
    const throttled: Verdict = { ...FAILED, outcome: "throttled", httpStatus: 429, retryAfterMs: 60_000 };
    let tries = 0;
    const delivering = deliver(
      outboxOf([
        [1, 2],
        [3, 4],
      ]),
      () => {
        tries += 1;
        return tries === 1 ? throttled : DELIVERED;
      },
    );
    await until(() => tries >= 2 && delivering.loop.hand.waiting.size === 1);
    const [, waiting] = delivering.views.list({ limit: 2 }).rows;
    expect(waiting!.nextAttemptAt! - Date.now()).toBeGreaterThan(59_000);
    delivering.pass(61_000);
    await until(() => allGone(delivering));
  });

  it("waits no longer because the clock has been put back, nor for a receiver that is down", async () => {
    let isUp = false;
    const pairs = Array.from({ length: 20 }, (_, index): Pair => [2 * index + 1, 2 * index + 2]);
    const file = outboxOf(pairs);
    const delivering = deliver(file, () => (isUp ? DELIVERED : FAILED));
    await until(() => delivering.loop.figures.receiverIsDown);
    delivering.pass(-24 * HOUR_MS);
    isUp = true;
    await until(() => {
      delivering.pass(50);
      return allGone(delivering) || delivering.passed > -23 * HOUR_MS;
    });
    expect(allGone(delivering)).toBe(true);
  });

  it("waits no longer because the clock was put back before a restart", async () => {
    const file = outboxOf([[1, 2]]);
    const before = deliver(file, () => FAILED);
    before.pass(24 * HOUR_MS);
    await until(() => before.loop.hand.waiting.size === 1);
    before.loop.flush();
    before.crash();
    const after = deliver(file, () => DELIVERED);
    after.pass(HOUR_MS);
    await until(() => allGone(after));
  });

  it("gives up what is refused, at once, and what fails too often; what comes behind goes on", async () => {
    const delivering = deliver(
      outboxOf([
        [1, 2],
        [1, 2],
        [3, 4],
        [3, 4],
      ]),
      (trade) => (trade === 1 ? REFUSED : trade === 3 ? FAILED : DELIVERED),
      { failuresMax: 3 },
    );
    await until(() => {
      delivering.pass(HOUR_MS);
      return allGone(delivering);
    });
    const statuses = delivering.views.list({ limit: 10 }).rows.map(({ status }) => status);
    expect(statuses).toEqual(["delivered", "dead", "delivered", "dead"]);
    expect(delivering.views.find(nameOf(1))).toMatchObject({ status: "dead", attemptCount: 1 });
    expect(delivering.views.find(nameOf(3))).toMatchObject({ status: "dead", attemptCount: 3 });
    await until(() => delivering.reports.some(({ kind }) => kind === "settlements-dead"));
  });

  it("asks a receiver that is down one at a time, and hurries when it is back", async () => {
    let isUp = false;
    let underWay = 0;
    let most = 0;
    const pairs = Array.from({ length: 45 }, (_, index): Pair => [2 * index + 1, 2 * index + 2]);
    const delivering = deliver(outboxOf(pairs), async () => {
      underWay += 1;
      if (delivering.loop.figures.receiverIsDown) most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 2));
      underWay -= 1;
      return isUp ? DELIVERED : FAILED;
    });
    await until(() => delivering.loop.figures.receiverIsDown && underWay === 0);
    most = 0;
    const before = delivering.loop.figures.attempts.failed;
    await until(() => {
      delivering.pass(500);
      return delivering.loop.figures.attempts.failed > before + 5;
    });
    expect(most).toBe(1);
    isUp = true;
    await until(() => {
      delivering.pass(500);
      return allGone(delivering);
    });
    expect(delivering.reports.map(({ kind }) => kind)).toEqual(["receiver-down", "receiver-up"]);
  });
});

describe("redriving", () => {
  it("sends one again, or all, also after a restart; what has arrived is left alone", async () => {
    let isRefusing = true;
    const receiver = () => (isRefusing ? REFUSED : DELIVERED);
    const file = outboxOf([...repeat(30, [1, 2]), ...repeat(30, [3, 4])]);
    let delivering = deliver(file, receiver);
    await until(() => delivering.loop.figures.dead === 60);
    delivering.crash();
    delivering = deliver(file, receiver);
    await until(() => delivering.loop.figures.dead === 60);
    isRefusing = false;
    expect(delivering.views.redrive(nameOf(7))).toBe("redriven");
    expect(delivering.views.redrive(nameOf(99))).toBe("unknown");
    await until(() => allGone(delivering));
    expect(delivering.views.redrive(nameOf(7))).toBe("delivered");
    expect(delivering.views.find(nameOf(7))).toMatchObject({ status: "delivered", attemptCount: 2 });
    expect(await delivering.views.redriveAll()).toBe(59);
    expect(await delivering.views.redriveAll()).toBe(0);
    await until(() => allGone(delivering));
    expect(delivering.loop.figures).toMatchObject({ dead: 0, delivered: 60, pending: 0 });
  });

  it("lists by status, newest first, page by page", async () => {
    const file = outboxOf([...repeat(MANY, [1, 2]), [3, 4], [5, 6]]);
    const delivering = deliver(file, (trade) =>
      trade === 1 ? FAILED : trade === MANY + 1 ? REFUSED : DELIVERED,
    );
    await until(() => delivering.loop.figures.delivered === 1 && delivering.loop.figures.dead === 1);
    const numbers = (status: "pending" | "delivered" | "dead", before?: number) =>
      delivering.views.list({ status, limit: 40, before }).rows.map(({ settlement }) => settlement);
    expect(numbers("dead")).toEqual([MANY + 1]);
    expect(numbers("delivered")).toEqual([MANY + 2]);
    const firstPage = delivering.views.list({ status: "pending", limit: 40 });
    expect(firstPage.rows[0]!.settlement).toBe(MANY);
    expect([
      ...firstPage.rows.map(({ settlement }) => settlement),
      ...numbers("pending", firstPage.next!),
    ]).toEqual(Array.from({ length: MANY }, (_, index) => MANY - index));
  });
});

function nameOf(trade: number): TradeName {
  return { market: marketIndex(0), tradeId: tradeId(trade) };
}
