/** Resuming with `fromSeq`: what comes is what came live, then what happens. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { type Floor, type Member, openFloor } from "./floor.ts";

const MARKET = "VIB-BRL";

let floor: Floor;
let alice: Member;
let bob: Member;
let client: Client;

beforeEach(async () => {
  floor = await openFloor();
  alice = floor.member("alice");
  bob = floor.member("bob");
  client = await Client.open(floor.url);
});
afterEach(async () => {
  await client.close();
  await floor.stop();
});

describe("resuming", () => {
  test("from every sequence on, what comes is what came live, and then goes on live", async () => {
    const live = await floor.clientOf(alice);
    const channels = ["orders", "fills", "wallets"];
    const start = floor.appliedSeq();
    await live.ask({ op: "subscribe", channel: "trades", market: MARKET });
    for (const channel of channels) await live.ask({ op: "subscribe", channel });
    for (let round = 0; round < 5; round += 1) tradeOnce();
    await live.caughtUp();
    const end = floor.appliedSeq();
    const resumed: { from: number; client: Client }[] = [];
    for (let from = start; from <= end; from += 1) {
      const client = await floor.clientOf(alice);
      resumed.push({ from, client });
      const trades = { op: "subscribe", channel: "trades", market: MARKET, fromSeq: from };
      expect(await client.ask(trades)).toMatchObject({ ok: true, seq: end });
      for (const channel of channels) await client.ask({ op: "subscribe", channel, fromSeq: from });
    }
    tradeOnce();
    await live.caughtUp();
    for (const { from, client } of resumed) {
      for (const channel of ["trades", ...channels]) {
        const wanted = live.of(channel).filter(({ seq }) => seq > from);
        await client.until(() => client.of(channel).length >= wanted.length, `${channel} from ${from}`);
        expect(client.of(channel)).toEqual(wanted);
      }
      await client.close();
    }
    await live.close();
  });

  test("before what is kept it is too old, and the answer says from where it can be", async () => {
    const small = await openFloor({ feedEventsMax: 10 });
    const dora = small.member("dora");
    for (let deposits = 0; deposits < 30; deposits += 1) small.deposit(dora.account, 1);
    const doras = await Client.open(small.url, { headers: { authorization: `Bearer ${dora.key}` } });
    const refused = await doras.ask({ op: "subscribe", channel: "wallets", fromSeq: 5 });
    expect(refused).toMatchObject({ ok: false, error: { code: "resume-too-old", status: 410 } });
    const { oldestSeq } = refused.error;
    expect(oldestSeq).toBe(small.appliedSeq() - 10);
    const tooOld = await doras.ask({ op: "subscribe", channel: "wallets", fromSeq: oldestSeq - 1 });
    expect(tooOld).toMatchObject({ ok: false, error: { code: "resume-too-old" } });
    expect(await doras.ask({ op: "subscribe", channel: "wallets", fromSeq: oldestSeq })).toMatchObject({
      ok: true,
    });
    await doras.until(() => doras.of("wallets").length === 10);
    await doras.close();
    await small.stop();
  });

  test("from the future it is malformed", async () => {
    const fromSeq = floor.appliedSeq() + 1;
    const answer = await client.ask({ op: "subscribe", channel: "trades", market: MARKET, fromSeq });
    expect(answer).toMatchObject({ error: { code: "invalid-request", errors: [{ path: "fromSeq" }] } });
    const now = { op: "subscribe", channel: "trades", market: MARKET, fromSeq: fromSeq - 1 };
    expect(await client.ask(now)).toMatchObject({ ok: true });
    tradeOnce();
    await client.until(() => client.of("trades").length === 1);
  });

  test("a long history arrives whole while the exchange goes on", async () => {
    for (let round = 0; round < 3000; round += 1) tradeOnce();
    await client.ask({ op: "subscribe", channel: "trades", market: MARKET, fromSeq: 0 });
    for (let round = 0; round < 50; round += 1) {
      tradeOnce();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(() => client.of("trades").length >= 3050);
    expect(client.of("trades").map(({ tradeId }) => tradeId)).toEqual(
      Array.from({ length: 3050 }, (_, index) => index + 1),
    );
  });
});

function tradeOnce(): void {
  floor.order(alice.account, { side: "sell", price: 10_000, quantity: 1 });
  floor.order(bob.account, { side: "buy", price: 10_000, quantity: 1 });
}
