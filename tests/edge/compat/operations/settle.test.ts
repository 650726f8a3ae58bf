/** Settling lists, good and bad, against a real server that is also killed. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRIES_MAX } from "../../../../src/edge/compat/operations/settle.ts";
import {
  ADMIN_KEY,
  type Body,
  Client,
  type Received,
  type RunningServer,
  startServer,
} from "../../harness.ts";
import { balancesOf, credit, debit, type Entry, openWallet } from "./lists.ts";

let server: RunningServer;
let operator: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
});
afterAll(() => server.dispose());

const open = (...terms: [number | string, number, number]) => openWallet(operator, ...terms);
const balances = (...users: (number | string)[]) => balancesOf(operator, users);

function settle(operations: readonly Entry[], settlementId?: string): Promise<Received> {
  return operator.post("/wallet", settlementId === undefined ? { operations } : { operations, settlementId });
}

describe("POST /wallet", () => {
  it("settles a list whole, and tells it in the same form", async () => {
    await open(30, 0, 1000);
    await open(31, 10, 0);
    const entries = [credit(30, 4, 100.5, "r30"), debit("31", 4, 100.5, "r31")];
    const settled = await settle(entries);
    expect(settled).toMatchObject({ status: 201, replayed: false });
    expect(settled.body).toEqual({
      transactionId: settled.seq,
      settlementId: null,
      operations: [entries[0], { ...entries[1], userId: 31 }],
    });
    expect(await balances(30, 31)).toEqual([
      [4, 598],
      [6, 402],
    ]);
    const { items } = (await operator.get("/v1/statement?accountId=30&kind=settlement")).body;
    expect(items.map(({ asset, amount, reference }: Body) => [asset, amount, reference])).toEqual([
      ["BRL", "-402.00", "r30"],
      ["VIB", "4", "r30"],
    ]);
    const again = await settle(entries);
    expect(again).toMatchObject({ status: 200, replayed: true, body: settled.body });
    expect(again.seq).toBeGreaterThan(settled.seq!);
    expect(await balances(30, 31)).toEqual([
      [4, 598],
      [6, 402],
    ]);
  });

  it("takes what the exchange's own operation was called, in either case of its digits", async () => {
    await open(32, 5, 500);
    await open(33, 5, 500);
    const name = "019AB2F0-5A3E-7C11-9F54-2B1D0A8C7E66";
    const list = (id: string) => [credit(32, 1, 10, id), debit(33, 1, 10, id)];
    expect(await settle(list(name))).toMatchObject({ status: 201 });
    expect(await settle(list(name.toLowerCase()))).toMatchObject({ status: 200, replayed: true });
  });

  it("is known by a settlementId alone, if it has one", async () => {
    await open(34, 5, 500);
    await open(35, 5, 500);
    const list = [credit(34, 1, 10, "o34"), debit(35, 1, 10, "o35")];
    const first = await settle(list, "VIB-BRL/1");
    expect(first).toMatchObject({ status: 201, body: { settlementId: "VIB-BRL/1" } });
    expect(await settle(list, "VIB-BRL/2")).toMatchObject({ status: 201 });
    expect(await settle(list, "VIB-BRL/1")).toMatchObject({
      status: 200,
      replayed: true,
      body: { transactionId: first.seq },
    });
    for (const other of [
      [credit(34, 2, 10, "o34"), debit(35, 2, 10, "o35")],
      [credit(34, 1, 10, "o34"), debit(30, 1, 10, "o35")],
      [credit(30, 1, 10, "o34"), debit(31, 1, 10, "o35")],
      [...list, ...list],
    ]) {
      expect(await settle(other, "VIB-BRL/1")).toMatchObject({
        status: 409,
        body: { code: "reference-reused" },
      });
    }
    expect(await balances(34, 35)).toEqual([
      [7, 480],
      [3, 520],
    ]);
  });

  it("may name a request twice under a settlementId, and not without one", async () => {
    await open(36, 5, 500);
    const list = [credit(36, 1, 10, "same"), debit(36, 1, 10, "same")];
    const refused = await settle(list);
    expect(refused).toMatchObject({ status: 400, seq: null, body: { code: "invalid-request" } });
    expect(refused.body.errors).toEqual([
      { path: "operations[1].requestId", message: "is in the list already, for the same user" },
    ]);
    expect(await settle(list, "own")).toMatchObject({ status: 201 });
  });

  const bad: { why: string; list: () => readonly Entry[]; status: number; code: string; words?: string }[] = [
    {
      why: "does not balance in the base asset",
      list: () => [credit(40, 2, 10, "a"), debit(41, 1, 20, "b")],
      status: 422,
      code: "unbalanced",
    },
    {
      why: "does not balance in the quote asset",
      list: () => [credit(40, 2, 10, "a"), debit(41, 2, 10.01, "b")],
      status: 422,
      code: "unbalanced",
    },
    { why: "has one side only", list: () => [credit(40, 1, 1, "a")], status: 422, code: "unbalanced" },
    {
      why: "one of its users cannot pay for",
      list: () => [credit(40, 1, 1, "a"), debit(41, 1, 1, "b"), credit(42, 1, 1, "c"), debit(41, 1, 1, "d")],
      status: 422,
      code: "insufficient-funds",
    },
    {
      why: "takes money that an operation holds",
      list: () => [credit(43, 1, 100, "a"), debit(41, 1, 100, "b")],
      status: 422,
      code: "insufficient-funds",
    },
    {
      why: "takes from a suspended user",
      list: () => [credit(40, 1, 1, "a"), debit(44, 1, 1, "b")],
      status: 422,
      code: "account-suspended",
    },
    {
      why: "has an unknown user at its end",
      list: () => [credit(40, 1, 1, "a"), debit(41, 1, 1, "b"), credit(4040, 1, 1, "c")],
      status: 404,
      code: "unknown-account",
      words: "operations[2].userId",
    },
    {
      why: "names the reserved account",
      list: () => [credit("fees", 1, 1, "a"), debit(41, 1, 1, "b")],
      status: 400,
      code: "invalid-request",
      words: "operations[0].userId",
    },
    {
      why: "has a price with too many decimals",
      list: () => [credit(40, 1, 1.001, "a"), debit(41, 1, 1.001, "b")],
      status: 422,
      code: "price-off-tick",
      words: "operations[0].value",
    },
    {
      why: "has a quantity with too many decimals",
      list: () => [credit(40, 1, 1, "a"), debit(41, 1.5, 1, "b")],
      status: 422,
      code: "quantity-off-lot",
      words: "operations[1].quantity",
    },
    {
      why: "comes to more than any amount may be",
      list: () => [credit(40, 2e9, 2e9, "a"), debit(41, 2e9, 2e9, "b")],
      status: 422,
      code: "amount-too-large",
      words: "value × quantity",
    },
    {
      why: "has more than any amount may be in all",
      list: () => [0, 1].flatMap((n) => [credit(40, 4e15, 0.01, `a${n}`), debit(41, 4e15, 0.01, `b${n}`)]),
      status: 422,
      code: "amount-too-large",
    },
    { why: "is empty", list: () => [], status: 400, code: "invalid-request", words: "operations" },
    {
      why: "is too long",
      list: () => Array.from({ length: ENTRIES_MAX + 1 }, (_, n) => credit(40, 1, 1, `a${n}`)),
      status: 400,
      code: "invalid-request",
      words: "operations must have at most 500",
    },
    {
      why: "is far too long",
      list: () => Array.from({ length: 4_000 }, (_, n) => credit(40, 1, 1, `a${n}`)),
      status: 413,
      code: "payload-too-large",
    },
  ];

  it.each(bad)("refuses a list that $why, and moves nothing of it", async ({ list, status, code, words }) => {
    for (const [userId, quantity, value] of [
      [40, 10, 1000],
      [41, 10, 1000],
      [42, 0, 0],
      [43, 10, 100],
      [44, 10, 1000],
    ] as const) {
      await operator.post("/wallet/create", { userId, quantity, value });
    }
    await operator.patch("/v1/accounts/44", { status: "suspended" });
    const held = (await operator.get("/operations?userId=43")).body.items.length > 0;
    if (!held)
      await operator.post("/operations", { value: 1, quantity: 1, userId: 43, operationType: "BUY" });
    const before = await balances(40, 41, 42, 43, 44);
    const refused = await settle(list());
    expect(refused).toMatchObject({ status, body: { code } });
    expect(refused.body.detail).toContain(words ?? "");
    expect(await balances(40, 41, 42, 43, 44)).toEqual(before);
  });

  it.each([
    [
      '{"operations":[{"value":1e400,"quantity":1,"userId":1,"operationType":"CREDIT","requestId":"a"}]}',
      422,
    ],
    ['{"operations":[{"value":-0,"quantity":1,"userId":1,"operationType":"CREDIT","requestId":"a"}]}', 400],
    ['{"operations":[{"value":NaN,"quantity":1,"userId":1,"operationType":"CREDIT","requestId":"a"}]}', 400],
    ['{"operations":[{"value":"1","quantity":1,"userId":1,"operationType":"CREDIT","requestId":"a"}]}', 400],
    ['{"operations":[{"value":1,"quantity":1,"userId":1,"operationType":"BUY","requestId":"a"}]}', 400],
    ['{"operations":[{"value":1,"quantity":1,"userId":1,"operationType":"CREDIT"}]}', 400],
    ['{"operations":[{"value":1,"quantity":1,"userId":1,"operationType":"CREDIT","requestId":""}]}', 400],
    ['{"operations":[{"value":1,"quantity":1,"userId":1,"operationType":"CREDIT","requestId":"é"}]}', 400],
    ['{"operations":{}}', 400],
    ["[]", 400],
    ["", 400],
  ])("refuses %s with %i, before the journal", async (body, status) => {
    await operator.post("/wallet/create", { userId: 1 });
    expect(await operator.send("POST", "/wallet", { body })).toMatchObject({ status, seq: null });
  });

  it("takes the longest list that it may", async () => {
    await open(50, 1000, 1000);
    await open(51, 1000, 1000);
    const long = (n: number) => `${String(n).padStart(5, "0")}${"r".repeat(59)}`;
    const list = Array.from({ length: ENTRIES_MAX }, (_, n) =>
      n % 2 === 0 ? credit(50, 1, 1.5, long(n)) : debit(51, 1, 1.5, long(n)),
    );
    expect(await settle(list)).toMatchObject({ status: 201 });
    expect(await settle(list)).toMatchObject({ status: 200, replayed: true });
    expect(await balances(50, 51)).toEqual([
      [1250, 625],
      [750, 1375],
    ]);
  });

  it("never changes how much money there is, whatever lists are sent, and applies none in part", async () => {
    const users = [60, 61, 62];
    for (const userId of users) await open(userId, 100, 1000);
    const part = fc.record({
      buyer: fc.constantFrom(...users),
      seller: fc.constantFrom(...users),
      quantity: fc.integer({ min: 1, max: 60 }),
      value: fc.integer({ min: 1, max: 1_000 }).map((cents) => cents / 100),
      slip: fc.constantFrom(0, 0, 0, 0, 1),
    });
    const lists = fc.sample(fc.array(part, { minLength: 1, maxLength: 4 }), { numRuns: 80, seed: 7 });
    const outcomes = new Map<number, number>();
    let expected = await balances(...users);
    for (const [n, parts] of lists.entries()) {
      const nets = expected.map((wallet) => [...wallet]);
      const list = parts.flatMap(({ buyer, seller, quantity, value, slip }, place) => {
        const worth = Math.round(value * quantity * 100) / 100;
        nets[users.indexOf(buyer)]![0]! += quantity;
        nets[users.indexOf(buyer)]![1]! -= worth;
        nets[users.indexOf(seller)]![0]! -= quantity;
        nets[users.indexOf(seller)]![1]! += worth;
        return [
          credit(buyer, quantity + slip, value, `p${n}.${place}`),
          debit(seller, quantity, value, `q${n}.${place}`),
        ];
      });
      const { status } = await settle(list);
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
      const now = await balances(...users);
      if (status === 201)
        expected = nets.map((wallet) => wallet.map((amount) => Math.round(amount * 100) / 100));
      expect(now).toEqual(expected);
      expect(now.reduce((sum, [quantity]) => sum + quantity!, 0)).toBe(300);
      expect(Math.round(now.reduce((sum, [, value]) => sum + value! * 100, 0))).toBe(300_000);
    }
    expect(outcomes.get(201)).toBeGreaterThan(5);
    expect(outcomes.get(422)).toBeGreaterThan(5);
  });
});

describe("after the process was killed", () => {
  it("a list that was settled is known, by its requests and by its id, and so is a wallet", async () => {
    await open(70, 10, 1000);
    await open(71, 10, 1000);
    const list = [credit(70, 1, 10, "k70"), debit(71, 1, 10, "k71")];
    const settled = [await settle(list), await settle(list, "VIB-BRL/70")];
    const before = await balances(70, 71);
    const died = new Promise((resolve) => server.process.once("exit", resolve));
    server.process.kill("SIGKILL");
    await died;
    server = await startServer({ directory: server.directory });
    operator = new Client(server.url, ADMIN_KEY);
    const again = [await settle(list), await settle(list, "VIB-BRL/70")];
    for (const [place, first] of settled.entries()) {
      expect(first.status).toBe(201);
      expect(again[place]).toMatchObject({ status: 200, replayed: true, body: first.body });
    }
    const created = await operator.post("/wallet/create", { userId: 70, quantity: 10, value: 1000 });
    expect(created).toMatchObject({ status: 200, replayed: true });
    expect(await balances(70, 71)).toEqual(before);
    expect(await settle([list[0]!, debit(71, 1, 10, "new")])).toMatchObject({
      status: 409,
      body: { code: "reference-reused" },
    });
  });
});
