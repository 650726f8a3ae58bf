/** Wallets, movements of money and statements over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

let server: RunningServer;
let operator: Client;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000", VIB: "50" } });
  bob = await openTrader(operator, { accountId: "bob", funds: { BRL: "5" } });
});
afterAll(() => server.dispose());

const brl = async (client: Client) => (await client.get("/v1/wallets/BRL")).body;

describe("wallets", () => {
  it("show what is available and what is held, in the full scale of the asset", async () => {
    const order = { market: "VIB-BRL", side: "buy", type: "limit", price: "10", quantity: "3" };
    const placed = await alice.post("/v1/orders", order);
    const all = await alice.get("/v1/wallets");
    expect(all.body).toEqual({
      items: [
        { asset: "VIB", available: "50", held: "0", total: "50" },
        { asset: "BRL", available: "970.00", held: "30.00", total: "1000.00" },
      ],
    });
    expect(all.seq).toBe(placed.seq);
    expect(await brl(alice)).toEqual(all.body.items[1]);
    await alice.delete("/v1/orders");
    expect((await brl(alice)).held).toBe("0.00");
    expect((await bob.get("/v1/wallets/VIB")).body).toEqual({
      asset: "VIB",
      available: "0",
      held: "0",
      total: "0",
    });
    expect((await alice.get("/v1/wallets/DOGE")).body.code).toBe("unknown-asset");
    expect((await operator.get("/v1/wallets?accountId=fees")).status).toBe(200);
    expect((await operator.get("/v1/wallets")).body).toMatchObject({ errors: [{ path: "accountId" }] });
  });
});

describe("a movement of money", () => {
  it("answers with its transaction and the wallet after it", async () => {
    const deposit = { accountId: "bob", asset: "BRL", amount: "10.5", reference: "d-1" };
    const made = await operator.post("/v1/deposits", deposit);
    expect(made).toMatchObject({
      status: 201,
      body: { transactionId: made.seq, wallet: { asset: "BRL", available: "15.50" } },
    });
    const withdrawn = await bob.post("/v1/withdrawals", { asset: "BRL", amount: "0.50", reference: "w-1" });
    expect(withdrawn).toMatchObject({ status: 201, body: { wallet: { total: "15.00" } } });
    const sent = { toAccountId: "alice", asset: "BRL", amount: "5", reference: "t-1" };
    const transferred = await bob.post("/v1/transfers", sent);
    expect(transferred).toMatchObject({ status: 201, body: { wallet: { asset: "BRL", total: "10.00" } } });
    expect((await brl(alice)).total).toBe("1005.00");
  });

  const kinds = [
    { path: "/v1/deposits", who: () => operator, more: { accountId: "alice" }, status: 201 },
    { path: "/v1/withdrawals", who: () => alice, more: {}, status: 201 },
    { path: "/v1/transfers", who: () => alice, more: { toAccountId: "bob" }, status: 201 },
  ];
  it.each(kinds)("of $path happens once under its reference", async ({ path, who, more }) => {
    const body = { ...more, asset: "BRL", amount: "1", reference: "once/1:a" };
    const first = await who().post(path, body);
    const total = (await brl(alice)).total;
    const again = await who().post(path, { ...body, amount: "1.00" });
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 200, replayed: true, body: first.body });
    expect(again.seq).toBeGreaterThan(first.seq!);
    const other = await who().post(path, { ...body, amount: "2" });
    expect(other).toMatchObject({ status: 409, body: { code: "reference-reused" } });
    expect((await brl(alice)).total).toBe(total);
  });

  it("may share its reference with one of another kind or account", async () => {
    const money = { asset: "BRL", amount: "1", reference: "shared" };
    for (const accountId of ["alice", "bob"]) {
      expect((await operator.post("/v1/deposits", { ...money, accountId })).status).toBe(201);
    }
    expect((await alice.post("/v1/withdrawals", money)).status).toBe(201);
    expect((await alice.post("/v1/transfers", { ...money, toAccountId: "bob" })).status).toBe(201);
  });

  it("is refused where there is too little, too much, nothing or nobody", async () => {
    const money = { asset: "BRL", amount: "1", reference: "refused" };
    const rows = [
      {
        path: "/v1/withdrawals",
        body: { ...money, amount: "999999" },
        status: 422,
        code: "insufficient-funds",
      },
      {
        path: "/v1/transfers",
        body: { ...money, amount: "999999", toAccountId: "bob" },
        status: 422,
        code: "insufficient-funds",
      },
      {
        path: "/v1/transfers",
        body: { ...money, toAccountId: "alice" },
        status: 400,
        code: "invalid-request",
      },
      {
        path: "/v1/transfers",
        body: { ...money, toAccountId: "nobody" },
        status: 404,
        code: "unknown-account",
      },
      { path: "/v1/withdrawals", body: { ...money, asset: "DOGE" }, status: 404, code: "unknown-asset" },
      { path: "/v1/withdrawals", body: { ...money, amount: "1.001" }, status: 400, code: "invalid-request" },
      { path: "/v1/withdrawals", body: { ...money, amount: "0.00" }, status: 400, code: "invalid-request" },
      {
        path: "/v1/withdrawals",
        body: { ...money, amount: "9".repeat(20) },
        status: 422,
        code: "amount-too-large",
      },
    ];
    for (const { path, body, status, code } of rows) {
      expect(await alice.post(path, body)).toMatchObject({ status, body: { code } });
    }
    const much = {
      accountId: "alice",
      asset: "VIB",
      amount: String(Number.MAX_SAFE_INTEGER),
      reference: "m",
    };
    const refused = await operator.post("/v1/deposits", much);
    expect(refused).toMatchObject({ status: 422, body: { code: "amount-too-large" } });
    expect(refused.seq).toBeGreaterThan(0);
    const unknown = await operator.post("/v1/deposits", { ...money, accountId: "nobody" });
    expect(unknown).toMatchObject({ status: 404, seq: null, body: { code: "unknown-account" } });
  });

  it("of a suspended account can come in but not go out", async () => {
    const carol = await openTrader(operator, { accountId: "carol", funds: { BRL: "10" } });
    await operator.patch("/v1/accounts/carol", { status: "suspended" });
    const money = { asset: "BRL", amount: "1", reference: "s" };
    for (const path of ["/v1/withdrawals", "/v1/transfers"]) {
      const body = path === "/v1/transfers" ? { ...money, toAccountId: "bob" } : money;
      expect(await carol.post(path, body)).toMatchObject({
        status: 422,
        body: { code: "account-suspended" },
      });
    }
    expect((await operator.post("/v1/deposits", { ...money, accountId: "carol" })).status).toBe(201);
    expect((await alice.post("/v1/transfers", { ...money, toAccountId: "carol" })).status).toBe(201);
    expect((await brl(carol)).total).toBe("12.00");
  });

  it("can be made by an operator for any account, and out of the account fees", async () => {
    const market = "FEE-BRL";
    await operator.post("/v1/assets", { asset: "FEE", scale: 0 });
    const listing = { market, base: "FEE", quote: "BRL", tickSize: "1", lotSize: "1", takerFee: "0.01" };
    await operator.post("/v1/markets", listing);
    await operator.post("/v1/deposits", { accountId: "bob", asset: "FEE", amount: "1", reference: "fee" });
    const order = { market, type: "limit", price: "100", quantity: "1" };
    await operator.post("/v1/orders", { ...order, side: "sell", accountId: "bob" });
    await operator.post("/v1/orders", { ...order, side: "buy", accountId: "alice" });
    const money = { accountId: "fees", asset: "BRL", amount: "1", reference: "take" };
    const taken = await operator.post("/v1/withdrawals", money);
    expect(taken).toMatchObject({ status: 201, body: { wallet: { total: "0.00" } } });
    const paid = await alice.get("/v1/statement?kind=fee");
    expect(paid.body.items[0]).toMatchObject({ asset: "BRL", amount: "-1.00", kind: "fee", reference: null });
  });
});

describe("a statement", () => {
  it("tells every change of a total, newest first, page by page", async () => {
    const dora = await openTrader(operator, { accountId: "dora", funds: { BRL: "100", VIB: "1" } });
    await dora.post("/v1/withdrawals", { asset: "BRL", amount: "30", reference: "w" });
    await dora.post("/v1/transfers", { asset: "BRL", amount: "20", toAccountId: "bob", reference: "t" });
    const { body, seq, status } = await dora.get("/v1/statement?asset=BRL");
    expect(status).toBe(200);
    expect(body.nextCursor).toBeNull();
    const shown = body.items.map((entry: Body) => [
      entry.kind,
      entry.amount,
      entry.balanceAfter,
      entry.reference,
    ]);
    expect(shown).toEqual([
      ["transfer", "-20.00", "50.00", "t"],
      ["withdrawal", "-30.00", "70.00", "w"],
      ["deposit", "100.00", "100.00", "seed-BRL"],
    ]);
    expect(body.items[0]).toEqual({
      entryId: expect.any(Number),
      transactionId: body.items[0].seq,
      seq,
      at: expect.stringMatching(/\.\d{3}Z$/),
      asset: "BRL",
      amount: "-20.00",
      balanceAfter: "50.00",
      kind: "transfer",
      orderId: null,
      tradeId: null,
      reference: "t",
      requestId: expect.stringMatching(/^[0-7][0-9A-Z]{25}$/),
    });
    const first = await dora.get("/v1/statement?asset=BRL&limit=2");
    const second = await dora.get(`/v1/statement?asset=BRL&limit=2&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items]).toEqual(body.items);
    expect((await dora.get("/v1/statement?kind=deposit")).body.items).toHaveLength(2);
    const from = body.items[0].at;
    expect((await dora.get(`/v1/statement?asset=BRL&to=${body.items[2].at}`)).body.items).toEqual([]);
    expect((await dora.get(`/v1/statement?from=${from}`)).body.items[0].kind).toBe("transfer");
    expect((await dora.get("/v1/statement?asset=DOGE")).body.code).toBe("unknown-asset");
    expect((await dora.get("/v1/statement?kind=gift")).body).toMatchObject({ errors: [{ path: "kind" }] });
  });
});
