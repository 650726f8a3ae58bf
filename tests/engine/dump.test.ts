import { describe, expect, test } from "vitest";
import { resting } from "../../bench/replay/past.ts";
import { DecodeError } from "../../src/domain/codec.ts";
import { ColumnReader, ColumnWriter } from "../../src/domain/columns.ts";
import type { Command } from "../../src/domain/commands.ts";
import { Engine } from "../../src/engine/engine.ts";
import { sequenced } from "../journal/support.ts";

/** An engine with more orders, levels, accounts and names than its tables begin with. */
function large(): { readonly engine: Engine; readonly next: (commands: readonly Command[]) => unknown } {
  const engine = new Engine();
  const next = (commands: readonly Command[]) =>
    sequenced(commands, engine.appliedSeq + 1).map((entry) => engine.apply(entry));
  next([...resting(3_000, 200, 5)]);
  return { engine, next };
}

const ASSETS = 2;
/** The columns of a dump, `n` for numbers and `t` for texts: listings, accounts, wallets, orders, triggers, deadlines, memories. */
const COLUMNS = `nntn${"nnn".repeat(ASSETS)}n${"n".repeat(17)}tn${"nnnn"}nn${"nnntnt".repeat(4)}`;

/** A dump as it was written, but for one of its columns. */
function rewritten(
  dump: Uint8Array<ArrayBuffer>,
  column: number,
  damage: (values: number[]) => void,
): Uint8Array<ArrayBuffer> {
  const reader = new ColumnReader(dump);
  const writer = new ColumnWriter();
  for (const [place, kind] of [...COLUMNS].entries()) {
    if (kind === "t") {
      const texts = reader.texts();
      writer.texts(Array.from({ length: texts.count }, (_, row) => texts.at(row)));
    } else {
      const values = Array.from(reader.numbers());
      if (place === column) damage(values);
      writer.numbers(values);
    }
  }
  reader.end();
  return writer.take();
}

describe("the dump of an engine", () => {
  test("is restored whole where all tables have grown", () => {
    const { engine } = large();
    const restored = Engine.restore(engine.dump());
    restored.check();
    const standing = engine.standing();
    expect(standing.some(({ kind }) => kind === "WalletChanged")).toBe(true);
    expect(restored.standing()).toEqual(standing);
    expect(restored.dump()).toEqual(engine.dump());
  });

  test("holds what is remembered of orders that have ended and of movements", () => {
    const { engine, next } = large();
    const restored = Engine.restore(engine.dump());
    // The first order of the flow under its client id, and a deposit, again.
    const repeated = [[...resting(1, 200, 5)].at(-1)!, [...resting(0, 1, 5)].at(-1)!];
    const again = sequenced(repeated, engine.appliedSeq + 1);
    const told = again.map((entry) => restored.apply(entry));
    expect(told).toEqual(next(repeated));
    expect(told.map(([event]) => event!.kind)).toEqual(["OrderRepeated", "MovementRepeated"]);
  });

  test("cut short, or with bytes behind it, is none", () => {
    const dump = large().engine.dump();
    for (const length of [0, 8, 64, dump.length >> 1, dump.length - 8]) {
      expect(() => Engine.restore(dump.slice(0, length)), `${length} bytes`).toThrowError(DecodeError);
    }
    const longer = new Uint8Array(dump.length + 8);
    longer.set(dump);
    expect(() => Engine.restore(longer)).toThrowError(DecodeError);
  });

  test.each<{ what: string; column: number; damage: (values: number[]) => void }>([
    { what: "bytes behind the listings", column: 1, damage: (bytes) => bytes.push(0) },
    { what: "an account of an unknown status", column: 3, damage: (statuses) => statuses.splice(1, 1, 9) },
    { what: "an order of an unknown market", column: 10, damage: (markets) => markets.splice(5, 1, 1) },
    { what: "an order of an unknown account", column: 21, damage: (accounts) => accounts.splice(5, 1, 201) },
    {
      what: "an order with a trait above the 16th",
      column: 27,
      damage: (traits) => traits.splice(5, 1, 65_537),
    },
  ])("with $what is none", ({ column, damage }) => {
    const { engine } = large();
    expect(rewritten(engine.dump(), -1, damage)).toEqual(engine.dump());
    expect(() => Engine.restore(rewritten(engine.dump(), column, damage))).toThrowError(DecodeError);
  });
});
