/** Books and wallets as they were: the answer of then, once more; and what is said of moments that there are not. */
import { get } from "node:http";
import { describe, expect, it, test } from "vitest";
import type { PastFault } from "../../../src/domain/past.ts";
import { seq } from "../../../src/domain/units.ts";
import { ADMIN_KEY, type Body, Client, openTrader, type Received, startServer } from "../harness.ts";
import { StandIn, startEdge, withStandIn } from "./stand-in.ts";
import { newMarket, ORDER, type Traders, withTraders } from "./traders.ts";

const BOOK = "/v1/markets/VIB-BRL/book";

type Seen = Record<"book" | "best" | "alice" | "bob" | "brl" | "fees", Received>;

describe("a moment of the past", () => {
  let traders: Traders;
  withTraders((opened) => {
    traders = opened;
  });

  /** What alice, bob and everybody see, by sequence and as it is now. */
  async function seen(asOf: number | null): Promise<Seen> {
    const { alice, bob, operator } = traders;
    const ask = (client: Client, path: string) =>
      client.get(asOf === null ? path : `${path}${path.includes("?") ? "&" : "?"}asOf=${asOf}`);
    return {
      book: await ask(new Client(operator.url), BOOK),
      best: await ask(new Client(operator.url), `${BOOK}?depth=1`),
      alice: await ask(alice, "/v1/wallets"),
      bob: await ask(bob, "/v1/wallets"),
      brl: await ask(alice, "/v1/wallets/BRL"),
      fees: await ask(operator, "/v1/wallets/VIB?accountId=fees"),
    };
  }

  it("shows at every sequence what was shown then, whatever has come since", async () => {
    const { alice, bob } = traders;
    const steps = [
      () => alice.post("/v1/orders", ORDER),
      () => alice.post("/v1/orders", { ...ORDER, price: "100.00", quantity: "3" }),
      () => bob.post("/v1/orders", { ...ORDER, side: "sell", price: "100.50", quantity: "12" }),
      () => alice.post("/v1/transfers", { toAccountId: "bob", asset: "BRL", amount: "10", reference: "t-1" }),
      () => bob.delete("/v1/orders"),
      () => bob.post("/v1/orders", { ...ORDER, side: "sell", price: "90.00", quantity: "1" }),
      () => alice.post("/v1/withdrawals", { asset: "BRL", amount: "10", reference: "w-1" }),
    ];
    const lived: { readonly seq: number; readonly was: Seen }[] = [];
    for (const step of steps) {
      const { seq: at, status } = await step();
      expect(status).toBeLessThan(300);
      lived.push({ seq: at!, was: await seen(null) });
    }
    for (const { seq: at, was } of [...lived, ...lived.reverse()]) {
      const then = await seen(at);
      for (const [what, { status, seq: position, body }] of Object.entries(then)) {
        const { asOf, ...shown } = body as Body;
        expect(shown).toEqual(was[what as keyof Seen].body);
        expect(asOf).toEqual({ seq: at, at: expect.stringMatching(/^\d{4}-.*Z$/) });
        expect([status, position]).toEqual([200, at]);
      }
      const { at: time } = then.book.body.asOf;
      expect((await traders.alice.get(`${BOOK}?asOf=${time}`)).body.asOf.at).toBe(time);
    }
  });

  it("has what was listed and opened by then, and no more", async () => {
    const { operator, alice } = traders;
    const before = (await operator.get("/v1/status")).body.appliedSeq as number;
    const market = await newMarket(operator, "LATE");
    const carol = await openTrader(operator, { accountId: "carol" });
    const late = (path: string, client = operator) => client.get(`${path}asOf=${before}`);
    expect(await late(`/v1/markets/${market}/book?`)).toMatchObject({
      status: 404,
      body: { code: "unknown-market", detail: `There was no market ${market} at sequence ${before}.` },
    });
    expect(await late("/v1/wallets?accountId=carol&")).toMatchObject({
      status: 404,
      body: { code: "unknown-account", detail: `There was no account carol at sequence ${before}.` },
    });
    expect(await late("/v1/wallets/LATE?", alice)).toMatchObject({
      status: 404,
      body: { code: "unknown-asset", detail: `There was no asset LATE at sequence ${before}.` },
    });
    const assets = (await late("/v1/wallets?", alice)).body.items.map(({ asset }: Body) => asset);
    expect(assets).toEqual(["VIB", "BRL"]);
    expect(await carol.get("/v1/wallets?asOf=1")).toMatchObject({ status: 404 });
    expect(await operator.get("/v1/markets/NONE-BRL/book?asOf=1")).toMatchObject({ status: 404 });
  });

  it("is a sequence or a time between the first command and now", async () => {
    const { operator } = traders;
    const { appliedSeq } = (await operator.get("/v1/status")).body;
    const before = "asOf is before the first command, which has sequence 1.";
    const after = `asOf is after now; the last command has sequence ${appliedSeq}.`;
    const malformed = 'asOf must be a sequence, or a UTC time such as "2026-11-22T08:22:00.123Z".';
    for (const [asOf, detail] of [
      ["0", before],
      ["1970-01-01T00:00:00Z", before],
      [`${appliedSeq + 1}`, after],
      ["2999-12-31T23:59:59.999Z", after],
      ["9007199254740993", malformed],
      ["-1", malformed],
      ["01", malformed],
      ["1.5", malformed],
      ["", malformed],
      ["now", malformed],
      ["2026-02-30T00:00:00Z", malformed],
      ["2026-01-01T00:00:00%2B01:00", malformed],
    ]) {
      const answer = await operator.get(`${BOOK}?asOf=${asOf}`);
      expect([asOf, answer.body.detail, answer.status, answer.body.code, answer.seq]).toEqual([
        asOf,
        detail,
        400,
        "invalid-request",
        null,
      ]);
      expect(answer.body.errors).toMatchObject([{ path: "asOf" }]);
    }
  });
});

describe("why there is no answer", () => {
  const exchange = new StandIn();
  let operator: Client;
  withStandIn(exchange, (made) => {
    operator = made;
  });

  it.each<[PastFault, number, string, RegExp]>([
    [{ kind: "removed", oldestSeq: seq(4711) }, 410, "history-removed", /sequence .* is 4711\.$/],
    [{ kind: "removed", oldestSeq: null }, 410, "history-removed", /does not go back so far/],
    [{ kind: "too-many" }, 503, "overloaded", /wait already/],
    [{ kind: "too-long" }, 503, "overloaded", /longer/],
    [{ kind: "too-large" }, 503, "overloaded", /memory/],
    [{ kind: "given-up" }, 503, "overloaded", /stopping/],
  ])("%j is a problem", async (fault, status, code, words) => {
    exchange.pastFault = fault;
    const answer = await operator.get("/v1/wallets?accountId=fees&asOf=1");
    expect(answer).toMatchObject({ status, seq: null, body: { code } });
    expect(answer.body.detail).toMatch(words);
    expect(answer.headers.get("retry-after")).toBe(status === 503 ? "1" : null);
  });
});

describe("a question that takes its time", () => {
  const PATH = "/v1/wallets?accountId=fees&asOf=1";

  test("is given up when its asker leaves, and answered when the server closes", async () => {
    const exchange = new StandIn();
    exchange.pastWaits = true;
    const { server, url } = await startEdge();
    server.open(exchange);
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const stays = new Client(url, ADMIN_KEY).get(PATH);
    await expect.poll(() => exchange.pastSignals.length).toBe(1);
    const leaving = get(url + PATH, { headers }).on("error", () => {});
    await expect.poll(() => exchange.pastSignals.length).toBe(2);
    leaving.destroy();
    await expect.poll(() => exchange.pastSignals.filter(({ aborted }) => aborted).length).toBe(1);
    const closed = server.close();
    expect(await stays).toMatchObject({ status: 503, body: { code: "overloaded" } });
    await closed;
  });
});

describe("how often one may ask", () => {
  const MANY = 20;
  /** So many at once that nothing else is refused. */
  const LIMITED = { PREGAO_RATE_LIMIT: "1000" };

  test("is counted for itself, by key or by address, and not for operators", async () => {
    const server = await startServer({ env: LIMITED });
    try {
      const operator = new Client(server.url, ADMIN_KEY);
      const alice = await openTrader(operator, { accountId: "alice" });
      const burst = (client: Client, path: string) =>
        Promise.all(Array.from({ length: MANY }, () => client.get(path)));
      for (const [client, path] of [
        [new Client(server.url), `${BOOK}?asOf=3`],
        [alice, "/v1/wallets?asOf=4"],
      ] as const) {
        const answers = await burst(client, path);
        const refused = answers.filter(({ status }) => status === 429);
        // 10 at once, and one more for every second that a slow machine takes.
        expect(refused.length).toBeGreaterThan(0);
        expect(answers.length - refused.length).toBeGreaterThanOrEqual(10);
        for (const { body, headers } of refused) {
          expect(body).toMatchObject({
            code: "rate-limited",
            detail: expect.stringContaining("questions about the past"),
          });
          expect(headers.get("ratelimit-policy")).toBe('"past";q=10;w=10');
          expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
        }
        expect((await client.get(path.split("?")[0]!)).status).toBe(200);
      }
      const answers = await burst(operator, "/v1/wallets?accountId=alice&asOf=4");
      expect(answers.filter(({ status }) => status === 429)).toEqual([]);
    } finally {
      await server.dispose();
    }
  });
});
