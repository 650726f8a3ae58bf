/** Opening wallets and looking at them, field by field, against a real server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, Client, type RunningServer, startServer } from "../../harness.ts";
import { balancesOf, openWallet } from "./lists.ts";

let server: RunningServer;
let operator: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
});
afterAll(() => server.dispose());

const balances = (...users: (number | string)[]) => balancesOf(operator, users);

describe("POST /wallet/create", () => {
  it("opens an account with what it begins with, once", async () => {
    const body = { userId: 1, quantity: 10, value: 1009.9 };
    const wallet = {
      userId: 1,
      quantity: 10,
      value: 1009.9,
      availableQuantity: 10,
      availableValue: 1009.9,
    };
    const created = await operator.post("/wallet/create", body);
    expect(created).toMatchObject({ status: 201, replayed: false, body: wallet });
    expect(created.body).toEqual(wallet);
    expect(created.seq).toBeGreaterThan(0);
    const again = await operator.send("POST", "/wallet/create", {
      body: '{"userId":"1","quantity":1e1,"value":1009.90}',
    });
    expect(again).toMatchObject({ status: 200, replayed: true, body: wallet });
    for (const other of [
      { ...body, quantity: 11 },
      { ...body, value: 1 },
    ]) {
      const refused = await operator.post("/wallet/create", other);
      expect(refused).toMatchObject({ status: 409, body: { code: "reference-reused" } });
    }
    expect(await balances(1)).toEqual([[10, 1009.9]]);
    expect((await operator.get("/v1/accounts/1")).body.status).toBe("active");
  });

  it("opens an empty one, to which a later call may add what it begins with", async () => {
    const empty = await operator.post("/wallet/create", { userId: "carol", quantity: 0, value: 0 });
    expect(empty).toMatchObject({ status: 201, body: { userId: "carol", quantity: 0, value: 0 } });
    expect(await operator.post("/wallet/create", { userId: "carol" })).toMatchObject({ status: 200 });
    const funded = await operator.post("/wallet/create", { userId: "carol", value: 5 });
    expect(funded).toMatchObject({ status: 201, body: { quantity: 0, value: 5 } });
  });

  it("deposits nothing if any of it is refused, and opens nothing", async () => {
    expect(await operator.post("/wallet/create", { userId: 3, value: 100 })).toMatchObject({ status: 201 });
    const other = await operator.post("/wallet/create", { userId: 3, quantity: 5, value: 200 });
    expect(other).toMatchObject({ status: 409, body: { code: "reference-reused" } });
    const most = { quantity: 5, value: 90_071_992_547_409.9 };
    for (const userId of [3, 4]) {
      const tooMuch = await operator.post("/wallet/create", { ...most, userId });
      expect(tooMuch.status).toBe(userId === 3 ? 409 : 422);
    }
    expect(await balances(3)).toEqual([[0, 100]]);
    expect((await operator.get("/wallet/4")).status).toBe(404);
    const completed = await operator.post("/wallet/create", { userId: 3, quantity: 6, value: 100 });
    expect(completed).toMatchObject({ status: 201, body: { quantity: 6, value: 100 } });
  });

  it("opens one wallet for many who ask at once", async () => {
    const asked = Array.from({ length: 8 }, () => operator.post("/wallet/create", { userId: 2, value: 7 }));
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 201)).toEqual(
      [],
    );
    expect(await balances(2)).toEqual([[0, 7]]);
  });

  it("deposits nothing of what it refuses, also where two ask at once for one new user", async () => {
    for (let userId = 100; userId < 140; userId += 1) {
      const bodies = [{ value: 7 }, { quantity: 5, value: 8 }];
      const [one, other] = await Promise.all(
        bodies.map((body) => operator.post("/wallet/create", { userId, ...body })),
      );
      expect([one!.status, other!.status].sort()).toEqual([201, 409]);
      expect(await balances(userId)).toEqual(one!.status === 201 ? [[0, 7]] : [[5, 8]]);
    }
  });

  it.each([
    [{ quantity: 1 }, 400, "userId"],
    [{ userId: "a b" }, 400, "userId"],
    [{ userId: "fees" }, 400, "reserved"],
    [{ userId: 9, quantity: 1.5 }, 400, "quantity"],
    [{ userId: 9, value: 0.001 }, 400, "value"],
    [{ userId: 9, value: -1 }, 400, "value"],
    [{ userId: 9, value: 1e17 }, 422, "value"],
    [{ userId: 9, balance: 1 }, 400, "balance"],
  ])("refuses %j with %i", async (body, status, words) => {
    const refused = await operator.post("/wallet/create", body);
    expect(refused).toMatchObject({ status, seq: null });
    expect(refused.body.detail).toContain(words);
    expect((await operator.get("/wallet/9")).status).toBe(404);
  });
});

describe("GET /wallet/{userId}", () => {
  it("shows all that a user has, and what of it no operation holds", async () => {
    await openWallet(operator, 20, 10, 1000);
    const order = { value: 0.5, quantity: 3, userId: 20, operationType: "BUY" };
    expect((await operator.post("/operations", order)).status).toBe(201);
    expect((await operator.get("/wallet/20")).body).toEqual({
      userId: 20,
      quantity: 10,
      value: 1000,
      availableQuantity: 10,
      availableValue: 998.5,
    });
  });

  it.each([
    ["nobody", 404, "unknown-account"],
    ["a%20b", 404, "unknown-account"],
    ["fees", 400, "invalid-request"],
  ])("answers %s with %i", async (userId, status, code) => {
    expect(await operator.get(`/wallet/${userId}`)).toMatchObject({ status, body: { code } });
  });
});
