/** Frames that no client of ours would send: each is answered or ends its own socket, and changes nothing. */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, type Received } from "./client.ts";
import { type Floor, type Member, openFloor } from "./floor.ts";

let floor: Floor;
let alice: Member;

beforeAll(async () => {
  floor = await openFloor();
  alice = floor.member("alice");
});
afterAll(() => floor.stop());

const USUAL = [
  { op: "ping", id: 1 },
  { op: "subscribe", id: 2, channel: "book", market: "VIB-BRL", depth: 5 },
  { op: "subscribe", channel: "fills", fromSeq: 0 },
  { op: "place", id: "x", market: "VIB-BRL", side: "up", type: "limit", price: "1.00", quantity: "1" },
  { op: "amend", id: 3, orderId: 99, quantity: "1" },
  { op: "cancel", id: 4, orderId: "99" },
].map((message) => JSON.stringify(message));

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.json({ maxDepth: 3 }),
  fc
    .tuple(
      fc.constantFrom(...USUAL),
      fc.nat(),
      fc.string({ unit: fc.constantFrom(...'{}[]":,\\0e.', "é"), maxLength: 3 }),
    )
    .map(
      ([usual, at, put]) => usual.slice(0, at % usual.length) + put + usual.slice((at % usual.length) + 1),
    ),
);

describe("any text of a message", () => {
  test("is answered, and the next one too", async () => {
    const isAnswer = ({ op }: Received) => op !== undefined;
    const client = await Client.open(floor.url);
    await client.ask({ op: "auth", key: alice.key });
    const reached = floor.appliedSeq();
    let answers = client.messages.filter(isAnswer).length;
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), async (texts) => {
        for (const each of texts) client.sendText(each);
        answers += texts.length;
        await client.until((received) => received.filter(isAnswer).length >= answers, "an answer to each");
        expect(client.messages.filter(({ error }) => error?.code === "internal-error")).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(await client.ask({ op: "ping" })).toMatchObject({ ok: true });
    // Only an order or a deposit has a sequence, and there was none.
    expect(floor.appliedSeq()).toBe(reached);
    await client.close();
  });
});

describe("bytes that are no frames of WebSocket's", () => {
  const UPGRADE = [
    "GET /v1/ws HTTP/1.1",
    "Host: x",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");

  /** Upgrades, sends bytes, and gives the close code of the server's frame: 0 if it closed without one. */
  function closeCode(bytes: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(floor.url);
      const socket = connect(Number(port), hostname);
      let received = Buffer.alloc(0);
      let isOpen = false;
      const patience = setTimeout(() => reject(new Error(`no close after ${bytes.toString("hex")}`)), 10_000);
      socket.on("data", (data: Buffer) => {
        received = Buffer.concat([received, data]);
        if (isOpen || !received.includes("\r\n\r\n")) return;
        isOpen = true;
        socket.end(bytes);
      });
      socket.on("error", () => {});
      socket.on("close", () => {
        clearTimeout(patience);
        const frames = received.subarray(received.indexOf("\r\n\r\n") + 4);
        const at = frames.indexOf(0x88);
        resolve(at < 0 || frames.length < at + 4 ? 0 : frames.readUInt16BE(at + 2));
      });
      socket.write(UPGRADE);
    });
  }

  const masked = (first: number, payload: Buffer) => {
    const { length } = payload;
    const mask = Buffer.alloc(4);
    const head = length < 126 ? [first, 0x80 | length] : [first, 0xfe, length >> 8, length & 255];
    return Buffer.concat([Buffer.from(head), mask, payload]);
  };
  const huge = Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8, 0x7f), Buffer.alloc(4)]);

  test.each([
    ["without a mask", Buffer.from([0x81, 0x02, 0x7b, 0x7d]), 1002],
    ["with reserved bits", masked(0xf1, Buffer.from("{}")), 1002],
    ["of an unknown kind", masked(0x83, Buffer.from("{}")), 1002],
    ["that go on from nothing", masked(0x80, Buffer.from("{}")), 1002],
    ["of control, in parts", masked(0x09, Buffer.from("x")), 1002],
    ["of control, too long", masked(0x89, Buffer.alloc(200)), 1002],
    ["that are no UTF-8", masked(0x81, Buffer.from([0xff, 0xfe])), 1007],
    ["with a close code that there is not", masked(0x88, Buffer.from([0x00, 0x01])), 1002],
    ["that announce 2^63 bytes", huge, 1009],
    ["compressed, which nobody offered", masked(0xc1, Buffer.from("{}")), 1002],
  ])("%s end their socket", async (_, bytes, code) => {
    expect(await closeCode(bytes)).toBe(code);
  });

  test("at random end their socket, and no other", async () => {
    const other = await Client.open(floor.url);
    const codes = await Promise.all(Array.from({ length: 100 }, (_, i) => closeCode(randomBytes(1 + i * 3))));
    expect(codes).toHaveLength(100);
    expect(await other.ask({ op: "ping" })).toMatchObject({ ok: true });
    await other.close();
  });
});
