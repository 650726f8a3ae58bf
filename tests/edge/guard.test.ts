/** How often and how many: the guard's parts, on a clock of the test's own. */
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  addressMatcher,
  ByAddress,
  CountByAddress,
  clientOf,
  isAddressOrNetwork,
} from "../../src/edge/guard/addresses.ts";
import { limitConnections } from "../../src/edge/guard/connections.ts";
import { LoopDelay } from "../../src/edge/guard/loop-delay.ts";
import { fullBucket, RateLimit } from "../../src/edge/guard/rate-limit.ts";

describe("a limit of ten a second", () => {
  const limit = new RateLimit({ name: "key", quota: 10, windowSeconds: 1 });

  test("lets ten through at once, and one more every tenth of a second", () => {
    const bucket = fullBucket();
    const left = Array.from({ length: 11 }, () => limit.take(bucket, 5_000));
    expect(left).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1]);
    expect([limit.isSpent(bucket, 5_099), limit.take(bucket, 5_099)]).toEqual([true, -1]);
    expect([limit.isSpent(bucket, 5_100), limit.take(bucket, 5_100)]).toEqual([false, 0]);
    expect(limit.take(bucket, 5_100)).toBe(-1);
  });

  test("is whole again after a second, and never more than that", () => {
    const bucket = fullBucket();
    for (let i = 0; i < 10; i += 1) limit.take(bucket, 0);
    expect(limit.take(bucket, 1_000)).toBe(9);
    const idle = fullBucket();
    expect(limit.take(idle, 3_600_000)).toBe(9);
  });

  test("says what is left in the fields of the draft", () => {
    expect(limit.allowance(9)).toEqual({ policy: '"key";q=10;w=1', state: '"key";r=9;t=1' });
    const slow = new RateLimit({ name: "wrong-keys", quota: 20, windowSeconds: 20 });
    expect(slow.allowance(19).state).toBe('"wrong-keys";r=19;t=1');
    expect(slow.allowance(5).state).toBe('"wrong-keys";r=5;t=15');
    const bucket = fullBucket();
    for (let i = 0; i < 21; i += 1) slow.take(bucket, 0);
    expect(slow.excess(bucket, 0)).toEqual({
      policy: '"wrong-keys";q=20;w=20',
      state: '"wrong-keys";r=0;t=20',
      retryAfterSeconds: 1,
    });
  });

  test("never lets more through in any time than a full bucket and its refill", () => {
    const steps = fc.array(
      fc.tuple(fc.double({ min: 0, max: 400, noNaN: true }), fc.integer({ min: 1, max: 20 })),
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 1_000_000 }), (tries, quota) => {
        const any = new RateLimit({ name: "any", quota, windowSeconds: 1 });
        const bucket = fullBucket();
        let now = 0;
        let taken = 0;
        for (const [pause, count] of tries) {
          now += pause;
          for (let i = 0; i < count; i += 1) if (any.take(bucket, now) >= 0) taken += 1;
        }
        expect(taken).toBeLessThanOrEqual(quota + (now * quota) / 1000 + 1e-3);
      }),
    );
  });
});

describe("an address", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    // Some proxies name the port, too; every connection would be a client of its own.
    ["203.0.113.7:40001", "203.0.113.7"],
    ["[2001:db8:1:2::9]:40001", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]", "2001:db8:1:2::/64"],
    ["::ffff:203.0.113.7:40001", "unknown"],
    ["something else", "unknown"],
    [undefined, "unknown"],
    ["x".repeat(46), "unknown"],
  ])("%s belongs to the client %s", (address, client) => {
    expect(clientOf(address)).toBe(client);
  });

  it.each([
    ["127.0.0.1", true],
    ["10.0.0.0/8", true],
    ["2001:db8::/32", true],
    ["10.0.0.0/33", false],
    ["::1/129", false],
    ["localhost", false],
    ["10.0.0", false],
    ["", false],
    ["/8", false],
  ])("or network is what %j is: %s", (text, is) => {
    expect(isAddressOrNetwork(text)).toBe(is);
  });

  test("is trusted if it is listed or in a listed network", () => {
    const matches = addressMatcher(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]);
    const rows = [
      "127.0.0.1",
      "::ffff:127.0.0.1",
      "10.1.2.3",
      "10.1.2.3:40001",
      "2001:db8::5",
      "127.0.0.2",
      "11.0.0.1",
      "::1",
      "x",
      "",
    ];
    expect(rows.filter(matches)).toEqual([
      "127.0.0.1",
      "::ffff:127.0.0.1",
      "10.1.2.3",
      "10.1.2.3:40001",
      "2001:db8::5",
    ]);
  });
});

describe("what is kept for addresses", () => {
  test("is bounded: the oldest makes room", () => {
    const items = new ByAddress(3, () => ({}));
    const first = items.get("10.0.0.1");
    expect(items.get("10.0.0.1")).toBe(first);
    for (let i = 2; i <= 1000; i += 1) items.get(`10.0.${i >> 8}.${i & 255}`);
    expect(items.size).toBe(3);
    expect(items.find("10.0.0.1")).toBeUndefined();
    expect(items.find("10.0.3.232")).toBeDefined();
  });

  test("is counted up and down, and forgotten at zero", () => {
    const counts = new CountByAddress(2);
    const leave = [counts.add("10.0.0.1"), counts.add("10.0.0.1")];
    expect([counts.isFull("10.0.0.1"), counts.isFull("10.0.0.2")]).toEqual([true, false]);
    leave[0]!();
    expect(counts.isFull("10.0.0.1")).toBe(false);
    leave[1]!();
    expect(counts.isFull("10.0.0.1")).toBe(false);
    const free = new CountByAddress(0);
    for (let i = 0; i < 100; i += 1) free.add("10.0.0.1");
    expect(free.isFull("10.0.0.1")).toBe(false);
  });
});

test("connections in all are bounded, those of a proxy included", async () => {
  const server = createServer((_, answer) => answer.end());
  limitConnections(server, { max: 2, perAddress: 1, isProxy: () => true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ends = [0, 0, 0].map(async () => {
    const socket = connect(port, "127.0.0.1");
    const end = new Promise<string>((resolve) => {
      socket.once("data", () => resolve("answered")).once("close", () => resolve("closed"));
    });
    socket.on("error", () => {}).write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return end;
  });
  expect((await Promise.all(ends)).sort()).toEqual(["answered", "answered", "closed"]);
  server.closeAllConnections();
  server.close();
});

describe("the delay of the event loop", () => {
  /** The times at which turns begin, in milliseconds from the start. */
  function afterTurns(turns: readonly number[]): { readonly isBehindAt: (ms: number) => boolean } {
    const loop = new LoopDelay();
    loop.stop();
    const start = performance.now();
    for (const ms of turns) loop.turn(start + ms);
    return { isBehindAt: (ms) => loop.isBehind(start + ms) };
  }

  test("is none while turns are short", () => {
    expect(afterTurns([20, 40, 150, 300]).isBehindAt(310)).toBe(false);
  });

  test("is forgiven once: a pause of the machine refuses nothing", () => {
    const paused = afterTurns([20, 3_000]);
    expect([paused.isBehindAt(3_001), paused.isBehindAt(3_900)]).toEqual([false, false]);
  });

  test("of one long turn after the other lets each serve what it can in time, and refuses the rest", () => {
    const busy = afterTurns([20, 420, 820]);
    expect([busy.isBehindAt(821), busy.isBehindAt(1_030)]).toEqual([false, false]);
    expect(busy.isBehindAt(1_050)).toBe(true);
  });

  test("is over with the first short turn", () => {
    expect(afterTurns([20, 420, 820, 1_220, 1_300]).isBehindAt(1_900)).toBe(false);
  });
});
