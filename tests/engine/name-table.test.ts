import { describe, expect, test } from "vitest";
import { xorshift } from "../../bench/load/flow.ts";
import { type AccountIndex, accountIndex } from "../../src/domain/units.ts";
import { hashOf, NameTable, NONE, type Row } from "../../src/engine/name-table.ts";

const alice = accountIndex(1);
const bob = accountIndex(2);

type Named = { readonly account: AccountIndex; readonly name: string };

/** Adds and removes names at random, and asks for all of them, as a plain map has them. */
function compare(all: readonly Named[], steps: number, doubledMax?: number): void {
  const random = xorshift(7);
  const table = new NameTable(doubledMax);
  const rows = new Map<Named, Row>();
  for (let step = 0; step < steps; step += 1) {
    const named = all[Math.floor(random() * all.length)]!;
    const row = rows.get(named);
    if (row === undefined) rows.set(named, table.add(named.account, named.name));
    else {
      table.remove(row);
      rows.delete(named);
    }
  }
  expect(rows.size).toBeGreaterThan(0);
  for (const named of all) expect(table.find(named.account, named.name)).toBe(rows.get(named) ?? NONE);
  for (const [{ account, name }, row] of rows) {
    expect({ account: table.accountAt(row), name: table.nameAt(row) }).toEqual({ account, name });
  }
  expect(new Set(rows.values()).size, "no two names share a row").toBe(rows.size);
}

describe("the table of names", () => {
  test.each([undefined, 16, 256])(
    "finds each name in its own row, whatever came and went, doubling up to %s places",
    (doubledMax) => {
      const names = Array.from({ length: 3_000 }, (_, n) => `order-${n}`);
      compare(
        [alice, bob].flatMap((account) => names.map((name) => ({ account, name }))),
        20_000,
        doubledMax,
      );
    },
  );

  test.each([undefined, 16])(
    "finds names that were chosen to meet at one place, doubling up to %s places",
    (doubledMax) => {
      const meeting: Named[] = [];
      for (let n = 0; meeting.length < 300; n += 1) {
        const name = `n${n}`;
        if ((hashOf(alice, name) & 1023) === 5) meeting.push({ account: alice, name });
      }
      compare(meeting, 5_000, doubledMax);
    },
  );

  test("uses the rows of removed names again", () => {
    const table = new NameTable();
    for (let n = 0; n < 10_000; n += 1) table.remove(table.add(alice, `n${n}`));
    expect(table.rowsEnd).toBe(1);
  });
});
