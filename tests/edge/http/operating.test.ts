/** What operators do: accounts, keys, assets, markets; and what everybody sees of markets. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

let server: RunningServer;
let operator: Client;
let anybody: Client;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  anybody = new Client(server.url);
});
afterAll(() => server.dispose());

describe("accounts", () => {
  it("are opened under a name of the operator's or of ours", async () => {
    const named = await operator.post("/v1/accounts", { accountId: "A-z_0.9", name: "Zoë 👩‍🚀" });
    expect(named).toMatchObject({ status: 201, body: { accountId: "A-z_0.9" } });
    const made = await operator.post("/v1/accounts", {});
    expect(made.status).toBe(201);
    expect(made.body.accountId).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    expect((await operator.get("/v1/accounts/A-z_0.9")).body).toEqual({
      accountId: "A-z_0.9",
      name: "Zoë 👩‍🚀",
      status: "active",
    });
    for (const accountId of ["A-z_0.9", "fees"]) {
      const again = await operator.post("/v1/accounts", { accountId });
      expect(again).toMatchObject({ status: 409, body: { code: "already-exists" } });
    }
    expect((await operator.get("/v1/accounts/nobody")).body.code).toBe("unknown-account");
    expect((await operator.patch("/v1/accounts/nobody", { status: "active" })).body.code).toBe(
      "unknown-account",
    );
  });

  it("can be suspended and made active again; fees cannot", async () => {
    await operator.post("/v1/accounts", { accountId: "sam" });
    for (const status of ["suspended", "active"]) {
      const changed = await operator.patch("/v1/accounts/sam", { status });
      expect(changed).toMatchObject({ status: 200, body: { accountId: "sam", status } });
      expect((await operator.get("/v1/accounts/sam")).body.status).toBe(status);
    }
    expect((await operator.patch("/v1/accounts/fees", { status: "suspended" })).status).toBe(400);
    expect((await operator.patch("/v1/accounts/sam", { status: "closed" })).status).toBe(400);
  });
});

describe("keys", () => {
  it("are a hundred of an account at most, and one that is revoked makes room", async () => {
    await operator.post("/v1/accounts", { accountId: "collector" });
    const make = () =>
      operator.post("/v1/accounts/collector/keys", { name: "one of many", scopes: ["read"] });
    const made = [];
    for (let i = 0; i < 100; i += 1) made.push(await make());
    expect(made.filter(({ status }) => status !== 201)).toEqual([]);
    const refused = await make();
    expect(refused).toMatchObject({ status: 400, seq: null, body: { errors: [{ path: "accountId" }] } });
    expect(refused.body.detail).toContain("has 100 keys");
    await operator.delete(`/v1/keys/${made[0]!.body.keyId}`);
    expect((await make()).status).toBe(201);
  });

  it("are shown once, work with their scopes, and end when they are revoked", async () => {
    await operator.post("/v1/accounts", { accountId: "kim" });
    const made = await operator.post("/v1/accounts/kim/keys", { name: "bot", scopes: ["read"] });
    expect(made.status).toBe(201);
    const { keyId, key, scopes } = made.body;
    expect(scopes).toEqual(["read"]);
    expect(key.startsWith(`pk_${keyId}_`)).toBe(true);
    expect(keyId).toMatch(/^[A-Za-z0-9]+$/);
    const kim = new Client(server.url, key);
    expect((await kim.get("/v1/wallets")).status).toBe(200);
    expect((await operator.delete(`/v1/keys/${keyId}`)).body).toEqual({ keyId });
    expect((await kim.get("/v1/wallets")).status).toBe(401);
    const again = await operator.delete(`/v1/keys/${keyId}`);
    expect(again).toMatchObject({ status: 404, body: { code: "not-found" } });
  });

  it("are recognised whole or not at all", async () => {
    const trader = await openTrader(operator, { accountId: "lee" });
    const key = trader.key!;
    const wrong = [
      key.slice(0, -1),
      `${key}A`,
      key.replace("pk_", "PK_"),
      key.slice(3),
      "pk__",
      "pk_x",
      "pk_x_y",
    ];
    wrong.push(`${ADMIN_KEY}x`, ADMIN_KEY.slice(0, -1), ADMIN_KEY.toUpperCase(), "x".repeat(4000));
    for (const candidate of wrong) {
      const answer = await new Client(server.url, candidate).get("/v1/wallets");
      expect(answer).toMatchObject({ status: 401, body: { code: "unauthorized" } });
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    for (const authorization of [key, `Basic ${key}`, `Bearer`, `Bearer  `, `Bearer ${key} ${key}`]) {
      expect((await anybody.get("/v1/wallets", { authorization })).status).toBe(401);
    }
    expect((await anybody.get("/v1/wallets", { authorization: `bearer ${key}` })).status).toBe(200);
  });

  it("are not for unknown accounts, for fees, or without scopes", async () => {
    await operator.post("/v1/accounts", { accountId: "max" });
    const made = (id: string, body: unknown) => operator.post(`/v1/accounts/${id}/keys`, body);
    expect((await made("nobody", { name: "n", scopes: ["read"] })).body.code).toBe("unknown-account");
    expect((await made("fees", { name: "n", scopes: ["read"] })).status).toBe(400);
    for (const scopes of [[], ["admin"], ["read", "read"], "read", null]) {
      expect(await made("max", { name: "n", scopes })).toMatchObject({ status: 400 });
    }
  });
});

describe("assets and markets", () => {
  it("are listed without a restart and traded at once", async () => {
    const listed = await operator.post("/v1/assets", { asset: "ETH", scale: 12 });
    expect(listed).toMatchObject({ status: 201, body: { asset: "ETH", scale: 12 } });
    const again = await operator.post("/v1/assets", { asset: "ETH", scale: 2 });
    expect(again).toMatchObject({ status: 409, body: { code: "already-exists" } });
    expect((await operator.get("/v1/assets")).body.items).toContainEqual({ asset: "ETH", scale: 12 });
    await operator.post("/v1/assets", { asset: "USD", scale: 6 });
    const body = {
      market: "ETH-USD",
      base: "ETH",
      quote: "USD",
      tickSize: "0.50",
      lotSize: "0.0010",
      minNotional: "5",
      maxQuantity: "1000",
      makerFee: "0.0005",
      takerFee: "0.001000",
      status: "halted",
    };
    const market = await operator.post("/v1/markets", body);
    const view = {
      market: "ETH-USD",
      base: "ETH",
      quote: "USD",
      tickSize: "0.5",
      lotSize: "0.001",
      minNotional: "5.000000",
      maxQuantity: "1000.000",
      priceBand: null,
      makerFee: "0.0005",
      takerFee: "0.001",
      status: "halted",
    };
    expect(market).toMatchObject({ status: 201 });
    expect(market.body).toEqual(view);
    expect((await anybody.get("/v1/markets/ETH-USD")).body).toEqual(view);
    expect((await anybody.get("/v1/markets")).body.items).toContainEqual(view);
    expect(await operator.post("/v1/markets", body)).toMatchObject({
      status: 409,
      body: { code: "already-exists" },
    });
    const changed = await operator.patch("/v1/markets/ETH-USD", { status: "open", takerFee: "0" });
    expect(changed).toMatchObject({
      status: 200,
      body: { status: "open", takerFee: "0", makerFee: "0.0005" },
    });
  });

  it("have a price band and a rebate, which the taker's fee always covers", async () => {
    await operator.post("/v1/assets", { asset: "BAND", scale: 0 });
    const market = "BAND-BRL";
    const listed = await operator.post("/v1/markets", {
      market,
      base: "BAND",
      quote: "BRL",
      tickSize: "0.01",
      lotSize: "1",
      priceBand: "0.10",
      referencePrice: "100",
      makerFee: "-0.00050",
      takerFee: "0.0005",
      status: "auction",
    });
    expect(listed).toMatchObject({
      status: 201,
      body: { priceBand: "0.1", makerFee: "-0.0005", takerFee: "0.0005", status: "auction" },
    });
    const change = (body: object) => operator.patch(`/v1/markets/${market}`, body);
    for (const [body, path] of [
      [{ takerFee: "0.0004" }, "takerFee"],
      [{ makerFee: "-0.0006" }, "makerFee"],
      [{ makerFee: "-0.0006", takerFee: "0.000599" }, "makerFee"],
    ] as const) {
      expect(await change(body)).toMatchObject({ status: 400, seq: null, body: { errors: [{ path }] } });
    }
    expect((await change({ makerFee: "-0.0006", takerFee: "0.0006" })).body).toMatchObject({
      makerFee: "-0.0006",
      priceBand: "0.1",
    });
    expect((await change({ makerFee: "-0", status: null })).body).toMatchObject({ makerFee: "0" });
    expect((await change({ priceBand: "0.25" })).body).toMatchObject({
      priceBand: "0.25",
      takerFee: "0.0006",
    });
    expect((await change({ priceBand: null })).body).toMatchObject({ priceBand: null, status: "auction" });
    expect((await anybody.get(`/v1/markets/${market}`)).body).toMatchObject({ priceBand: null });
  });

  const good = { market: "VIB-BRL", base: "VIB", quote: "BRL", tickSize: "0.01", lotSize: "1" };
  const rows: { change: object; status?: number; path?: string }[] = [
    { change: { market: "BRL-VIB" }, path: "market" },
    { change: { market: "VIBBRL" }, path: "market" },
    { change: { quote: "VIB" }, path: "quote" },
    { change: { base: "NOPE" }, status: 404 },
    { change: { quote: "NOPE" }, status: 404 },
    { change: { tickSize: "0.001" }, path: "tickSize" },
    { change: { tickSize: "0" }, path: "tickSize" },
    { change: { tickSize: "0.0000000000001" }, path: "tickSize" },
    { change: { lotSize: "0.5" }, path: "lotSize" },
    { change: { lotSize: "-1" }, path: "lotSize" },
    { change: { minNotional: "0" }, path: "minNotional" },
    { change: { minNotional: "1.001" }, path: "minNotional" },
    { change: { minNotional: "9".repeat(20) }, path: "minNotional" },
    { change: { maxQuantity: "1.5" }, path: "maxQuantity" },
    { change: { maxQuantity: "9".repeat(20) }, path: "maxQuantity" },
    { change: { maxOpenOrders: 0 }, path: "maxOpenOrders" },
    { change: { maxOpenOrders: "10" }, path: "maxOpenOrders" },
    { change: { maxOpenOrders: 1.5 }, path: "maxOpenOrders" },
    ...["1", "-1", "--0.1", "- 0.1", "+0.1", "-", "-.1", "-0.0000001", -0.001].map((makerFee) => ({
      change: { makerFee, takerFee: "0.9" },
      path: "makerFee",
    })),
    { change: { makerFee: "-0.001" }, path: "makerFee" },
    { change: { makerFee: "-0.001", takerFee: "0.000999" }, path: "makerFee" },
    { change: { takerFee: "-0.001" }, path: "takerFee" },
    { change: { takerFee: "0.0000001" }, path: "takerFee" },
    { change: { takerFee: 0.001 }, path: "takerFee" },
    { change: { status: "pre-open" }, path: "status" },
    ...["0", "0.0", "1", "-0.1", "0.0000001", "10%", 0.1].map((priceBand) => ({
      change: { priceBand },
      path: "priceBand",
    })),
    ...["0", "100.001", "-1", "9".repeat(20), 100].map((referencePrice) => ({
      change: { referencePrice },
      path: "referencePrice",
    })),
  ];
  it.each(rows)("cannot be listed with $change", async ({ change, status = 400, path }) => {
    const answer = await operator.post("/v1/markets", { ...good, ...change });
    expect(answer).toMatchObject({ status, seq: null });
    if (path !== undefined) expect(answer.body.errors).toMatchObject([{ path }]);
  });

  it.each([
    {},
    { status: "closed" },
    { priceBand: "0" },
    { priceBand: "1" },
    { referencePrice: "100.00" },
    { takerFee: "2" },
    { status: null },
    { makerFee: null, takerFee: null },
    { makerFee: "-0.0001" },
  ])("cannot be changed by %o", async (body) => {
    expect(await operator.patch("/v1/markets/VIB-BRL", body)).toMatchObject({ status: 400, seq: null });
  });

  it("are unknown where there is none", async () => {
    for (const path of ["", "/book", "/trades"]) {
      expect((await anybody.get(`/v1/markets/NO-WAY${path}`)).body.code).toBe("unknown-market");
    }
    expect((await operator.patch("/v1/markets/NO-WAY", { status: "open" })).body.code).toBe("unknown-market");
  });
});

describe("market data", () => {
  it("shows the book best first, as deep as asked, and trades newest first", async () => {
    const funds = { BRL: "100000", VIB: "1000" };
    const maker = await openTrader(operator, { accountId: "maker", funds });
    const taker = await openTrader(operator, { accountId: "taker", funds });
    const order = { market: "VIB-BRL", type: "limit", quantity: "2" };
    for (const price of ["10", "11", "11", "9.5"])
      await maker.post("/v1/orders", { ...order, side: "buy", price });
    for (const price of ["13", "12.01"]) await maker.post("/v1/orders", { ...order, side: "sell", price });
    const whole = await anybody.get("/v1/markets/VIB-BRL/book");
    const bids = [
      ["11.00", "4"],
      ["10.00", "2"],
      ["9.50", "2"],
    ];
    const asks = [
      ["12.01", "2"],
      ["13.00", "2"],
    ];
    expect(whole.body).toEqual({ market: "VIB-BRL", seq: whole.seq, bids, asks });
    const top = await anybody.get("/v1/markets/VIB-BRL/book?depth=1");
    expect(top.body).toMatchObject({ bids: bids.slice(0, 1), asks: asks.slice(0, 1) });
    await taker.post("/v1/orders", { ...order, side: "sell", price: "11", quantity: "3" });
    const { body } = await anybody.get("/v1/markets/VIB-BRL/trades?limit=1");
    expect(body.items).toEqual([
      {
        tradeId: 2,
        price: "11.00",
        quantity: "1",
        value: "11.00",
        takerSide: "sell",
        at: expect.stringMatching(/Z$/),
        seq: expect.any(Number),
      },
    ]);
    const rest = await anybody.get(`/v1/markets/VIB-BRL/trades?cursor=${body.nextCursor}`);
    expect(rest.body.items.map((trade: Body) => trade.tradeId)).toEqual([1]);
    expect(rest.body.nextCursor).toBeNull();
  });
});

describe("the process", () => {
  it("tells how far it has come, and how it is", async () => {
    const { body, status } = await operator.get("/v1/status");
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      [
        "appendedSeq",
        "appliedSeq",
        "archivedSeq",
        "durableSeq",
        "journalBytes",
        "ledgerSeq",
        "oldestSeq",
      ].concat(["snapshotSeq", "uptimeSeconds", "version"]),
    );
    expect(body.durableSeq).toBeGreaterThanOrEqual(body.appliedSeq);
    expect((await anybody.get("/health/live")).status).toBe(200);
    expect((await anybody.get("/health/ready")).status).toBe(200);
    const metrics = await anybody.get("/metrics");
    expect(metrics.headers.get("content-type")).toContain("text/plain");
    expect(metrics.body).toMatch(
      /pregao_http_requests_total\{method="GET",route="\/v1\/status",status="200"\} \d/,
    );
    expect(metrics.body).toMatch(/pregao_position_seq\{part="applied"\} \d/);
    expect(metrics.body).toMatch(/pregao_command_duration_seconds_count [1-9]/);
    expect(metrics.body).toMatch(/process_cpu_seconds_total/);
  });

  it("documents every call from the schemas that it checks with", async () => {
    const { body } = await anybody.get("/openapi.json");
    expect(body.openapi).toBe("3.0.3");
    const order = body.paths["/v1/orders"].post;
    expect(order.security).toEqual([{ apiKey: [] }]);
    expect(order.requestBody.content["application/json"].schema.properties.price.pattern).toBeDefined();
    expect(Object.keys(order.responses)).toEqual(
      expect.arrayContaining(["200", "201", "400", "401", "422", "503"]),
    );
    const refused = order.responses["422"];
    expect(refused.description).toContain("insufficient-funds");
    expect(Object.keys(refused.content)).toEqual(["application/problem+json"]);
    const page = await anybody.get("/docs/");
    expect(page.status).toBe(200);
    expect(page.body).not.toMatch(/(src|href)="https?:/);
  });
});
