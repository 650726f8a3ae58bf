import { describe, expect, it } from "vitest";
import { openForWriting } from "../../src/projections/ledger/schema.ts";
import { freshPath } from "./files.ts";

describe("the ledger's file", () => {
  it.each([
    { isDurable: false, synchronous: 1, why: "the journal has it all" },
    { isDurable: true, synchronous: 2, why: "the journal does not have it all any more" },
  ])("syncs every transaction: $isDurable, for $why", ({ isDurable, synchronous }) => {
    const { database } = openForWriting(freshPath(), { isDurable });
    expect(database.pragma("synchronous", { simple: true })).toBe(synchronous);
    database.close();
  });
});
