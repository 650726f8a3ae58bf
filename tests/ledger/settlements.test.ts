import { describe, expect, it } from "vitest";
import { LedgerQueries } from "../../src/projections/ledger/ledger-queries.ts";
import { openWriter } from "./files.ts";
import { BRL, Story, VIB } from "./story.ts";

describe("the rows of a settlement", () => {
  const story = new Story();
  story.market();
  const [alice, bob] = [story.account("alice"), story.account("bob")];
  story.deposit(alice, VIB, 10, "vault-1");
  story.deposit(bob, BRL, 5_000, "bank-1");
  story.settle([
    { account: alice, side: "sell", quantity: 10, value: 500, reference: "a1" },
    { account: bob, side: "buy", quantity: 10, value: 500, reference: "b1" },
    { account: bob, side: "sell", quantity: 4, value: 200, reference: "b2" },
    { account: alice, side: "buy", quantity: 4, value: 200, reference: "a2" },
  ]);
  story.settle(
    [
      { account: alice, side: "sell", quantity: 1, value: 9, reference: "a1" },
      { account: bob, side: "buy", quantity: 1, value: 9, reference: "b1" },
    ],
    "VIB-BRL/7",
  );
  story.frame();

  it("are those of its entries, what is received first, and name what made it idempotent", () => {
    const { database, writer } = openWriter();
    writer.apply(story.frames);
    const entries = database
      .prepare(
        `SELECT account_id || ' ' || amount_minor || ' ' || asset || ' ' || reference || ' = ' || balance_minor
         FROM readable_entries WHERE kind = 'settlement' ORDER BY entry`,
      )
      .pluck();
    expect(entries.all()).toEqual([
      "bob 10 VIB b1 = 10",
      "alice 4 VIB a2 = 14",
      "alice -10 VIB a1 = 4",
      "bob -4 VIB b2 = 6",
      "alice 500 BRL a1 = 500",
      "bob 200 BRL b2 = 5200",
      "bob -500 BRL b1 = 4700",
      "alice -200 BRL a2 = 300",
      "bob 1 VIB VIB-BRL/7 = 7",
      "alice -1 VIB VIB-BRL/7 = 3",
      "alice 9 BRL VIB-BRL/7 = 309",
      "bob -9 BRL VIB-BRL/7 = 4691",
    ]);
    const sums = database.prepare("SELECT sum(amount) FROM entries GROUP BY seq, asset").pluck();
    expect(new Set(sums.all())).toEqual(new Set([0]));
  });

  it("are a statement of their own kind", () => {
    const { database, writer } = openWriter();
    writer.apply(story.frames);
    const queries = new LedgerQueries(database);
    const { rows } = queries.statement({ account: alice, kind: "settlement", limit: 3 });
    expect(rows.map(({ amount, reference }) => [amount, reference])).toEqual([
      [9, "VIB-BRL/7"],
      [-1, "VIB-BRL/7"],
      [-200, "a2"],
    ]);
    expect(queries.fills({ account: alice, limit: 10 }).rows).toEqual([]);
  });
});
