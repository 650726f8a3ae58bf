/** Orders by a socket: what REST takes, with the answers that REST gives, and several on their way at once. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Client, type Received } from "./client.ts";
import { ADMIN_KEY, type Floor, type Member, openFloor } from "./floor.ts";

const ORDER = { market: "VIB-BRL", side: "buy", type: "limit", price: "100.00", quantity: "5" };

let floor: Floor;
let alice: Member;
let bob: Member;
let client: Client;

beforeEach(async () => {
  floor = await openFloor({ limits: { ordersInFlightMax: 3 } });
  alice = floor.member("alice", ["trade"]);
  bob = floor.member("bob");
  client = await asMember(alice.key);
});
afterEach(async () => {
  await client.close();
  await floor.stop();
});

function asMember(key: string, headers: Record<string, string> = {}): Promise<Client> {
  return Client.open(floor.url, { headers: { authorization: `Bearer ${key}`, ...headers } });
}

const place = (change: object = {}) => client.ask({ op: "place", ...ORDER, ...change });

describe("placing", () => {
  test("is answered with the order, its fills and its sequence", async () => {
    floor.order(bob.account, { side: "sell", price: 9_990, quantity: 2 });
    const answer = await place({ id: 7, clientOrderId: "mine" });
    expect(answer).toEqual({
      op: "place",
      id: 7,
      ok: true,
      seq: floor.appliedSeq(),
      order: expect.objectContaining({
        orderId: floor.appliedSeq(),
        accountId: "alice",
        clientOrderId: "mine",
        status: "partially-filled",
        filledQuantity: "2",
        preventedQuantity: "0",
        requestId: expect.stringMatching(/^[0-9A-Z]{26}$/),
        traceId: null,
      }),
      fills: [
        {
          tradeId: 1,
          price: "99.90",
          quantity: "2",
          value: "199.80",
          role: "taker",
          fee: "0.00",
          feeAsset: "BRL",
        },
      ],
    });
  });

  test("belongs to the trace with which the socket was opened", async () => {
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traced = await asMember(alice.key, { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    expect((await traced.ask({ op: "place", ...ORDER })).order).toMatchObject({ traceId: trace });
    await traced.close();
  });

  test("what the rules refuse has a sequence, what is malformed has none", async () => {
    const poor = await place({ price: "99999999", quantity: "9999" });
    expect(poor).toMatchObject({ op: "place", ok: false, seq: floor.appliedSeq() });
    expect(poor.error).toMatchObject({ code: "insufficient-funds", status: 422 });
    const before = floor.appliedSeq();
    const rows = [
      { change: { price: 100 }, code: "invalid-request", path: "price" },
      { change: { price: undefined }, code: "invalid-request", path: "price" },
      { change: { pirce: "1" }, code: "invalid-request", path: "pirce" },
      { change: { orderId: 5 }, code: "invalid-request", path: "orderId" },
      { change: { channel: "book" }, code: "invalid-request", path: "channel" },
      { change: { type: "stop" }, code: "invalid-request", path: "price" },
      { change: { timeInForce: "gtd" }, code: "invalid-request", path: "expiresAt" },
      { change: { price: "1.001" }, code: "price-off-tick" },
      { change: { quantity: "1.5" }, code: "quantity-off-lot" },
      { change: { market: "NO-WAY" }, code: "unknown-market" },
      { change: { accountId: "bob" }, code: "forbidden" },
    ];
    for (const { change, code, path } of rows) {
      const answer = await place(change);
      expect(answer).toMatchObject({ ok: false, error: { code } });
      expect(answer.error.errors?.[0]?.path).toBe(path);
      expect(answer).not.toHaveProperty("seq");
    }
    expect(floor.appliedSeq()).toBe(before);
  });

  test.each(["__proto__", "constructor", "toString"])("the field %s is none", async (field) => {
    const text = JSON.stringify({ op: "place", ...ORDER }).replace("}", `,"${field}":{}}`);
    expect(await client.provoke(text)).toMatchObject({ ok: false, error: { errors: [{ path: field }] } });
  });

  test("the same order again is recognised", async () => {
    const first = await place({ clientOrderId: "once" });
    const again = await place({ clientOrderId: "once", quantity: "5.0" });
    expect(again).toMatchObject({ ok: true, replayed: true, seq: first.seq + 1, order: first.order });
    expect(first).not.toHaveProperty("replayed");
    const other = await place({ clientOrderId: "once", quantity: "6" });
    expect(other).toMatchObject({ ok: false, error: { code: "duplicate-client-order-id", status: 409 } });
  });
});

describe("canceling and amending", () => {
  test("an order by either of its names", async () => {
    const placed = [await place(), await place()];
    const names = [placed[0]!.order.orderId, (placed[1]!.order as unknown as { id: string }).id];
    for (const orderId of names) {
      const amended = await client.ask({ op: "amend", orderId, quantity: "4" });
      expect(amended).toMatchObject({ op: "amend", ok: true, seq: floor.appliedSeq(), fills: [] });
      expect(amended.order).toMatchObject({ quantity: "4", price: "100.00", status: "open" });
      const canceled = await client.ask({ op: "cancel", id: "c", orderId });
      expect(canceled).toEqual({
        op: "cancel",
        id: "c",
        ok: true,
        seq: floor.appliedSeq(),
        order: expect.objectContaining({ status: "canceled", reason: "requested" }),
      });
    }
  });

  test("that is another account's, or none, is not known", async () => {
    const { entry } = floor.order(bob.account, { side: "buy", price: 9_000, quantity: 1 });
    for (const orderId of [entry.seq, "nonsense", 0, -1, 999_999]) {
      for (const operation of [
        { op: "cancel", orderId },
        { op: "amend", orderId, price: "1" },
      ]) {
        const answer = await client.ask(operation);
        expect(answer).toMatchObject({ ok: false, error: { code: "unknown-order", status: 404 } });
        expect(answer).not.toHaveProperty("seq");
      }
    }
  });

  test("is refused with the place of what is malformed", async () => {
    const { order } = await place();
    const rows = [
      { operation: { op: "cancel", orderId: 1.5 }, path: "orderId" },
      { operation: { op: "cancel", orderId: null }, path: "orderId" },
      { operation: { op: "cancel", orderId: order.orderId, price: "1" }, path: "price" },
      { operation: { op: "amend", orderId: {}, price: "1" }, path: "orderId" },
      { operation: { op: "amend", orderId: order.orderId }, path: "" },
      { operation: { op: "amend", orderId: order.orderId, price: null, quantity: null }, path: "" },
      { operation: { op: "amend", orderId: order.orderId, price: 5 }, path: "price" },
      { operation: { op: "amend", orderId: order.orderId, side: "sell" }, path: "side" },
    ];
    for (const { operation, path } of rows) {
      const answer = await client.ask(operation);
      expect(answer).toMatchObject({ ok: false, error: { code: "invalid-request", errors: [{ path }] } });
    }
  });
});

describe("who may", () => {
  test("needs a key with the scope trade", async () => {
    const reader = floor.member("reader", ["read"]);
    const [nobody, readers] = [await Client.open(floor.url), await asMember(reader.key)];
    for (const operation of [
      { op: "place", ...ORDER },
      { op: "cancel", orderId: 1 },
      { op: "amend", orderId: 1, price: "1" },
    ]) {
      const refused = { ok: false, error: { code: "unauthorized", status: 401 } };
      expect(await nobody.ask(operation)).toMatchObject(refused);
      const forbidden = { ok: false, error: { code: "forbidden", status: 403 } };
      expect(await readers.ask(operation)).toMatchObject(forbidden);
    }
    for (const each of [nobody, readers]) await each.close();
  });

  test("an operator names the account", async () => {
    const operators = await asMember(ADMIN_KEY);
    const without = await operators.ask({ op: "place", ...ORDER });
    expect(without).toMatchObject({ ok: false, error: { errors: [{ path: "accountId" }] } });
    const placed = await operators.ask({ op: "place", ...ORDER, accountId: "alice" });
    const { orderId } = placed.order;
    expect(placed).toMatchObject({ ok: true, order: { accountId: "alice" } });
    const foreign = await operators.ask({ op: "cancel", orderId, accountId: "bob" });
    expect(foreign).toMatchObject({ ok: false, error: { code: "unknown-order" } });
    expect(await operators.ask({ op: "cancel", orderId, accountId: "alice" })).toMatchObject({ ok: true });
    await operators.close();
  });
});

describe("orders that wait for the disk", () => {
  test("are answered once they are on it, whatever else is asked meanwhile", async () => {
    floor.disk.isSlow = true;
    for (const id of ["a", "b", "c"]) client.sendText(JSON.stringify({ op: "place", id, ...ORDER }));
    expect(await client.ask({ op: "ping" })).toMatchObject({ ok: true });
    expect(client.messages.map(({ op }) => op)).toEqual(["ping"]);
    floor.disk.release();
    await client.until((messages) => messages.length === 4);
    const answers = client.messages.slice(1);
    expect(answers.map(({ id, ok }) => [id, ok])).toEqual(["a", "b", "c"].map((id) => [id, true]));
    expect(answers.map(({ order }) => order.orderId)).toEqual(answers.map(({ seq }) => seq));
  });

  test("are bounded: one more is overloaded, and there is room again later", async () => {
    floor.disk.isSlow = true;
    for (const id of [1, 2, 3]) client.sendText(JSON.stringify({ op: "place", id, ...ORDER }));
    const tooMany = await place({ id: 4 });
    expect(tooMany).toMatchObject({ ok: false, error: { code: "overloaded", status: 503 } });
    expect(tooMany).not.toHaveProperty("seq");
    floor.disk.release();
    await client.until((messages) => messages.length === 4);
    floor.disk.isSlow = false;
    expect(await place()).toMatchObject({ ok: true });
  });

  test("of a client that has gone are decided all the same", async () => {
    const before = floor.appliedSeq();
    floor.disk.isSlow = true;
    client.sendText(JSON.stringify({ op: "place", id: 1, ...ORDER }));
    await client.ask({ op: "ping" });
    await client.close();
    floor.disk.release();
    expect(floor.appliedSeq()).toBe(before + 1);
  });

  test("are answered before the socket closes when the exchange stops", async () => {
    floor.disk.isSlow = true;
    client.sendText(JSON.stringify({ op: "place", id: 1, ...ORDER }));
    await client.ask({ op: "ping" });
    const stopped = floor.stop();
    const late = await place({ id: 2 });
    expect(late).toMatchObject({ ok: false, error: { code: "overloaded" } });
    floor.disk.release();
    expect(await client.closed).toMatchObject({ code: 1001 });
    const answer = client.messages.find(({ id }: Received) => id === 1);
    expect(answer).toMatchObject({ op: "place", ok: true });
    await stopped;
  });
});
