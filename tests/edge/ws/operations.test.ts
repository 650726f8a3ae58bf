/** What a socket answers: every operation, and every way to get one wrong. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { ADMIN_KEY, type Floor, type Member, openFloor } from "./floor.ts";

const MARKET = "VIB-BRL";

let floor: Floor;
let alice: Member;
let client: Client;

beforeAll(async () => {
  floor = await openFloor({ limits: { subscriptionsMax: 3 } });
  alice = floor.member("alice");
  floor.member("bob");
});
afterAll(() => floor.stop());
beforeEach(async () => {
  client = await Client.open(floor.url);
});
afterEach(() => client.close());

describe("malformed messages are answered with the place of the fault, and the socket lives on", () => {
  const rows: { text: string; path: string; op?: string | null; why: string }[] = [
    { text: "", path: "", op: null, why: "nothing at all" },
    { text: "nonsense", path: "", op: null, why: "no JSON" },
    { text: '{"op":"ping"', path: "", op: null, why: "cut off" },
    { text: '"ping"', path: "", op: null, why: "a string" },
    { text: "null", path: "", op: null, why: "null" },
    { text: "[]", path: "", op: null, why: "a list" },
    { text: "[".repeat(60_000), path: "", op: null, why: "deep nesting" },
    { text: '{"op":"ping","op":"ping"}', path: "op", op: null, why: "a key twice" },
    { text: '{"op":"ping","id":{"a":1,"a":2}}', path: "id.a", op: null, why: "a key twice, deeper" },
    { text: "{}", path: "op", op: null, why: "no operation" },
    { text: '{"op":7}', path: "op", op: null, why: "an operation that is no text" },
    { text: '{"op":"dance"}', path: "op", op: "dance", why: "an unknown operation" },
    { text: '{"op":"constructor"}', path: "op", op: "constructor", why: "a name that every object has" },
    { text: '{"op":"cancel"}', path: "orderId", op: "cancel", why: "no order" },
    { text: '{"op":"amend","price":"1"}', path: "orderId", op: "amend", why: "no order" },
    { text: '{"op":"ping","extra":1}', path: "extra", op: "ping", why: "an unknown field" },
    { text: '{"op":"ping","__proto__":{}}', path: "__proto__", op: "ping", why: "a field with a history" },
    { text: '{"op":"ping","id":""}', path: "id", op: "ping", why: "an empty id" },
    { text: '{"op":"ping","id":1.5}', path: "id", op: "ping", why: "an id that is no integer" },
    { text: '{"op":"ping","id":null}', path: "id", op: "ping", why: "an id that is null" },
    { text: `{"op":"ping","id":"${"x".repeat(65)}"}`, path: "id", op: "ping", why: "a long id" },
    { text: '{"op":"auth"}', path: "key", op: "auth", why: "no key" },
    { text: '{"op":"auth","key":5}', path: "key", op: "auth", why: "a key that is no text" },
    { text: '{"op":"auth","key":"a","market":"b"}', path: "market", op: "auth", why: "a foreign field" },
    { text: '{"op":"subscribe"}', path: "channel", op: "subscribe", why: "no channel" },
    {
      text: '{"op":"subscribe","channel":1}',
      path: "channel",
      op: "subscribe",
      why: "a number for a channel",
    },
    {
      text: '{"op":"subscribe","channel":"weather"}',
      path: "channel",
      op: "subscribe",
      why: "no such channel",
    },
    { text: '{"op":"subscribe","channel":"toString"}', path: "channel", op: "subscribe", why: "no channel" },
    {
      text: '{"op":"subscribe","channel":"ticker","market":"VIB-BRL"}',
      path: "channel",
      op: "subscribe",
      why: "not yet",
    },
    {
      text: '{"op":"subscribe","channel":"candles","market":"VIB-BRL","interval":"1m"}',
      path: "channel",
      op: "subscribe",
      why: "not yet",
    },
    { text: '{"op":"subscribe","channel":"book"}', path: "market", op: "subscribe", why: "no market" },
    {
      text: '{"op":"subscribe","channel":"book","market":null}',
      path: "market",
      op: "subscribe",
      why: "null",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":["VIB-BRL"]}',
      path: "market",
      op: "subscribe",
      why: "a list",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":"VIB-BRL","depth":0}',
      path: "depth",
      op: "subscribe",
      why: "no depth",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":"VIB-BRL","depth":1001}',
      path: "depth",
      op: "subscribe",
      why: "too deep",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":"VIB-BRL","depth":"5"}',
      path: "depth",
      op: "subscribe",
      why: "text",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":"VIB-BRL","depth":2.5}',
      path: "depth",
      op: "subscribe",
      why: "a half",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":"VIB-BRL","fromSeq":1}',
      path: "fromSeq",
      op: "subscribe",
      why: "a book is not resumed",
    },
    {
      text: '{"op":"subscribe","channel":"book","market":"VIB-BRL","accountId":"a"}',
      path: "accountId",
      op: "subscribe",
      why: "a book is nobody's",
    },
    {
      text: '{"op":"subscribe","channel":"trades","market":"VIB-BRL","depth":5}',
      path: "depth",
      op: "subscribe",
      why: "no depth here",
    },
    {
      text: '{"op":"subscribe","channel":"trades","market":"VIB-BRL","fromSeq":-1}',
      path: "fromSeq",
      op: "subscribe",
      why: "before the first",
    },
    {
      text: '{"op":"subscribe","channel":"trades","market":"VIB-BRL","fromSeq":"1"}',
      path: "fromSeq",
      op: "subscribe",
      why: "text",
    },
    {
      text: '{"op":"subscribe","channel":"trades","market":"VIB-BRL","fromSeq":1e99}',
      path: "fromSeq",
      op: "subscribe",
      why: "not safe",
    },
    {
      text: '{"op":"subscribe","channel":"trades","market":"VIB-BRL","fromSeq":1000000}',
      path: "fromSeq",
      op: "subscribe",
      why: "not yet applied",
    },
    {
      text: '{"op":"subscribe","channel":"orders","market":"VIB-BRL"}',
      path: "market",
      op: "subscribe",
      why: "not by market",
    },
    { text: '{"op":"unsubscribe"}', path: "channel", op: "unsubscribe", why: "no channel" },
    { text: '{"op":"unsubscribe","channel":"trades"}', path: "market", op: "unsubscribe", why: "no market" },
    {
      text: '{"op":"unsubscribe","channel":"fills","fromSeq":1}',
      path: "fromSeq",
      op: "unsubscribe",
      why: "nothing to resume",
    },
  ];

  test.each(rows)("$why: $text", async ({ text, path, op }) => {
    const answer = await client.provoke(text);
    expect(answer).toMatchObject({ op, ok: false });
    expect(answer.error).toMatchObject({
      type: "/problems/invalid-request",
      status: 400,
      code: "invalid-request",
    });
    expect(answer.error.requestId).toMatch(/^[0-9A-Z]{26}$/);
    expect(answer.error.errors.map((fault: { path: string }) => fault.path)).toContain(path);
    expect(await client.ask({ op: "ping" })).toMatchObject({ op: "ping", ok: true });
  });

  test("a binary frame", async () => {
    expect(await client.provoke(Buffer.from('{"op":"ping"}'))).toMatchObject({
      op: null,
      ok: false,
      error: { code: "invalid-request", errors: [{ path: "" }] },
    });
  });

  test("every fault of a message is named, and its id is repeated", async () => {
    const text = '{"op":"subscribe","id":9,"channel":"book","market":1,"depth":"x","foo":1}';
    const { id, error } = await client.provoke(text);
    expect(id).toBe(9);
    expect(error.errors.map((fault: { path: string }) => fault.path)).toEqual(["market", "depth", "foo"]);
  });

  test("what is larger than a message may be closes the socket with 1009", async () => {
    client.sendText(JSON.stringify({ op: "ping", id: "x".repeat(64 * 1024) }));
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  test("text that is not UTF-8 closes the socket with 1007", async () => {
    client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect(await client.closed).toMatchObject({ code: 1007 });
  });
});

describe("operations", () => {
  test("ping is answered with whatever id it had", async () => {
    expect(await client.provoke('{"op":"ping","id":0}')).toEqual({ op: "ping", id: 0, ok: true });
    expect(await client.provoke('{"op":"ping","id":"a b"}')).toEqual({ op: "ping", id: "a b", ok: true });
    expect(await client.provoke('{"op":"ping"}')).toEqual({ op: "ping", ok: true });
  });

  test("many operations at once are answered in their order", async () => {
    for (let id = 0; id < 5000; id += 1) client.sendText(JSON.stringify({ op: "ping", id }));
    await client.until((messages) => messages.length === 5000);
    expect(client.messages.map(({ id }) => id)).toEqual(Array.from({ length: 5000 }, (_, id) => id));
  });

  test("subscribe and unsubscribe name what they are about", async () => {
    const seq = floor.appliedSeq();
    expect(await client.ask({ op: "subscribe", id: "1", channel: "book", market: MARKET, depth: 5 })).toEqual(
      {
        op: "subscribe",
        id: "1",
        ok: true,
        channel: "book",
        market: MARKET,
        depth: 5,
        seq,
      },
    );
    expect(await client.ask({ op: "subscribe", id: "2", channel: "trades", market: MARKET })).toEqual({
      op: "subscribe",
      id: "2",
      ok: true,
      channel: "trades",
      market: MARKET,
      seq,
    });
    expect(await client.ask({ op: "unsubscribe", id: "3", channel: "book", market: MARKET })).toEqual({
      op: "unsubscribe",
      id: "3",
      ok: true,
      channel: "book",
      market: MARKET,
    });
    await client.ask({ op: "auth", key: alice.key });
    expect(await client.ask({ op: "subscribe", id: "4", channel: "fills" })).toEqual({
      op: "subscribe",
      id: "4",
      ok: true,
      channel: "fills",
      accountId: "alice",
      seq,
    });
  });

  test("an unknown market is not found", async () => {
    for (const op of ["subscribe", "unsubscribe"]) {
      for (const channel of ["book", "trades"]) {
        const answer = await client.ask({ op, channel, market: "NO-SUCH" });
        expect(answer).toMatchObject({ ok: false, error: { code: "unknown-market", status: 404 } });
      }
    }
  });

  test("a second subscription to the same is a conflict, and ends neither", async () => {
    await client.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 5 });
    const again = await client.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 7 });
    expect(again).toMatchObject({ ok: false, error: { code: "already-exists", status: 409 } });
    expect(await client.ask({ op: "unsubscribe", channel: "book", market: MARKET })).toMatchObject({
      ok: true,
    });
    const other = await client.ask({ op: "subscribe", channel: "book", market: MARKET, depth: 7 });
    expect(other).toMatchObject({ ok: true, depth: 7 });
  });

  test("unsubscribing from what is not subscribed is not found", async () => {
    const answer = await client.ask({ op: "unsubscribe", channel: "trades", market: MARKET });
    expect(answer).toMatchObject({ ok: false, error: { code: "not-found", status: 404 } });
  });

  test("a socket has only so many subscriptions, and room again after one has ended", async () => {
    await client.ask({ op: "auth", key: alice.key });
    for (const channel of ["orders", "fills", "wallets"]) await client.ask({ op: "subscribe", channel });
    const tooMany = await client.ask({ op: "subscribe", channel: "trades", market: MARKET });
    expect(tooMany).toMatchObject({ ok: false, error: { code: "invalid-request" } });
    await client.ask({ op: "unsubscribe", channel: "fills" });
    expect(await client.ask({ op: "subscribe", channel: "trades", market: MARKET })).toMatchObject({
      ok: true,
    });
  });
});

describe("authentication", () => {
  test("a key is taken once, and says whose it is", async () => {
    expect(await client.ask({ op: "auth", id: "1", key: alice.key })).toEqual({
      op: "auth",
      id: "1",
      ok: true,
      accountId: "alice",
      scopes: ["read", "trade"],
    });
    const again = await client.ask({ op: "auth", key: alice.key });
    expect(again).toMatchObject({ ok: false, error: { code: "invalid-request" } });
  });

  test("a wrong key is unauthorized, and the right one may follow", async () => {
    const wrong = [
      "nonsense",
      "pk_",
      "pk_a_b",
      `${alice.key}x`,
      `pk_${alice.keyId}_secret`,
      alice.key.slice(0, -1),
    ];
    for (const key of wrong) {
      const answer = await client.ask({ op: "auth", key });
      expect(answer).toMatchObject({ ok: false, error: { code: "unauthorized", status: 401 } });
    }
    expect(await client.ask({ op: "auth", key: alice.key })).toMatchObject({ ok: true });
  });

  test("account channels need a key with the scope read", async () => {
    for (const channel of ["orders", "fills", "wallets"]) {
      const answer = await client.ask({ op: "subscribe", channel });
      expect(answer).toMatchObject({ ok: false, error: { code: "unauthorized", status: 401 } });
    }
    const trader = floor.member(`trader-${floor.appliedSeq()}`, ["trade"]);
    await client.ask({ op: "auth", key: trader.key });
    for (const channel of ["orders", "fills", "wallets"]) {
      const answer = await client.ask({ op: "subscribe", channel });
      expect(answer).toMatchObject({ ok: false, error: { code: "forbidden", status: 403 } });
    }
    expect(await client.ask({ op: "subscribe", channel: "trades", market: MARKET })).toMatchObject({
      ok: true,
    });
  });

  test("an account's key may name its own account and no other", async () => {
    await client.ask({ op: "auth", key: alice.key });
    const own = await client.ask({ op: "subscribe", channel: "orders", accountId: "alice" });
    expect(own).toMatchObject({ ok: true, accountId: "alice" });
    for (const accountId of ["bob", "nobody"]) {
      const other = await client.ask({ op: "subscribe", channel: "fills", accountId });
      expect(other).toMatchObject({ ok: false, error: { code: "forbidden" } });
    }
  });

  test("an operator has to name the account, and may follow several", async () => {
    expect(await client.ask({ op: "auth", key: ADMIN_KEY })).toMatchObject({
      ok: true,
      accountId: null,
      scopes: ["admin"],
    });
    expect(await client.ask({ op: "subscribe", channel: "wallets" })).toMatchObject({
      ok: false,
      error: { code: "invalid-request", errors: [{ path: "accountId" }] },
    });
    expect(await client.ask({ op: "subscribe", channel: "wallets", accountId: "nobody" })).toMatchObject({
      ok: false,
      error: { code: "unknown-account" },
    });
    for (const accountId of ["alice", "bob"]) {
      const answer = await client.ask({ op: "subscribe", channel: "wallets", accountId });
      expect(answer).toMatchObject({ ok: true, accountId });
    }
    floor.deposit(alice.account, 5);
    await client.until(() => client.of("wallets").length === 1);
    expect(client.of("wallets")[0]).toMatchObject({ accountId: "alice", cause: "deposit" });
  });
});
