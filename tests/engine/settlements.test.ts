import { describe, expect, test } from "vitest";
import { ColumnWriter } from "../../src/domain/columns.ts";
import type { SettleFunds, SettlementEntry } from "../../src/domain/commands.ts";
import { accountIndex, minor, type Seq, seq } from "../../src/domain/units.ts";
import { TextContents } from "../../src/engine/contents.ts";
import { Engine } from "../../src/engine/engine.ts";
import { fingerprint } from "../../src/engine/fingerprint.ts";
import { Memories, REMEMBERED_MAX } from "../../src/engine/memories.ts";
import { OnceOnly } from "../../src/engine/once-only.ts";
import { ANN, BASE, BEN, CAM, Desk, QUOTE } from "./desk.ts";

function settling(name: string, settlementId: string | null = null): SettleFunds {
  const entry = (side: "buy" | "sell", account: typeof ANN): SettlementEntry => ({
    account,
    side,
    quantity: minor(3),
    value: minor(70),
    reference: `${name}-${side}`,
  });
  const entries = [entry("buy", ANN), entry("sell", BEN)];
  return { kind: "SettleFunds", base: BASE, quote: QUOTE, entries, settlementId };
}

describe("a settlement", () => {
  test("tells every entry, and each wallet that it has changed", () => {
    const desk = new Desk();
    const command = settling("a", "X/1");
    const { kind: _, ...settled } = command;
    expect(desk.apply(command)).toEqual([
      { kind: "FundsSettled", ...settled },
      { kind: "WalletChanged", account: ANN, asset: BASE, available: 1_000_003, held: 0 },
      { kind: "WalletChanged", account: ANN, asset: QUOTE, available: 999_930, held: 0 },
      { kind: "WalletChanged", account: BEN, asset: BASE, available: 999_997, held: 0 },
      { kind: "WalletChanged", account: BEN, asset: QUOTE, available: 1_000_070, held: 0 },
    ]);
  });

  test("changes no wallet of an account that gains nothing", () => {
    const desk = new Desk();
    const { entries, ...list } = settling("a");
    const back: SettlementEntry[] = entries.map((entry) => ({
      ...entry,
      side: entry.side === "buy" ? "sell" : "buy",
      reference: `${entry.reference}-back`,
    }));
    const events = desk.apply({ ...list, entries: [...entries, ...back] });
    expect(events.map(({ kind }) => kind)).toEqual(["FundsSettled"]);
  });

  test("moves no last price, so that no trigger hears of it", () => {
    const desk = new Desk();
    desk.print(100);
    const stop = desk.put(CAM, "sell", 1, 0, { type: "stop", triggerPrice: 50 });
    desk.apply(settling("a"));
    expect(desk.cancel(CAM, stop)).toEqual([`canceled ${stop} requested`]);
  });

  test("is remembered by an engine that was restored, under its references and under its id", () => {
    const desk = new Desk();
    const commands = [settling("a"), settling("b", "X/1")];
    const transactions = commands.map((command) => {
      desk.apply(command);
      return desk.engine.appliedSeq;
    });
    const restored = Engine.restore(desk.engine.dump());
    restored.check();
    const again = commands.map((command, place) =>
      restored.apply({
        seq: seq(desk.engine.appliedSeq + 1 + place),
        at: desk.at as never,
        requestId: "",
        traceId: null,
        command,
      }),
    );
    expect(again).toEqual(transactions.map((transaction) => [{ kind: "SettlementRepeated", transaction }]));
  });

  test("needs no more of a dump than was there before, where nothing was ever settled", () => {
    const empty = () => new Memories<Seq, string>(new TextContents());
    const once = new OnceOnly();
    once.rememberMovement(
      { kind: "deposit", account: ANN, reference: "r" },
      { named: seq(1), content: "0 1 " },
    );
    const [orders, deposits, none] = [empty(), empty(), empty()];
    deposits.keep(ANN, "r", { named: seq(1), content: "0 1 " });
    deposits.fade(ANN, "r");
    const [written, before] = [new ColumnWriter(), new ColumnWriter()];
    once.dump(written);
    for (const memories of [orders, deposits, none, none]) memories.dump(before);
    expect(written.take()).toEqual(before.take());
  });

  test("is remembered under its id by each account, whatever others settle", () => {
    const once = new OnceOnly();
    for (const account of [ANN, BEN]) once.rememberSettlement(account, "X/0", { named: seq(1), content: "" });
    for (let n = 1; n <= REMEMBERED_MAX; n += 1)
      once.rememberSettlement(BEN, `X/${n}`, { named: seq(n), content: "" });
    expect(once.settlement(ANN, "X/0")?.named).toBe(1);
    expect(once.settlement(BEN, "X/0")).toBeUndefined();
    expect(once.settlement(accountIndex(9), "X/0")).toBeUndefined();
  });
});

describe("a fingerprint", () => {
  test("has sixteen digits, and is another for each of many texts that are nearly the same", () => {
    const texts = Array.from({ length: 200_000 }, (_, n) => `1 buy ${n} ${n % 7} r${n % 1_000}`);
    const prints = texts.map((text) => fingerprint(text));
    expect(new Set(prints).size).toBe(texts.length);
    expect(prints.every((print) => /^[0-9a-f]{16}$/.test(print))).toBe(true);
    expect(new Set(prints.map((print) => print.slice(0, 8))).size).toBeGreaterThan(texts.length - 20);
    expect(new Set(prints.map((print) => print.slice(8))).size).toBeGreaterThan(texts.length - 20);
    expect(fingerprint("")).not.toBe(fingerprint("\u0000"));
  });
});
