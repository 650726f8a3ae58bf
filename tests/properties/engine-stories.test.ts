import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Sequenced } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import type { Event } from "../../src/domain/events.ts";
import type { Side } from "../../src/domain/market.ts";
import { REJECTIONS } from "../../src/domain/rejections.ts";
import { accountIndex, assetIndex, marketIndex } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { BookDepth } from "../../src/projections/feeds/book-depth.ts";
import { Balances } from "../../src/projections/live/balances.ts";
import { Reference } from "./reference.ts";
import { entriesOf, type Story, story } from "./stories.ts";
import { told } from "./told.ts";

/** FC_RUNS makes a long search of what is a quick check otherwise. */
const { FC_RUNS, FC_SEED } = process.env;
const RUNS = Number(FC_RUNS ?? 1500);
const SEED = FC_SEED === undefined ? Date.now() & 0x7fffffff : Number(FC_SEED);
console.info(`stories: FC_SEED=${SEED} FC_RUNS=${RUNS}`);

/** What the compared stories brought about, and how often. */
const seen = new Map<string, number>();

function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

afterAll(() => {
  const sorted = [...seen].sort(([, a], [, b]) => b - a);
  console.info(sorted.map(([what, times]) => `${what} ${times}`).join(", "));
});

/** Stories that never bring these about prove little; the rarest comes some hundred times in a thousand stories. */
const DENSE = [
  "trade",
  "filled",
  "expired unfilled",
  "expired time",
  "canceled requested",
  "canceled self-trade",
  "order again",
  "movement again",
  ...REJECTIONS.filter((reason) => !["already-exists", "not-found"].includes(reason)).map(
    (reason) => `refused ${reason}`,
  ),
];

function assertStories(property: (story: Story) => void, stepsMax = 160): void {
  fc.assert(fc.property(fc.noBias(story(stepsMax)), property), { numRuns: RUNS, seed: SEED });
}

/** Applies a story, and hands each entry with its events to a witness. */
function tell(
  it: Story,
  witness: (entry: Sequenced, events: readonly Event[], engine: Engine) => void,
): void {
  const engine = new Engine();
  for (const entry of entriesOf(it)) witness(entry, engine.apply(entry), engine);
}

describe("any random story of every command over several accounts, assets and markets", () => {
  test("keeps every invariant after every command, whatever it refuses", () => {
    assertStories((it) => tell(it, (_entry, _events, engine) => engine.check()));
  });

  test("ends as an independent reading of the rulebook says: trades, refusals, ends, wallets and books", () => {
    assertStories((it) => {
      const reference = new Reference();
      const books = new BookDepth();
      const balances = new Balances();
      tell(it, (entry, events) => {
        count("command");
        const lines = told(events);
        expect(lines, JSON.stringify(entry)).toEqual(reference.apply(entry));
        for (const each of lines) count(shape(each));
        books.project({ entry, events });
        balances.project({ entry, events });
        expectSameWallets(balances, reference, entry);
        expectSameBooks(books, reference, entry);
      });
    });
  });

  test.runIf(RUNS >= 500)("brings about all that the rules know, many times over", () => {
    expect(DENSE.filter((what) => (seen.get(what) ?? 0) < 20)).toEqual([]);
  });

  test("is told in the same bytes by every engine that hears it", () => {
    assertStories((it) => {
      const bytes = [0, 1].map(() => {
        const writer = new ByteWriter();
        tell(it, (entry, events) => encodeOutcome(writer, { entry, events }));
        return Buffer.from(writer.view());
      });
      expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
    });
  });
});

/** A line of the reference without its numbers. */
function shape(line: string): string {
  return line.startsWith("trade") ? "trade" : line.replace(/ \d+/, "");
}

function expectSameWallets(balances: Balances, reference: Reference, { command }: Sequenced): void {
  for (let account = 0; account < reference.accounts; account += 1) {
    for (let asset = 0; asset < reference.assets; asset += 1) {
      const { available, held } = balances.get(accountIndex(account), assetIndex(asset));
      const same =
        BigInt(available) === reference.available(account, asset) &&
        BigInt(held) === reference.held(account, asset);
      if (same) continue;
      expect(
        { available, held },
        `account ${account}, asset ${asset} after ${JSON.stringify(command)}`,
      ).toEqual({
        available: Number(reference.available(account, asset)),
        held: Number(reference.held(account, asset)),
      });
    }
  }
}

function expectSameBooks(books: BookDepth, reference: Reference, { command }: Sequenced): void {
  for (let market = 0; market < reference.markets; market += 1) {
    const { bids, asks } = books.snapshot(marketIndex(market), null);
    const sides: [Side, readonly (readonly [number, number])[]][] = [
      ["buy", bids],
      ["sell", asks],
    ];
    for (const [side, levels] of sides) {
      const expected = reference.levels(market, side);
      if (JSON.stringify(levels) === JSON.stringify(expected)) continue;
      expect(levels, `${side}s of market ${market} after ${JSON.stringify(command)}`).toEqual(expected);
    }
  }
}
