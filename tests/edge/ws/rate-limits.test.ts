/** What a socket meets that asks too often, and how many sockets a key and an address may have. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { LoopDelay } from "../../../src/edge/guard/loop-delay.ts";
import { Client, refusedUpgrade } from "./client.ts";
import { ADMIN_KEY, type Floor, type FloorOptions, openFloor } from "./floor.ts";

let floor: Floor;
afterEach(() => floor.stop());

async function open(options: FloorOptions) {
  floor = await openFloor(options);
  return floor.member("alice");
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const PLACE = { op: "place", market: "VIB-BRL", side: "buy", type: "limit", price: "1.00", quantity: "1" };

describe("a limit of one a second", () => {
  test.each([PLACE, { op: "ping" }, { op: "subscribe", channel: "orders" }, { op: "dance" }])(
    "counts the operations of a key: $op",
    async (operation) => {
      const { key } = await open({ requestsPerSecond: 1 });
      const client = await Client.open(floor.url, bearer(key));
      const reached = floor.appliedSeq();
      const answers = [];
      for (let i = 0; i < 5; i += 1) answers.push(await client.ask({ ...operation, id: i }));
      const refused = answers.filter(({ error }) => error?.code === "rate-limited");
      expect(refused.length).toBeGreaterThan(0);
      for (const { op, ok, error } of refused) {
        expect({ op, ok }).toEqual({ op: operation.op, ok: false });
        expect(error).toMatchObject({
          status: 429,
          retryAfter: 1,
          detail: expect.stringContaining("per key"),
        });
      }
      const placed = answers.filter(({ ok }) => ok && operation.op === "place");
      expect(floor.appliedSeq()).toBe(reached + placed.length);
      await client.close();
    },
  );

  test("counts a socket without a key by its address, its opening among them", async () => {
    await open({ requestsPerSecond: 1 });
    const client = await Client.open(floor.url);
    expect(await client.ask({ op: "ping" })).toMatchObject({ error: { code: "rate-limited" } });
    await client.close();
  });

  test("is none for an operator", async () => {
    await open({ requestsPerSecond: 1 });
    const client = await Client.open(floor.url, bearer(ADMIN_KEY));
    for (let i = 0; i < 20; i += 1) expect(await client.ask({ op: "ping" })).toMatchObject({ ok: true });
    await client.close();
  });
});

test("wrong keys are refused unseen after some, at the upgrade and by auth alike", async () => {
  const { key } = await open({ requestsPerSecond: 1_000 });
  const client = await Client.open(floor.url);
  const codes = [];
  for (let i = 0; i < 25; i += 1)
    codes.push((await client.ask({ op: "auth", key: `guess-${i}` })).error?.code);
  expect(codes.slice(0, 20)).toEqual(Array(20).fill("unauthorized"));
  expect(codes).toContain("rate-limited");
  const { status, headers } = await refusedUpgrade(floor.url, bearer(ADMIN_KEY));
  expect(status).toBe(429);
  expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  expect(await client.ask({ op: "auth", key })).toMatchObject({ ok: true, accountId: "alice" });
  await client.close();
});

test("a key has so many sockets, however it is shown, and room again after one has closed", async () => {
  const { key } = await open({ limits: { socketsPerKeyMax: 2 } });
  const first = await Client.open(floor.url, bearer(key));
  const second = await Client.open(floor.url);
  expect(await second.ask({ op: "auth", key })).toMatchObject({ ok: true });
  const { status, problem } = await refusedUpgrade(floor.url, bearer(key));
  expect([status, problem.code]).toEqual([429, "rate-limited"]);
  const third = await Client.open(floor.url);
  expect(await third.ask({ op: "auth", key })).toMatchObject({ error: { code: "rate-limited" } });
  await first.close();
  // The server hears of the end a moment later.
  await expect.poll(() => third.ask({ op: "auth", key })).toMatchObject({ ok: true });
  await second.close();
  await third.close();
});

test("an address has so many sockets", async () => {
  await open({ limits: { socketsPerAddressMax: 1 } });
  const first = await Client.open(floor.url);
  const { status, headers, problem } = await refusedUpgrade(floor.url);
  expect([status, problem.code]).toEqual([429, "rate-limited"]);
  expect(JSON.stringify(problem)).toContain("No more than 1 sockets can be open per address");
  expect(headers["retry-after"]).toBe("1");
  await first.close();
});

test("while the exchange has more to do than it can, a socket may cancel, and not place or amend", async () => {
  const { key, account } = await open({});
  const order = floor.order(account, { side: "buy", price: 100, quantity: 1 }).entry.seq;
  const client = await Client.open(floor.url, bearer(key));
  vi.spyOn(LoopDelay.prototype, "isBehind").mockReturnValue(true);
  for (const asked of [PLACE, { op: "amend", orderId: order, quantity: "1" }]) {
    expect(await client.ask(asked)).toMatchObject({ ok: false, error: { code: "overloaded", status: 503 } });
  }
  expect(await client.ask({ op: "cancel", orderId: order })).toMatchObject({ ok: true });
  vi.restoreAllMocks();
  await client.close();
});
