/** Whatever a client sends, it is answered and its socket lives; what fails in us ends that one socket only. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Refusal } from "../../../src/edge/problems.ts";
import { readMessage } from "../../../src/edge/ws/operations.ts";
import { Client, type Received } from "./client.ts";
import { type Floor, type Member, openFloor } from "./floor.ts";

const MARKET = "VIB-BRL";

let floor: Floor;
let alice: Member;
let client: Client;

beforeAll(async () => {
  floor = await openFloor();
  alice = floor.member("alice");
});
afterAll(() => floor.stop());
beforeEach(async () => {
  client = await Client.open(floor.url);
});
afterEach(() => client.close());

/** Names that objects inherit, with which a value can pretend to be something else. */
const inherited = fc.dictionary(
  fc.constantFrom("toString", "valueOf", "toJSON", "constructor", "__proto__", "hasOwnProperty", "length"),
  fc.jsonValue(),
);
const anything = fc.oneof(fc.jsonValue(), inherited);
const maybe = (...usual: unknown[]) => fc.oneof(fc.constantFrom(...usual), anything);

const message = fc.record(
  {
    op: maybe("subscribe", "unsubscribe", "auth", "ping", "place"),
    id: maybe(1, "a"),
    channel: maybe("book", "trades", "orders", "fills", "wallets", "ticker"),
    market: maybe(MARKET),
    accountId: maybe("alice"),
    depth: maybe(5),
    fromSeq: maybe(0, 3),
    key: maybe("pk_a_b"),
  },
  { requiredKeys: [] },
);

describe("any JSON value in any field of a message", () => {
  test("is read, as an operation or as a fault", () => {
    fc.assert(
      fc.property(fc.oneof(message, anything), (value) => {
        const { op, id, asked } = readMessage(JSON.stringify(value));
        expect(op === null || typeof op === "string").toBe(true);
        expect(["undefined", "string", "number"]).toContain(typeof id);
        if (asked instanceof Refusal) expect(asked.errors!.length).toBeGreaterThan(0);
        else expect(asked.op).toBe(op);
      }),
      { numRuns: 2000 },
    );
  });

  test("is answered, and the socket lives on", async () => {
    const isAnswer = ({ op }: Received) => op !== undefined;
    await client.ask({ op: "auth", key: alice.key });
    let answers = client.messages.filter(isAnswer).length;
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 5 }), async (messages) => {
        for (const each of messages) client.sendText(JSON.stringify(each));
        answers += messages.length;
        await client.until((received) => received.filter(isAnswer).length >= answers, "an answer to each");
        expect(client.messages.filter(isAnswer)).toHaveLength(answers);
        expect(client.messages.filter(({ error }) => error?.code === "internal-error")).toEqual([]);
      }),
      { numRuns: 100 },
    );
    expect(await client.ask({ op: "ping" })).toMatchObject({ ok: true });
  });

  test.each([
    { text: '{"op":{"toString":1}}', path: "op", op: null },
    { text: '{"op":{"toString":null,"valueOf":null}}', path: "op", op: null },
    { text: '{"op":["place"]}', path: "op", op: null },
    { text: '{"op":"subscribe","channel":{"toString":null}}', path: "channel", op: "subscribe" },
    { text: '{"op":"subscribe","channel":["ticker"]}', path: "channel", op: "subscribe" },
    { text: '{"op":"unsubscribe","channel":{"toString":{}}}', path: "channel", op: "unsubscribe" },
  ])("that pretends to be a text is none: $text", async ({ text, path, op }) => {
    const answer = await client.provoke(text);
    expect(answer).toMatchObject({ op, ok: false, error: { code: "invalid-request", errors: [{ path }] } });
    expect(answer.error.errors[0]!.message).toContain("must be one of");
    expect(await client.ask({ op: "ping" })).toMatchObject({ ok: true });
  });
});

describe("an id that is given and is none", () => {
  const ids = ["null", "1.5", "{}", "[]", "true", '""', "1e400", "9007199254740993", `"${"x".repeat(65)}"`];
  const messages = [
    { rest: '"op":"ping"', paths: ["id"] },
    { rest: '"op":"auth"', paths: ["id", "key"] },
    { rest: '"op":"subscribe","channel":"orders"', paths: ["id"] },
    { rest: '"op":"subscribe","channel":"weather"', paths: ["channel", "id"] },
    { rest: '"op":"subscribe","channel":"ticker"', paths: ["channel", "id"] },
    { rest: '"op":"unsubscribe"', paths: ["channel", "id"] },
    { rest: '"op":"dance"', paths: ["op", "id"] },
    { rest: '"op":"place"', paths: ["id"] },
    { rest: '"op":"cancel"', paths: ["id", "orderId"] },
    { rest: '"market":"VIB-BRL"', paths: ["op", "id"] },
  ];

  test.each(messages)("is named in the answer, whatever else is wrong: $rest", async ({ rest, paths }) => {
    for (const id of ids) {
      const answer = await client.provoke(`{${rest},"id":${id}}`);
      expect(answer).toMatchObject({ ok: false, error: { code: "invalid-request" } });
      expect(answer.id).toBeUndefined();
      expect(answer.error.errors.map(({ path }) => path)).toEqual(paths);
    }
  });
});

describe("a fault of ours", () => {
  test("is answered, logged under the same request, and ends that socket only", async () => {
    const other = await Client.open(floor.url);
    const logged = vi.spyOn(floor.log.lines, "error");
    const fault = new Error("the directory is out of order");
    vi.spyOn(floor.exchange.directory, "marketByName").mockImplementationOnce(() => {
      throw fault;
    });
    const answer = await client.ask({ op: "subscribe", id: 7, channel: "trades", market: MARKET });
    expect(answer).toMatchObject({
      op: "subscribe",
      id: 7,
      ok: false,
      error: { code: "internal-error", status: 500 },
    });
    expect(JSON.stringify(answer)).not.toContain(fault.message);
    expect(logged.mock.calls).toMatchObject([
      [{ requestId: answer.error.requestId, err: fault }, expect.any(String)],
    ]);
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(await other.ask({ op: "subscribe", channel: "trades", market: MARKET })).toMatchObject({
      ok: true,
    });
    await other.close();
    vi.restoreAllMocks();
  });
});
